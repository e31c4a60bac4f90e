"""``boundcalc report PILOT``: train, evaluate, plan and check; one page that could be attached to a paper."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output
from boundcalc.cli.plan_command import add_plan_arguments, answer
from boundcalc.cli.training import confidence

if TYPE_CHECKING:
    from boundcalc.checker.report import Report

ENDINGS = (".html", ".json")
PAGE = "boundcalc-report.html"


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_plan_arguments(parser)
    parser.add_argument("--no-check", action="store_true", help="leave out the proofs (they take a few minutes)")
    parser.set_defaults(out=PAGE)


def run(args: Namespace) -> Output:
    """Train, evaluate, plan and check, and put it on one page."""
    from boundcalc.errors import require
    from boundcalc.report.demo import all_guarantees
    from boundcalc.report.document import document, plain, verdict_table

    require("matplotlib", extra="plot", purpose="the report's pictures")
    delta = confidence(args.delta)
    measured, plan, worth, fit = answer(args)
    found = all_guarantees(measured, delta=delta)
    curve = fit()
    reports = [] if args.no_check else _checked(args.seed)
    data = plain(measured, found, plan, reports)
    text = "\n\n".join([*data["summary"], *([verdict_table(reports).text()] if reports else [])])

    def body() -> str:
        return "".join(
            document(measured, found, plan, delta=delta, seed=args.seed, worth=worth, curve=curve, reports=reports)
        )

    return Output(text, dict(data), title=f"boundcalc report: {args.pilot}", body=(body,))


def _checked(seed: int) -> list[Report]:
    """Check the theorems that the page rests on."""
    from boundcalc.catalogue import theorem
    from boundcalc.checker import check
    from boundcalc.cli.progress import reporter
    from boundcalc.report.document import USED

    show = reporter("checking")
    memory: dict[Any, Any] = {}
    reports = []
    for number, key in enumerate(USED):
        show(number, len(USED), key)
        reports.append(check(theorem(key), rng=seed, memory=memory))
        if not reports[-1].complete:
            raise KeyboardInterrupt
    show(len(USED), len(USED), "")
    return reports
