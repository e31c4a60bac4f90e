"""``boundcalc plan DATA``: which modalities to collect, how many samples, and what is guaranteed beforehand."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from boundcalc.cli.arguments import PLANNING, changed
from boundcalc.cli.output import DRAWN
from boundcalc.cli.training import data_of, training_settings
from boundcalc.errors import InvalidInputError
from boundcalc.show.answer import Answer

ARGUMENTS = PLANNING
ENDINGS = DRAWN

#: Options that speak of the training alone.
_OF_TRAINING = ("subsets", "loss", "lam_max", "weights", "holdout", "prepared", "jobs", "resume")


def run(args: Namespace) -> Answer:
    """Measure the pilot or read its estimates, plan, and answer in a sentence, tables and pictures."""
    from boundcalc.report.planning import plan

    return plan(data_of(args, args.data), **planning_settings(args))


def planning_settings(args: Namespace) -> dict[str, Any]:
    """Return what planning asks for; options of the training are refused where nothing is trained."""
    settings = training_settings(args)
    if args.estimates is not None:
        if given := changed(args, _OF_TRAINING):
            raise InvalidInputError(f"--estimates: nothing is trained, so {', '.join(given)} would change nothing")
        settings = {name: settings[name] for name in ("delta", "rng", "progress")}
    return {
        **settings,
        "measured": args.estimates,
        "costs": args.costs,
        "budgets": args.budget,
        "target": args.target,
        "modalities": args.modalities,
        "quantity": args.quantity,
        "split": args.split,
        "curve": not args.no_curve,
    }
