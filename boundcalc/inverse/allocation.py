"""Split delta over the events of a bound so that the bound is smallest at a reference point fixed in advance."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.statements.composing import with_split
from boundcalc.statements.statement import AnyStatement, Statement
from boundcalc.statements.validation import check_inputs

if TYPE_CHECKING:
    from boundcalc.evaluator.program.planning import Side

__all__ = ["allocate"]

_GRAIN = 10**9


def allocate(bound: AnyStatement, **reference: Any) -> AnyStatement:
    """Return the bound with the split of delta that is best at a reference point.

    An event whose share does not show in the bound (such as that of a constant certified beforehand) keeps its equal
    share. The result is never worse than the equal split at the reference point, and its fractions sum to at most 1.

    Parameters
    ----------
    bound : Bound
        With at least one event.
    **reference : scalar
        A value for every symbol. The split must not depend on the data that the bound is used on: give numbers that
        were known before.

    Returns
    -------
    Bound

    Raises
    ------
    InvalidInputError
        If the bound has no events, a value is missing, bad, or an array.
    """
    if not bound.events:
        raise InvalidInputError("there is no delta to split: the bound consumes none", context=bound.theorem.key)
    values = check_inputs(bound, reference)
    arrays = [name for name, value in values.items() if np.ndim(value)]
    if arrays:
        raise InvalidInputError(
            f"{', '.join(arrays)}: the reference point of a split must be one point, fixed in advance",
            context=bound.theorem.key,
        )
    shown = set().union(*(part.free_symbols for _, part in bound.parts))
    movable = [event for event in bound.events if event.symbol in shown]
    if len(movable) < 2:
        return bound
    fractions = _optimise(bound, movable, values)
    candidate = with_split(bound, {str(event): fraction for event, fraction in fractions.items()})
    split, equal = (_sound_value(one, values) for one in (candidate, bound))
    return candidate if (split > equal if bound.is_lower else split < equal) else bound


def _sound_value(bound: Statement, values: dict[str, Any]) -> float:
    from boundcalc.evaluator import evaluate_grid

    side: Side = "lower" if bound.is_lower else "upper"
    return float(evaluate_grid(bound.expr, values, symbols=bound.symbols, side=side, domains=bound.domain))


def _optimise(bound: Statement, movable: list[Any], values: dict[str, Any]) -> dict[Any, Fraction]:
    """Return the fractions of delta, rounded down to a common grain."""
    from scipy.optimize import minimize

    from boundcalc.evaluator import compile_expression

    rest = [event for event in bound.events if event not in movable]
    share = Fraction(len(movable), len(bound.events))
    raw = bound.raw.subs(dict(bound.where), simultaneous=True)
    names = [name for name, symbol in bound.symbols.items() if symbol in raw.free_symbols]
    arguments = (*(event.symbol for event in movable), *(bound.symbols[name] for name in names))
    f = compile_expression(raw, arguments, domains=bound.domain)
    point = [float(values[name]) for name in names]
    delta = float(values.get("delta", bound.confidence if "delta" not in bound.symbols else np.nan))
    sign = -1.0 if bound.is_lower else 1.0

    def objective(logits: np.ndarray) -> float:
        return sign * float(f(*(delta * float(share) * _softmax(logits)), *point))

    with np.errstate(all="ignore"):  # a share may vanish on the way
        best = minimize(objective, np.zeros(len(movable)), method="BFGS").x
    weights = _softmax(best if np.isfinite(best).all() else np.zeros(len(movable))) * float(share)
    whole = {
        event: Fraction(max(int(weight * _GRAIN), 1), _GRAIN) for event, weight in zip(movable, weights, strict=True)
    }
    over = sum(whole.values()) - share
    if over > 0:
        largest = max(whole, key=lambda event: whole[event])
        whole[largest] -= over
    return whole | {event: Fraction(1, len(bound.events)) for event in rest}


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()
