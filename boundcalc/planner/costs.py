"""What data cost: a price per sample and set-up, for each modality and for any sample at all.

A cost file is TOML::

    version = 1                       # of this format; may be left out
    per_sample = 1.0                  # of any sample
    setup = 100.0                     # paid once

    [modalities.audio]
    per_sample = 2.0
    setup = 500.0                     # paid once if the modality is collected
    max_samples = 50000
    required = false
    excluded = false

    [shared.camera]                   # paid once if any of these is collected
    modalities = ["face", "gaze"]
    setup = 2000.0
    per_sample = 0.5
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.frozen import Frozen

__all__ = ["MOST", "Costs", "ModalityCost", "SharedCost"]

#: Of the format of cost files.
VERSION = 1
#: More samples than this are not counted.
MOST = 10**18


@dataclass(frozen=True)
class ModalityCost:
    """What one modality costs.

    Attributes
    ----------
    per_sample, setup : float
        Nonnegative prices.
    max_samples : int or None
        How many samples there can be at most.
    required, excluded : bool
        Whether every plan, or no plan, collects it.
    """

    per_sample: float = 0.0
    setup: float = 0.0
    max_samples: int | None = None
    required: bool = False
    excluded: bool = False

    def __post_init__(self) -> None:
        problems: list[str] = []
        checked = _checked_fields("", vars(self), problems)
        if problems:
            raise InvalidInputError(problems, context="ModalityCost")
        for name, value in checked.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class SharedCost:
    """What several modalities cost together, however many of them are collected.

    Attributes
    ----------
    modalities : tuple of str
    per_sample, setup : float
        Nonnegative prices, paid if at least one of the modalities is collected.
    """

    modalities: tuple[str, ...]
    per_sample: float = 0.0
    setup: float = 0.0

    def __post_init__(self) -> None:
        problems: list[str] = []
        names = [self.modalities] if isinstance(self.modalities, str) else list(self.modalities)
        if not names or not all(isinstance(name, str) for name in names):
            problems.append(f"modalities = {self.modalities!r} must be a list of names")
        object.__setattr__(self, "modalities", tuple(names))
        for name in ("per_sample", "setup"):
            object.__setattr__(self, name, _price(name, getattr(self, name), problems))
        if problems:
            raise InvalidInputError(problems, context="SharedCost")


@dataclass(frozen=True)
class Costs(Frozen):
    """What a data collection costs.

    Attributes
    ----------
    per_sample, setup : float
        Of any sample, and of collecting at all.
    modalities : mapping of str to ModalityCost
    shared : mapping of str to SharedCost
        Equipment that several modalities share.
    """

    per_sample: float = 0.0
    setup: float = 0.0
    modalities: Mapping[str, ModalityCost] = field(default_factory=dict)
    shared: Mapping[str, SharedCost] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        problems: list[str] = []
        for name in ("per_sample", "setup"):
            object.__setattr__(self, name, _price(name, getattr(self, name), problems))
        problems += [
            f"modalities[{name!r}] = {cost!r} must be a ModalityCost"
            for name, cost in self.modalities.items()
            if not isinstance(cost, ModalityCost)
        ]
        if problems:
            raise InvalidInputError(problems, context="Costs")

    @classmethod
    def uniform(cls, names: Iterable[str]) -> Costs:
        """Return a cost of 1 for each modality of each sample, and no set-up.

        Parameters
        ----------
        names : iterable of str
            The modalities.

        Returns
        -------
        Costs
        """
        return cls(modalities={name: ModalityCost(per_sample=1.0) for name in names})

    @classmethod
    def read(cls, path: str | Path, names: Iterable[str]) -> Costs:
        """Read a cost file for the named modalities.

        Parameters
        ----------
        path : str or Path
            A TOML file.
        names : iterable of str
            The modalities of the data.

        Returns
        -------
        Costs

        Raises
        ------
        InvalidInputError
            If the file is missing or no TOML, or listing every mistake in it.
        """
        import tomllib

        if not isinstance(path, str | Path):
            raise InvalidInputError(f"costs = {path!r}: expected costs, a mapping of them, or the path of a TOML file")
        try:
            with Path(path).open("rb") as file:
                record = tomllib.load(file)
        except OSError as error:
            raise InvalidInputError(f"costs = {str(path)!r} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of numbers with thousands of digits
            raise InvalidInputError(f"costs = {str(path)!r} is no TOML file: {error}") from error
        return cls.from_dict(record, names, context=f"costs {path}")

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], names: Iterable[str], *, context: str = "costs") -> Costs:
        """Return costs from plain data, every mistake reported at once.

        Parameters
        ----------
        record : mapping
            What a cost file holds.
        names : iterable of str
            The modalities of the data.
        context : str
            What error messages begin with.

        Returns
        -------
        Costs

        Raises
        ------
        InvalidInputError
            Listing every mistake.
        """
        names = list(names)
        problems: list[str] = []
        known = ("version", "per_sample", "setup", "modalities", "shared")
        if (version := record.get("version", VERSION)) is not VERSION:
            problems.append(f"version = {shortened(version)}: expected {VERSION}")
        problems += [
            f"unknown entry {shortened(key)}{suggestion(key, known)}; allowed are {', '.join(known)}"
            for key in record
            if key not in known
        ]
        given = record.get("modalities", {})
        if not isinstance(given, Mapping):
            problems.append("modalities must be a table [modalities.NAME] for each modality")
            given = {}
        problems += [
            f"unknown modality {name!r}{suggestion(name, names)}; the data have {', '.join(names)}"
            for name in given
            if name not in names
        ]
        modalities = {
            name: _modality(f"modalities.{name}", given[name], problems) if name in given else ModalityCost()
            for name in names
        }
        costs = cls(
            _price("per_sample", record.get("per_sample", 0.0), problems),
            _price("setup", record.get("setup", 0.0), problems),
            modalities,
            _shared(record.get("shared", {}), names, problems),
        )
        if not problems:  # what an unreadable entry was meant to say may well have been a price
            problems += [
                f"a sample of {name} costs nothing: give modalities.{name}.per_sample > 0, or max_samples"
                for name in costs._unlimited()
            ]
        if modalities and all(cost.excluded for cost in modalities.values()):
            problems.append("every modality is excluded")
        if problems:
            raise InvalidInputError(problems, context=context)
        return costs

    def check_names(self, names: Iterable[str]) -> None:
        """Refuse costs of other modalities than the data have.

        Parameters
        ----------
        names : iterable of str
            The modalities of the data.

        Raises
        ------
        InvalidInputError
            If a modality has no cost entry, or an entry no modality.
        """
        names = list(names)
        unknown = [name for name in self.modalities if name not in names]
        missing = [name for name in names if name not in self.modalities]
        problems = [
            f"unknown modality {name!r}{suggestion(name, names)}; the data have {', '.join(names)}" for name in unknown
        ]
        problems += [f"no cost is given for modality {name!r}" for name in missing]
        if problems:
            raise InvalidInputError(problems, context="costs")

    def only(self, names: Iterable[str]) -> Costs:
        """Return the same prices with every other modality excluded.

        Parameters
        ----------
        names : iterable of str
            The modalities that stay.

        Returns
        -------
        Costs
        """
        kept = set(names)
        return replace(
            self, modalities={k: v if k in kept else replace(v, excluded=True) for k, v in self.modalities.items()}
        )

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The modalities that cost nothing of their own where another one does: a price may have been left out."""
        paid = {name for name, cost in self.modalities.items() if cost.per_sample or cost.setup}
        paid |= {name for one in self.shared.values() for name in one.modalities if one.per_sample or one.setup}
        free = (name for name, cost in self.modalities.items() if name not in paid and not cost.excluded)
        return tuple(free) if paid else ()

    @property
    def alike(self) -> bool:
        """Whether a row costs the same whatever is collected of it."""
        used = [one for one in self.modalities.values() if not one.excluded] + list(self.shared.values())
        return not any(one.per_sample or one.setup for one in used)

    def _unlimited(self) -> list[str]:
        """Return the modalities that make up a permitted subset whose samples are free and not capped."""
        required = [cost for cost in self.modalities.values() if cost.required]
        if any(cost.max_samples is not None for cost in required):
            return []
        must = [name for name, cost in self.modalities.items() if cost.required]
        return [
            name
            for name, cost in self.modalities.items()
            if cost.max_samples is None and not cost.excluded and self._price_of({name, *must}) == 0
        ]

    def allows(self, subset: Iterable[str]) -> bool:
        """Return whether a subset has every required modality and no excluded one.

        Parameters
        ----------
        subset : iterable of str
        """
        chosen = set(subset)
        required = {name for name, cost in self.modalities.items() if cost.required}
        return required <= chosen and not any(self.modalities[name].excluded for name in chosen)

    def cap_of(self, subset: Iterable[str]) -> int | None:
        """Return how many samples of a subset there can be at most.

        Parameters
        ----------
        subset : iterable of str

        Returns
        -------
        int or None
            None where nothing limits them.
        """
        caps = [cap for name in subset if (cap := self.modalities[name].max_samples) is not None]
        return min(caps, default=None)

    def samples(self, subset: Iterable[str], total: Any) -> Any:
        """Return how many samples of a subset a total, or each of an array of totals, buys (at most 10^18).

        Prices are taken as the decimal numbers they print as, so three samples at 0.1 cost 0.3 exactly. It is 0 where
        not even the set-up is covered.

        Parameters
        ----------
        subset : iterable of str
        total : float or array_like
            Budgets, in the currency of the prices.

        Returns
        -------
        int, or ndarray of int

        Raises
        ------
        InvalidInputError
            If a total is no finite number > 0, or samples cost nothing and are not capped.
        """
        subset, totals = tuple(subset), np.asarray(total, dtype=float)
        bad = ~(np.isfinite(totals) & (totals > 0))
        if bad.any():
            raise InvalidInputError(f"budget = {float(totals[bad].flat[0])!r} must be a finite number > 0")
        price, setup, cap = self._price_of(subset), self._setup_of(subset), self.cap_of(subset)
        most = MOST if cap is None else min(cap, MOST)
        flat = totals.ravel()
        if price == 0:
            if cap is None:
                raise InvalidInputError(f"a sample of {'+'.join(subset)} costs nothing: give max_samples")
            bought = np.array([most if decimal(one) >= setup else 0 for one in flat.tolist()], dtype=np.int64)
        else:
            with np.errstate(over="ignore"):
                ratio = np.clip((flat - float(setup)) / float(price), -1, most)
                blur = 1e-9 * np.maximum(ratio, 1) + 1e-15 * (flat + float(setup)) / float(price)
            bought = np.floor(ratio).astype(np.int64)
            near = np.abs(ratio - np.rint(ratio)) <= blur
            bought[near] = [min(int((decimal(one) - setup) // price), most) for one in flat[near].tolist()]
            bought = np.maximum(bought, 0)
        return bought.reshape(totals.shape) if np.ndim(total) else int(bought[0])

    def total(self, subset: Iterable[str], samples: Any) -> Any:
        """Return the price of that many samples of a subset: of one number, or (to rounding) of each of an array.

        Parameters
        ----------
        subset : iterable of str
        samples : int or array_like of int
        """
        subset = tuple(subset)
        setup, price = self._setup_of(subset), self._price_of(subset)
        if np.ndim(samples) == 0:
            return float(setup + int(samples) * price)
        return float(setup) + np.asarray(samples) * float(price)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads."""
        return asdict(self)

    def _price_of(self, subset: Iterable[str]) -> Fraction:
        return self._sum("per_sample", set(subset))

    def _setup_of(self, subset: Iterable[str]) -> Fraction:
        return self._sum("setup", set(subset))

    def _sum(self, price: str, subset: set[str]) -> Fraction:
        """Return what is paid in all: for any sample, for each modality, and for equipment that any of them needs."""
        used = [one for one in self.shared.values() if subset.intersection(one.modalities)]
        return sum(
            (decimal(getattr(one, price)) for one in (self, *(self.modalities[name] for name in subset), *used)),
            Fraction(),
        )


def decimal(value: float) -> Fraction:
    """Return a number as the decimal that it prints as.

    >>> decimal(0.1)
    Fraction(1, 10)
    """
    return Fraction(repr(float(value)))


def _modality(name: str, record: Any, problems: list[str]) -> ModalityCost:
    if not isinstance(record, Mapping):
        problems.append(
            f"{name} = {shortened(record)} must be a table with per_sample, setup, max_samples, required, excluded"
        )
        return ModalityCost()
    known = ModalityCost.__dataclass_fields__
    problems += [
        f"unknown entry {name}.{key}{suggestion(key, known)}; allowed are {', '.join(known)}"
        for key in record
        if key not in known
    ]
    return ModalityCost(**_checked_fields(f"{name}.", record, problems))


def _shared(given: Any, names: Iterable[str], problems: list[str]) -> dict[str, SharedCost]:
    """Return the shared equipment, with every mistake in it noted."""
    found: dict[str, SharedCost] = {}
    if not isinstance(given, Mapping):
        problems.append("shared must be a table [shared.NAME] for each piece of equipment")
        return found
    for key, record in given.items():
        entries = record if isinstance(record, Mapping) else {}
        wrong = [name for name in entries if name not in SharedCost.__dataclass_fields__]
        users = entries.get("modalities", ())
        strangers = [one for one in users if one not in names] if isinstance(users, (list, tuple)) else [users]
        if wrong or strangers or not users:
            allowed = "modalities (some of the data's), per_sample, setup"
            problems.append(f"shared.{key} = {shortened(record)} must be a table with {allowed}")
            continue
        try:
            found[key] = SharedCost(**{**entries, "modalities": tuple(users)})
        except InvalidInputError as error:
            problems += [f"shared.{key}.{problem}" for problem in error.problems]
    return found


def _checked_fields(prefix: str, record: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Return the fields of a modality's cost, with harmless values in place of those that are reported."""
    cap = record.get("max_samples")
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, Integral) or cap < 2):
        problems.append(f"{prefix}max_samples = {shortened(cap)} must be an integer >= 2")
        cap = None
    flags = {}
    for flag in ("required", "excluded"):
        flags[flag] = record.get(flag, False)
        if not isinstance(flags[flag], bool):
            problems.append(f"{prefix}{flag} = {shortened(flags[flag])} must be true or false")
            flags[flag] = False
    if all(flags.values()):
        problems.append(f"{prefix.rstrip('.') or 'it'} is both required and excluded")
        flags["excluded"] = False
    return {
        "per_sample": _price(f"{prefix}per_sample", record.get("per_sample", 0.0), problems),
        "setup": _price(f"{prefix}setup", record.get("setup", 0.0), problems),
        "max_samples": None if cap is None else int(cap),
        **flags,
    }


def _price(name: str, value: Any, problems: list[str]) -> float:
    number: Any = value if isinstance(value, Real) and not isinstance(value, bool) else -1
    if not 0 <= number <= MOST:
        problems.append(f"{name} = {shortened(value, width=40)} must be a number >= 0 and at most {MOST:.0e}")
        return 0.0
    return float(value)
