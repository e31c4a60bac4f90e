"""``boundcalc demo``: train on every modality subset of a real data set, and say what the theorems guarantee."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import READING, TRAINING
from boundcalc.cli.output import DRAWN
from boundcalc.cli.training import data_of, training_settings
from boundcalc.show.answer import Answer

ARGUMENTS = ("DATA?", *READING, *TRAINING)
ENDINGS = DRAWN


def run(args: Namespace) -> Answer:
    """Train, evaluate, and sum up in one sentence."""
    from boundcalc.report.sample import assess

    return assess(data_of(args, args.data), **training_settings(args))
