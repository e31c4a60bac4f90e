"""Multimodal labelled data: named feature blocks, labels, and which blocks are missing."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.errors import InvalidInputError, visible
from boundcalc.language.arguments import Problems
from boundcalc.trainer.data.labels import (
    check_targets,
    encode_groups,
    encode_labels,
    in_plain_digits,
    is_missing,
    place_of,
    rare_classes,
)
from boundcalc.trainer.data.order import aligned

__all__ = ["MIN_ROWS", "ModalityData", "as_block", "missing_rows", "refuse_all"]

#: Rows are near copies within this share of the usual distance, looked for among so many rows; blocks that tell an identity;
#: rows that tell what is usual, and numbers of a block of rows.
_NEAR, _LOOKED_AT, _BLOCKS, _ROWS, _NUMBERS = 0.01, 200, 4, 5000, 2**20
#: What separates names, and what UTF-8 cannot write.
_NO_NAME = re.compile("[+,\ud800-\udfff]")
MIN_ROWS = 8
"""Fewest rows from which calibration, hold-out and training parts can be drawn with at least one pair each."""


class ModalityData:
    """Named modalities of the same n examples, their labels and a mask of missing modalities.

    Parameters
    ----------
    modalities : mapping of str to array_like
        Each value has shape (n, d_k); a one-dimensional array is one feature. A row of a modality that is NaN (or
        masked, in an array of ``numpy.ma``) throughout is a missing modality.
    y : array_like of shape (n,)
        Class labels: whole numbers, booleans or strings; two examples are similar when their labels are equal.
    mask : array_like of shape (n, K), optional
        True where a modality is missing (the convention of ``numpy.ma``), in addition to the NaN blocks.
    nonnegative : bool
        A fact declared in advance, never looked up in the data: all features are >= 0. It halves the squared pair
        radius of unit-norm rows.
    name, note : str
        What the data are called, and what a user has to know about them (a licence, say).
    lines : sequence of int, optional
        The line of a file that each row comes from: error messages name it instead of the row (counted from 0).
    groups : array_like of shape (n,), optional
        What each row belongs to (a patient, speaker, session, product), where several rows belong to one: the groups
        are then what is drawn independently. Parts are made of whole groups, n counts groups, pairs are rows of two
        different groups, and what is guaranteed holds for two new groups and a random row of each.
    impute : bool
        Whether single missing values are filled in, by what the calibration part of a split shows; otherwise they are refused.
    text : mapping of str to mapping of int to tuple of str, optional
        For columns of text: modality, column, and the texts that its numbers stand for. A column becomes one for each text
        that the calibration part of a split has.
    labelled : bool
        False: every row may be a class of its own, where all that is known is which rows of modalities belong together. Such data
        can be aligned; there is no pair of one class to learn a metric from.

    Attributes
    ----------
    names : tuple of str
        The K modalities in order.
    arrays : mapping of str to ndarray of shape (n, d_k)
        Float64, or float32 where that was given; rows of a missing modality hold zeros.
    y : ndarray of shape (n,)
    classes : ndarray
        The distinct labels.
    codes : ndarray of int, shape (n,)
        Index of each label in ``classes``.
    mask : ndarray of bool, shape (n, K)
        True where a modality is missing.
    groups : ndarray of int, shape (n,), or None
        The number of each row's group.

    Raises
    ------
    InvalidInputError
        Fewer than 8 rows, one class only or no two rows of one class, arrays of different lengths, NaN inside a
        block, infinite values, missing or continuous labels: all problems at once.

    Examples
    --------
    >>> import numpy as np
    >>> data = ModalityData({"left": np.eye(8), "right": np.ones((8, 2))}, [0, 1] * 4)
    >>> data.n, data.dims, data.subset_labels()
    (8, {'left': 8, 'right': 2}, ('left', 'right', 'left+right'))
    """

    def __init__(
        self,
        modalities: Mapping[str, ArrayLike],
        y: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        nonnegative: bool = False,
        name: str = "",
        note: str = "",
        lines: Sequence[int] | None = None,
        groups: ArrayLike | None = None,
        impute: bool = False,
        text: Mapping[str, Mapping[int, tuple[str, ...]]] | None = None,
        labelled: bool = True,
    ) -> None:
        problems = Problems(f"data {name}".strip())
        if not isinstance(modalities, Mapping) or not modalities:
            problems.add(
                f"modalities={type(modalities).__name__}: expected a non-empty mapping of name to array (n, d_k)"
            )
            problems.raise_if_any()
        self.name, self.note, self.nonnegative = visible(str(name)), str(note), bool(nonnegative)
        self.names: tuple[str, ...] = tuple(str(key) for key in modalities)
        for key in self.names:
            problems.require(
                bool(key.strip()) and not _NO_NAME.search(key),
                f"modality name {key!r}: expected a non-empty name without '+', ',' and half characters",
            )
        problems.require(
            len(set(self.names)) == len(self.names), f"modality names {self.names}: expected distinct names"
        )
        given = aligned({**{str(key): value for key, value in modalities.items()}, "y ": y, "groups ": groups})
        modalities, y, groups = {key: given[str(key)] for key in modalities}, given["y "], given["groups "]
        self.text = {key: dict(columns) for key, columns in (text or {}).items() if columns}
        raw = {key: _block(key, value, problems) for key, value in zip(self.names, modalities.values(), strict=True)}
        self.y, self.classes, self.codes = encode_labels(y, problems, lines=lines)
        problems.raise_if_any()
        n = self.y.shape[0]
        for key, block in raw.items():
            problems.require(
                block.shape[0] == n, f"modality {key!r} has {block.shape[0]} rows: expected {n}, as many as y"
            )
        missing = _mask(mask, n, len(self.names), problems)
        problems.require(n >= MIN_ROWS, f"n={n} rows: expected at least {MIN_ROWS}")
        problems.require(
            self.classes.size >= 2,
            f"y has one class only ({self.classes.tolist()}), so no pair is dissimilar: expected at least two classes",
        )
        problems.require(
            self.classes.size < n or not labelled,
            f"y has {n} different labels in {n} rows, so no pair is similar: expected classes that recur",
        )
        problems.raise_if_any()
        self.arrays: dict[str, NDArray[np.float64]] = {}
        for index, (key, block) in enumerate(raw.items()):
            missing[:, index] = missing_rows(
                key, block, problems, declared=missing[:, index], lines=lines, impute=bool(impute)
            )
            block[missing[:, index]] = 0.0
            self.arrays[key] = block
            if nonnegative:
                problems.require(
                    not (self.arrays[key] < 0).any(), f"modality {key!r} was declared nonnegative but has values < 0"
                )
        check_targets(self.y, self.classes, self.codes, problems)
        self.groups = None if groups is None else encode_groups(groups, n, problems)
        problems.raise_if_any()
        self.mask: NDArray[np.bool_] = missing

    def with_groups(self, groups: ArrayLike) -> ModalityData:
        """Return the same rows with what each belongs to.

        Parameters
        ----------
        groups : array_like of shape (n,)

        Raises
        ------
        InvalidInputError
            If that is no entry for each row.
        """
        problems = Problems(f"data {self.name}".strip())
        found = copy.copy(self)
        found.groups = encode_groups(groups, self.n, problems)
        problems.raise_if_any()
        return found

    def take_units(self, units: NDArray[np.intp]) -> ModalityData:
        """Return the rows of some units, one unit after the other; one that is named twice is two.

        Parameters
        ----------
        units : ndarray of int
            Numbers of rows, or of groups.
        """
        parts = (
            [self.rows_of(units[place : place + 1]) for place in range(units.size)] if self.groups is not None else []
        )
        rows, found = np.concatenate(parts) if parts else units, copy.copy(self)
        found.arrays = {name: block[rows] for name, block in self.arrays.items()}
        found.y, found.codes, found.mask = self.y[rows], self.codes[rows], self.mask[rows]
        if parts:
            found.groups = np.repeat(np.arange(units.size), [part.size for part in parts])
        return found

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.y.shape[0])

    @property
    def units(self) -> int:
        """Number of examples that are independent: of rows, or of the groups that they come in."""
        return self.n if self.groups is None else int(self.groups.max()) + 1

    def rows_of(self, units: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the rows of some units, one unit after the other.

        Parameters
        ----------
        units : ndarray of int
            Numbers of rows, or of groups.
        """
        if self.groups is None:
            return units
        order = np.argsort(self.groups, kind="stable")
        members = np.split(order, np.cumsum(np.bincount(self.groups))[:-1])
        return np.concatenate([order[:0], *(members[unit] for unit in units)])

    @property
    def dims(self) -> dict[str, int]:
        """Number of features of each modality."""
        return {name: block.shape[1] for name, block in self.arrays.items()}

    @property
    def present(self) -> NDArray[np.bool_]:
        """True where a modality is at hand, shape (n, K)."""
        return ~self.mask

    @cached_property
    def duplicate_rows(self) -> int:
        """Number of rows that repeat an earlier one in all modalities: then rows are hardly independent."""
        seen = set()
        for i in range(self.n):
            row = hashlib.blake2b(digest_size=16)
            for block in self.arrays.values():
                row.update(block[i])
            seen.add(row.digest())
        return self.n - len(seen)

    @property
    def needs_encoding(self) -> bool:
        """Whether there is text, or a single value is missing: numbers are made of them by the calibration part."""
        return bool(self.text) or any(bool(np.isnan(block).any()) for block in self.arrays.values())

    @property
    def rare_classes(self) -> dict[str, int]:
        """Rows of each class that has few of them, while the usual class has not."""
        return rare_classes(self.classes, self.codes)

    @cached_property
    def near_copies(self) -> float:
        """Share of rows with another row within 1 % of the usual distance, where chance does not bring rows so close."""
        width = sum(self.dims.values())
        if self.n * _NEAR ** min(width, 400) > 0.01:
            return 0.0

        def parts(step: int) -> list[slice]:
            rows = step * max(1, _NUMBERS // width)
            return [slice(start, start + rows, step) for start in range(0, self.n, rows)]

        spread = np.max([self._numbers(part).max(axis=0) for part in parts(1)], axis=0)
        with np.errstate(over="ignore"):
            spread -= np.min([self._numbers(part).min(axis=0) for part in parts(1)], axis=0)
        scale = np.where(spread > 0, spread, np.inf) if np.isfinite(spread).all() else 1.0
        some = self._numbers(slice(None, None, max(1, self.n // _LOOKED_AT)))[:_LOOKED_AT] / scale

        def distances(part: slice) -> NDArray[np.float64]:
            block = self._numbers(part) / scale
            squares = np.square(some).sum(axis=1)[:, None] + np.square(block).sum(axis=1)
            return np.sqrt(np.maximum(squares - 2 * some @ block.T, 0.0))

        usual = float(np.median(np.concatenate([distances(part) for part in parts(max(1, self.n // _ROWS))], axis=1)))
        near = np.zeros(len(some), dtype=bool)
        for part in parts(1):
            far = distances(part)
            near |= ((far > 1e-6 * usual) & (far < _NEAR * usual)).any(axis=1)  # what repeats a row is told apart
        return float(near.mean())

    def _numbers(self, rows: slice) -> NDArray[np.float64]:
        """Return rows of all modalities side by side, zeros for missing values."""
        return np.nan_to_num(np.concatenate([block[rows] for block in self.arrays.values()], axis=1).astype(np.float64))

    @cached_property
    def like_identities(self) -> tuple[str, ...]:
        """Columns of which each value fills one block of rows, as the number of a patient or session does; at most three."""
        found = []
        for name, block in self.arrays.items():
            runs = 1 + (block[1:] != block[:-1]).sum(axis=0)
            for column in np.flatnonzero((runs >= _BLOCKS) & (2 * runs <= self.n)):
                if np.unique(block[:, column]).size == runs[column] and not self.mask[:, self.names.index(name)].any():
                    found.append(f"{name}[{column}]")
        return tuple(found[:3])

    @cached_property
    def constant_features(self) -> int:
        """Number of features that have one value wherever their modality is at hand: they tell no pair from another."""
        return sum(
            int((rows == rows[:1]).all(axis=0).sum()) if here.any() else block.shape[1]
            for block, here in zip(self.arrays.values(), self.present.T, strict=True)
            for rows in [block if here.all() else block[here]]
        )

    def subset_labels(self) -> tuple[str, ...]:
        """Labels of all 2^K - 1 nonempty subsets, small ones first: ``"a"``, ``"b"``, ``"a+b"``."""
        return tuple(
            "+".join(chosen) for size in range(1, len(self.names) + 1) for chosen in combinations(self.names, size)
        )

    def parse_subset(self, subset: str | Iterable[str]) -> tuple[str, ...]:
        """Return the modalities of a subset (``"a+b"`` or an iterable of names) in the order of ``names``.

        Parameters
        ----------
        subset : str or iterable of str

        Returns
        -------
        tuple of str

        Raises
        ------
        InvalidInputError
            If the subset is empty or names a modality that does not exist.
        """
        allowed = f"expected some of {', '.join(self.names)}, joined by '+'"
        if not isinstance(subset, (str, Iterable)):
            raise InvalidInputError(f"subset {subset!r} is a {type(subset).__name__}: {allowed}")
        chosen = (
            [part if part in self.names else part.strip() for part in subset.split("+")]
            if isinstance(subset, str)
            else list(subset)
        )
        unknown = [part for part in chosen if part not in self.names]
        if unknown or not chosen:
            raise InvalidInputError(
                f"subset {subset!r} names unknown modalities {unknown}: {allowed}"
                if unknown
                else f"subset {subset!r} is empty: {allowed}"
            )
        return tuple(name for name in self.names if name in chosen)

    def parse_subsets(self, subsets: str | Sequence[str | Iterable[str]]) -> tuple[tuple[str, ...], ...]:
        """Return the subsets asked for (``"all"``, ``"a,a+b"`` or a sequence), small ones first, without repeats.

        Parameters
        ----------
        subsets : str or sequence of subsets

        Returns
        -------
        tuple of tuple of str

        Raises
        ------
        InvalidInputError
            If there is none, or one is empty or names a modality that does not exist.
        """
        if isinstance(subsets, str):
            if subsets.strip() == "all":
                refuse_all(len(self.names))
            asked: Sequence[str | Iterable[str]] = (
                self.subset_labels() if subsets.strip() == "all" else subsets.split(",")
            )
        elif isinstance(subsets, Iterable):
            asked = list(subsets)
        else:
            raise InvalidInputError(f"subsets={subsets!r}: expected 'all', or a sequence such as ['a', 'a+b']")
        chosen = list(dict.fromkeys(self.parse_subset(subset) for subset in asked))
        if not chosen:
            raise InvalidInputError(f"subsets={subsets!r}: expected 'all' or at least one subset")
        return tuple(sorted(chosen, key=len))

    def __repr__(self) -> str:
        blocks = ", ".join(f"{name} ({d})" for name, d in self.dims.items())
        missing = int(self.mask.sum())
        gaps = f", {missing} block{'s' * (missing != 1)} missing" if missing else ""
        return f"<ModalityData {self.name or 'unnamed'}: {self.n} rows, {blocks}, {self.classes.size} classes{gaps}>"


#: Modalities of which all subsets are trained at once.
_MOST_MODALITIES = 12


def refuse_all(count: int) -> None:
    """Refuse all subsets of so many modalities.

    Raises
    ------
    InvalidInputError
        Saying how many they are, how long they take, and what can be asked for instead.
    """
    if count > _MOST_MODALITIES:
        subsets = 2**count - 1
        raise InvalidInputError(
            f"{count} modalities have {subsets:,} subsets, {subsets / 3600:,.0f} hours at one second each: list those that matter "
            f"(subsets='a,b,a+b'), or take subsets='greedy' ({count * (count + 1) // 2} of them: each alone, and the best so "
            "far with one more)"
        )


def as_block(value: Any) -> NDArray[np.float64]:
    """Return a float64 copy of real numbers (of single ones a single copy), values masked as NaN; else raise TypeError."""
    if hasattr(value, "toarray"):
        value = value.toarray()
    masked = np.ma.getmaskarray(value) if isinstance(value, np.ma.MaskedArray) else None
    block = np.asarray(value)
    if block.dtype.kind in "OSU":
        block = np.array([_number(one) for one in block.ravel().tolist()]).reshape(block.shape)
    if block.dtype.kind not in "fiub":
        raise TypeError(f"dtype {block.dtype}")
    block = np.array(block, dtype=np.float32 if block.dtype == np.float32 else np.float64, order="C")
    if masked is not None:
        block[masked] = np.nan
    return block


def _number(entry: Any) -> float:
    """Return what an entry says, in plain digits where it is text."""
    text = entry.decode() if isinstance(entry, bytes) else entry
    if isinstance(text, str) and not in_plain_digits(text):
        raise ValueError(text)
    if not isinstance(text, str) and hasattr(text, "__len__"):
        raise TypeError(type(text).__name__)
    return np.nan if is_missing(text) else float(text)


def missing_rows(
    name: str,
    block: NDArray[np.float64],
    problems: Problems,
    *,
    declared: NDArray[np.bool_] | bool = False,
    lines: Sequence[int] | None = None,
    impute: bool = False,
) -> NDArray[np.bool_]:
    """Return the rows that lack the modality, NaN throughout or declared so; note NaN inside a row and inf."""
    nan = np.isnan(block)
    missing = declared | nan.all(axis=1)
    partly = np.flatnonzero(nan.any(axis=1) & ~missing)
    problems.require(
        impute or partly.size == 0,
        f"modality {name!r} has NaN inside its block in {_places(partly, lines)}: a missing modality is NaN in "
        "all its columns",
    )
    infinite = np.flatnonzero(np.isinf(block).any(axis=1) & ~missing)
    problems.require(infinite.size == 0, f"modality {name!r} has inf in {_places(infinite, lines)}")
    return np.asarray(missing)


def _block(name: str, value: Any, problems: Problems) -> NDArray[np.float64]:
    try:
        block = as_block(value)
    except (TypeError, ValueError, OverflowError):
        problems.add(f"modality {name!r}: expected an array of real numbers of shape (n, d_k)")
        return np.zeros((0, 1))
    if block.ndim == 1:
        block = block[:, None]
    if block.ndim != 2 or block.shape[1] < 1:
        problems.add(f"modality {name!r} has shape {block.shape}: expected (n, d_k) with d_k >= 1")
        return np.zeros((0, 1))
    return block


def _places(rows: NDArray[np.intp], lines: Sequence[int] | None) -> str:
    """Return how many rows these are and which is the first; a single one by its place alone."""
    if rows.size == 1:
        return place_of(rows[0], lines)
    return f"{rows.size} rows" + (f" (first: {place_of(rows[0], lines)})" if rows.size else "")


def _mask(mask: Any, n: int, modalities: int, problems: Problems) -> NDArray[np.bool_]:
    if mask is None:
        return np.zeros((n, modalities), dtype=bool)
    array = np.asarray(mask)
    if array.shape != (n, modalities) or not np.isin(array, (0, 1)).all():
        problems.add(f"mask of shape {array.shape}: expected booleans ({n}, {modalities}), True where missing")
        return np.zeros((n, modalities), dtype=bool)
    return array.astype(bool)
