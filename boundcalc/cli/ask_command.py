"""``boundcalc ask QUESTION [DATA]``: what the works of Table 1 say of a data set, or of a planted law whose truth is known."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import READING
from boundcalc.cli.output import TABLES
from boundcalc.cli.training import data_of
from boundcalc.show.answer import Answer

ARGUMENTS = ("QUESTION", "PLANTED?", *READING, "aim", "rank", "delta", "seed")
ENDINGS = TABLES


def run(args: Namespace) -> Answer:
    """Measure, evaluate and solve."""
    from boundcalc.guarantees.questions.asking import ask
    from boundcalc.guarantees.questions.sample import PLANTED

    data = args.planted if args.planted == PLANTED else data_of(args, args.planted)
    return ask(args.question, data, target=args.aim, rank=args.rank, delta=args.delta, rng=args.seed)
