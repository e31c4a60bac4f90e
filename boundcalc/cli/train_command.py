"""``boundcalc train DATA``: train on modality subsets and hand over what bounds need."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import READING, TRAINING
from boundcalc.cli.output import DRAWN
from boundcalc.cli.training import data_of, training_settings
from boundcalc.show.answer import Answer

ARGUMENTS = ("DATA", *READING, *TRAINING, "model", "new_classes")
ENDINGS = DRAWN


def run(args: Namespace) -> Answer:
    """Train and return a table of the subsets, with all estimates as data."""
    from boundcalc.report.training import train

    return train(data_of(args, args.data), model=args.model, new_classes=args.new_classes, **training_settings(args))
