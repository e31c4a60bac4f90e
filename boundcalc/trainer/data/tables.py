"""Tables from files and frames: columns with the lines of their rows; nothing in them is believed to be clean."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError, require
from boundcalc.frozen import Frozen
from boundcalc.trainer.data import arrays
from boundcalc.trainer.data.arrays import apart, check_archive, check_size, few, find, repeated, said
from boundcalc.trainer.data.arrow import unpacked_bytes
from boundcalc.trainer.data.labels import MISSING, in_plain_digits, is_missing, place_of
from boundcalc.trainer.data.modalities import ModalityData

__all__ = ["TABLES", "Table", "of_frame", "read_labels", "read_numbers", "read_table", "suspicion"]

#: Endings of tables; those of the second group are read by pandas (extra ``formats``).
TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
TABLES = (*TEXT, ".parquet", ".feather", ".xlsx")
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
        return place_of(row, self.lines)

    def column(self, name: str, *, option: str) -> Sequence[Any]:
        """Return a column; refuse one that is not there."""
        found: Sequence[Any] = find(self.columns, name, kind="column", option=option)
        return found

    def data(
        self,
        *,
        label: str | None = "y",
        groups: str | None = None,
        drop: Iterable[str] = (),
        modalities: Mapping[str, str | Sequence[str]] | None = None,
    ) -> ModalityData:
        """Return the modalities, labels and groups that the columns are.

        Parameters
        ----------
        label, groups : str
            The columns with the labels (None: each row is a class of its own) and with what rows belong to (default:
            ``groups``, if there is one).
        drop : iterable of str
            Columns to leave out.
        modalities : mapping of str to str or sequence of str, optional
            For each modality a prefix of its columns, or their names; by default columns are ``modality__feature``.

        Raises
        ------
        InvalidInputError
            If columns are missing, belong to no modality, or hold what they should not.
        """
        problems: list[str] = []
        y, belongs, rest = self.apart(label=label, groups=groups, drop=drop, problems=problems)
        chosen = _by_convention(rest) if modalities is None else self._chosen(rest, modalities)
        blocks: dict[str, np.ndarray] = {}
        text: dict[str, dict[int, tuple[str, ...]]] = {}
        for modality, names in chosen.items():
            read = [self._read(name, problems) for name in names]
            blocks[modality] = np.column_stack([numbers for numbers, _ in read])
            text[modality] = {place: words for place, (_, words) in enumerate(read) if words}
        if problems:
            raise InvalidInputError(problems)
        return ModalityData(
            blocks, y, name=self.name, lines=self.lines, groups=belongs, impute=True, text=text, note=suspicion(rest),
            labelled=label is not None,
        )  # fmt: skip

    def apart(
        self, *, label: str | None, groups: str | None, drop: Iterable[str], problems: list[str]
    ) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
        """Return labels, groups (or None) and the names of all other columns; note rows without a label."""
        cells, belongs, rest = apart(
            self.columns, kind="column", label=label, groups=groups, drop=drop, expected=_EXPECTED
        )
        labels = list(cells)
        empty = next((row for row, cell in enumerate(labels) if _is_missing(cell)), None)
        if empty is not None:
            problems.append(
                f"column {label}, {self.place(empty)}: {labels[empty]!r} is no label: expected one label per row; leave the row out"
            )
        y = read_labels(labels) if all(isinstance(cell, str) for cell in labels) else np.asarray(labels)
        named = (
            None if belongs is None else np.asarray([None if _is_missing(one) else str(one).strip() for one in belongs])
        )
        return y, named, list(rest)

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
        if words and all(_COMMA.fullmatch(word) for word in words):
            problems.append(
                f"column {name!r} has decimal commas (such as {shortened(words[0])}): write numbers with a point"
            )
            return np.full(len(cells), np.nan), ()
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
        if twice := repeated(taken):
            raise InvalidInputError(f"--modality: {few(twice)} belongs to two modalities")
        return chosen


_EXPECTED = (
    "expected columns modality__feature (two underscores), and y; or say which is what by --label and --modality "
    "NAME=PREFIX"
)
_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[-+]?\d+)?", re.I)
_IDENTITY = re.compile(
    r"(?:^|[_ .-])(id|ids|uid|uuid|subject|patient|participant|speaker|session|user|person|customer)(?:$|[_ .-])", re.I
)


def suspicion(columns: Iterable[str]) -> str:
    """Say which features are named like an identity."""
    named = [name for name in columns if _IDENTITY.search(name.rpartition("__")[2])]
    if not named:
        return ""
    return (
        f"{few(named)} is named like an identity: if its rows belong together, give it as --groups, not as a feature."
    )


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
        hint = f"; {named.removesuffix('.')}" if (named := suspicion(odd)) else ""
        raise InvalidInputError(
            f"{which}: expected columns modality__feature (two underscores), and y; say by --modality NAME=PREFIX (or "
            f"NAME=COLUMN,COLUMN) which belong to a modality, or leave them out by --drop{hint}"
        )
    return found


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING
    return is_missing(cell)


def _number(cell: Any) -> float:
    """Return what a cell says, in plain digits."""
    if isinstance(cell, bool | np.bool_):
        raise ValueError
    if isinstance(cell, str) and not in_plain_digits(cell):
        raise ValueError
    return float(cell)


def _is_number(cell: Any) -> bool:
    try:
        _number(cell)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def read_numbers(column: str, cells: Sequence[Any], lines: Sequence[int] | None, *, gaps: bool = True) -> np.ndarray:
    """Return the numbers of a column, NaN where one is missing; without ``gaps`` that is refused.

    Raises
    ------
    InvalidInputError
        Naming column and line of the first cell that is none.
    """
    if gaps and all(type(cell) is str for cell in cells) and in_plain_digits("".join(cells)):
        with suppress(ValueError, OverflowError):
            return np.array([float(cell) for cell in cells])
    numbers = np.empty(len(cells))
    for i, cell in enumerate(cells):
        try:
            numbers[i] = np.nan if gaps and _is_missing(cell) else _number(cell)
            if not gaps and np.isnan(numbers[i]):
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            where = place_of(i, lines)
            raise InvalidInputError(f"column {column!r}, {where}: {shortened(cell)} is not a number") from None
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
    read, purpose = (_read_sheet, "openpyxl") if name.endswith(".xlsx") else (_read_arrow, "pyarrow.dataset")
    engine = require(purpose, extra="formats", purpose=f"reading {path.name}")
    try:
        return read(path, engine)
    except (InvalidInputError, ImportError):
        raise
    except Exception as error:  # each engine raises its own types for damaged files
        raise InvalidInputError(f"cannot be read as {path.suffix} ({said(error)})") from error


def _read_arrow(path: Path, engine: Any) -> Table:
    """Read a file of Arrow, whose declared rows are counted before they are built."""
    require("pandas", extra="formats", purpose=f"reading {path.name}")
    import pyarrow

    kept, size, total, batches = engine.dataset(path, format=path.suffix[1:].lower()), path.stat().st_size, 0, []
    if odd := [one.name for one in kept.schema if pyarrow.types.is_nested(one.type)]:
        raise InvalidInputError(f"column {odd[0]!r} holds lists: expected one number or text in each cell")
    check_size(unpacked_bytes(path), size, remedy=_OTHERWISE)
    check_size(8 * kept.count_rows() * len(kept.schema), size, remedy=_OTHERWISE)
    # A text that is stored once may be written out in each row: a few at a time tell.
    rows = (
        64 if any(pyarrow.types.is_large_string(t) or pyarrow.types.is_string(t) for t in kept.schema.types) else 2**14
    )
    for batch in kept.scanner(batch_size=rows, batch_readahead=1, use_threads=False).to_batches():
        batch.validate(full=True)  # offsets of a damaged file may ask for any memory, which ends the process
        total += batch.nbytes
        check_size(total, size, remedy=_OTHERWISE)
        batches.append(batch)
    table = pyarrow.Table.from_batches(batches, schema=kept.schema)
    return of_frame(table.to_pandas(), name=path.stem)


_OTHERWISE = "; save it as .npz, uncompressed"


def _read_sheet(path: Path, engine: Any) -> Table:
    """Read the first sheet, whose cells may be declared to be anywhere."""
    check_archive(path, expected="expected a sheet")
    size, cells, rows = path.stat().st_size, 0, []
    with path.open("rb") as stream, closing(engine.load_workbook(stream, read_only=True, data_only=True)) as book:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for line, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells += 1 + len(row)
            check_size(8 * cells, size, remedy="; it has cells far outside the table")
            kept = list(row)
            while kept and kept[-1] is None:
                kept.pop()
            if kept:
                rows.append((line, kept))
    width = len(rows[0][1]) if rows else 0
    return _headed([(line, row + [None] * (width - len(row))) for line, row in rows], name=path.stem)


def of_frame(frame: Any, *, name: str = "frame") -> Table:
    """Return the table of a pandas or polars frame."""
    columns = [str(one) for one in frame.columns]
    if twice := repeated(columns):
        raise InvalidInputError(f"two columns are called {twice[0]!r}")
    if hasattr(frame, "get_columns"):  # polars
        return Table({one: frame[one].to_list() for one in columns}, name=name)
    return Table({one: list(frame.iloc[:, place]) for place, one in enumerate(columns)}, name=name)


def _read_text(path: Path) -> Table:
    """Read a text table, its separator found in the header."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    most, name = arrays.most_bytes(path.stat().st_size), path.name.partition(".")[0]
    try:
        with opened(path, "rb") as stream:
            content = stream.read(most + 1)
        check_size(len(content), path.stat().st_size, remedy="; unpack it, if it is what you expect")
        text = content.decode("utf-8-sig")
        head = next((line for line in text.splitlines() if line.strip()), "")
        separator = max(_SEPARATORS, key=lambda mark: (head.count(mark), mark == ","))
        rows = list(_rows(text, separator))
    except InvalidInputError:
        raise
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        raise InvalidInputError(f"cannot be read as .csv in UTF-8 ({said(error)})") from error
    return _headed(rows, name=name, separator=separator)


def _headed(rows: Sequence[tuple[int, Sequence[Any]]], *, name: str, separator: str = "") -> Table:
    """Return the table of rows with the lines that they end in, of which the first has the names of the columns."""
    if not rows:
        return Table({}, [], name)
    header = ["" if cell is None else str(cell).strip() for cell in rows[0][1]]
    if twice := repeated(header):
        raise InvalidInputError(f"has two columns of the same name: {twice[0]!r}")
    for line, row in rows:
        if len(row) != len(header):
            raise InvalidInputError(
                f"line {line} has {len(row)} cells: expected {len(header)}, as in the header"
                f"{f' (separator {separator!r})' * bool(separator)}"
            )
    columns = list(zip(*(row for _, row in rows[1:]), strict=True)) or [()] * len(header)
    return Table(dict(zip(header, map(list, columns), strict=True)), [line for line, _ in rows[1:]], name)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for row in reader:
        if row:
            yield reader.line_num, row
