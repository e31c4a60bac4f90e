"""The one account of delta: which events a statement rests on, what each of them may fail with, and who was paid.

Whatever is random and certified is measured once and read at any delta. What delta that is, a ledger says: it splits the
whole over named events, pays an event for every member of a union, and never gives away more than there is. No other module
divides delta.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from boundcalc.errors import InvalidInputError

__all__ = ["Ledger", "Payment", "check_delta", "paid_once"]


def check_delta(delta: Any, *, context: str = "") -> float:
    """Return delta as a float.

    Parameters
    ----------
    delta : number
    context : str
        What the error is said to be about.

    Raises
    ------
    InvalidInputError
        If it is no number in (0, 1).
    """
    try:
        value = math.nan if isinstance(delta, bool | str) else float(delta)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < 1:
        raise InvalidInputError(f"delta = {delta!r} must be a number in (0, 1)", context=context)
    return value


@dataclass(frozen=True)
class Payment:
    """What one kind of event is given.

    Attributes
    ----------
    event : str
    each : Fraction
        Of delta, for each member of the unions.
    unions : tuple of (str, int)
        What it is paid over, and how many there are: ``(("subsets", 7), ("margins", 5))``.
    """

    event: str
    each: Fraction
    unions: tuple[tuple[str, int], ...] = ()

    @property
    def members(self) -> int:
        """How many events of this kind are paid."""
        return math.prod(count for _, count in self.unions)

    @property
    def fraction(self) -> Fraction:
        """What all of them take together, as a fraction of delta."""
        return self.each * self.members

    def __str__(self) -> str:
        over = "".join(f" over {count} {what}" for what, count in self.unions)
        share = str(self.fraction) if self.fraction.denominator <= 1000 else f"{float(self.fraction):.3g}"
        return f"{self.event} {share}{over}"


@dataclass(frozen=True)
class Ledger:
    """Delta, split over events.

    Attributes
    ----------
    delta : float
        In (0, 1): everything together fails with at most this probability.
    payments : tuple of Payment
        One for each kind of event; together at most 1.

    Examples
    --------
    >>> ledger = Ledger.split(0.05, ["hold-out", "kappa", "planned sample"]).over("subsets", 7, events=["kappa"])
    >>> round(ledger["kappa"], 9), ledger.fraction("kappa")
    (0.002380952, Fraction(1, 3))
    >>> print(ledger)
    hold-out 1/3, kappa 1/3 over 7 subsets, planned sample 1/3
    >>> favourite = Ledger.split(0.05, ["error"]).over("subsets", {"a": 0.7, "b": 0.3})
    >>> favourite["error[a]"] <= 0.7 * 0.05
    True
    """

    delta: float
    payments: tuple[Payment, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", check_delta(self.delta))
        events = [payment.event for payment in self.payments]
        problems = [f"{event} is paid twice" for event in dict.fromkeys(events) if events.count(event) > 1]
        problems += [f"{one.event} is given {one.each}: expected more than 0" for one in self.payments if one.each <= 0]
        total = sum((payment.fraction for payment in self.payments), Fraction(0))
        problems += [f"the shares of delta sum to {float(total):g}: expected at most 1"] if total > 1 else []
        if problems or not events:
            raise InvalidInputError(problems or "delta is split over no event", context="delta")

    @classmethod
    def split(cls, delta: Any, events: Iterable[str] | Mapping[str, Any]) -> Ledger:
        """Split delta equally, or in stated fractions.

        Parameters
        ----------
        delta : number
            In (0, 1).
        events : iterable of str, or mapping of str to number
            Names that share equally, or a fraction for each: positive, at most 1 in all. A float counts as the decimal
            number that it is printed as.

        Raises
        ------
        InvalidInputError
            On a bad delta or fractions that are not positive or sum to more than 1.
        """
        if not isinstance(events, Mapping):
            names = tuple(events)
            events = dict.fromkeys(names, Fraction(1, max(len(names), 1)))
        return cls(delta, tuple(Payment(event, _fraction(share)) for event, share in events.items()))

    def over(self, what: str, members: int | Mapping[str, Any], *, events: Iterable[str] | None = None) -> Ledger:
        """Pay events for every member of a union, so that one may choose among the members afterwards.

        Parameters
        ----------
        what : str
            What the members are, in the plural.
        members : int or mapping of str to number
            How many share equally; or a part for each label, at most 1 in all and fixed before what is chosen by was
            seen. Then ``event[label]`` is each one's event.
        events : iterable of str, optional
            Which events; all of them by default.

        Raises
        ------
        InvalidInputError
            If there are no members, an event is unknown, or the parts are not positive or sum to more than 1.
        """
        chosen = {payment.event for payment in self.payments} if events is None else set(events)
        unknown = chosen - {payment.event for payment in self.payments}
        if unknown:
            raise InvalidInputError(f"{', '.join(sorted(unknown))}: no such event in {self}", context="delta")
        parts = {label: _fraction(part) for label, part in members.items()} if isinstance(members, Mapping) else {}
        count = members if isinstance(members, int) else len(parts)
        if count < 1 or min(parts.values(), default=1) <= 0 or sum(parts.values()) > 1:
            raise InvalidInputError(
                f"{what} = {members!r}: expected at least one, with positive parts that sum to at most 1",
                context="delta",
            )
        paid: list[Payment] = []
        for one in self.payments:
            if one.event not in chosen:
                paid.append(one)
            elif parts:
                paid += [replace(one, event=f"{one.event}[{k}]", each=one.each * part) for k, part in parts.items()]
            else:
                paid.append(replace(one, each=one.each / count, unions=(*one.unions, (what, count))))
        return Ledger(self.delta, tuple(paid))

    def __getitem__(self, event: str) -> float:
        """Return what a single event of this kind may fail with, never rounded up."""
        return _rounded_down(Fraction(self.delta) * self.payment(event).each)

    def __contains__(self, event: object) -> bool:
        return any(payment.event == event for payment in self.payments)

    def payment(self, event: str) -> Payment:
        """Return what one kind of event is given."""
        for payment in self.payments:
            if payment.event == event:
                return payment
        raise KeyError(f"{event!r}: delta is split over {self}")

    def fraction(self, event: str) -> Fraction:
        """Return what all events of this kind take together, as a fraction of delta."""
        return self.payment(event).fraction

    def total(self, *events: str) -> float:
        """Return what one event of each of these kinds fails with together, never rounded up."""
        return _rounded_down(Fraction(self.delta) * sum((self.payment(event).each for event in events), Fraction(0)))

    def whole(self, *events: str) -> float:
        """Return what all events of these kinds fail with together, unions included; never rounded up."""
        return _rounded_down(Fraction(self.delta) * sum((self.fraction(event) for event in events), Fraction(0)))

    def among(self, *events: str) -> dict[str, Fraction]:
        """Return how the named events share what ``total`` gives one of each: fractions that sum to 1."""
        each = {event: self.payment(event).each for event in events}
        return {event: share / sum(each.values()) for event, share in each.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types: who was paid what."""
        return {
            "delta": self.delta,
            "events": [
                {"event": one.event, "share": str(one.fraction), "over": dict(one.unions), "each": self[one.event]}
                for one in self.payments
            ],
        }

    def __str__(self) -> str:
        return ", ".join(map(str, self.payments))


def paid_once(events: Iterable[tuple[str, float]]) -> float:
    """Return the total of (event, delta) pairs; an event that several values rely on is paid once.

    The same measurement read at two levels fails on nested events, so that the larger level pays for both.

    >>> paid_once([("kappa", 0.01), ("pairs", 0.02), ("kappa", 0.01)])
    0.03
    """
    largest: dict[str, float] = {}
    for event, delta in events:
        largest[event] = max(delta, largest.get(event, 0.0))
    return math.fsum(largest.values())


def _fraction(share: Any) -> Fraction:
    return Fraction(str(share)) if isinstance(share, float) else Fraction(share)


def _rounded_down(value: Fraction) -> float:
    nearest = float(value)
    return math.nextafter(nearest, 0.0) if Fraction(nearest) > value else nearest
