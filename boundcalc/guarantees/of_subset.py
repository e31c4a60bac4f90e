"""What the theorems say of a trained subset: each guarantee with its value, its rival and the n from which it speaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.bound import Bound
from boundcalc.catalogue import theorem
from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.inverse.solve import minimal_n

if TYPE_CHECKING:
    from boundcalc.trainer import SubsetResult

__all__ = ["Guarantee", "guarantees", "margin_curve", "risk_curves"]


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

    @property
    def vacuous(self) -> bool:
        """Whether the value is not below what the constant rule reaches."""
        return self.trivial is not None and self.value >= self.trivial

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "vacuous": self.vacuous}


def guarantees(result: SubsetResult, *, delta: float) -> list[Guarantee]:
    """Return Theorems 3.13, 3.14, 3.18, 3.20 and the two certificates for one trained subset.

    Each holds with probability at least 1 - delta on its own: delta is split over the deviation and the event on which
    the complexity was measured, so the trainer's share must be delta/2; delta/3 where the empirical risk is an upper value
    over sampled pairs, which has an event of its own.

    Parameters
    ----------
    result : SubsetResult
        With its complexities measured at delta/2.
    delta : float
        Failure probability of each guarantee.
    """
    worst = max(result.complexity.delta, result.kappa.delta)
    delta -= sum(share for _, share in result.estimates["rhat_M"].events)
    if worst > delta / 2 * (1 + 1e-12):
        raise InvalidInputError(
            f"what is left of delta, {delta:g}, needs complexities measured at half of it or less, these were at {worst:g}: "
            f"train with delta = {delta / 2:.3g} (`boundcalc train PILOT --delta {delta / 2:.3g} --out FILE.json`)"
        )
    values = dict(result.estimates.values)
    trivial = min(result.trivial_risk, values["C"])
    plans: list[tuple[str, str, dict[str, float], float, str]] = [
        ("risk of the model", "zhou2026.uniform_deviation", {}, trivial, ""),
        (
            "excess of the risk gap over gamma",
            "zhou2026.risk_gap",
            {"gamma": 0},
            trivial,
            "gamma itself is not observable",
        ),
        (
            "latent quality",
            "zhou2026.latent_quality",
            {"Lhat_M": values["rhat_M"], "C": result.estimates["C_full"].value},
            trivial,
            "with Lhat_M <= rhat_M, which is sound for a nonnegative loss, and C of all modalities, which covers h*g*",
        ),
    ]
    found = [_guarantee(result, *plan, delta=delta) for plan in plans]
    found.append(_needed_gain(result, delta=delta))
    found.append(_complexity(result))
    found.append(_margin(result, delta=delta))
    return found


@cache
def _with(complexity: str, key: str, form: str | None = None) -> Bound:
    """Return a bound with a form of the complexity put in.

    ``kappa`` serves every n; ``self_bounding`` is tighter, for the sample at hand, and its event shares delta equally.
    """
    return theorem(key).bound(form).substitute(R_M=theorem("zhou2026.metric_complexity").bound(complexity))


def _certified(result: SubsetResult, *names: str) -> bool:
    return all(result.estimates[name].status == "certified" for name in names if name in result.estimates)


def _evaluate(bound: Bound, inputs: Mapping[str, Any]) -> float:
    return float(bound.evaluate(sound=True, **{name: inputs[name] for name in bound.symbols}))


def _guarantee(
    result: SubsetResult, name: str, key: str, extra: dict[str, float], trivial: float, why: str, *, delta: float
) -> Guarantee:
    inputs = {**result.estimates.values, **extra}
    return Guarantee(
        name=name,
        key=key,
        value=_evaluate(_with("self_bounding", key), {**inputs, "delta": delta}),
        trivial=trivial,
        certified=theorem(key).bound().certified and _certified(result, "B", "C", "Rhat_metric", "eps_opt"),
        why=why,
        informative_from=_informative_from(_with("kappa", key), {**inputs, "delta": delta / 2}, trivial),
    )


def _needed_gain(result: SubsetResult, *, delta: float) -> Guarantee:
    values = result.estimates.values
    inputs = {**values, "eps_opt_M": result.estimates["eps_opt"].value, "delta": delta, "Delta": 0}
    return Guarantee(
        name="Delta needed",
        key="zhou2026.risk_reduction",
        value=-_evaluate(_with("self_bounding", "zhou2026.risk_reduction", "population"), inputs),
        trivial=min(result.trivial_risk, inputs["C"]),
        certified=_certified(result, "B", "C", "Rhat_metric", "eps_opt"),
        why="Delta itself is not observable; population side",
    )


def _complexity(result: SubsetResult) -> Guarantee:
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
    )


def _margins(result: SubsetResult) -> tuple[str, list[tuple[float, dict[str, float]]]]:
    """Return the form of the margin bound (weighted where pairs are) and its inputs at each margin of the grid."""
    values = result.estimates.values
    weighted = (values["omega_pos"], values["omega_neg"]) != (1.0, 1.0)
    ramps = result.weighted_ramps if weighted else result.ramps
    return "weighted" if weighted else "sharp", [
        (rho, {**values, "rho": rho, "rhat_ramp": risk, "rhat_ramp_w": risk}) for rho, risk in ramps
    ]


def _margin(result: SubsetResult, *, delta: float) -> Guarantee:
    form, grid = _margins(result)
    trivial = result.weighted_trivial_error
    sample, later = (_with(complexity, "zhou2026.margin", form) for complexity in ("self_bounding", "kappa"))
    best, rho = min((_evaluate(sample, {**inputs, "delta": delta / len(grid)}), rho) for rho, inputs in grid)
    speaking = [_informative_from(later, {**inputs, "delta": delta / (2 * len(grid))}, trivial) for _, inputs in grid]
    return Guarantee(
        name="pair error",
        key="zhou2026.margin",
        value=best,
        trivial=trivial,
        certified=theorem("zhou2026.margin").bound(form).certified and _certified(result, "B", "Rhat_metric"),
        why=f"margin bound at rho = {rho:g}, the best of {len(grid)} fixed in advance",
        informative_from=min((n for n in speaking if n is not None), default=None),
    )


def _informative_from(bound: Bound, inputs: Mapping[str, Any], trivial: float) -> int | None:
    needed = {name: inputs[name] for name in bound.symbols if name != "n"}
    try:
        return int(minimal_n(bound, target=math.nextafter(trivial, -math.inf), **needed))
    except InfeasibleError:
        return None


def margin_curve(result: SubsetResult, n: Sequence[int], *, delta: float) -> np.ndarray:
    """Return the margin bound at the best margin of the grid for each number of training rows.

    The empirical ramp risks and the certified complexity constant are taken to stay what they are.
    """
    form, grid = _margins(result)
    bound = _with("kappa", "zhou2026.margin", form)
    lines = []
    for _, inputs in grid:
        needed: dict[str, Any] = {**inputs, "n": list(n), "delta": delta / (2 * len(grid))}
        lines.append(bound.evaluate(sound=True, **{name: needed[name] for name in bound.symbols}).values)
    return np.min(lines, axis=0)


def risk_curves(result: SubsetResult, n: Sequence[int], *, delta: float) -> dict[str, np.ndarray]:
    """Return certificate, excess over gamma (3.13) and latent quality (3.14) for each number of training rows."""
    values = {**result.estimates.values, "gamma": 0, "Lhat_M": result.estimates["rhat_M"].value, "n": list(n)}
    keys = {
        "risk of the model": "zhou2026.uniform_deviation",
        "3.13, excess over gamma": "zhou2026.risk_gap",
        "3.14, with Lhat <= rhat": "zhou2026.latent_quality",
    }
    curves = {}
    for label, key in keys.items():
        bound = _with("kappa", key)
        inputs: dict[str, Any] = {**values, "delta": delta / 2}
        if key == "zhou2026.latent_quality":
            inputs["C"] = result.estimates["C_full"].value
        curves[label] = bound.evaluate(sound=True, **{name: inputs[name] for name in bound.symbols}).values
    return curves
