"""Pictures of proofs: the chain of steps with its verdicts, and the two sides of a claim on its witnesses."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.report.plots import finish
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.mathtext import mathtext
from boundcalc.statements.derivation import Step

if TYPE_CHECKING:
    import sympy
    from matplotlib.axes import Axes

    from boundcalc.checker import Report
    from boundcalc.theorems import Theorem

__all__ = ["plot_proof", "plot_sides"]

_COLOURS = {
    "PROVED": PALETTE[2],
    "CITED": PALETTE[5],
    "SUPPORTED": PALETTE[0],
    "UNSETTLED": PALETTE[4],
    "REFUTED": PALETTE[1],
}


def plot_proof(theorem: Theorem, *, form: str | None = None, report: Report | None = None) -> Axes:
    """Draw a theorem's chain of steps from top to bottom, each with its verdict.

    Parameters
    ----------
    theorem : Theorem
    form : str, optional
        Its default form if not given.
    report : Report, optional
        What ``boundcalc.check`` found; the form is checked now if not given.

    Raises
    ------
    InvalidInputError
        If the theorem is none or has no such form, or the report is of another theorem or lacks steps of the form.
    """
    from boundcalc.checker import check
    from boundcalc.theorems import Theorem

    if not isinstance(theorem, Theorem):
        raise InvalidInputError(
            f"theorem = {theorem!r} is no theorem: give boundcalc.theorem(KEY)", context="plot_proof"
        )

    name = theorem.forms[0] if form is None else form
    steps = theorem.derivation(name).steps
    report = check(theorem, form=name) if report is None else report
    rows = {row.place: row for row in report if row.form == name}
    if report.subject != theorem.key or not all(str(number) in rows for number in range(1, len(steps) + 1)):
        raise InvalidInputError(
            f"report of {report.subject}: expected every step of {theorem.key}, form {name}", context="plot_proof"
        )
    axes = new_axes(width=10, height=0.75 * len(steps) + 1.3)
    bottom = len(steps) + ("chain" in rows)
    axes.set(xlim=(0, 10), ylim=(bottom + 0.6, 0.4))
    axes.axis("off")
    axes.set_title(f"{theorem.number if theorem.number != '-' else theorem.key}, form {name}: {report.forms[name]}")
    axes.plot([0.35, 0.35], [1, len(steps)], color="0.7", zorder=1)
    for number, step in enumerate(steps, start=1):
        _draw_row(axes, number, str(number), _typeset(step.left, step.relation, step.right), step.because, rows)
    if "chain" in rows:
        chain = theorem.derivation(name)
        _draw_row(
            axes, bottom, "chain", _typeset(chain.quantity, chain.relation, chain.result), "all steps at once", rows
        )
    return axes


def _draw_row(axes: Axes, y: int, place: str, statement: str, because: str, rows: Mapping[str, Any]) -> None:
    verdict = rows[place].verdict
    colour = _COLOURS[str(verdict.word)]
    mark = "all" if place == "chain" else place
    axes.scatter([0.35], [y], s=330, color=colour, zorder=2)
    axes.text(0.35, y, mark, color="white", ha="center", va="center", fontweight="bold", fontsize=9, zorder=3)
    axes.text(0.8, y - 0.12, statement, va="center", fontsize=10)
    reason = textwrap.shorten(because, 135, placeholder=" ...")
    axes.text(0.8, y + 0.28, reason.replace("$", r"\$"), va="center", fontsize=7.5, color="0.35")
    axes.text(9.95, y - 0.12, str(verdict.word), va="center", ha="right", color=colour, fontweight="bold", fontsize=9)
    axes.text(9.95, y + 0.28, verdict.engine, va="center", ha="right", color="0.35", fontsize=7.5)


def _typeset(left: sympy.Expr, relation: str, right: sympy.Expr) -> str:
    statement = mathtext(f"{expression_latex(left)} {RELATIONS[relation]} {expression_latex(right)}")
    return statement or textwrap.shorten(f"{left} {relation} {right}", 110, placeholder=" ...")


def plot_sides(
    step: Step,
    witnesses: Sequence[Mapping[str, Any]],
    *,
    over: str,
    values: Sequence[float],
    titles: Sequence[str] = (),
) -> Any:
    """Draw the two sides of a step on instances that refute it, against a constant of the step.

    Parameters
    ----------
    step : Step
    witnesses : sequence of mappings
        Instances as verdicts show them; each gets its panel.
    over : str
        Name of the constant.
    values : sequence of float
        Values that it takes.
    titles : sequence of str
        One per panel.

    Returns
    -------
    numpy.ndarray of matplotlib axes

    Raises
    ------
    InvalidInputError
        If there is no witness, or the step does not have the constant.
    """
    from boundcalc.checker import replay
    from boundcalc.symbols import VOCABULARY

    names = {symbol.name for side in (step.left, step.right) for symbol in side.free_symbols}
    if not witnesses or over not in names:
        raise InvalidInputError(
            f"over = {over!r}: expected one of {', '.join(sorted(names))}, and a witness", context="plot_sides"
        )
    grid = np.asarray(values, dtype=float)
    panels = np.atleast_1d(new_axes(width=4.8 * len(witnesses), height=3.6, columns=len(witnesses)))
    headings = [*titles, *[""] * len(panels)]
    for axes, witness, title in zip(panels, witnesses, headings, strict=False):
        known = {name: float(value) for name, value in replay(witness).items() if name in names}
        sides = [_on_grid(side, known, over, grid) for side in (step.left, step.right)]
        lower, upper = (sides[1], sides[0]) if step.relation == ">=" else (sides[0], sides[1])
        for side, expr, colour in zip(sides, (step.left, step.right), PALETTE, strict=False):
            axes.plot(grid, side, color=colour, label=mathtext(expression_latex(expr)) or str(expr), linewidth=2)
        fails: dict[str, Any] = {"where": list(lower > upper), "color": PALETTE[1], "alpha": 0.15, "linewidth": 0}
        axes.fill_between(grid, lower, upper, label="claim fails", **fails)
        xlabel = mathtext(VOCABULARY[over].latex) if over in VOCABULARY else over
        finish(axes, legend={"loc": "upper left"}, xlabel=xlabel, title=title)
    return panels


def _on_grid(side: sympy.Expr, known: Mapping[str, float], over: str, grid: np.ndarray) -> np.ndarray:
    fixed = {symbol: known[symbol.name] for symbol in side.free_symbols if symbol.name != over}
    free = [symbol for symbol in side.free_symbols if symbol.name == over]
    return np.array([float(side.subs(fixed | {symbol: value for symbol in free})) for value in grid])
