"""The steps that the theorems on learning share: a largest deviation, its expectation, the losses' and the scores' complexity."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import log, sqrt

from boundcalc.catalogue.lemmas import bounded_differences, contraction, symmetrisation
from boundcalc.statements.derivation import Event, Named, Step
from boundcalc.symbols import R_M, Edev_m, Edev_plus, Rad_loss, Rad_metric, m
from boundcalc.theorems import by

__all__ = ["SELF_BOUNDING", "concentrated", "self_bounding"]

SELF_BOUNDING = Event(
    "empirical complexity, self-bounding", "the empirical complexity is not far below its expectation"
)


def concentrated(
    deviation: sympy.Expr,
    *,
    event: Event,
    experiment: Named,
    because: str,
    over: str = "the m independent pairs",
    halves: Step | None = None,
    complexity: sympy.Expr = R_M,
    **options: Any,
) -> tuple[Step, ...]:
    """Return the steps from a class's largest deviation to its complexity: concentration, symmetrisation, contraction.

    Parameters
    ----------
    deviation : sympy.Expr
        A supremum over the class.
    event : Event
    experiment : Named
        Where the concentration is tried out.
    because : str
        Why the deviation moves by at most c/m with a pair.
    over : str
        What the expectation runs over.
    halves : Step, optional
        For a supremum over two functions: that its expectation is at most the sum of those of the two signs.
    complexity : sympy.Expr
        What the class's complexity is called.
    **options
        Of ``lemmas.bounded_differences``: ``c``, and ``form``, ``m``.
    """
    if halves is None:
        options |= {"EPhi_m": Edev_m}
    return (
        by(bounded_differences.THEOREM, deviation, event=event, experiment=experiment, because=because, **options),
        *([] if halves is None else [halves]),
        by(symmetrisation.THEOREM, Edev_m, because=f"over {over}"),
        *([] if halves is None else [by(symmetrisation.THEOREM, Edev_plus, because="the same for the other sign")]),
        by(contraction.THEOREM, Rad_loss, R_M=complexity, because="the loss is L-Lipschitz in the score"),
    )


def self_bounding(empirical: sympy.Expr, largest: sympy.Expr, *, experiment: Named, because: str) -> Step:
    """Return the step from the expected complexity of forms to the empirical one, of which one pair adds at most ``largest``/m."""
    x = log(1 / SELF_BOUNDING.symbol)
    return experiment.at_most(
        Rad_metric,
        empirical + (largest * x + sqrt(largest**2 * x**2 + 2 * largest * x * m * empirical)) / m,
        because=because,
        events=(SELF_BOUNDING,),
        cites="Boucheron, Lugosi, Massart 2000, A sharp concentration inequality with applications, Theorem 1",
    )
