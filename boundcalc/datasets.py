"""Real multimodal data sets that installed packages ship, and users' own ``.npz`` and ``.csv`` files; all offline."""

from __future__ import annotations

import csv
import importlib.util
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from boundcalc.errors import InvalidInputError, require
from boundcalc.trainer.data.modalities import ModalityData

__all__ = ["available", "halves", "load"]

_MISSING = frozenset({"", "na", "nan", "null", "none", "n/a", "?"})


def available() -> Mapping[str, str]:
    """Return the data sets that can be loaded by name, each with one line about it.

    Examples
    --------
    >>> sorted(available())
    ['breast_cancer', 'digits', 'htad', 'penguins']
    """
    return MappingProxyType({name: about for name, (_, about) in _SETS.items()})


def load(source: str | Path) -> ModalityData:
    """Load a data set by name, or from a file.

    Parameters
    ----------
    source : str or Path
        A name from :func:`available`; a ``.npz`` file with one two-dimensional array per modality and ``y``; or a
        ``.csv`` file with columns ``modality__feature`` and ``y``. Empty cells, NA and NaN are missing values. A
        boolean array ``mask`` in a ``.npz`` file, shape (n, K), is True where a modality is missing, in the order in
        which the modalities were saved.

    Raises
    ------
    InvalidInputError
        If there is no such data set, or the file is not what is expected; the message says what is.
    MissingExtraError
        If the package that ships the data set is not installed.
    """
    if not isinstance(source, (str, Path)) or not str(source).strip():
        raise InvalidInputError(
            f"data {source!r}: expected one of {', '.join(_SETS)}, or the path of a .npz or .csv file"
        )
    name = str(source)
    if name in _SETS:
        return _SETS[name][0]()
    path = Path(source)
    if path.suffix.lower() not in (".npz", ".csv"):
        raise InvalidInputError(
            f"data {name!r}: expected one of {', '.join(_SETS)}, or a file that ends in .npz "
            "(one 2-D array per modality, and y) or .csv (columns modality__feature, and y)"
        )
    if not path.is_file():
        raise InvalidInputError(f"data {name!r}: there is no such file")
    return _load_npz(path) if path.suffix.lower() == ".npz" else _load_csv(path)


def _load_htad() -> ModalityData:
    """Home-tasks activities: 1,386 rows of wrist-accelerometer and audio features, 7 classes.

    Terms of use (readme of the data): research and education; commercial use and competitions need prior written
    permission; cite Garcia-Ceja et al., MultiMedia Modeling 2021, doi 10.1007/978-3-030-67835-7_17.
    """
    table, lines = read_csv(_shipped("multiviewstacking", "data/htad.csv", purpose="the data set htad"))
    return ModalityData(
        {
            "audio": np.column_stack([read_numbers(k, v, lines) for k, v in table.items() if k.startswith("v1_")]),
            "accelerometer": np.column_stack(
                [read_numbers(k, v, lines) for k, v in table.items() if k.startswith("v2_")]
            ),
        },
        np.asarray(table["class"]),
        name="htad",
        note="HTAD (Garcia-Ceja et al. 2021, doi 10.1007/978-3-030-67835-7_17): open for research and education; "
        "commercial use and competitions need prior written permission.",
    )


def _load_penguins() -> ModalityData:
    """Palmer penguins, raw table: 344 birds, 3 species, natural missing values."""
    table, lines = read_csv(_shipped("palmerpenguins", "data/penguins-raw.csv", purpose="the data set penguins"))

    def columns(*names: str) -> np.ndarray:
        return np.column_stack([read_numbers(name, table[name], lines) for name in names])

    # The blood isotopes are measured together; where one of the two is lost the block counts as missing.
    isotopes = columns("Delta 15 N (o/oo)", "Delta 13 C (o/oo)")
    isotopes[np.isnan(isotopes).any(axis=1)] = np.nan
    return ModalityData(
        {
            "bill": columns("Culmen Length (mm)", "Culmen Depth (mm)"),
            "body": columns("Flipper Length (mm)", "Body Mass (g)"),
            "isotopes": isotopes,
        },
        np.asarray([species.split()[0] for species in table["Species"]]),
        name="penguins",
        note="Palmer penguins (Horst, Hill, Gorman 2020), CC0. Blood samples are missing for some birds.",
    )


def _load_breast_cancer() -> ModalityData:
    """Wisconsin breast cancer: mean, standard error and worst value of ten measurements as three modalities."""
    bundle = require("sklearn.datasets", extra="train", purpose="the data set breast_cancer").load_breast_cancer()
    blocks = {name: bundle.data[:, 10 * k : 10 * k + 10] for k, name in enumerate(("mean", "error", "worst"))}
    return ModalityData(
        blocks, bundle.target_names[bundle.target], name="breast_cancer", note="UCI, Wolberg et al. 1995 (CC BY 4.0)."
    )


def _load_digits() -> ModalityData:
    """Handwritten digits: the left and the right half of images of 8 x 8 pixels as two modalities."""
    bundle = require("sklearn.datasets", extra="train", purpose="the data set digits").load_digits()
    note = "UCI, optical recognition of handwritten digits (Alpaydin, Kaynak 1998; CC BY 4.0)."
    return ModalityData(halves(bundle.images), bundle.target, name="digits", note=note)


def halves(images: ArrayLike) -> dict[str, np.ndarray]:
    """Cut images into their left and right halves, as two modalities.

    Parameters
    ----------
    images : array_like of shape (n, height, width)
        An even width.

    Returns
    -------
    dict of str to ndarray of shape (n, height width/2)

    Raises
    ------
    InvalidInputError
        If these are no such images.
    """
    array = np.asarray(images, dtype=float)
    if array.ndim != 3 or array.shape[2] % 2:
        raise InvalidInputError(f"images of shape {array.shape}: expected (n, height, width) with an even width")
    left, right = np.split(array, 2, axis=2)
    return {"left": left.reshape(len(array), -1), "right": right.reshape(len(array), -1)}


_SETS: dict[str, tuple[Callable[[], ModalityData], str]] = {
    "htad": (_load_htad, "home tasks: audio (36) and accelerometer (16) features, 1,386 rows, 7 classes; research use"),
    "penguins": (_load_penguins, "Palmer penguins: bill, body, isotopes; 344 rows, 3 species, natural missing values"),
    "breast_cancer": (_load_breast_cancer, "breast cancer: mean, error, worst (10 each), 569 rows, 2 classes"),
    "digits": (_load_digits, "handwritten digits: left and right half (32 each), 1,797 rows, 10 classes"),
}


def _shipped(package: str, relative: str, *, purpose: str) -> Path:
    # Found without importing the package: its imports are heavy and not needed for one file.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        require(package, extra="data", purpose=purpose)
        raise InvalidInputError(f"{purpose}: the installed {package} is not a package that ships data")
    path = Path(next(iter(spec.submodule_search_locations))) / relative
    if not path.is_file():
        raise InvalidInputError(f"{purpose}: the installed {package} does not ship {relative}")
    return path


def read_npz(path: Path, *, expected: str) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file; nothing is ever unpickled.

    Raises
    ------
    InvalidInputError
        If it is no such file or holds objects; the message ends with what is expected.
    """
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(f"is not an .npz archive; {expected}", context=str(path))
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except ValueError as error:
        if "pickle" not in str(error).lower() and "object" not in str(error).lower():
            raise InvalidInputError(f"cannot be read as .npz ({error}); {expected}", context=str(path)) from error
        raise InvalidInputError(
            "holds object arrays, which are never unpickled; save numbers, and strings as a fixed-width string array "
            "(np.asarray(labels, dtype=str))",
            context=str(path),
        ) from error
    except Exception as error:
        # zipfile, zlib and numpy raise half a dozen unrelated types for a damaged or foreign file.
        raise InvalidInputError(f"cannot be read as .npz ({error}); {expected}", context=str(path)) from error


def _load_npz(path: Path) -> ModalityData:
    expected = "expected one 2-D array per modality, and y"
    arrays = read_npz(path, expected=expected)
    if "y" not in arrays:
        raise InvalidInputError(
            f"has no array y (found: {', '.join(arrays) or 'none'}){_similar_name(arrays)}; {expected}",
            context=str(path),
        )
    y = arrays.pop("y")
    if not arrays:
        raise InvalidInputError(f"has y only; {expected}", context=str(path))
    mask = arrays.pop("mask") if "mask" in arrays and arrays["mask"].dtype.kind == "b" else None
    if "mask" in arrays and _looks_like_mask(arrays["mask"], rows=y.shape[:1], modalities=len(arrays) - 1):
        raise InvalidInputError(
            "holds zeros and ones in mask: save mask.astype(bool) if they say where a modality is missing, and choose "
            "another name if they are features",
            context=str(path),
        )
    return ModalityData(arrays, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y, mask=mask, name=path.stem)


def _looks_like_mask(array: np.ndarray, *, rows: tuple[int, ...], modalities: int) -> bool:
    """Whether an array that is not boolean has a mask's shape and values."""
    return array.shape == (*rows, modalities) and array.dtype.kind in "iuf" and bool(np.isin(array, (0, 1)).all())


def _similar_name(found: Iterable[str]) -> str:
    """Return a hint at a name that was probably meant to be y."""
    near = [name for name in found if name.strip().lower() in ("y", "label", "labels", "target", "class", "classes")]
    return f" (rename {near[0]!r} to 'y'?)" if near else ""


def _load_csv(path: Path) -> ModalityData:
    expected = "expected columns modality__feature (two underscores), and y"
    try:
        table, lines = read_csv(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"cannot be read as .csv ({error}); {expected}", context=str(path)) from error
    if "y" not in table:
        hint = _similar_name(table)
        separator = next((mark for mark in (";", "\t", "|") if any(mark in column for column in table)), None)
        if separator is not None:
            hint = f" (line 1 seems to be separated by {separator!r}: expected commas)"
        raise InvalidInputError(
            f"has no column y (found: {', '.join(table) or 'none'}){hint}; {expected}", context=str(path)
        )
    labels = table.pop("y")
    blocks: dict[str, list[np.ndarray]] = {}
    problems = []
    for column, cells in table.items():
        modality, separator, feature = column.partition("__")
        if not (modality and separator and feature):
            problems.append(f"column {column!r}: {expected}")
            continue
        try:
            blocks.setdefault(modality, []).append(read_numbers(column, cells, lines))
        except InvalidInputError as error:
            problems.extend(error.problems)
    empty = next((i for i, label in enumerate(labels) if label.strip().lower() in _MISSING), None)
    if empty is not None:
        problems.append(f"column y, line {lines[empty]}: {labels[empty]!r} is no label: expected one label per row")
    if not blocks and not problems:
        problems.append(f"has no feature column; {expected}")
    if problems:
        raise InvalidInputError(problems, context=str(path))
    arrays = {name: np.column_stack(columns) for name, columns in blocks.items()}
    return ModalityData(arrays, read_labels(labels), name=path.stem, lines=lines)


def read_labels(cells: list[str]) -> np.ndarray:
    """Return numbers where all labels are, so that 1, 1.0 and a continuous target are told for what they are."""
    try:
        numbers = np.array([float(cell) for cell in cells])
    except ValueError:
        return np.asarray([cell.strip() for cell in cells])
    whole = bool((np.abs(numbers) < 2**53).all() and (numbers == np.rint(numbers)).all())
    return numbers.astype(np.int64) if whole else numbers


def read_csv(path: Path) -> tuple[dict[str, list[str]], list[int]]:
    """Return the columns, and the number of the line in which each row ends."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        numbered = [(reader.line_num, row) for row in reader if row]
    if not numbered:
        return {}, []
    lines, rows = [line for line, _ in numbered], [row for _, row in numbered]
    header = [cell.strip() for cell in rows[0]]
    if len(set(header)) != len(header):
        raise InvalidInputError("has two columns of the same name", context=str(path))
    bad = next((i for i, row in enumerate(rows) if len(row) != len(header)), None)
    if bad is not None:
        raise InvalidInputError(
            f"line {lines[bad]} has {len(rows[bad])} cells: expected {len(header)}, as in the header", context=str(path)
        )
    return {name: [row[k] for row in rows[1:]] for k, name in enumerate(header)}, lines[1:]


def read_numbers(column: str, cells: list[str], lines: list[int]) -> np.ndarray:
    numbers = np.empty(len(cells))
    for i, cell in enumerate(cells):
        try:
            numbers[i] = np.nan if cell.strip().lower() in _MISSING else float(cell)
        except ValueError:
            raise InvalidInputError(f"column {column!r}, line {lines[i]}: {cell!r} is not a number") from None
    return numbers
