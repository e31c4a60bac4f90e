"""``boundcalc compare [KEYS]``: rival bounds on one risk, on a pilot sample or at given values, and against n."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output
from boundcalc.cli.training import add_model_arguments, changed_options, confidence, model_settings
from boundcalc.cli.values import add_settings, parse_settings
from boundcalc.errors import InvalidInputError

if TYPE_CHECKING:
    from boundcalc.guarantees.comparison import Rivals

ENDINGS = (".json", ".csv", ".html", ".png")


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("keys", metavar="KEY", nargs="*", help="entries of the catalogue (default: all that apply)")
    parser.add_argument("--all", action="store_true", help="all entries that bound the risk (the default without KEY)")
    parser.add_argument(
        "--pilot", metavar="DATA", help="htad, breast_cancer, penguins, digits, or a .npz or .csv file of your own"
    )
    add_settings(parser, help="without a pilot sample: a number")
    parser.add_argument("--subset", metavar="NAMES", help="modalities, such as a+b (default: all)")
    add_model_arguments(parser)
    parser.add_argument(
        "--structure",
        default="diagonal",
        choices=("diagonal", "modality", "full"),
        help="the metric (default diagonal)",
    )
    parser.add_argument(
        "--radii",
        default="grid",
        choices=("grid", "measured"),
        help="grid: radii fixed in advance, paid for (default); measured: the trained metric's norms, marked as estimated",
    )


def run(args: Namespace) -> Output:
    """Compare, and return table, data and picture."""
    if bool(args.pilot) == bool(args.settings):
        raise InvalidInputError("give either --pilot DATA or --set NAME=VALUE (repeated), not both", context="compare")
    if args.all and args.keys:
        raise InvalidInputError(f"give either --all or keys ({', '.join(args.keys)}), not both", context="compare")
    _check_options(args)
    comparison = _from_pilot(args) if args.pilot else _from_values(args)
    from boundcalc.report.compare_view import comparison_data, comparison_sentence, comparison_table, save_comparison
    from boundcalc.show.page import answer_html, picture

    def draw(path: Path) -> None:
        save_comparison(comparison, path)

    table, sentence = comparison_table(comparison), comparison_sentence(comparison)
    return Output(
        f"{table.text()}\n\n{_wrapped(sentence)}{_left_out(comparison, args.keys)}",
        comparison_data(comparison),
        title=f"Rival bounds: {comparison.title}",
        tables=(table, _assumptions(comparison)),
        lead=(answer_html(sentence), lambda: picture(draw, "bounds on the risk against the number of rows")),
        figure=draw,
    )


#: Options that speak of a pilot sample.
_OF_PILOT = ("subset", "seed", "loss", "lam_max", "structure", "weights", "radii")


def _check_options(args: Namespace) -> None:
    """Tell what is wrong before the work."""
    if args.pilot:
        from boundcalc.guarantees.comparison import check_keys

        check_keys(args.keys)
        return
    unused = changed_options(args, _OF_PILOT, configure=configure)
    problems = [f"{option} needs --pilot: with --set nothing is trained" for option in unused]
    if any(setting.partition("=")[0].strip() == "delta" for setting in args.settings) and args.delta != "0.05":
        problems.append("give delta once, by --delta or by --set")
    if problems:
        raise InvalidInputError(problems, context="compare")


def _from_pilot(args: Namespace) -> Rivals:
    from boundcalc.cli.progress import reporter
    from boundcalc.datasets import load
    from boundcalc.guarantees.comparison import compare_pilot
    from boundcalc.trainer import measure_pilot

    settings = model_settings(args)
    pilot = measure_pilot(
        load(args.pilot),
        subset=args.subset,
        delta=confidence(args.delta),
        progress=reporter("training"),
        structure=args.structure,
        **settings,
    )
    return compare_pilot(pilot, keys=args.keys, radii=args.radii)


def _from_values(args: Namespace) -> Rivals:
    from boundcalc.guarantees.comparison import compare_values

    given: dict[str, Any] = {"delta": args.delta, **parse_settings(args.settings)}
    return compare_values(given, keys=args.keys)


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 80))


def _left_out(comparison: Rivals, asked: list[str]) -> str:
    """Return a line on what was asked for, or nearly applies, but is not compared."""
    near = ("needs", "the ", "there", "0 ")
    needing = [f"{key}: {why}" for key, why in comparison.absent.items() if asked or why.startswith(near)]
    return "".join(f"\n\n{_wrapped('not compared: ' + '; '.join(needing))}" if needing else "")


def _assumptions(comparison: Rivals) -> Any:
    from boundcalc.show.tables import Table

    rows = [(rival.key, "; ".join(rival.assumptions), rival.why) for rival in comparison.rivals]
    return Table(("bound", "assumes", "how it was obtained"), rows, title="What each assumes")
