"""The steps that the theorems on learning share: a largest deviation, its expectation, the losses' and the scores' complexity."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import log, sqrt

from boundcalc.catalogue.lemmas import bounded_differences, contraction, decoupling, symmetrisation
from boundcalc.statements.derivation import Event, Named, Step, equal
from boundcalc.symbols import R_M, C, Edev_m, Edev_plus, Rad_loss, Rad_metric, dev_f, m, n_h, r_0, rhat_holdout
from boundcalc.theorems import by

__all__ = ["HELD_OUT_RISK", "SELF_BOUNDING", "concentrated", "held_out_tuples", "self_bounding"]

#: The risk of one fixed model is its held-out risk and what that deviates by.
HELD_OUT_RISK = equal(
    r_0, rhat_holdout + dev_f, definitions={dev_f: r_0 - rhat_holdout}, because="definition of the deviation"
)


def held_out_tuples(*, event: Event, experiment: Named, because: str, **options: Any) -> tuple[Step, Step]:
    """Return the steps from the risk of one fixed model on tuples of rows to its held-out mean over all tuples.

    Parameters
    ----------
    event : Event
    experiment : Named
    because : str
        Why that mean is a U-statistic of something fixed.
    **options
        Of ``lemmas.decoupling``: ``order``, where it is a number.
    """
    fixed = {"form": "deviation", "n": n_h, "c": C, "EPhi_m": 0, **options}
    return HELD_OUT_RISK, by(decoupling.THEOREM, dev_f, event=event, experiment=experiment, because=because, **fixed)


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
