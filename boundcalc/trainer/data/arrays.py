"""Arrays by name, from .npz files and folders of .npy files: sizes are checked before they are built, nothing is unpickled."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from boundcalc.errors import InvalidInputError, suggestion

__all__ = [
    "MOST_BYTES", "apart", "check_archive", "check_size", "few", "find", "most_bytes", "read_array", "read_arrays", "repeated",
    "said",
]  # fmt: skip

#: Bytes that any file may unpack to; beyond a few of them, no more than so many times its own.
MOST_BYTES = 2**32
_SMALL, _MOST_TIMES = 2**25, 100
_LABELS = ("y", "label", "labels", "target", "class", "classes", "species", "diagnosis")


def apart(
    held: Mapping[str, Any], *, kind: str, label: str | None, groups: str | None, drop: Iterable[str], expected: str
) -> tuple[Any, Any, dict[str, Any]]:
    """Return labels, groups (or None) and all else of columns or arrays by name, without those that are left out.

    Parameters
    ----------
    held : mapping of str to array_like
    kind : str
        What they are, for messages: column or array.
    label, groups : str
        The names of labels (None: each row is a class of its own) and groups (default: ``groups``, if there is one).
    drop : iterable of str
    expected : str
        What would have been right.

    Raises
    ------
    InvalidInputError
        If one of the names is not there.
    """
    drop = [drop] if isinstance(drop, str) else list(drop)
    if label is not None and label not in held:
        near = [name for name in held if name.strip().lower() in _LABELS]
        hint = f" (rename {near[0]!r} to {label!r}, or give --label {near[0]})" if near else ""
        raise InvalidInputError(f"has no {kind} {label} (found: {few(held) or 'none'}){hint}; {expected}")
    for option, name in (("--groups", groups), *(("--drop", one) for one in drop)):
        if name is not None:
            find(held, name, kind=kind, option=option)
    if taken := [name for name in drop if name in (label, groups)]:
        raise InvalidInputError(f"--drop {few(taken)}: it is needed as label or groups")
    if groups is None and "groups" not in drop and getattr(held.get("groups"), "ndim", 1) == 1:
        groups = "groups"
    rest = {name: value for name, value in held.items() if name not in (label, groups, *drop)}
    if label is not None:
        y = held[label]
    else:
        y = np.arange(max((len(value) for value in rest.values() if np.ndim(value)), default=0)).astype(str)
    return y, None if groups is None else held.get(groups), rest


def find(held: Mapping[str, Any], name: str, *, kind: str, option: str) -> Any:
    """Return a column or array by its name; refuse one that is not there."""
    if name not in held:
        raise InvalidInputError(
            f"{option} {name!r}: there is no such {kind}{suggestion(name, held)} (found {few(held)})"
        )
    return held[name]


def read_arrays(path: Path, *, expected: str) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file or of a folder's .npy files; nothing is ever unpickled.

    Raises
    ------
    InvalidInputError
        If it is no such file or folder, or holds objects; the message ends with what is expected.
    """
    return _read_folder(path, expected) if path.is_dir() else _read_npz(path, expected)


def read_array(file: Path) -> np.ndarray:
    """Return the array of one .npy file.

    Raises
    ------
    InvalidInputError
        If it is no such file, or holds objects.
    """
    try:
        if not file.is_file():
            raise ValueError("it is no plain file")
        with file.open("rb") as stream:
            _declared(stream, file.stat().st_size)
        return np.asarray(np.load(file, allow_pickle=False))
    except InvalidInputError as error:
        raise InvalidInputError([f"{file.name} cannot be read: it {one}" for one in error.problems]) from error
    except Exception as error:  # numpy raises what its tokenizer does, among others, for a damaged header
        raise InvalidInputError(f"{file.name} cannot be read as .npy ({said(error)})") from error


def _read_folder(path: Path, expected: str) -> dict[str, np.ndarray]:
    files = sorted(path.glob("*.npy"))
    if not files:
        raise InvalidInputError(f"has no .npy file; {expected}, each in a file of its name")
    total = sum(file.stat().st_size for file in files if file.is_file())
    check_size(total, total, remedy="")
    return {file.stem: read_array(file) for file in files}


def _read_npz(path: Path, expected: str) -> dict[str, np.ndarray]:
    names = check_archive(path, expected=expected)
    if twice := repeated(name.removesuffix(".npy") for name in names):
        raise InvalidInputError(f"has two arrays of the same name: {few(map(repr, twice))}")
    try:
        with zipfile.ZipFile(path) as archive:
            total = 0
            for one in archive.infolist():
                with archive.open(one) as stream:
                    total += _declared(stream, one.file_size)
        check_size(total, path.stat().st_size, remedy="; save it by numpy.savez, uncompressed")
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except InvalidInputError:
        raise
    except (
        Exception
    ) as error:  # zipfile, zlib and numpy raise half a dozen unrelated types for a damaged or foreign file
        raise InvalidInputError(f"cannot be read as .npz ({said(error)}); {expected}") from error


def check_archive(path: Path, *, expected: str) -> list[str]:
    """Return the names in a zip archive; refuse what is none, or says that it unpacks to far more than it holds.

    Raises
    ------
    InvalidInputError
        If so.
    """
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(f"is not an {path.suffix} archive; {expected}")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except Exception as error:  # a damaged directory raises half a dozen unrelated types
        raise InvalidInputError(f"is damaged ({said(error)}); {expected}") from error
    check_size(sum(one.file_size for one in entries), path.stat().st_size, remedy="; save it uncompressed")
    return [one.filename for one in entries]


def check_size(unpacked: int, packed: int, *, remedy: str) -> None:
    """Refuse a file of ``packed`` bytes that unpacks to more than :func:`most_bytes`; the message ends with what can be done.

    Raises
    ------
    InvalidInputError
        If so.
    """
    if unpacked > (most := most_bytes(packed)):
        raise InvalidInputError(f"unpacks to more than {most:,} bytes, from {packed:,}{remedy}")


def most_bytes(packed: int) -> int:
    """Return how many bytes a file of ``packed`` bytes may unpack to: data are hardly a hundred times as large."""
    return min(MOST_BYTES, max(_SMALL, _MOST_TIMES * packed))


def _declared(stream: Any, size: int) -> int:
    """Return the bytes that an array takes as float64; refuse one whose header declares objects, or more than the file holds."""
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise InvalidInputError(
            "holds object arrays, which are never unpickled; save numbers, and strings as a fixed-width string array "
            "(np.asarray(labels, dtype=str))"
        )
    count = math.prod(map(int, shape))
    if min(shape, default=0) < 0 or count * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} is declared in {size:,} bytes")
    return count * max(dtype.itemsize, 8)


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that come more than once, in order."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def few(names: Iterable[str], most: int = 8) -> str:
    """Return the first names of a list, and how many more there are."""
    names = [" ".join(str(name).split())[:30] for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def said(error: Exception) -> str:
    """Return in one short line what another package says of a damaged file."""
    return " ".join(str(error).split())[:150]
