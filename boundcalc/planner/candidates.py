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
from boundcalc.frozen import Frozen
from boundcalc.inverse.allocation import allocate
from boundcalc.inverse.solve import solve_for
from boundcalc.language.ledger import Ledger, check_delta
from boundcalc.trainer.data.cautions import cautions

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, SubsetResult

__all__ = ["QUANTITIES", "Candidates", "Floor", "read_candidates"]

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
class Candidates(Frozen):
    """The candidates of a pilot, and the bound that plans with them.

    Attributes
    ----------
    bound : Bound
        A form of ``zhou2026.ex_ante``, with its split of delta.
    quantity : str
    delta : float
        The guarantee fails with at most this probability.
    ledger : Ledger
        Who is paid what of it: the bound's events, and the sampled pairs where the hold-out risks are upper values over them.
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
    ledger: Ledger
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

    @property
    def left(self) -> float:
        """What of delta the bound's own events have in all."""
        return _left(self.ledger, self.bound)

    def share(self, event: str) -> Fraction:
        """Return the fraction of delta that an event is given, its union included."""
        return self.ledger.fraction(event)

    @property
    def columns(self) -> dict[str, Any]:
        """The inputs as arrays along ``subset``; J and delta as numbers."""
        import xarray as xr

        labels = list(self.candidates)
        return {
            name: xr.DataArray([values[name] for values in self.inputs.values()], coords={"subset": labels})
            for name in self.bound.symbols
            if name not in ("n", "J", "delta")
        } | {"J": self.union, "delta": self.left}

    @cached_property
    def floors(self) -> Mapping[str, Floor]:
        """For each candidate what its guarantee tends to, and the hold-out part that would make it speak."""
        import xarray as xr

        columns, model = self.columns, theorem("zhou2026.fixed_model").bound("relative")
        fixed = {"delta": self.ledger["hold-out"], "C": columns["C"], "rhat_holdout": columns["rhat_holdout"]}
        limits = model.evaluate(sound=True, n_h=columns["n_h"], **fixed) + columns["eps_opt"]
        trivial = xr.DataArray([self.trivial[label] for label in self.candidates], dims="subset")
        needed = solve_for(model, "n_h", target=trivial - columns["eps_opt"], **fixed).values.values
        return {
            label: Floor(label, float(limit), self.inputs[label]["n_h"], None if least is None else int(least))
            for label, limit, least in zip(self.candidates, limits.values, needed, strict=True)
        }


def read_candidates(
    measured: Measurements,
    *,
    delta: float,
    quantity: str = "risk",
    candidates: Iterable[str] | None = None,
    planned: int | None = None,
) -> Candidates:
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
    delta = check_delta(delta, context="zhou2026.ex_ante")
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
    bound = theorem("zhou2026.ex_ante").bound(QUANTITIES[quantity])
    results = {label: measured[label] for label in labels}
    sampled = any(result.holdout is not None and result.holdout.sampled for result in measured.values())
    ledger = _ledger(bound, delta=delta, union=len(measured), sampled=sampled)
    if planned is not None:
        fractions = _optimised(bound, list(results.values()), ledger=ledger, union=len(measured), planned=planned)
        bound = bound.with_split(fractions)
        ledger = _ledger(bound, delta=delta, union=len(measured), sampled=sampled, fractions=fractions)
    inputs = {}
    for label, result in results.items():
        values = {
            **(result.at(ledger[_SAMPLED]) if sampled else result).estimates.values,
            "J": len(measured),
            "delta": _left(ledger, bound),
            "kappa_M": result.kappa.at(ledger["kappa"]).certified,
        }
        inputs[label] = {name: values[name] for name in bound.symbols if name != "n"}
    return Candidates(
        bound=bound,
        quantity=quantity,
        delta=delta,
        ledger=ledger,
        union=len(measured),
        inputs=inputs,
        trivial={label: _trivial(measured[label], quantity) for label in labels},
        certified=all(measured[label].estimates[name].status == "certified" for label in labels for name in _RESTS_ON),
        exhaustive=len(measured) == 2 ** len(measured.facts["dims"]) - 1,
        cautions=cautions(measured.facts),
    )


_SAMPLED = "sampled hold-out pairs"


def _ledger(
    bound: Bound, *, delta: float, union: int, sampled: bool, fractions: Mapping[str, Fraction] | None = None
) -> Ledger:
    """Split delta over the bound's events, equally unless told, and over the sampled pairs; pay the choice of a subset."""
    events = [event.name for event in bound.events]
    equal = Ledger.split(delta, [*events, *([_SAMPLED] if sampled else [])])
    if fractions is not None:
        rest = sum(equal.fraction(event) for event in events)
        shares = {event: rest * fractions[event] for event in events}
        equal = Ledger.split(delta, {**shares, **({_SAMPLED: equal.fraction(_SAMPLED)} if sampled else {})})
    chosen = ["hold-out", "kappa", *([_SAMPLED] if sampled else [])]
    return equal.over("subsets", union, events=chosen)


def _left(ledger: Ledger, bound: Bound) -> float:
    """Return what the bound's events have in all: the bound itself divides by J where the choice is paid for."""
    return ledger.whole(*(event.name for event in bound.events))


def _trivial(result: SubsetResult, quantity: str) -> float:
    found = result.trivial_holdout_risk if quantity == "risk" else result.weighted_trivial_holdout_error
    assert found is not None
    return found


def _optimised(
    bound: Bound, results: list[SubsetResult], *, ledger: Ledger, union: int, planned: int
) -> dict[str, Fraction]:
    """Split delta by what was known before the hold-out part was looked at: sizes, ranges and worst cases."""
    reference = {
        "n": planned,
        "n_h": max(result.estimates["n_h"].value for result in results),
        "J": union,
        "delta": _left(ledger, bound),
        "rhat_holdout": 0,
        "eps_opt": 0,
        "kappa_M": max(result.kappa.worst_case for result in results),
        **{name: max(result.estimates[name].value for result in results) for name in ("L", "C")},
    }
    base = theorem("zhou2026.ex_ante").bound()
    split = allocate(base, **{name: reference[name] for name in base.symbols})
    shares = {event.name: split.shares[event.symbol] / split.confidence for event in split.events}
    return {name: Fraction(str(share)) for name, share in shares.items()}
