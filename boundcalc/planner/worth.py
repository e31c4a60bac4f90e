"""From how much data on adding a modality is provably worth it (Theorem 3.20, population side; closing remark)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.catalogue import theorem
from boundcalc.errors import InvalidInputError
from boundcalc.inverse.solve import solve_for
from boundcalc.language.ledger import Ledger
from boundcalc.theorems import NESTING_NOTE

if TYPE_CHECKING:
    from boundcalc.inverse.solve import Solution
    from boundcalc.trainer import Measurements

__all__ = ["Worth", "n_star", "worth_of_modalities"]

_ABOVE_ZERO = math.ulp(0.0)


@dataclass(frozen=True)
class Worth:
    """What adding one modality is worth.

    Attributes
    ----------
    modality : str
        What is added.
    to, becomes : str
        The subset before and after.
    gain : float
        Difference of the hold-out risks: an estimate of the approximation gain Delta, which cannot be observed.
    n_star : int or None
        From so many training samples on r_N - r_M > 0 with the stated confidence, if Delta is as large as ``gain``.
    n_nonpositive : int or None
        From so many on gamma <= 0, if the approximation floor of N is ``gain`` and the true composition lies in the class
        on all modalities; only where ``becomes`` is all of them.
    reason : str
        Why there is no ``n_star``.
    """

    modality: str
    to: str
    becomes: str
    gain: float
    n_star: int | None
    n_nonpositive: int | None
    reason: str = ""


def n_star(measured: Measurements, subset: str, *, Delta: Any, delta: float = 0.05) -> Solution:
    """Return the smallest n from which the larger subset is provably better, for each approximation gain.

    Parameters
    ----------
    measured : Measurements
        With lam_min = 0.
    subset : str
        The larger subset, M.
    Delta : float or 1-D array_like
        The gain inf over F_N of r, minus inf over F_M of r: not observable, an assumption.
    delta : float
        Half goes to the deviation on the future sample, half to kappa, certified for all measured subsets at once so
        that this one may be chosen by what the pilot says.

    Returns
    -------
    Solution
        In n; infeasible where Delta does not exceed the optimisation error.

    Raises
    ------
    InvalidInputError
        On bad input, or if the classes are not nested.
    """
    ledger = _ledger(measured, delta)
    result = measured[subset]
    bound = theorem("zhou2026.risk_reduction").bound("population")
    bound = bound.substitute(R_M=theorem("zhou2026.metric_complexity").bound("kappa"))
    values: dict[str, Any] = {
        **result.estimates.values,
        "kappa_M": result.kappa.at(ledger["kappa"]).certified,
        "delta": ledger["deviation"],
    }
    values |= {"eps_opt_M": result.estimates["eps_opt"].value, "Delta": Delta}
    return solve_for(bound, "n", target=_ABOVE_ZERO, **{name: values[name] for name in bound.symbols if name != "n"})


def worth_of_modalities(measured: Measurements, *, delta: float = 0.05) -> tuple[Worth, ...]:
    """Return for every measured pair of subsets that differ by one modality what the addition is worth.

    Parameters
    ----------
    measured : Measurements
        With a hold-out part and lam_min = 0.
    delta : float

    Raises
    ------
    InvalidInputError
        On a bad delta, or if the classes are not nested.
    """
    found = []
    _ledger(measured, delta)
    for larger in measured:
        names = larger.split("+")
        for name in names:
            smaller = "+".join(other for other in names if other != name)
            if smaller in measured:
                found.append(_worth(measured, name, smaller, larger, delta=delta))
    return tuple(found)


def _ledger(measured: Measurements, delta: float) -> Ledger:
    """Half for the deviation on the future sample, half for kappa, certified for every measured subset at once."""
    if not measured.nests:
        raise InvalidInputError(
            f"lam_min = {measured.settings['eig_range'][0]} must be 0: {NESTING_NOTE}",
            context="zhou2026.risk_reduction",
        )
    return Ledger.split(delta, ["deviation", "kappa"]).over("subsets", len(measured), events=["kappa"])


def _worth(measured: Measurements, name: str, smaller: str, larger: str, *, delta: float) -> Worth:
    before, after = (float(measured[label].estimates["rhat_holdout"].value) for label in (smaller, larger))
    gain = before - after
    if gain <= 0:
        return Worth(name, smaller, larger, gain, None, None, "it does not lower the hold-out risk of the pilot")
    solution = n_star(measured, larger, Delta=gain, delta=delta)
    least = solution.values.item()
    reason = "" if least is not None else str(solution.reason.item())
    everything = measured.full
    complete = everything is not None and everything.label == larger
    return Worth(
        name,
        smaller,
        larger,
        gain,
        None if least is None else int(least),
        _nonpositive(measured, larger, gain, delta=delta) if complete else None,
        reason,
    )


def _nonpositive(measured: Measurements, larger: str, floor: float, *, delta: float) -> int | None:
    result, ledger = measured[larger], _ledger(measured, delta)
    bound = theorem("zhou2026.nonpositive_gap").bound()
    slack = result.estimates["eps_opt"].value
    if slack >= floor:
        return None
    values: dict[str, Any] = {
        **result.estimates.values,
        "kappa_M": result.kappa.at(ledger["kappa"]).certified,
        "delta": ledger["deviation"],
    }
    values |= {"eta_star_N": floor, "Lhat_M": slack}
    needed = float(bound.evaluate(sound=True, **{symbol: values[symbol] for symbol in bound.symbols}))
    return int(np.ceil(needed))
