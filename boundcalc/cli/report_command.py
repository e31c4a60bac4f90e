"""``boundcalc report DATA``: train, evaluate, plan and check; one page that could be attached to a paper."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import PLANNING
from boundcalc.cli.plan_command import planning_settings
from boundcalc.cli.training import data_of
from boundcalc.errors import InvalidInputError
from boundcalc.show.answer import Answer

ARGUMENTS = (*PLANNING, "resume", "no_check")
ENDINGS = (".html", ".json")
PAGE = "boundcalc-report.html"  # a page is what the command is for


def run(args: Namespace) -> Answer:
    """Train, evaluate, plan and check."""
    from boundcalc.report.document import make_report

    if args.estimates is not None and args.resume is not None:
        raise InvalidInputError("--estimates: nothing is trained, so --resume would change nothing")
    return make_report(
        data_of(args, args.data), check_proofs=not args.no_check, resume=args.resume, **planning_settings(args)
    )
