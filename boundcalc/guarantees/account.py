"""Whom a guarantee pays: the events of a bound, out of a ledger that knows deviations from complexities."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from boundcalc.bound import Bound
from boundcalc.catalogue import theorem
from boundcalc.language.ledger import Ledger

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, SubsetResult

__all__ = ["COMPLEXITY", "CONSTANT", "DEVIATION", "SAMPLED", "charged", "readings", "subset_ledger", "with_complexity"]

DEVIATION, COMPLEXITY, CONSTANT, SAMPLED = "deviation", "complexity", "constant", "sampled pairs"


def subset_ledger(result: SubsetResult, *, delta: float, subsets: int = 1) -> Ledger:
    """Split delta over what a guarantee on a trained subset rests on: a quarter for each measured event, the rest deviates.

    That is the deviation, the events on which the complexity and its constant were measured (a guarantee takes what is
    smaller), and the one of the sampled pairs where the empirical risk is an upper value over them.

    Parameters
    ----------
    result : SubsetResult
    delta : float
        What each kind of guarantee may fail with, on all subsets together.
    subsets : int
        How many one may choose among afterwards.
    """
    shares = dict.fromkeys((COMPLEXITY, CONSTANT, *((SAMPLED,) if result.train.sampled else ())), Fraction(1, 4))
    ledger = Ledger.split(delta, {DEVIATION: 1 - sum(shares.values()), **shares})
    return ledger if subsets == 1 else ledger.over("subsets", subsets)


def readings(measured: Measurements, *, delta: float) -> dict[str, SubsetResult]:
    """Return every result, its random values read at what ``subset_ledger`` gives them of delta."""
    count = len(measured)
    return {
        label: result.at(subset_ledger(result, delta=delta, subsets=count)[COMPLEXITY])
        for label, result in measured.items()
    }


@cache
def with_complexity(key: str, form: str | None, complexity: str, source: str = "zhou2026.metric_complexity") -> Bound:
    """Return a bound with a form of a complexity put in."""
    return theorem(key).bound(form).substitute(R_M=theorem(source).bound(complexity))


def charged(bound: Bound, ledger: Ledger) -> tuple[Bound, float]:
    """Return the bound with its events' shares of delta as the ledger has them, and the delta of all of them."""
    kinds = {event.name: COMPLEXITY if "complexity" in event.name else DEVIATION for event in bound.events}
    shares = ledger.among(*kinds.values())
    return bound.with_split({name: shares[kind] for name, kind in kinds.items()}), ledger.total(*kinds.values())
