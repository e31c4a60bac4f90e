"""What AlignedEncoders.fit is given: rows of each modality, and which of them belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.trainer.data.modalities import ModalityData

__all__ = ["Examples", "read_blocks", "read_examples", "read_mask", "refuse_unread"]

Blocks = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Examples(Frozen):
    """Checked training data.

    Attributes
    ----------
    blocks : dict of str to ndarray of shape (n_k, d_k)
        Rows of each modality that are at hand; finite.
    aligned : ndarray of int, shape (P, K)
        Row numbers that belong together; -1 where a modality is missing.
    labels : ndarray of int of shape (P,), or None
        Class of each aligned tuple.
    """

    blocks: Blocks
    aligned: NDArray[np.intp]
    labels: NDArray[np.intp] | None

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities in order."""
        return tuple(self.blocks)


def read_blocks(X: Any, *, context: str = "AlignedEncoders", flat: bool = True) -> Blocks:
    """Return named blocks of finite rows.

    Parameters
    ----------
    X : mapping of str to array_like (n_k, d_k), or sequence of such arrays
        Modalities of a sequence are called ``"m0"``, ``"m1"``, ...
    flat : bool
        False: rows of any shape, for encoders that take them.

    Raises
    ------
    InvalidInputError
        On an empty modality, NaN or infinite values, or arrays of other shapes: all problems at once.
    """
    problems = Problems(context)
    if not isinstance(X, Mapping):
        if not isinstance(X, (list, tuple)) or not X:
            raise InvalidInputError(
                f"X={type(X).__name__}: expected a mapping of modality name to array (n_k, d_k), or a list of such arrays",
                context=context,
            )
        X = {f"m{place}": block for place, block in enumerate(X)}
    problems.require(len(X) > 0, "X names no modality: expected at least one")
    blocks: Blocks = {}
    for key, value in X.items():
        name = str(key)
        try:
            block = np.array(value, dtype=np.float64, order="C")
        except (TypeError, ValueError):
            problems.add(f"modality {name!r}: expected an array of real numbers of shape (n_k, d_k)")
            continue
        if block.ndim < 2 or (flat and block.ndim > 2) or 0 in block.shape[1:]:
            problems.add(f"modality {name!r} has shape {block.shape}: expected (n_k, d_k) with d_k >= 1")
        elif block.shape[0] < 1:
            problems.add(f"modality {name!r} is empty: expected at least one row")
        elif not np.isfinite(block).all():
            row = int(np.flatnonzero(~np.isfinite(block).reshape(len(block), -1).all(axis=1))[0])
            problems.add(
                f"modality {name!r} holds NaN or infinite values (first: row {row}); leave rows that are not at hand out, "
                "or mark them as missing in a ModalityData"
            )
        blocks[name] = block
    problems.raise_if_any()
    return blocks


def refuse_unread(data: ModalityData) -> None:
    """Refuse what encoders do not read: groups, text and single missing values.

    Raises
    ------
    InvalidInputError
        Saying what can be done.
    """
    problems = Problems("align")
    problems.require(
        data.groups is None,
        "the data have groups: examples are taken as independent here; leave one row of each",
    )
    problems.require(
        not data.needs_encoding,
        "the data have text or single missing values: encoders take numbers; leave such columns out, or fill them in before",
    )
    problems.raise_if_any()


def read_examples(X: Any, aligned: Any, y: Any, *, flat: bool = True) -> Examples:
    """Check training data.

    Raises
    ------
    InvalidInputError
        On fewer than two modalities, no or one aligned pair, one class only, an empty modality, mismatched lengths, NaN,
        or row numbers that do not exist.
    """
    problems = Problems("AlignedEncoders.fit")
    present = None
    if isinstance(X, ModalityData):
        refuse_unread(X)
        present = X.present
        y = X.y if y is None else y
        blocks = {name: X.arrays[name][present[:, k]] for k, name in enumerate(X.names)}
        for name, block in blocks.items():
            problems.require(len(block) > 0, f"modality {name!r} is empty: it is missing in every row")
        problems.raise_if_any()
    else:
        blocks = read_blocks(X, context="AlignedEncoders.fit", flat=flat)
    problems.require(len(blocks) >= 2, f"X has {len(blocks)} modality: expected at least two to align")
    problems.raise_if_any()
    tuples = _tuples(blocks, aligned, present, problems)
    problems.raise_if_any()
    counts = []
    for i, j in combinations(range(len(blocks)), 2):
        both = (tuples[:, i] >= 0) & (tuples[:, j] >= 0)
        counts.append(len(np.unique(tuples[both][:, [i, j]], axis=0)))
    problems.require(
        max(counts) != 0, "aligned holds no aligned pair: expected at least 2 examples that are known in two modalities"
    )
    problems.require(
        max(counts) != 1,
        "aligned holds one aligned pair: expected at least 2, as one pair has no negatives to be told from",
    )
    problems.raise_if_any()
    labels = None if y is None else _labels(y, blocks, tuples, present, problems)
    problems.raise_if_any()
    return Examples(blocks, tuples, labels)


def _tuples(blocks: Blocks, aligned: Any, present: Any, problems: Problems) -> NDArray[np.intp]:
    none = np.zeros((0, len(blocks)), dtype=np.intp)
    sizes = {name: len(block) for name, block in blocks.items()}
    array = np.asarray(aligned)
    if array.dtype == bool:
        rows = {len(present)} if present is not None else set(sizes.values())
        if len(rows) != 1:
            problems.add(
                f"aligned is a mask, but the modalities have {sizes} rows: expected equal lengths, or index pairs"
            )
            return none
        n = rows.pop()
        if array.shape != (n,):
            problems.add(f"aligned is a mask of shape {array.shape}: expected ({n},), one entry for each row")
            return none
        if present is None:
            return np.repeat(np.flatnonzero(array)[:, None], len(blocks), axis=1)
        places = np.where(present, np.cumsum(present, axis=0) - 1, -1)
        return np.asarray(places[array & (present.sum(axis=1) >= 2)], dtype=np.intp)
    if array.size == 0:
        return none
    if array.ndim != 2 or array.shape[1] != len(blocks) or array.dtype.kind not in "iu":
        problems.add(
            f"aligned of shape {array.shape} and type {array.dtype}: expected a boolean mask (n,), or row numbers of shape "
            f"(P, {len(blocks)}), one column for each modality, -1 where it is missing"
        )
        return none
    for place, (name, size) in enumerate(sizes.items()):
        bad = array[(array[:, place] >= size) | (array[:, place] < -1), place]
        problems.require(
            bad.size == 0,
            f"aligned names row {bad[0] if bad.size else ''} of modality {name!r}: expected 0..{size - 1}, or -1 if missing",
        )
    return array[(array >= 0).sum(axis=1) >= 2].astype(np.intp)


def _labels(y: Any, blocks: Blocks, tuples: NDArray[np.intp], present: Any, problems: Problems) -> Any:
    sizes = {name: len(block) for name, block in blocks.items()}
    if isinstance(y, Mapping):
        found = {name: np.asarray(y[name]) for name in blocks if name in y}
        problems.require(
            len(found) == len(blocks), f"y names {sorted(map(str, y))}: expected labels for {list(blocks)}"
        )
    elif present is not None:
        labels = np.asarray(y)
        if not problems.require(
            labels.shape == (len(present),), f"y has shape {labels.shape}: expected ({len(present)},)"
        ):
            return None
        found = {name: labels[present[:, k]] for k, name in enumerate(blocks)}
    else:
        found = {name: np.asarray(y) for name in blocks}
    for name, labels in found.items():
        problems.require(
            labels.shape == (sizes[name],),
            f"y has shape {labels.shape} for modality {name!r} of {sizes[name]} rows: expected one label for each row",
        )
        problems.require(
            labels.dtype.kind != "f" or bool(np.isfinite(labels).all()), f"y holds NaN for modality {name!r}"
        )
    if problems.found:
        return None
    classes, codes = np.unique(np.concatenate(list(found.values())), return_inverse=True)
    problems.require(classes.size >= 2, f"y holds one class only ({classes.tolist()}): expected at least two, or no y")
    parts = np.split(codes, np.cumsum(list(sizes.values()))[:-1])
    table = np.stack([np.where(tuples[:, k] >= 0, part[tuples[:, k]], -1) for k, part in enumerate(parts)], axis=1)
    top = table.max(axis=1)
    problems.require(
        bool(((table == top[:, None]) | (table < 0)).all()),
        "y disagrees with aligned: rows that belong together have other labels",
    )
    return top.astype(np.intp)


def read_mask(name: str, rows: Any, n: int) -> NDArray[np.bool_]:
    """Return which of n rows are meant, or say what is wrong."""
    mask = np.asarray(rows)
    if mask.dtype != bool or mask.shape != (n,):
        raise InvalidInputError(
            f"{name} of type {mask.dtype} and shape {mask.shape}: expected booleans of shape ({n},)"
        )
    return mask
