"""Labels and groups: which rows are the same, and which belong together; what is no label is told for what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.language.arguments import Problems

__all__ = [
    "MISSING",
    "check_targets",
    "encode_groups",
    "encode_labels",
    "has_masked",
    "in_plain_digits",
    "is_missing",
    "place_of",
    "rare_classes",
    "told_of_rare",
]


def encode_labels(
    y: Any, problems: Problems, *, lines: Sequence[int] | None = None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Return labels, distinct labels and the number of each label; note what is wrong with them."""
    empty = (np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.intp))
    try:
        labels = np.asarray(y)
    except ValueError:  # sequences of several lengths
        problems.add("y holds sequences: expected one label per row, shape (n,)")
        return empty
    if labels.ndim != 1:
        problems.add(f"y has shape {labels.shape}: expected one label per row, shape (n,)")
        return empty
    if labels.dtype.kind == "O":
        if any(is_missing(label) for label in labels.tolist()):
            problems.add("y has missing labels (None or NaN): expected one label per row")
            return empty
        if all(isinstance(label, str) for label in labels.tolist()):
            labels = labels.astype(str)
        elif all(isinstance(label, (int, float, np.number)) for label in labels.tolist()):
            labels = np.asarray(labels.tolist())
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    if labels.dtype.kind == "U" and _odd_texts(labels, problems, lines=lines):
        return empty
    if has_masked(y):
        problems.add("y has masked labels: expected one label per row")
        return empty
    if labels.dtype.kind in "cmMV":
        problems.add(f"y has dtype {labels.dtype}: expected integers, booleans or strings")
        return empty
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            problems.add("y has NaN or infinite labels: expected one label per row")
            return empty
        fractions = np.flatnonzero(labels != np.rint(labels))
        if fractions.size:
            problems.add(
                f"y has continuous values ({place_of(fractions[0], lines)}: {labels[fractions[0]].item()!r}): expected class "
                "labels, integers or strings; cut a continuous target into classes first"
            )
            return empty
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError:
        problems.add("y mixes labels that cannot be compared: expected all numbers or all strings")
        return empty
    return labels, classes, codes.astype(np.intp)


#: What is no entry, among entries of text.
MISSING = frozenset({"", "na", "nan", "null", "none", "n/a", "?", "<na>", "nat"})
#: A class of fewer rows is rare, where the usual one has so many times its rows.
_RARE, _USUAL = 8, 4
#: Fewer rows a class (in the median) than this, of so many classes of numbers, are values of a continuous target.
_ROWS_A_CLASS, _MANY_CLASSES = 3, 30


def _odd_texts(labels: NDArray[np.str_], problems: Problems, *, lines: Sequence[int] | None) -> bool:
    """Note texts that say that a label is missing, or that differ by blanks only; return whether there are some."""
    words = np.unique(labels)
    plain = np.char.strip(words)
    if none := [word for word, one in zip(words, plain, strict=True) if one.lower() in MISSING]:
        row = int(np.flatnonzero(labels == none[0])[0])
        problems.add(
            f"y has missing labels ({place_of(row, lines)}: {str(none[0])!r}): expected one label per row; leave the row out, or "
            "give the class another name"
        )
        return True
    kept, counts = np.unique(plain, return_counts=True)
    twice = kept[counts > 1]
    if twice.size:
        problems.add(f"y has labels that differ by blanks only (such as {str(twice[0])!r}): strip them")
    return bool(twice.size)


def check_targets(y: NDArray[Any], classes: NDArray[Any], codes: NDArray[np.intp], problems: Problems) -> None:
    """Note labels that are hardly classes to train on: -1 beside others, and values of a continuous target."""
    if y.dtype.kind not in "iuf" or not classes.size:
        return
    unlabelled = int((y == -1).sum())
    problems.require(
        not unlabelled or classes.tolist() in ([-1, 1], [-1, 0]),
        f"y is -1 in {_count(unlabelled)} beside {shortened([one for one in classes.tolist() if one != -1])}: if that means "
        "'no label', leave these rows out; if it is a class, give the labels as text",
    )
    usual = float(np.median(np.bincount(codes)))
    problems.require(
        classes.size < _MANY_CLASSES or usual >= _ROWS_A_CLASS,
        f"y has {classes.size:,} different numbers in {y.size:,} rows, {usual:g} rows each: that looks like a continuous target; "
        "cut it into classes (numpy.digitize), give labels as text if they are classes, or train on pairs of your own (fit_pairs)",
    )


def rare_classes(classes: NDArray[Any], codes: NDArray[np.intp]) -> dict[str, int]:
    """Return the rows of each class that has few of them, while the usual class has not."""
    rows = np.bincount(codes, minlength=classes.size)
    rare = np.flatnonzero((rows > 0) & (rows < _RARE) & (_USUAL * rows <= np.median(rows)))
    return {shortened(classes[one].item()): int(rows[one]) for one in rare}


def told_of_rare(rare: Mapping[str, int]) -> str:
    """Say what hardly any pair shows."""
    one = min(rare, key=lambda name: rare[name])
    which = f"class {one} has {_count(rare[one])}"
    if len(rare) > 1:
        which = f"{len(rare):,} classes have fewer than {_RARE} rows ({one} has {rare[one]})"
    return f"{which}: hardly a pair within it is trained on or held out, and errors there hardly count in any number"


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def encode_groups(groups: Any, n: int, problems: Problems) -> NDArray[np.intp]:
    """Return the number of each row's group; note what is wrong with them."""
    inner = Problems("groups")
    _, _, codes = encode_labels(groups, inner)
    for problem in inner.found:
        problems.add(problem.replace("y ", "groups ", 1))
    if not inner.found:
        problems.require(codes.size == n, f"groups has {codes.size} entries: expected one for each of {n} rows")
    return codes


def place_of(row: int, lines: Sequence[int] | None) -> str:
    """Say where a row is: in which line of its file, if it has one."""
    return f"row {row}" if lines is None else f"line {lines[row]}"


def has_masked(values: Any) -> bool:
    """Whether an array of ``numpy.ma`` masks some of its values."""
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.getmaskarray(values).any())


def in_plain_digits(text: str) -> bool:
    """Whether a text has neither underscores nor other scripts' digits, which Python reads as numbers too."""
    return text.isascii() and "_" not in text


def is_missing(label: Any) -> bool:
    """Whether an entry is None, NaN or what pandas has in their place."""
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError, ArithmeticError):  # pandas.NA is neither equal to itself nor different from it
        return True
