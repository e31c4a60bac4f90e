"""``boundcalc bench DATA``: our model beside what people would use instead, on the same rows."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import READING
from boundcalc.cli.output import DRAWN
from boundcalc.cli.progress import reporter
from boundcalc.cli.training import data_of
from boundcalc.show.answer import Answer

ARGUMENTS = ("DATA", *READING, "delta", "seed", "holdout", "prepared", "model", "rounds")
ENDINGS = DRAWN


def run(args: Namespace) -> Answer:
    """Compare, and return table, data and picture."""
    from boundcalc.report.side_by_side import bench

    return bench(
        data_of(args, args.data),
        models=None if args.model is None else {args.model: args.model},
        splits=args.rounds,
        delta=args.delta,
        rng=args.seed,
        holdout=args.holdout,
        calibration=args.prepared,
        progress=reporter,
    )
