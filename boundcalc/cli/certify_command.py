"""``boundcalc certify DATA``: what held-out rows certify of a model's pair scores."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from boundcalc.cli.arguments import READING
from boundcalc.cli.output import DRAWN
from boundcalc.cli.progress import reporter
from boundcalc.cli.training import reading_options
from boundcalc.show.answer import PICTURES

if TYPE_CHECKING:
    from boundcalc.certification import Certificate

ARGUMENTS = (
    "SCORES", *READING, "cut", "metric", "mix", "delta", "calibration", "kappa", "share", "splits", "wanted", "seed", "scheduler",
)  # fmt: skip
ENDINGS = DRAWN


def run(args: Namespace) -> Certificate:
    """Certify, and say how many rows a target would need if one is given."""
    from boundcalc.certification.files import certify_file

    show = reporter("certifying", patient=True)
    show(0, 1, "")
    found = certify_file(
        args.scores,
        progress=lambda share: show(share, 1, ""),
        threshold=args.cut,
        metric=args.metric,
        weights=args.mix,
        delta=args.delta,
        **reading_options(args),
        calibration=args.calibration,
        kappa=args.kappa,
        share=args.share,
        splits=args.splits,
        rng=args.seed,
        band=any(name and name.lower().endswith((".html", *PICTURES)) for name in (args.out, args.figure)),
    )
    return found if args.wanted is None else found.aimed(args.wanted)
