"""Arrays by name, from .npz files and folders of .npy files: sizes are checked before they are built, nothing is unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from boundcalc.errors import InvalidInputError, suggestion

__all__ = ["MOST_BYTES", "apart", "check_archive", "few", "find", "read_arrays", "said"]

#: Bytes that an archive may unpack to.
MOST_BYTES = 2**32
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
        hint = f" (rename {near[0]!r} to 'y', or give --label {near[0]})" if near else ""
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


def _read_folder(path: Path, expected: str) -> dict[str, np.ndarray]:
    arrays = {}
    for file in sorted(path.glob("*.npy")):
        try:
            with file.open("rb") as stream:
                _check_declared(stream, file.stat().st_size)
            arrays[file.stem] = np.load(file, allow_pickle=False)
        except Exception as error:  # numpy raises what its tokenizer does, among others, for a damaged header
            raise InvalidInputError(f"{file.name} cannot be read as .npy ({said(error)})") from error
    if not arrays:
        raise InvalidInputError(f"has no .npy file; {expected}, each in a file of its name")
    return arrays


def _read_npz(path: Path, expected: str) -> dict[str, np.ndarray]:
    check_archive(path, expected=expected)
    try:
        with zipfile.ZipFile(path) as archive:
            for one in archive.infolist():
                with archive.open(one) as stream:
                    _check_declared(stream, one.file_size)
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except ValueError as error:
        if "pickle" not in str(error).lower() and "object" not in str(error).lower():
            raise InvalidInputError(f"cannot be read as .npz ({said(error)}); {expected}") from error
        raise InvalidInputError(
            "holds object arrays, which are never unpickled; save numbers, and strings as a fixed-width string array "
            "(np.asarray(labels, dtype=str))",
        ) from error
    except Exception as error:
        # zipfile, zlib and numpy raise half a dozen unrelated types for a damaged or foreign file.
        raise InvalidInputError(f"cannot be read as .npz ({said(error)}); {expected}") from error


def check_archive(path: Path, *, expected: str, most: int | None = None) -> None:
    """Refuse what is no zip archive, or one that says it would unpack to more than any data set here.

    Raises
    ------
    InvalidInputError
        If so.
    """
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(f"is not an {path.suffix} archive; {expected}")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
    except Exception as error:  # a damaged directory raises half a dozen unrelated types
        raise InvalidInputError(f"is damaged ({said(error)}); {expected}") from error
    if size > (most or MOST_BYTES):
        raise InvalidInputError(f"unpacks to {size:,} bytes: expected at most {most or MOST_BYTES:,}")


def _check_declared(stream: Any, size: int) -> None:
    """Refuse an array whose header declares more than the file holds."""
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    count = 1
    for length in shape:
        count *= int(length)
    if not dtype.hasobject and count * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} is declared in {size:,} bytes")


def few(names: Iterable[str], most: int = 8) -> str:
    """Return the first names of a list, and how many more there are."""
    names = [" ".join(str(name).split())[:30] for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def said(error: Exception) -> str:
    """Return in one short line what another package says of a damaged file."""
    return " ".join(str(error).split())[:150]
