"""What a pilot says about plans: the ex-ante bound, its inputs for each candidate subset, and the split of delta."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from boundcalc.bound import Bound
from boundcalc.catalogue import theorem
from boundcalc.errors import InvalidInputError
from boundcalc.inverse.allocation import allocate
from boundcalc.inverse.solve import solve_for
from boundcalc.trainer.data.cautions import cautions

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, SubsetResult

__all__ = ["QUANTITIES", "Floor", "Pilot", "check_delta", "read_pilot"]

#: What can be guaranteed beforehand, and the form of ``zhou2026.ex_ante`` that does it.
QUANTITIES: Mapping[str, str] = {"risk": "relative", "pair_error": "pair_error"}

_RESTS_ON = ("B", "C", "kappa_M", "eps_opt", "rhat_holdout")


@dataclass(frozen=True)
class Floor:
    """What the pilot costs a candidate, however many samples are collected.

    Attributes
    ----------
    subset : str
    limit : float
        What the guarantee tends to.
    holdout_rows : int
        Held-out examples of the pilot.
    holdout_needed : int or None
        Held-out examples from which the limit would be below the constant rule's value if the hold-out risk stayed
        what it is (an estimate); None if no number would do.
    """

    subset: str
    limit: float
    holdout_rows: int
    holdout_needed: int | None


@dataclass(frozen=True)
class Pilot:
    """The candidates of a pilot, and the bound that plans with them.

    Attributes
    ----------
    bound : Bound
        A form of ``zhou2026.ex_ante``, with its split of delta.
    quantity : str
    delta : float
        The guarantee fails with at most this probability.
    spent : float
        What of it the hold-out risks have used up already, where they are upper values over sampled pairs.
    union : int
        J, the number of subsets that were measured: the choice among them is paid for.
    inputs : mapping of str to dict
        For each candidate every symbol of the bound except n.
    trivial : mapping of str to float
        What the best constant rule reaches on the hold-out part (an estimate).
    certified : bool
        Whether all inputs of all candidates are certified.
    exhaustive : bool
        Whether every subset of the data's modalities was measured.
    cautions : tuple of str
        Signs that the rows are no independent sample.
    """

    bound: Bound
    quantity: str
    delta: float
    spent: float
    union: int
    inputs: Mapping[str, Mapping[str, Any]]
    trivial: Mapping[str, float]
    certified: bool
    exhaustive: bool
    cautions: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """The labels of the subsets, small ones first."""
        return tuple(self.inputs)

    def share(self, event: str) -> Fraction:
        """Return the fraction of delta that an event is given."""
        return _share(self.bound, event)

    @property
    def columns(self) -> dict[str, Any]:
        """The inputs as arrays along ``subset``; J and delta as numbers."""
        import xarray as xr

        labels = list(self.candidates)
        return {
            name: xr.DataArray([values[name] for values in self.inputs.values()], coords={"subset": labels})
            for name in self.bound.symbols
            if name not in ("n", "J", "delta")
        } | {"J": self.union, "delta": self.delta - self.spent}

    @cached_property
    def floors(self) -> Mapping[str, Floor]:
        """For each candidate what its guarantee tends to, and the hold-out part that would make it speak."""
        import xarray as xr

        columns, model = self.columns, theorem("zhou2026.fixed_model").bound("relative")
        fixed = {
            "delta": (self.delta - self.spent) * float(self.share("hold-out")) / self.union,
            "C": columns["C"],
            "rhat_holdout": columns["rhat_holdout"],
        }
        limits = model.evaluate(sound=True, n_h=columns["n_h"], **fixed) + columns["eps_opt"]
        trivial = xr.DataArray([self.trivial[label] for label in self.candidates], dims="subset")
        needed = solve_for(model, "n_h", target=trivial - columns["eps_opt"], **fixed).values.values
        return {
            label: Floor(label, float(limit), self.inputs[label]["n_h"], None if least is None else int(least))
            for label, limit, least in zip(self.candidates, limits.values, needed, strict=True)
        }


def check_delta(delta: Any) -> float:
    """Return delta as a float.

    Raises
    ------
    InvalidInputError
        If it is no number in (0, 1).
    """
    if isinstance(delta, bool) or not isinstance(delta, int | float) or not 0 < delta < 1:
        raise InvalidInputError(f"delta = {delta!r} must be a number in (0, 1)", context="zhou2026.ex_ante")
    return float(delta)


def read_pilot(
    measured: Measurements,
    *,
    delta: float,
    quantity: str = "risk",
    candidates: Iterable[str] | None = None,
    planned: int | None = None,
) -> Pilot:
    """Return what a pilot says about plans.

    Parameters
    ----------
    measured : Measurements
        The pilot, with a hold-out part.
    delta : float
        The guarantee fails with at most this probability.
    quantity : {"risk", "pair_error"}
        What is guaranteed: the (weighted) risk, or the (weighted) pair error (hinge loss only).
    candidates : iterable of str, optional
        Labels of the subsets to plan with; all by default. The choice among all measured subsets is paid for either way.
    planned : int, optional
        Split delta so that the guarantee is smallest for about this many samples; equally if not given. The split must not
        depend on the hold-out part: name a size that was in mind before.

    Raises
    ------
    InvalidInputError
        On a bad delta, an unknown quantity, a loss that does not bound the pair error, or a pilot without hold-out part.
    """
    delta = check_delta(delta)
    labels = list(measured) if candidates is None else list(candidates)
    problems = []
    if quantity not in QUANTITIES:
        problems.append(f"quantity = {quantity!r} must be one of {', '.join(QUANTITIES)}")
    elif quantity == "pair_error" and measured.settings["loss"]["name"] != "hinge":
        problems.append(
            f"quantity = 'pair_error' needs the hinge loss, the pilot was trained with {measured.settings['loss']['name']!r}"
        )
    if any("rhat_holdout" not in measured[label].estimates for label in labels):
        problems.append(
            "the pilot has no hold-out part: the guarantee rests on one (holdout > 0 in the trainer's settings)"
        )
    if not labels:
        problems.append("no candidate subset has every required modality and no excluded one")
    if problems:
        raise InvalidInputError(problems, context="zhou2026.ex_ante")
    union, spent = len(measured), _spent(measured, delta)
    bound = theorem("zhou2026.ex_ante").bound(QUANTITIES[quantity])
    if planned is not None:
        bound = _optimised(
            bound, [measured[label] for label in labels], union=union, delta=delta - spent, planned=planned
        )
    kappa_share = (delta - spent) * float(_share(bound, "kappa")) / union
    inputs = {}
    for label in labels:
        result = measured[label]
        values = {
            **result.estimates.values,
            "J": union,
            "delta": delta - spent,
            "kappa_M": result.kappa.at(kappa_share).certified,
        }
        inputs[label] = {name: values[name] for name in bound.symbols if name != "n"}
    return Pilot(
        bound=bound,
        quantity=quantity,
        delta=delta,
        spent=spent,
        union=union,
        inputs=inputs,
        trivial={label: _trivial(measured[label], quantity) for label in labels},
        certified=all(measured[label].estimates[name].status == "certified" for label in labels for name in _RESTS_ON),
        exhaustive=union == 2 ** len(measured.facts["dims"]) - 1,
        cautions=cautions(measured.facts),
    )


def _spent(measured: Measurements, delta: float) -> float:
    """Return the failure probability of all hold-out risks together, 0 where they are means over all pairs."""
    spent = sum(share for label in measured for _, share in measured[label].estimates["rhat_holdout"].events)
    if spent > delta / 2:
        raise InvalidInputError(
            f"the {len(measured)} hold-out risks are upper values over sampled pairs that fail with probability up to {spent:.3g}, "
            f"more than half of delta = {delta:g}: measure them at delta = {delta / (4 * len(measured)):.3g} or less, or with a "
            "larger exact_rows",
            context="zhou2026.ex_ante",
        )
    return spent


def _share(bound: Bound, event: str) -> Fraction:
    shares = {one.name: bound.shares[one.symbol] / bound.confidence for one in bound.events}
    return Fraction(str(shares[event]))


def _trivial(result: SubsetResult, quantity: str) -> float:
    found = result.trivial_holdout_risk if quantity == "risk" else result.weighted_trivial_holdout_error
    assert found is not None
    return found


def _optimised(bound: Bound, results: list[SubsetResult], *, union: int, delta: float, planned: int) -> Bound:
    """Split delta by what was known before the hold-out part was looked at: sizes, ranges and worst cases."""
    reference = {
        "n": planned,
        "n_h": max(result.estimates["n_h"].value for result in results),
        "J": union,
        "delta": delta,
        "rhat_holdout": 0,
        "eps_opt": 0,
        "kappa_M": max(result.kappa.worst_case for result in results),
        **{name: max(result.estimates[name].value for result in results) for name in ("L", "C")},
    }
    base = theorem("zhou2026.ex_ante").bound()
    split = allocate(base, **{name: reference[name] for name in base.symbols})
    return bound.with_split({event.name: _share(split, event.name) for event in split.events})
