"""``boundcalc align DATA``: compare optimal-transport regularisers on partly aligned data."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output
from boundcalc.errors import InvalidInputError

if TYPE_CHECKING:
    from boundcalc.aligner import Comparison

ENDINGS = (".json", ".csv", ".html", ".png")
_TRIVIAL = 0.5
"""Match error of a constant rule, with equal weights."""
_SHOWN = ("recall@", "mAP", "knn", "logistic", "match_error")


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("data", metavar="DATA", help="htad, digits, breast_cancer, or a .npz or .csv file of your own")
    parser.add_argument(
        "--aligned",
        default="0.05,0.3",
        metavar="LIST",
        help="aligned shares of the training rows (default 0.05,0.3)",
    )
    parser.add_argument(
        "--regulariser",
        default="all",
        choices=("all", "none", "loop", "barycenter"),
        help="all (default), or one of them, compared with none",
    )
    parser.add_argument(
        "--unseen", default="", metavar="CLASSES", help="classes of which nothing is aligned in training, such as a,b"
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="random splits (default 3)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first seed (default 0)")
    parser.add_argument("--steps", type=int, default=100, metavar="N", help="gradient steps of each run (default 100)")
    parser.add_argument("--latent", type=int, default=8, metavar="Q", help="latent dimension (default 8)")
    parser.add_argument("--weight", type=float, default=1.0, metavar="X", help="weight of the regulariser (default 1)")
    parser.add_argument("-k", type=int, default=10, metavar="K", help="recall@K (default 10)")
    parser.add_argument(
        "--target", default="0.3", metavar="X", help="match error for which aligned pairs are counted (default 0.3)"
    )
    parser.add_argument(
        "--delta", default="0.05", metavar="P", help="failure probability of the certificate (default 0.05)"
    )


def run(args: Namespace) -> Output:
    """Compare and return tables of means with intervals over seeds; an interruption keeps what is done."""
    import json
    import textwrap

    from boundcalc.aligner import Comparison, compare_regularisers
    from boundcalc.cli.progress import reporter
    from boundcalc.cli.training import confidence
    from boundcalc.report.alignment import draw_alignment
    from boundcalc.report.plots import save

    fractions = _numbers(args.aligned)
    delta, target = confidence(args.delta), _number("--target", args.target)
    names = ("none", "loop", "barycenter") if args.regulariser == "all" else dict.fromkeys(("none", args.regulariser))
    problems = [f"--{name} {getattr(args, name)}: expected an integer >= {least}"
                for name, least in (("seeds", 1), ("seed", 0), ("steps", 1), ("latent", 1), ("k", 1))
                if getattr(args, name) < least]  # fmt: skip
    if target >= _TRIVIAL:
        problems.append(
            f"--target {args.target}: expected a number in (0, {_TRIVIAL:g}), as never saying match errs on {_TRIVIAL:g}"
        )
    if problems:
        raise InvalidInputError(problems)
    data = _load(args.data)
    comparison = Comparison()
    interrupted = False
    try:
        compare_regularisers(
            data,
            aligned=fractions,
            regularisers=tuple(names),
            seeds=args.seeds,
            unseen=tuple(name.strip() for name in args.unseen.split(",") if name.strip()),
            k=args.k,
            rng=args.seed,
            progress=reporter("aligning"),
            comparison=comparison,
            q=args.latent,
            steps=args.steps,
            weight=args.weight,
        )
    except KeyboardInterrupt:
        if not comparison.records:
            raise
        interrupted = True
    shown = [name for name in comparison.measures if name.startswith(_SHOWN)]
    tables = _tables(comparison, shown, title=f"Aligned encoders on {args.data}", interrupted=interrupted)
    plan, sentence = _plan(data, q=args.latent, target=target, delta=delta)
    recall = f"recall@{args.k}"

    def draw(path: Path) -> None:
        save(draw_alignment(comparison, recall, title=f"{args.data}: retrieval across modalities"), path)

    return Output(
        "\n\n".join([*(table.text() for table in tables), textwrap.fill(sentence, 80)]),
        json.loads(comparison.to_json())
        | {"summary": {name: comparison.summary(name) for name in shown}, "plan": plan},
        title=f"Aligned encoders on {args.data}",
        tables=tuple(tables),
        body=(lambda: _picture(draw, recall), f"<p>{sentence}</p>"),
        figure=draw,
        status=130 if interrupted else 0,
    )


def _tables(comparison: Comparison, shown: list[str], *, title: str, interrupted: bool) -> list[Any]:
    from boundcalc.show.tables import Table

    rows = []
    cells: dict[tuple[float, str], dict[str, str]] = {}
    for measure in shown:
        for row in comparison.summary(measure):
            cell = cells.setdefault((row["aligned"], row["regulariser"]), {"seeds": str(row["seeds"])})
            cell[measure] = _with_interval(row["mean"], row["half_width"], row["seeds"])
            cell[f"gain {measure}"] = (
                ""
                if row["regulariser"] == "none"
                else _with_interval(row["gain"], row["gain_half_width"], row["seeds"])
            )
    main = [name for name in shown if ">" not in name and " only " not in name and " seen" not in name]
    first = main[0]
    for (aligned, regulariser), cell in cells.items():
        rows.append((f"{aligned:g}", regulariser, *(cell.get(name, "") for name in main)))
    notes = [
        "mean ± half-width of the 95 % Student interval over seeds; gain: difference to no regulariser on the same seeds.",
        "knn, logistic: accuracy on fused latents; match_error: half the missed matches plus half the wrong ones, on test rows.",
    ]
    notes += ["Interrupted: only finished runs are shown."] if interrupted else []
    note = comparison.facts.get("note")
    notes += [str(note)] if note else []
    tables = [Table(("aligned", "regulariser", *main), rows, title=title, notes=notes)]
    other = [name for name in shown if name not in main]
    if len({regulariser for _, regulariser in cells}) > 1:
        other.insert(0, f"gain {first}")
    if other:
        regularisers = list(dict.fromkeys(regulariser for _, regulariser in cells))
        rows = [
            (f"{aligned:g}", name, *(cells.get((aligned, one), {}).get(name, "") for one in regularisers))
            for aligned in dict.fromkeys(aligned for aligned, _ in cells)
            for name in other
        ]
        title = "Gain, by direction, and with modalities missing"
        tables.append(Table(("aligned", "measure", *regularisers), rows, title=title))
    return tables


def _plan(data: Any, *, q: int, target: float, delta: float) -> tuple[dict[str, Any], str]:
    """Return, and say, how many aligned pairs would certify a match error below the target."""
    import math

    from boundcalc.catalogue import theorem

    complexity = theorem("zhou2026.latent_encoders").bound()
    bound = theorem("zhou2026.match_error").bound().substitute(R_M=complexity)
    width = sum(sorted(data.dims.values())[-2:])
    values = {
        "s": 1.0, "q": q, "B": math.sqrt(2), "d_M": width, "t_min": 0.0, "t_max": 2.0, "rho": 0.25, "omega_pos": 0.5,
        "omega_neg": 0.5, "rhat_match": target / 2, "delta": delta,
    }  # fmt: skip
    solution = bound.solve_for("n", target=target, **values)
    n = int(solution.values) if bool(solution.feasible) else None
    said = f"n = {n:,} aligned pairs" if n is not None else f"no number of aligned pairs ({solution.reason.item()})"
    sentence = (
        f"Planned: if encoders with spectral norm <= 1 reach an empirical ramp match risk of {target / 2:g} at margin 0.25, {said} "
        f"certify a match error below {target:g} with probability {1 - delta:g} (rows in the unit ball; "
        "zhou2026.match_error)."
    )
    return {"target": target, "n": n, "inputs": values}, sentence


def _load(source: str) -> Any:
    from boundcalc.datasets import load

    if source != "digits":
        return load(source)
    from boundcalc.aligner import halves
    from boundcalc.errors import require
    from boundcalc.trainer import ModalityData

    digits = require("sklearn.datasets", extra="train", purpose="the data set digits").load_digits()
    return ModalityData(halves(digits.images), digits.target, nonnegative=True, name="digits")


def _picture(draw: Callable[[Path], None], alt: str) -> str:
    """Return the drawing as an inline image, or nothing where matplotlib is not installed."""
    from boundcalc.errors import MissingExtraError
    from boundcalc.show.page import picture

    try:
        return picture(draw, alt)
    except MissingExtraError:
        return ""


def _with_interval(mean: float, half: float, seeds: int) -> str:
    return f"{mean:.3f}" if seeds < 2 else f"{mean:.3f}±{half:.3f}"


def _numbers(text: str) -> list[float]:
    return [_number("--aligned", part.strip()) for part in text.split(",") if part.strip()]


def _number(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidInputError(f"{option} {text!r}: expected numbers in (0, 1]") from None
    if not 0 < value <= 1:
        raise InvalidInputError(f"{option} {text}: expected numbers in (0, 1]")
    return value
