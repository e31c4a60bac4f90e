"""The record of named values that travels from the trainer to a bound."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import why_unreadable
from boundcalc.language.ledger import paid_once
from boundcalc.language.records import check_entries, from_json, plain, rebuild
from boundcalc.show.tables import Table, page_width

__all__ = ["CERTIFIED", "ESTIMATED", "Entry", "Estimates"]

FORMAT = "boundcalc-estimates-1"
CERTIFIED, ESTIMATED = "certified", "estimated"
_UNOBSERVABLE = {
    "gamma": "the quality gap of two subsets depends on the unknown best predictor",
    "Lhat_M": "the centred loss needs h*∘g*; rhat_M is a sound upper value, as losses are nonnegative",
    "Delta": "the approximation gain needs population infima",
}


@dataclass(frozen=True)
class Entry:
    """One measured value.

    Attributes
    ----------
    name : str
    value : int or float
    meaning : str
    status : {"certified", "estimated"}
    why : str
        What the status rests on.
    events : tuple of (str, float)
        Events of positive failure probability that the value relies on, each with its delta.
    symbol : bool
        Whether ``name`` is a symbol of the bounds' vocabulary, so that the value is handed to ``evaluate``.
    """

    name: str
    value: float
    meaning: str
    status: str = CERTIFIED
    why: str = ""
    events: tuple[tuple[str, float], ...] = ()
    symbol: bool = True

    def __post_init__(self) -> None:
        problems = []
        if isinstance(self.value, (np.integer, np.floating)):
            object.__setattr__(self, "value", self.value.item())
        if self.name in _UNOBSERVABLE:
            problems.append(f"{self.name} cannot be observed: {_UNOBSERVABLE[self.name]}")
        if self.status not in (CERTIFIED, ESTIMATED):
            problems.append(
                f"status={shortened(self.status)} of {shortened(self.name)}: expected {CERTIFIED!r} or {ESTIMATED!r}"
            )
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            problems.append(f"value={self.value!r} of {self.name}: expected an int or a float")
        if problems:
            raise InvalidInputError(problems, context="estimates")


@dataclass(frozen=True)
class Estimates(Frozen):
    """An ordered, immutable record of measured values.

    Attributes
    ----------
    entries : tuple of Entry
    title : str
    facts : dict
        Where the values come from, as JSON types.
    refused : dict of str to str
        Symbols that are deliberately absent, each with the reason.

    Examples
    --------
    >>> record = Estimates((Entry("n", 100, "training examples"), Entry("R_M", 0.1, "complexity",
    ...                     why="self-bounding", events=(("complexity", 0.05),))), title="demo")
    >>> record.values
    {'n': 100, 'R_M': 0.1}
    >>> Estimates.from_json(record.to_json()) == record
    True
    >>> record.delta_used("n"), record.delta_used()
    (0.0, 0.05)
    """

    entries: tuple[Entry, ...]
    title: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [entry.name for entry in self.entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidInputError(f"estimates hold {', '.join(twice)} twice: expected distinct names")

    def __getitem__(self, name: str) -> Entry:
        for entry in self.entries:
            if entry.name == name:
                return entry
        if name in _UNOBSERVABLE:
            raise InvalidInputError(f"{name} cannot be observed: {_UNOBSERVABLE[name]}")
        if name in self.refused:
            raise InvalidInputError(f"{name} is not claimed: {self.refused[name]}")
        raise KeyError(f"{name!r}: expected one of {', '.join(entry.name for entry in self.entries)}")

    def __contains__(self, name: object) -> bool:
        return any(entry.name == name for entry in self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def values(self) -> dict[str, float]:
        """Vocabulary symbols only, ready for ``bound.evaluate(**estimates.values, delta=...)``."""
        return {entry.name: entry.value for entry in self.entries if entry.symbol}

    @property
    def events(self) -> dict[str, float]:
        """Every event that some entry relies on, with its delta, each once."""
        return {name: delta for entry in self.entries for name, delta in entry.events}

    def delta_used(self, *names: str) -> float:
        """Return the total delta of the events that the named entries (default: all) rely on, each event once.

        Parameters
        ----------
        *names : str
            Names of entries.

        Raises
        ------
        InvalidInputError or KeyError
            If there is no such entry; the former where it is known why.
        """
        chosen = self.entries if not names else tuple(self[name] for name in names)
        return paid_once(event for entry in chosen for event in entry.events)

    @property
    def certified(self) -> bool:
        """Whether every vocabulary symbol is certified."""
        return all(entry.status == CERTIFIED for entry in self.entries if entry.symbol)

    def replace(self, *entries: Entry) -> Estimates:
        """Return a record with the given entries put in place of those of the same name, or appended.

        Parameters
        ----------
        *entries : Entry

        Returns
        -------
        Estimates
        """
        fresh = {entry.name: entry for entry in entries}
        kept = [fresh.pop(entry.name, entry) for entry in self.entries]
        return Estimates((*kept, *fresh.values()), self.title, self.facts, self.refused)

    def only(self, names: Iterable[str]) -> Estimates:
        """Return a record of the named entries.

        Parameters
        ----------
        names : iterable of str
            Names that no entry has are ignored.

        Returns
        -------
        Estimates
        """
        wanted = set(names)
        return Estimates(tuple(e for e in self.entries if e.name in wanted), self.title, self.facts, self.refused)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; infinite and missing values become strings."""
        record = {name: getattr(self, name) for name in ("title", "facts", "refused", "entries")}
        return plain({"format": FORMAT, **record})

    def to_json(self, *, indent: int | None = None) -> str:
        """Return JSON that :meth:`from_json` reads back without loss.

        Parameters
        ----------
        indent : int, optional
            As for ``json.dumps``.
        """
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_dict(cls, record: Any) -> Estimates:
        """Read :meth:`to_dict`.

        Parameters
        ----------
        record : mapping

        Returns
        -------
        Estimates

        Raises
        ------
        InvalidInputError
            If the object is not such a record.
        """
        try:
            entries = rebuild(tuple[Entry, ...], record["entries"])
            check_entries(record, ("format", "title", "facts", "refused", "entries"))
            if record["format"] != FORMAT:
                raise InvalidInputError(f"its format is {shortened(record['format'])}, expected {FORMAT!r}")
            facts, refused = (dict(rebuild(dict, record[name])) for name in ("facts", "refused"))
            found = cls(entries, rebuild(str, record["title"]), facts, refused)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise InvalidInputError(f"this is not an estimates record: {why_unreadable(error)}") from error
        found._check_facts()
        return found

    @classmethod
    def from_json(cls, text: str) -> Estimates:
        """Read :meth:`to_json`.

        Parameters
        ----------
        text : str

        Returns
        -------
        Estimates

        Raises
        ------
        InvalidInputError
            If the text is no JSON or no such record.
        """
        try:
            record = from_json(text)
        except InvalidInputError as error:
            raise InvalidInputError(f"this is not an estimates record: {error}", context="estimates") from error
        return cls.from_dict(record)

    def _check_facts(self) -> None:
        """Refuse values that contradict what the record says of the data."""
        counts = {} if self.facts.get("groups") else {"n": "train_rows", "n_h": "holdout_rows"}
        problems = [
            f"{name} = {self[name].value} contradicts {fact} = {shortened(self.facts[fact])}"
            for name, fact in counts.items()
            if name in self and fact in self.facts and self[name].value != self.facts[fact]
        ]
        problems += [
            f"the event {shortened(name)} has delta = {delta}: expected a number in (0, 1)"
            for name, delta in self.events.items()
            if not 0 < delta < 1
        ]
        if problems:
            raise InvalidInputError(problems, context="estimates")

    def __str__(self) -> str:
        width = max((len(e.name) for e in self.entries), default=4)
        lines = [f"Estimates {self.title}".strip()]
        for e in self.entries:
            used = f" [{_events(e)}]" if e.events else ""
            start = f"  {e.name:<{width}}  {e.value:<12.6g} {e.status:<9}  "
            lines += textwrap.wrap(
                start + e.meaning + used,
                page_width(),
                subsequent_indent=" " * (len(start) if len(start) + _WORDS <= page_width() else 4),
                drop_whitespace=True,
                replace_whitespace=False,
                break_on_hyphens=False,
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(e.name, f"{e.value:.6g}", e.status, e.meaning, e.why, _events(e)) for e in self.entries]
        return Table(("name", "value", "status", "meaning", "why", "events"), rows, title=self.title).html()


#: Characters that a meaning needs beside name, value and status.
_WORDS = 24


def _events(entry: Entry) -> str:
    return ", ".join(f"{name}: {delta:g}" for name, delta in entry.events)
