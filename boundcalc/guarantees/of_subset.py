"""What the theorems say of a trained subset: each guarantee with its value, its rival and the n from which it speaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.bound import Bound
from boundcalc.catalogue import theorem
from boundcalc.errors import InfeasibleError
from boundcalc.guarantees.account import COMPLEXITY, DEVIATION, charged, subset_ledger, with_complexity
from boundcalc.inverse.solve import minimal_n
from boundcalc.language.ledger import Ledger

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, SubsetResult

__all__ = ["Guarantee", "all_guarantees", "guarantees", "margin_curve", "risk_curves"]


@dataclass(frozen=True)
class Guarantee:
    """One guarantee on one subset.

    Attributes
    ----------
    name : str
        What is bounded, in a word or two.
    key : str
        The theorem.
    value : float
        The bound at the training sample's size, rounded outwards.
    trivial : float or None
        What the best constant rule reaches, or the range where that is smaller; None where nothing compares.
    certified : bool
        Whether the statement and all its inputs are certified.
    why : str
        Why not, or on which conditions.
    informative_from : int or None
        The smallest number of training rows from which the guarantee says more than the constant rule, if empirical
        risk and complexity constant stay what they are; None if it never does.
    """

    name: str
    key: str
    value: float
    trivial: float | None
    certified: bool
    why: str = ""
    informative_from: int | None = None
    paid: Ledger | None = None

    @property
    def vacuous(self) -> bool:
        """Whether the value is not below what the constant rule reaches."""
        return self.trivial is not None and self.value >= self.trivial

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        paid = None if self.paid is None else self.paid.to_dict()
        return {**vars(self), "vacuous": self.vacuous, "paid": paid}


def all_guarantees(measured: Measurements, *, delta: float) -> dict[str, dict[str, Guarantee]]:
    """Return every guarantee by subset and name; one kind holds for all subsets at once, so that one may choose.

    Parameters
    ----------
    measured : Measurements
    delta : float
        Failure probability of each kind of guarantee.
    """
    count = len(measured)
    return {
        label: {one.name: one for one in guarantees(result, delta=delta, subsets=count)}
        for label, result in measured.items()
    }


def guarantees(result: SubsetResult, *, delta: float, subsets: int = 1) -> list[Guarantee]:
    """Return Theorems 3.13, 3.14, 3.18, 3.20 and the two certificates for one trained subset.

    Each holds with probability at least 1 - delta on its own, whatever delta the measurements were read at before.

    Parameters
    ----------
    result : SubsetResult
    delta : float
        Failure probability of each guarantee.
    subsets : int
        How many subsets each guarantee holds for at once, this one among them.
    """
    ledger = subset_ledger(result, delta=delta, subsets=subsets)
    result = result.at(ledger[COMPLEXITY])
    values = dict(result.estimates.values)
    trivial = min(result.trivial_risk, values["C"])
    plans: list[tuple[str, str, dict[str, float], str]] = [
        ("risk of the model", "zhou2026.uniform_deviation", {}, ""),
        ("excess of the risk gap over gamma", "zhou2026.risk_gap", {"gamma": 0}, "gamma itself is not observable"),
        (
            "latent quality",
            "zhou2026.latent_quality",
            {"Lhat_M": values["rhat_M"], "C": result.estimates["C_full"].value},
            "with Lhat_M <= rhat_M, which is sound for a nonnegative loss, and C of all modalities, which covers h*g*",
        ),
    ]
    found = [_guarantee(result, name, key, extra, trivial, why, ledger) for name, key, extra, why in plans]
    return [*found, _needed_gain(result, trivial, ledger), _complexity(result, ledger), _margin(result, ledger)]


#: ``kappa`` serves every n; at the sample at hand the smaller of both is taken, each measured on an event of its own.
_LATER, _AT_HAND = "kappa", ("self_bounding", "kappa")


@lru_cache
def _bound(key: str, form: str | None, complexity: str, ledger: Ledger) -> tuple[Bound, float]:
    return charged(with_complexity(key, form, complexity), ledger)


def _certified(result: SubsetResult, *names: str) -> bool:
    return all(result.estimates[name].status == "certified" for name in names if name in result.estimates)


def _at_hand(key: str, form: str | None, ledger: Ledger, inputs: Mapping[str, Any]) -> float:
    """Return the sharper of the bounds with each complexity, all of whose events the ledger pays."""
    bounds = [_bound(key, form, complexity, ledger) for complexity in _AT_HAND]
    values = [float(_curve(bound, {**inputs, "delta": delta})) for bound, delta in bounds]
    return max(values) if bounds[0][0].relation.startswith(">") else min(values)


def _guarantee(
    result: SubsetResult, name: str, key: str, extra: dict[str, float], trivial: float, why: str, ledger: Ledger
) -> Guarantee:
    inputs = {**result.estimates.values, **extra}
    later, rest = _bound(key, None, _LATER, ledger)
    return Guarantee(
        name=name,
        key=key,
        value=_at_hand(key, None, ledger, inputs),
        trivial=trivial,
        certified=theorem(key).bound().certified and _certified(result, "B", "C", "Rhat_metric", "eps_opt"),
        why=why,
        informative_from=_informative_from(later, {**inputs, "delta": rest}, trivial),
        paid=ledger,
    )


def _needed_gain(result: SubsetResult, trivial: float, ledger: Ledger) -> Guarantee:
    inputs = {**result.estimates.values, "Delta": 0}
    return Guarantee(
        name="Delta needed",
        key="zhou2026.risk_reduction",
        value=-_at_hand("zhou2026.risk_reduction", "population", ledger, inputs),
        trivial=trivial,
        certified=_certified(result, "B", "C", "Rhat_metric", "eps_opt"),
        why="Delta itself is not observable; population side",
        paid=ledger,
    )


def _complexity(result: SubsetResult, ledger: Ledger) -> Guarantee:
    entry = result.estimates["R_M"]
    cap = theorem("zhou2026.metric_complexity").bound().trivial
    values = result.estimates.values
    return Guarantee(
        name="complexity",
        key="zhou2026.metric_complexity",
        value=float(entry.value),
        trivial=float(cap.subs({symbol: values[symbol.name] for symbol in cap.free_symbols}))
        if cap is not None
        else None,
        certified=entry.status == "certified",
        why=entry.why,
        paid=ledger,
    )


def _margins(result: SubsetResult) -> tuple[str, list[tuple[float, dict[str, float]]]]:
    """Return the form of the margin bound (weighted where pairs are) and its inputs at each margin of the grid."""
    values = result.estimates.values
    weighted = (values["omega_pos"], values["omega_neg"]) != (1.0, 1.0)
    ramps = result.weighted_ramps if weighted else result.ramps
    return "weighted" if weighted else "sharp", [
        (rho, {**values, "rho": rho, "rhat_ramp": risk, "rhat_ramp_w": risk}) for rho, risk in ramps
    ]


def _over_margins(ledger: Ledger, count: int) -> Ledger:
    """Pay the deviation at every margin of the grid; the complexity is one event for all of them."""
    return ledger.over("margins", count, events=[DEVIATION])


def _margin(result: SubsetResult, ledger: Ledger) -> Guarantee:
    form, grid = _margins(result)
    trivial, ledger = result.weighted_trivial_error, _over_margins(ledger, len(grid))
    later, rest = _bound("zhou2026.margin", form, _LATER, ledger)
    best, rho = min((_at_hand("zhou2026.margin", form, ledger, inputs), rho) for rho, inputs in grid)
    speaking = [_informative_from(later, {**inputs, "delta": rest}, trivial) for _, inputs in grid]
    return Guarantee(
        name="pair error",
        key="zhou2026.margin",
        value=best,
        trivial=trivial,
        certified=theorem("zhou2026.margin").bound(form).certified and _certified(result, "B", "Rhat_metric"),
        why=f"margin bound at rho = {rho:g}, the best of {len(grid)} fixed in advance",
        informative_from=min((n for n in speaking if n is not None), default=None),
        paid=ledger,
    )


def _informative_from(bound: Bound, inputs: Mapping[str, Any], trivial: float) -> int | None:
    needed = {name: inputs[name] for name in bound.symbols if name != "n"}
    try:
        return int(minimal_n(bound, target=math.nextafter(trivial, -math.inf), **needed))
    except InfeasibleError:
        return None


def margin_curve(result: SubsetResult, n: Sequence[int], *, delta: float, subsets: int = 1) -> np.ndarray:
    """Return the margin bound at the best margin of the grid for each number of training rows.

    The empirical ramp risks and the certified complexity constant are taken to stay what they are.
    """
    ledger = subset_ledger(result, delta=delta, subsets=subsets)
    form, grid = _margins(result.at(ledger[COMPLEXITY]))
    bound, rest = _bound("zhou2026.margin", form, _LATER, _over_margins(ledger, len(grid)))
    return np.min([_curve(bound, {**inputs, "n": list(n), "delta": rest}) for _, inputs in grid], axis=0)


def risk_curves(result: SubsetResult, n: Sequence[int], *, delta: float, subsets: int = 1) -> dict[str, np.ndarray]:
    """Return certificate, excess over gamma (3.13) and latent quality (3.14) for each number of training rows."""
    ledger = subset_ledger(result, delta=delta, subsets=subsets)
    estimates = result.at(ledger[COMPLEXITY]).estimates
    values = {**estimates.values, "gamma": 0, "Lhat_M": estimates["rhat_M"].value, "n": list(n)}
    full = {"C": estimates["C_full"].value}
    keys: dict[str, tuple[str, dict[str, float]]] = {
        "risk of the model": ("zhou2026.uniform_deviation", {}),
        "3.13, excess over gamma": ("zhou2026.risk_gap", {}),
        "3.14, with Lhat <= rhat": ("zhou2026.latent_quality", full),
    }
    curves = {}
    for label, (key, extra) in keys.items():
        bound, rest = _bound(key, None, _LATER, ledger)
        curves[label] = _curve(bound, {**values, **extra, "delta": rest})
    return curves


def _curve(bound: Bound, inputs: Mapping[str, Any]) -> np.ndarray:
    return np.asarray(bound.evaluate(sound=True, **{name: inputs[name] for name in bound.symbols}).values)
