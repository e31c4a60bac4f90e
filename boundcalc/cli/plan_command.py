"""``boundcalc plan DATA``: which modalities to collect, how many rows, how to split them, and what is then certified."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from boundcalc.cli.arguments import PLANNING, changed
from boundcalc.cli.output import DRAWN
from boundcalc.cli.training import data_of, model_settings
from boundcalc.errors import InvalidInputError
from boundcalc.show.answer import Answer

ARGUMENTS = (*PLANNING, "collected", "simulate")
ENDINGS = DRAWN

#: Options that speak of the training alone.
_OF_TRAINING = ("subsets", "loss", "lam_max", "weights", "holdout", "prepared")


def run(args: Namespace) -> Answer:
    """Study the pilot or read what was measured on it, plan, and answer in a sentence, tables and pictures."""
    from boundcalc.report.planning import plan

    return plan(data_of(args, args.data), **planning_settings(args), collected=args.collected, simulate=args.simulate)


def planning_settings(args: Namespace) -> dict[str, Any]:
    """Return what planning asks for; options of the training are refused where nothing is trained."""
    settings = {**model_settings(args), "subsets": args.subsets}
    if args.estimates is not None:
        if given := changed(args, _OF_TRAINING):
            raise InvalidInputError(f"--estimates: nothing is trained, so {', '.join(given)} would change nothing")
        settings = {name: settings[name] for name in ("delta", "rng", "progress")}
    return {
        **settings,
        "n_jobs": args.jobs,
        "measured": args.estimates,
        "costs": args.costs,
        "budgets": args.budget,
        "target": args.target,
        "power": args.power,
        "modalities": args.modalities,
        "quantity": args.quantity,
        "curve": not args.no_curve,
    }
