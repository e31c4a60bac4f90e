"""Tables from files and frames: columns with the lines of their rows; nothing in them is believed to be clean."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError, require, suggestion
from boundcalc.frozen import Frozen
from boundcalc.trainer.data.modalities import ModalityData

__all__ = ["MISSING", "TABLES", "Table", "few", "of_frame", "read_labels", "read_npz", "read_numbers", "read_table"]

MISSING = frozenset({"", "na", "nan", "null", "none", "n/a", "?", "<na>", "nat"})
#: Endings of tables; those of the second group are read by pandas (extra ``formats``).
TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
TABLES = (*TEXT, ".parquet", ".feather", ".xlsx")
#: Bytes that an archive may unpack to.
MOST_BYTES = 2**32
_SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Table(Frozen):
    """Columns by name.

    Attributes
    ----------
    columns : mapping of str to sequence
        Text as it was read, or what a frame holds.
    lines : sequence of int or None
        The line of the file in which each row ends.
    name : str
    """

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int] | None = None
    name: str = ""

    def place(self, row: int) -> str:
        """Say where a row is."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"

    def column(self, name: str, *, option: str) -> Sequence[Any]:
        """Return a column; refuse one that is not there."""
        if name not in self.columns:
            raise InvalidInputError(
                f"{option} {name!r}: there is no such column{suggestion(name, self.columns)} (found {few(self.columns)})"
            )
        return self.columns[name]

    def data(
        self,
        *,
        label: str = "y",
        groups: str | None = None,
        drop: Iterable[str] = (),
        modalities: Mapping[str, str | Sequence[str]] | None = None,
    ) -> ModalityData:
        """Return the modalities, labels and groups that the columns are.

        Parameters
        ----------
        label, groups : str
            The columns with the labels and with what rows belong to (default: ``groups``, if there is one).
        drop : iterable of str
            Columns to leave out.
        modalities : mapping of str to str or sequence of str, optional
            For each modality a prefix of its columns, or their names; by default columns are ``modality__feature``.

        Raises
        ------
        InvalidInputError
            If columns are missing, belong to no modality, or hold what they should not.
        """
        if label not in self.columns:
            near = [name for name in self.columns if name.strip().lower() in _LABELS]
            hint = f" (rename {near[0]!r} to 'y', or give --label {near[0]})" if near else ""
            raise InvalidInputError(
                f"has no column {label} (found: {few(self.columns) or 'none'}){hint}; expected columns modality__feature (two "
                "underscores), and y; or say which is what by --label and --modality NAME=PREFIX"
            )
        groups = groups or ("groups" if "groups" in self.columns else None)
        subjects = None if groups is None else self.column(groups, option="--groups")
        for name in (dropped := [drop] if isinstance(drop, str) else list(drop)):
            self.column(name, option="--drop")
        rest = [name for name in self.columns if name not in (label, groups, *dropped)]
        chosen = _by_convention(rest) if modalities is None else self._chosen(rest, modalities)
        labels, problems = list(self.columns[label]), []
        empty = next((row for row, cell in enumerate(labels) if _is_missing(cell)), None)
        if empty is not None:
            problems.append(
                f"column {label}, {self.place(empty)}: {labels[empty]!r} is no label: expected one label per row; leave the row out"
            )
        blocks: dict[str, np.ndarray] = {}
        text: dict[str, dict[int, tuple[str, ...]]] = {}
        for modality, names in chosen.items():
            read = [self._read(name, problems) for name in names]
            blocks[modality] = np.column_stack([numbers for numbers, _ in read])
            text[modality] = {place: words for place, (_, words) in enumerate(read) if words}
        if problems:
            raise InvalidInputError(problems)
        y = read_labels(labels) if all(isinstance(cell, str) for cell in labels) else np.asarray(labels)
        belongs = None if subjects is None else np.asarray([None if _is_missing(one) else str(one) for one in subjects])
        return ModalityData(
            blocks, y, name=self.name, lines=self.lines, groups=belongs, impute=True, text=text, note=_suspicion(rest)
        )

    def _read(self, name: str, problems: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return a column as numbers, and what they stand for where it is text."""
        cells = list(self.columns[name])
        try:
            return read_numbers(name, cells, self.lines), ()
        except InvalidInputError as error:
            given = [cell for cell in cells if not _is_missing(cell)]
            numeric = sum(_is_number(cell) for cell in given)
            if numeric or not all(isinstance(cell, str | bool | np.bool_) for cell in given):
                problems.extend(
                    f"{one}; correct it, or leave the column out by --drop {name}" if len(problems) < 3 else one
                    for one in error.problems
                )
                return np.full(len(cells), np.nan), ()
        words = tuple(sorted({str(cell).strip() for cell in given}))
        if len(words) > max(20, len(cells) // 5):
            problems.append(
                f"column {name!r} has {len(words):,} different texts in {len(cells):,} rows (such as {shortened(words[0])}): it is "
                f"no category; leave it out by --drop {name}"
            )
        places = {word: float(place) for place, word in enumerate(words)}
        return np.array([np.nan if _is_missing(cell) else places[str(cell).strip()] for cell in cells]), words

    def _chosen(self, rest: list[str], modalities: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
        chosen: dict[str, list[str]] = {}
        for modality, columns in modalities.items():
            if isinstance(columns, str):
                found = [name for name in rest if name.startswith(columns)]
                if not found:
                    raise InvalidInputError(f"--modality {modality}={columns}: no column begins so (found {few(rest)})")
            else:
                found = list(columns)
                for name in found:
                    self.column(name, option=f"--modality {modality}:")
            chosen[modality] = found
        taken = [name for names in chosen.values() for name in names]
        if twice := sorted({name for name in taken if taken.count(name) > 1}):
            raise InvalidInputError(f"--modality: {few(twice)} belongs to two modalities")
        return chosen


_LABELS = ("y", "label", "labels", "target", "class", "classes", "species", "diagnosis")
_IDENTITY = re.compile(
    r"(?:^|[_ .-])(id|ids|uid|uuid|subject|patient|participant|speaker|session|user|person|customer)(?:$|[_ .-])", re.I
)


def _suspicion(columns: Iterable[str]) -> str:
    """Say which features are named like an identity."""
    named = [name for name in columns if _IDENTITY.search(name.rpartition("__")[2])]
    if not named:
        return ""
    return (
        f"{few(named)} is named like an identity: if its rows belong together, give it as --groups, not as a feature."
    )


def few(names: Iterable[str], most: int = 8) -> str:
    """Return the first names of a list, and how many more there are."""
    names = [" ".join(str(name).split())[:30] for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _by_convention(columns: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    odd = []
    for name in columns:
        modality, separator, feature = name.partition("__")
        if modality and separator and feature:
            found.setdefault(modality, []).append(name)
        else:
            odd.append(name)
    if odd or not found:
        which = f"column{'s' * (len(odd) > 1)} {few(map(repr, odd))}" if odd else "no feature column"
        raise InvalidInputError(
            f"{which}: expected columns modality__feature (two underscores), and y; say by --modality NAME=PREFIX (or "
            "NAME=COLUMN,COLUMN) which belong to a modality, or leave them out by --drop"
        )
    return found


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:150]


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING
    try:
        return cell is None or bool(cell != cell)
    except (TypeError, ValueError):  # pandas.NA is neither equal to itself nor different from it
        return True


def _number(cell: Any) -> float:
    """Return what a cell says, in plain digits."""
    if isinstance(cell, bool | np.bool_):
        raise ValueError
    if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
        raise ValueError
    return float(cell)


def _is_number(cell: Any) -> bool:
    try:
        _number(cell)
    except (TypeError, ValueError):
        return False
    return True


def read_numbers(column: str, cells: Sequence[Any], lines: Sequence[int] | None) -> np.ndarray:
    """Return the numbers of a column, NaN where one is missing.

    Raises
    ------
    InvalidInputError
        Naming column and line of the first cell that is none.
    """
    numbers = np.empty(len(cells))
    for i, cell in enumerate(cells):
        try:
            numbers[i] = np.nan if _is_missing(cell) else _number(cell)
        except (TypeError, ValueError):
            place = f"row {i}" if lines is None else f"line {lines[i]}"
            raise InvalidInputError(f"column {column!r}, {place}: {shortened(cell)} is not a number") from None
    return numbers


def read_labels(cells: Sequence[str]) -> np.ndarray:
    """Return numbers where all labels are, so that 1, 1.0 and a continuous target are told for what they are."""
    try:
        numbers = np.array([_number(cell) for cell in cells])
    except ValueError:
        return np.asarray([cell.strip() for cell in cells])
    whole = bool((np.abs(numbers) < 2**53).all() and (numbers == np.rint(numbers)).all())
    return numbers.astype(np.int64) if whole else numbers


def read_table(path: Path) -> Table:
    """Return the table of a file, by its ending.

    Raises
    ------
    InvalidInputError
        If it cannot be read.
    MissingExtraError
        If the package that reads it is not installed.
    """
    name = path.name.lower()
    if name.endswith(TEXT):
        return _read_text(path)
    pandas = require("pandas", extra="formats", purpose=f"reading {path.name}")
    require("openpyxl" if name.endswith(".xlsx") else "pyarrow", extra="formats", purpose=f"reading {path.name}")
    reader = {".parquet": "read_parquet", ".feather": "read_feather", ".xlsx": "read_excel"}[path.suffix.lower()]
    if name.endswith(".xlsx"):
        check_archive(path, expected="expected a sheet")
    try:
        frame = getattr(pandas, reader)(path)
    except Exception as error:  # each engine raises its own types for damaged files
        raise InvalidInputError(f"cannot be read as {path.suffix} ({_said(error)})") from error
    return of_frame(frame, name=path.stem)


def of_frame(frame: Any, *, name: str = "frame") -> Table:
    """Return the table of a pandas or polars frame."""
    columns = [str(one) for one in frame.columns]
    if twice := sorted({one for one in columns if columns.count(one) > 1}):
        raise InvalidInputError(f"two columns are called {twice[0]!r}")
    if hasattr(frame, "get_columns"):  # polars
        return Table({one: frame[one].to_list() for one in columns}, name=name)
    return Table({one: list(frame.iloc[:, place]) for place, one in enumerate(columns)}, name=name)


def _read_text(path: Path) -> Table:
    """Read a text table, its separator found in the header."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InvalidInputError(f"unpacks to more than {MOST_BYTES:,} bytes")
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"cannot be read as .csv in UTF-8 ({_said(error)})") from error
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda mark: (head.count(mark), mark == ","))
    try:
        rows = list(_rows(text, separator))
    except csv.Error as error:
        raise InvalidInputError(f"cannot be read as .csv ({_said(error)})") from error
    if not rows:
        return Table({}, [], path.name.partition(".")[0])
    header = [cell.strip() for cell in rows[0][1]]
    if twice := sorted({one for one in header if header.count(one) > 1}):
        raise InvalidInputError(f"has two columns of the same name: {twice[0]!r}")
    for line, row in rows:
        if len(row) != len(header):
            raise InvalidInputError(
                f"line {line} has {len(row)} cells: expected {len(header)}, as in the header (separator {separator!r})"
            )
    columns = list(zip(*(row for _, row in rows[1:]), strict=True)) or [()] * len(header)
    return Table(
        dict(zip(header, map(list, columns), strict=True)), [line for line, _ in rows[1:]], path.name.partition(".")[0]
    )


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for row in reader:
        if row:
            yield reader.line_num, row


def check_archive(path: Path, *, expected: str) -> None:
    """Refuse what is no zip archive, or one that says it would unpack to more than any data set here.

    Raises
    ------
    InvalidInputError
        If so.
    """
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(f"is not an {path.suffix} archive; {expected}", context=str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
    except Exception as error:  # a damaged directory raises half a dozen unrelated types
        raise InvalidInputError(f"is damaged ({shortened(str(error))}); {expected}", context=str(path)) from error
    if size > MOST_BYTES:
        raise InvalidInputError(f"unpacks to {size:,} bytes: expected at most {MOST_BYTES:,}", context=str(path))


def read_npz(path: Path, *, expected: str) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file, their declared sizes checked before they are unpacked; nothing is ever unpickled.

    Raises
    ------
    InvalidInputError
        If it is no such file or holds objects; the message ends with what is expected.
    """
    check_archive(path, expected=expected)
    try:
        with zipfile.ZipFile(path) as archive:
            for one in archive.infolist():
                with archive.open(one) as stream:
                    check_declared(stream, one.file_size)
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except ValueError as error:
        if "pickle" not in str(error).lower() and "object" not in str(error).lower():
            raise InvalidInputError(
                f"cannot be read as .npz ({_said(error)}); {expected}", context=str(path)
            ) from error
        raise InvalidInputError(
            "holds object arrays, which are never unpickled; save numbers, and strings as a fixed-width string array "
            "(np.asarray(labels, dtype=str))",
            context=str(path),
        ) from error
    except Exception as error:
        # zipfile, zlib and numpy raise half a dozen unrelated types for a damaged or foreign file.
        raise InvalidInputError(f"cannot be read as .npz ({_said(error)}); {expected}", context=str(path)) from error


def check_declared(stream: Any, size: int) -> None:
    """Refuse an array whose header declares more than the file holds.

    Raises
    ------
    ValueError
        If it does.
    """
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    count = 1
    for length in shape:
        count *= int(length)
    if not dtype.hasobject and count * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} is declared in {size:,} bytes")
