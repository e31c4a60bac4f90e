"""``boundcalc demo``: train on every modality subset of a real data set, and say what the theorems guarantee."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from boundcalc.cli.output import Output, check_path
from boundcalc.cli.training import add_arguments, confidence, measure

if TYPE_CHECKING:
    pass

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

    require("matplotlib", extra="plot", purpose="the demo's picture")
    check_path(args.figure, (".png", ".pdf", ".svg"), option="--figure")
    delta = confidence(args.delta)
    measured = measure(args, args.data, share=True)
    found = all_guarantees(measured, delta=delta)
    table = demo_table(measured, found, delta=delta)
    sentence = closing_sentence(measured, found)
    draw_demo(measured, found, Path(args.figure), delta=delta)
    return Output(
        f"{table.text()}\n\n{sentence}\n\npicture: {args.figure}",
        demo_data(measured, found, delta=delta) | {"summary": sentence, "figure": args.figure},
        title=f"boundcalc on {args.data}",
        tables=(table,),
        lead=(f"<p><strong>{sentence}</strong></p>", _picture(Path(args.figure))),
        figure=lambda path: draw_demo(measured, found, path, delta=delta),
    )


def _picture(path: Path) -> str:
    from base64 import b64encode

    return f"<img alt='guarantees against the number of rows' src='data:image/png;base64,{b64encode(path.read_bytes()).decode()}'>"
