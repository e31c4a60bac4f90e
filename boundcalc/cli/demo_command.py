"""``boundcalc demo``: train on every modality subset of a real data set, and say what the theorems guarantee."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from boundcalc.cli.output import Output, check_path
from boundcalc.cli.training import add_arguments, confidence, measure

ENDINGS = (".png", ".json", ".csv", ".html")
FIGURE = "boundcalc-demo.png"


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("data", metavar="DATA", nargs="?", default="htad", help="a data set or file (default htad)")
    parser.add_argument("--figure", metavar="FILE", default=FIGURE, help=f"where the picture goes (default {FIGURE})")
    add_arguments(parser)


def run(args: Namespace) -> Output:
    """Train, evaluate, draw, and sum up in one sentence."""
    from boundcalc.errors import require
    from boundcalc.report.demo import all_guarantees, closing_sentence, demo_data, demo_table, draw_demo
    from boundcalc.show.page import answer_html, picture

    require("matplotlib", extra="plot", purpose="the demo's picture")
    check_path(args.figure, (".png", ".pdf", ".svg"), option="--figure")
    delta = confidence(args.delta)
    measured = measure(args, args.data)
    found = all_guarantees(measured, delta=delta)
    table = demo_table(measured, found, delta=delta)
    sentence = closing_sentence(measured, found)

    def draw(path: Path) -> None:
        draw_demo(measured, found, path, delta=delta)

    draw(Path(args.figure))
    return Output(
        f"{table.text()}\n\n{sentence}\n\npicture: {args.figure}",
        demo_data(measured, found, delta=delta) | {"summary": sentence, "figure": args.figure},
        title=f"boundcalc on {args.data}",
        tables=(table,),
        lead=(answer_html(sentence), lambda: picture(draw, "guarantees against the number of rows")),
        figure=draw,
    )
