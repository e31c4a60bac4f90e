"""Data as people have it: kinds of tables, separators, text and single missing values, columns named on the command line."""

import gzip
import json
import os
import zipfile

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError, MissingExtraError
from boundcalc.trainer import Measurements, measure_subsets
from boundcalc.trainer.data import arrays
from boundcalc.trainer.data.arrays import few
from boundcalc.trainer.data.encoding import Encoding
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.settings import Settings

N = 40
RNG = np.random.default_rng(0)
COLUMNS = {
    "audio_0": RNG.normal(size=N).round(4),
    "audio_1": RNG.normal(size=N).round(4),
    "pixel": RNG.normal(size=N).round(4),
    "site": np.array(["north", "south"])[RNG.integers(0, 2, N)],
    "patient": np.repeat([f"p{k}" for k in range(20)], 2),
    "kind": np.tile(["ill", "well"], N // 2),
}
OPTIONS = {"label": "kind", "groups": "patient", "modalities": {"audio": "audio_", "image": ["pixel", "site"]}}
GIVEN = ["--label", "kind", "--groups", "patient", "--modality", "audio=audio_", "--modality", "image=pixel,site"]


def text(separator=",", columns=COLUMNS):
    rows = zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True)
    return "\n".join([separator.join(columns), *(separator.join(map(str, row)) for row in rows)])


def same(data):
    assert data.names == ("audio", "image")
    assert data.dims == {"audio": 2, "image": 2}
    assert data.y.tolist() == COLUMNS["kind"].tolist()
    assert data.groups.tolist() == np.unique(COLUMNS["patient"], return_inverse=True)[1].tolist()
    np.testing.assert_allclose(data.arrays["audio"], np.column_stack([COLUMNS["audio_0"], COLUMNS["audio_1"]]))
    assert data.text == {"image": {1: ("north", "south")}}
    assert data.arrays["image"][:, 1].tolist() == (COLUMNS["site"] == "south").astype(float).tolist()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_of_a_text_table_is_found(tmp_path, separator):
    path = tmp_path / "data.csv"
    path.write_text(text(separator), encoding="utf-8-sig")
    same(load(path, **OPTIONS))


@pytest.mark.parametrize("name", ["data.tsv", "data.csv.gz", "data.tsv.gz", "data.txt"])
def test_other_endings_of_text_tables(tmp_path, name):
    path = tmp_path / name
    content = text("\t" if "tsv" in name else ",").encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    same(load(path, **OPTIONS))


def test_frames_of_pandas(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    same(load(frame, **OPTIONS))
    same(load(frame.astype({"site": "category", "kind": "category"}), **OPTIONS))
    assert (
        bc.train(frame.rename(columns={"kind": "y", "pixel": "image__0"})[["y", "image__0"]]).measured.facts["rows"]
        == N
    )


@pytest.mark.parametrize(("ending", "engine"), [("parquet", "pyarrow"), ("feather", "pyarrow"), ("xlsx", "openpyxl")])
def test_tables_that_packages_read(tmp_path, ending, engine):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip(engine)
    path = tmp_path / f"data.{ending}"
    frame = pandas.DataFrame(COLUMNS)
    {"parquet": frame.to_parquet, "feather": frame.to_feather}.get(ending, lambda p: frame.to_excel(p, index=False))(
        path
    )
    same(load(path, **OPTIONS))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InvalidInputError, match=r"cannot be read|is not an"):
        load(path, **OPTIONS)


def test_a_damaged_column_of_text_is_refused_before_memory_is_asked_for(tmp_path):
    feather = pytest.importorskip("pyarrow.feather")
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    path = tmp_path / "data.feather"
    table = pyarrow.table({"y": pyarrow.array(["n", "s"] * 20, pyarrow.large_string()), "a__x": np.arange(40.0)})
    feather.write_feather(table, str(path), compression="uncompressed")
    content, offsets = path.read_bytes(), np.arange(41, dtype="<i8")
    assert offsets.tobytes() in content
    damaged = offsets.copy()
    damaged[-1] = 2**61
    path.write_bytes(content.replace(offsets.tobytes(), damaged.tobytes()))
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load(path)


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    same(load(polars.DataFrame(COLUMNS), **OPTIONS))
    same(load(polars.DataFrame(COLUMNS).lazy(), **OPTIONS))


@pytest.mark.filterwarnings("ignore")
def test_annotated_data(tmp_path):
    anndata = pytest.importorskip("anndata")
    mudata = pytest.importorskip("mudata")
    pandas = pytest.importorskip("pandas")
    if hasattr(anndata.settings, "allow_write_nullable_strings"):
        anndata.settings.allow_write_nullable_strings = True
    about = pandas.DataFrame(
        {"kind": COLUMNS["kind"], "patient": COLUMNS["patient"]}, index=[f"c{k}" for k in range(N)]
    )
    x = np.column_stack([COLUMNS["audio_0"], COLUMNS["audio_1"]])
    one = anndata.AnnData(x, obs=about)
    one.obsm["pca"] = x[:, :1]
    one.write_h5ad(tmp_path / "data.h5ad")
    data = load(tmp_path / "data.h5ad", label="kind", groups="patient")
    assert data.dims == {"X": 2, "pca": 1}
    assert data.groups.max() == 19
    if hasattr(mudata, "set_options"):  # from 0.4 on nothing is pulled
        mudata.set_options(pull_on_update=False)
    part = anndata.AnnData(x[:30], obs=about.iloc[:30][[]])
    both = mudata.MuData({"rna": anndata.AnnData(x, obs=about[[]]), "protein": part})
    both.obs = both.obs.join(about)
    both.write(tmp_path / "data.h5mu")
    data = load(tmp_path / "data.h5mu", label="kind")
    assert data.names == ("rna", "protein")
    assert data.mask.sum(axis=0).tolist() == [0, 10]


def test_a_folder_of_arrays(tmp_path):
    for name, array in (("a", RNG.normal(size=(N, 2))), ("y", np.tile([0, 1], N // 2)), ("groups", np.arange(N) // 2)):
        np.save(tmp_path / f"{name}.npy", array)
    assert load(tmp_path).groups.max() == 19
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidInputError, match=r"a\.npy cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("ending", [".npz", ".h5ad", ".h5mu"])
def test_modalities_are_columns_of_tables_only(tmp_path, ending):
    path = tmp_path / f"data{ending}"
    path.touch()
    with pytest.raises(InvalidInputError, match="--modality goes with tables"):
        load(path, modalities={"a": "audio"})


def test_whatever_a_package_must_read_is_said(tmp_path, monkeypatch):
    import importlib

    def absent(name, package=None):
        raise ModuleNotFoundError(name=name.split(".")[0])

    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingExtraError, match=r"boundcalc\[formats\]"):
        load(path)


def test_text_and_missing_values_are_read_by_the_calibration_part_alone(tmp_path):
    columns = dict(COLUMNS)
    columns["pixel"] = ["" if k % 7 == 3 else value for k, value in enumerate(COLUMNS["pixel"])]
    columns["site"] = ["" if k % 11 == 5 else value for k, value in enumerate(COLUMNS["site"])]
    path = tmp_path / "data.csv"
    path.write_text(text(",", columns))
    data = load(path, label="kind", drop=["patient"], modalities=OPTIONS["modalities"])
    prepared = prepare(data, settings=Settings(), rng=np.random.default_rng(3))
    calibration = prepared.split.calibration
    raw = data.arrays["image"]
    encoding = prepared.encodings["image"]
    assert encoding.filled[0] == pytest.approx(np.nanmean(raw[calibration, 0]))
    other = data.arrays["image"].copy()
    rest = np.setdiff1d(np.arange(N), calibration)
    other[rest, 0] += 100.0
    assert Encoding.fit(other[calibration], {1: ("north", "south")}).filled[0] == encoding.filled[0]
    encoded = encoding.apply(raw)
    seen = np.unique(raw[calibration, 1][~np.isnan(raw[calibration, 1])])
    assert encoded.shape == (N, 1 + seen.size)
    assert (encoded[np.isnan(raw[:, 1]), 1:] == 0).all()
    measured = measure_subsets(data, rng=3)
    assert measured.facts["dims"]["image"] == 1 + seen.size
    assert (measured.facts["text_columns"], measured.facts["filled_values"]) == (1, int(np.isnan(raw).sum()))
    assert Measurements.from_json(measured.to_json()).to_json() == measured.to_json()
    said = " ".join(bc.train(data, rng=3).text().split())
    assert "1 column is text" in said
    assert "missing single values are filled in by the means of the calibration part" in said


def test_a_text_that_calibration_has_not_seen_is_all_zeros():
    encoding = Encoding.fit(np.array([[0.0], [1.0], [np.nan]]), {0: ("a", "b", "c")})
    assert encoding.apply(np.array([[0.0], [2.0], [np.nan]])).tolist() == [[1, 0], [0, 0], [0, 0]]


def test_the_mean_of_the_largest_numbers_is_a_number():
    encoding = Encoding.fit(np.array([[1.5e308], [1.7e308], [np.nan]]), {})
    assert encoding.apply(np.array([[np.nan]])).item() == pytest.approx(1.6e308)


def test_a_modality_that_is_missing_throughout_stays_missing(tmp_path):
    columns = dict(COLUMNS)
    for name in ("pixel", "site"):
        columns[name] = ["" if k == 5 else value for k, value in enumerate(COLUMNS[name])]
    path = tmp_path / "data.csv"
    path.write_text(text(",", columns))
    assert np.flatnonzero(load(path, **OPTIONS).mask[:, 1]).tolist() == [5]


def test_options_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text(text())
    assert main(["train", str(path), *GIVEN, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["facts"]["groups"] == {"calibration": 4, "holdout": 8, "train": 8}
    assert record["facts"]["text_columns"] == 1
    assert main(["plan", str(path), *GIVEN, "--budget", "1000", "--no-curve"]) == 2
    assert "the pilot has 20 groups: expected at least 32 to plan from" in capsys.readouterr().err


MANY = {f"c{k}": np.ones(N) for k in range(142)}


@pytest.mark.parametrize(
    ("columns", "options", "says"),
    [
        (COLUMNS, {}, r"has no column y \(found: audio_0, .*--label and --modality NAME=PREFIX"),
        (COLUMNS | {"Y": COLUMNS["kind"]}, {}, "rename 'Y' to 'y', or give --label Y"),
        (COLUMNS | {"y": COLUMNS["kind"]}, {"label": "z"}, "rename 'y' to 'z', or give --label y"),
        (COLUMNS, {"label": "kind"}, "patient is named like an identity.*give it as --groups"),
        (COLUMNS, {"label": "kind"}, "columns 'audio_0', .*expected columns modality__feature.*--drop"),
        (COLUMNS, OPTIONS | {"groups": "patent"}, "--groups 'patent': there is no such column, did you mean 'patient'"),
        (COLUMNS, OPTIONS | {"drop": ["audio_9"]}, "--drop 'audio_9'"),
        (COLUMNS, OPTIONS | {"modalities": {"a": "sound"}}, "--modality a=sound: no column begins so"),
        (COLUMNS, OPTIONS | {"modalities": {"a": "audio", "b": ["audio_0"]}}, "audio_0 belongs to two"),
        (COLUMNS | {"pixel": [*COLUMNS["pixel"][:-1], "1_0"]}, OPTIONS, "column 'pixel', line 41: '1_0' is not a number"),
        (COLUMNS | {"pixel": [*COLUMNS["pixel"][:-1], "３"]}, OPTIONS, "column 'pixel', line 41"),
        (COLUMNS | {"pixel": ['"0,5"'] * N}, OPTIONS, "'pixel' has decimal commas .*'0,5'.*with a point"),
        (COLUMNS | {"site": [f"text {k}" for k in range(N)]}, OPTIONS, "'site' has 40 different texts.*leave it out by --drop site"),
        (COLUMNS | {"kind": [*COLUMNS["kind"][:-1], ""]}, OPTIONS, "column kind, line 41: '' is no label"),
        (COLUMNS | MANY, {"label": "kind"}, "and 1[34][0-9] more"),
        (MANY, {}, "and 134 more"),
    ],
)  # fmt: skip
def test_messages_name_column_line_and_remedy_and_dump_no_lists(tmp_path, columns, options, says):
    path = tmp_path / "data.csv"
    path.write_text(text(",", columns), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=says) as error:
        load(path, **options)
    assert "data.csv" in str(error.value)
    assert len(str(error.value)) < 600


def test_a_column_named_like_an_identity_is_told(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(
        text(",", {"a__patient_id": np.repeat(np.arange(20), 2), "a__x": COLUMNS["pixel"], "y": COLUMNS["kind"]})
    )
    assert "a__patient_id is named like an identity" in bc.train(str(path)).text().replace("\n", " ")


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_BYTES", 10**6)
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros((10**5, 2)), y=np.zeros(10**5))
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bytes(10**6 + 1)))
    for name in ("bomb.npz", "bomb.csv.gz"):
        with pytest.raises(InvalidInputError, match="unpacks to"):
            load(tmp_path / name)


@pytest.mark.parametrize("name", ["data.npz", "data.csv.gz", "data.parquet", "data.feather", "data.xlsx", "data.h5ad"])
def test_what_unpacks_to_far_more_than_its_bytes_is_refused(tmp_path, monkeypatch, name):
    path = tmp_path / name
    _all_zeros(path, 30_000)
    monkeypatch.setattr(arrays, "_SMALL", 10**4)
    monkeypatch.setattr(arrays, "_MOST_TIMES", 3)
    monkeypatch.setattr(np, "load", None)  # it is refused before it is unpacked
    with pytest.raises(InvalidInputError, match="unpacks to more than") as error:
        load(path)
    assert name in str(error.value)


def _all_zeros(path, rows):
    """Write a file of rows that are all the same."""
    if path.suffix == ".npz":
        np.savez_compressed(path, a=np.zeros((rows, 2)), y=np.zeros(rows))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(b"a__x,y\n" + b"0,0\n" * rows))
    elif path.suffix == ".h5ad":
        anndata, h5py = pytest.importorskip("anndata"), pytest.importorskip("h5py")
        anndata.AnnData(np.zeros((N, 2))).write_h5ad(path)
        with h5py.File(path, "a") as held:
            about = dict(held["X"].attrs)
            del held["X"]
            made = held.create_dataset("X", shape=(N, 10**12), dtype="f8", chunks=(N, 100), compression="gzip")
            made.attrs.update(about)
    else:
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("openpyxl" if path.suffix == ".xlsx" else "pyarrow")
        frame = pandas.DataFrame({"a__x": np.zeros(min(rows, 5000 if path.suffix == ".xlsx" else rows)), "y": 0.0})
        if path.suffix == ".xlsx":
            frame.to_excel(path, index=False)
        elif path.suffix == ".feather":
            frame.to_feather(path, compression="zstd")
        else:
            frame.to_parquet(path)


@pytest.mark.parametrize("cell", ["XFD1048576", "A99999999999"])
def test_a_cell_far_outside_a_sheet_takes_no_memory(tmp_path, cell):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["a__x", "y"])
    book.save(tmp_path / "base.xlsx")
    row = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    far = f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'
    with zipfile.ZipFile(tmp_path / "base.xlsx") as base, zipfile.ZipFile(tmp_path / "far.xlsx", "w") as made:
        for name in base.namelist():
            made.writestr(name, base.read(name).replace(b"</sheetData>", far.encode()))
    with pytest.raises(InvalidInputError, match=r"line 1048576 has 16384 cells|cells far outside the table"):
        load(tmp_path / "far.xlsx")


def test_a_sheet_says_in_which_line_it_is_wrong(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["a__x", "y"], [], *([k / 8, "ab"[k % 2]] for k in range(N)), ["#DIV/0!", "a"], [None, "b"]):
        book.active.append(row)
    book.save(tmp_path / "data.xlsx")
    with pytest.raises(InvalidInputError, match=rf"column 'a__x', line {N + 3}: '#DIV/0!' is not a number"):
        load(tmp_path / "data.xlsx")
    book.active.delete_rows(N + 3)
    book.save(tmp_path / "data.xlsx")
    data = load(tmp_path / "data.xlsx")
    assert data.arrays["a"][:N, 0].tolist() == [k / 8 for k in range(N)]
    assert data.mask[:, 0].tolist() == [False] * N + [True]


def test_two_arrays_of_one_name_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(N))
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.write(tmp_path / "a.npy", "a.npy")
        archive.write(tmp_path / "a.npy", "a")
    with pytest.raises(InvalidInputError, match="two arrays of the same name: 'a'"):
        load(tmp_path / "x.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes")
def test_a_pipe_among_arrays_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(InvalidInputError, match=r"a\.npy cannot be read as \.npy \(it is no plain file\)"):
        load(tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_names_are_looked_up_in_annotated_data_as_in_tables(tmp_path):
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    about = pandas.DataFrame(
        {"y": ["ill", "well"] * (N // 2), "groups": np.arange(N) // 2}, index=[f"c{k}" for k in range(N)]
    )
    one = anndata.AnnData(RNG.normal(size=(N, 2)), obs=about.astype({"groups": float}))
    one.obsm["pca"] = one.X[:, :1].copy()
    path = tmp_path / "data.h5ad"
    one.write_h5ad(path)
    assert load(path).groups.max() == 19
    assert load(path, drop=["pca", "groups"]).names == ("X",)
    assert load(path, drop=["groups"]).groups is None
    for options, says in (
        ({"drop": ["pcb"]}, "--drop 'pcb'.*did you mean 'pca'"),
        ({"label": "kind"}, "no column kind"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            load(path, **options)


@pytest.mark.filterwarnings("ignore")
def test_annotated_rows_of_modalities_that_belong_together(tmp_path):
    """Without labels each row is a class of its own; what is dropped may be a modality or the column of the labels."""
    anndata, mudata, pandas = map(pytest.importorskip, ("anndata", "mudata", "pandas"))
    rows, x = [f"c{k}" for k in range(N)], RNG.normal(size=(N, 3))
    about = pandas.DataFrame({"y": np.tile([0, 1], N // 2), "patient": np.arange(N) // 2}, index=rows)
    one = anndata.AnnData(x, obs=about)
    one.obsm["pca"] = x[:, :1].copy()
    one.write_h5ad(tmp_path / "data.h5ad")
    both = mudata.MuData({"rna": one, "protein": anndata.AnnData(x[:, :2], obs=about[[]])})
    both.obs = about
    both.write(tmp_path / "data.h5mu")
    for ending, names in (("h5ad", ("X", "pca")), ("h5mu", ("rna", "protein"))):
        path = tmp_path / f"data.{ending}"
        data = load(path, label=None, groups="patient")
        assert (data.names, np.unique(data.y).size) == (names, N)
        assert np.bincount(data.groups).tolist() == [2] * (N // 2)
        kept = load(path, label=None, drop=[names[1], "y"])
        np.testing.assert_allclose(kept.arrays[names[0]], x)
        assert kept.names == names[:1]
        with pytest.raises(InvalidInputError, match="y"):
            load(path, drop=["y"])
        with pytest.raises(InvalidInputError, match=r"modal"):
            load(path, drop=names)


def test_an_array_that_declares_more_than_its_file_holds_is_refused(tmp_path):
    with (tmp_path / "a.npy").open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)})
    np.save(tmp_path / "y.npy", np.zeros(3))
    with pytest.raises(InvalidInputError, match="is declared in"):
        load(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.write(tmp_path / "a.npy", "a.npy")
    with pytest.raises(InvalidInputError, match="is declared in"):
        load(tmp_path / "x.npz")


def test_few_names():
    assert few(map(str, range(20)), 3) == "0, 1, 2 and 17 more"


@pytest.mark.parametrize("packed", ["zstd", "lz4", "uncompressed"])
def test_what_an_arrow_file_unpacks_to_is_read_off(tmp_path, packed):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather

    from boundcalc.trainer.data.arrow import unpacked_bytes

    path = tmp_path / "data.feather"
    words = pyarrow.array(["n" * 200, "s" * 200] * (N // 2))
    table = pyarrow.table(
        {"a__x": np.arange(N) / 7, "a__w": words, "a__d": words.dictionary_encode(), "y": np.arange(N) % 2}
    )
    feather.write_feather(table, path, compression=packed)
    assert table.nbytes <= unpacked_bytes(path) <= table.nbytes + 200
    assert load(path).dims == {"a": 3}
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load(path)


def test_a_feather_file_of_long_equal_texts_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather

    from boundcalc.trainer.data import tables

    texts = ["x" * 10**6] * 40
    path = tmp_path / "data.feather"
    feather.write_feather(pyarrow.table({"a__x": texts, "y": np.arange(40) % 2}), path, compression="zstd")
    monkeypatch.setattr(tables, "of_frame", lambda *_, **__: pytest.fail("it was unpacked"))
    before = pyarrow.total_allocated_bytes()
    with pytest.raises(InvalidInputError, match="unpacks to more than 33,554,432 bytes"):
        load(path)
    assert pyarrow.total_allocated_bytes() - before < 10**6
