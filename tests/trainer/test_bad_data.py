"""Bad data and bad files end in one clear error that names what was given and what is expected."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError
from boundcalc.trainer import ModalityData, PairwiseMetricLearner, estimates_from_embeddings, measure_subsets
from boundcalc.trainer.data.splits import draw_split

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.arange(40) % 2


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.linspace(0.25, 1, 40), r"continuous values \(row 0: 0\.25\)"),
        ([0.5] * 40, "continuous values"),
        (np.array([1.5, 2] * 20, dtype=object), "continuous values"),
        (np.where(Y == 0, np.nan, 1.0), "NaN"),
        (np.array(["a", None] * 20, dtype=object), "missing labels"),
        (np.ma.masked_array(Y, mask=Y == 1), "masked labels"),
        (np.arange(40), "no pair is similar"),
        (np.zeros(40, dtype=int), "one class only"),
        (Y[:, None], "shape"),
        (Y + 1j, "complex"),
        (Y.astype("datetime64[D]"), "datetime64"),
    ],
)
def test_labels_that_are_none(labels, words):
    with pytest.raises(InvalidInputError, match=words):
        ModalityData({"a": X}, labels)


def test_missing_labels_of_pandas():
    pandas = pytest.importorskip("pandas")
    labels = pandas.array([1, 2, None, 2] * 10, dtype="Int64")
    with pytest.raises(InvalidInputError, match="NaN or infinite labels"):
        ModalityData({"a": X}, labels)
    with pytest.raises(InvalidInputError, match="missing labels"):
        ModalityData({"a": X}, pandas.array(["p", None] * 20, dtype="string"))
    whole = ModalityData({"a": X}, pandas.array([1, 2] * 20, dtype="Int64"))
    assert whole.classes.tolist() == [1, 2]


@pytest.mark.parametrize("labels", [Y.astype(float), Y.astype(bool), Y.astype(np.float32), list(Y), Y.astype(str)])
def test_labels_that_are_fine(labels):
    data = ModalityData({"a": X}, labels)
    assert data.codes.tolist() == Y.tolist()


@pytest.mark.parametrize("entry", ["1_0", "３", b"1_0", [1.0], np.array([1.0, 2.0]), 10**400, 1j, "word"])
def test_entries_that_are_no_numbers(entry):
    odd = X.astype(object)
    odd[3, 0] = None
    odd[3, 0] = entry
    with pytest.raises(InvalidInputError, match="modality 'a': expected an array of real numbers"):
        ModalityData({"a": odd}, Y)
    with pytest.raises(InvalidInputError, match="modality 'a': expected an array of real numbers"):
        PairwiseMetricLearner().fit({"a": odd, "b": X}, Y)


def test_entries_that_are_numbers():
    odd = X.astype(object)
    odd[3, 0], odd[4, 1], odd[5] = "1.5", Fraction(1, 4), None
    data = ModalityData({"a": odd, "b": X}, Y)
    assert (data.arrays["a"][3, 0], data.arrays["a"][4, 1]) == (1.5, 0.25)
    assert np.flatnonzero(data.mask[:, 0]).tolist() == [5]
    structured = np.zeros(40, dtype=[("x", float)])
    with pytest.raises(InvalidInputError, match="real numbers"):
        ModalityData({"a": structured}, Y)


def test_masked_features_are_missing():
    masked = np.ma.masked_array(X, mask=np.zeros_like(X, dtype=bool))
    masked[3] = np.ma.masked
    data = ModalityData({"a": masked, "b": X}, Y)
    assert np.flatnonzero(data.mask[:, 0]).tolist() == [3]
    masked[5, 1] = np.ma.masked
    with pytest.raises(InvalidInputError, match="NaN inside its block"):
        ModalityData({"a": masked}, Y)
    with pytest.raises(InvalidInputError, match="NaN"):
        PairwiseMetricLearner(random_state=0).fit(masked, Y)
    with pytest.raises(InvalidInputError, match="masked"):
        estimates_from_embeddings(masked, Y, threshold=1.0)


def test_learner_refuses_a_continuous_target():
    with pytest.raises(InvalidInputError, match="Unknown label type"):
        PairwiseMetricLearner().fit(X, np.linspace(0, 1, 40))
    with pytest.raises(InvalidInputError, match="continuous"):
        estimates_from_embeddings(X, np.linspace(0, 1, 40), threshold=1.0)
    with pytest.raises(InvalidInputError, match="masked"):
        PairwiseMetricLearner().fit(X, np.ma.masked_array(Y, mask=Y == 1))


def test_a_training_part_of_one_kind_is_refused():
    labels = np.zeros(8, dtype=int)
    labels[0] = 1
    # The single row of the rare class is outside the training part under the first seed, inside under the other.
    data = ModalityData({"a": X[:8]}, labels)
    inside = [
        0 in draw_split(8, rng=np.random.default_rng(seed), calibration=0.2, holdout=0.2).train for seed in range(9)
    ]
    assert set(inside) == {True, False}
    with pytest.raises(InvalidInputError, match="no pair is dissimilar"):
        measure_subsets(data, rng=inside.index(False))
    assert measure_subsets(data, rng=inside.index(True))["a"].converged


def test_many_classes_leak_no_warning():
    labels = np.repeat(np.arange(20), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learner = PairwiseMetricLearner(random_state=3).fit(X, labels)
        assert learner.result().holdout_knn is not None


@pytest.mark.parametrize("subsets", [[1], 1, None, [None], ["c"], "a+c", [[]], [("a", 1)], ""])
def test_subsets_that_do_not_exist(subsets):
    with pytest.raises(InvalidInputError, match="expected"):
        measure_subsets(ModalityData({"a": X, "b": X}, Y), subsets=subsets)


def test_unknown_keys_name_the_known_ones():
    measured = measure_subsets(ModalityData({"a": X, "b": X}, Y), subsets="a", rng=0)
    with pytest.raises(KeyError, match="expected one of the measured subsets a"):
        measured["b"]
    assert "b" not in measured
    assert measured.get("b") is None
    with pytest.raises(KeyError, match="expected one of n, K, d_M"):
        measured["a"].estimates["kappa"]


@pytest.mark.parametrize("source", [None, 3, "", ["a.npz"], "no_such_set", "missing.npz"])
def test_sources_that_do_not_exist(source):
    with pytest.raises(InvalidInputError, match=r"expected|no such file"):
        load(source)


def test_npz_files(tmp_path):
    path = tmp_path / "data.npz"
    for arrays, words in (
        ({"a": X}, "has no array y"),
        ({"a": X, "Y": Y}, "rename 'Y' to 'y'"),
        ({"y": Y}, "has y only"),
        ({"a": X, "y": Y.astype(object)}, "never unpickled"),
        ({"a": X[:30], "y": Y}, "30 rows"),
        ({"a": X.astype(str), "y": Y}, None),
        ({"a": np.array([["p"] * 3] * 40), "y": Y}, "real numbers"),
        ({"a": np.float64(3.0), "y": Y}, "shape"),
    ):
        np.savez(path, **arrays)
        if words is None:
            assert load(path).n == 40
            continue
        with pytest.raises(InvalidInputError, match=words):
            load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(InvalidInputError, match="is not an"):
        load(path)
    np.save(tmp_path / "plain.npy", X)
    (tmp_path / "plain.npy").rename(path)
    with pytest.raises(InvalidInputError, match="is not an"):
        load(path)


def test_csv_files(tmp_path):
    path = tmp_path / "data.csv"
    rows = [f"{i % 2},{i}.5" for i in range(12)]
    path.write_text("\n".join(["y,a__x", *rows]))
    assert load(path).classes.tolist() == [0, 1]
    path.write_text("\n".join(["y;a__x", *(row.replace(",", ";") for row in rows)]))
    assert load(path).classes.tolist() == [0, 1]
    path.write_text("\n".join(["Y,a__x", *rows]))
    with pytest.raises(InvalidInputError, match="rename 'Y' to 'y'"):
        load(path)
    path.write_text("\n".join(["y,a__x", "", *rows[:4], "1,oops", *rows[5:]]))
    with pytest.raises(InvalidInputError, match="column 'a__x', line 7: 'oops' is not a number"):
        load(path)
    path.write_text("\n".join(["y,a__x", *rows[:4], "1,2,3", *rows[5:]]))
    with pytest.raises(InvalidInputError, match="line 6 has 3 cells"):
        load(path)
    path.write_text("\n".join(["y,a__x", *rows[:4], ",2", *rows[5:]]))
    with pytest.raises(InvalidInputError, match="column y, line 6"):
        load(path)
    path.write_text("\n".join(["y,a__x", *(f"{i / 7},{i}" for i in range(12))]))
    with pytest.raises(InvalidInputError, match="continuous"):
        load(path)


def test_duplicates_and_constants_are_counted():
    rows = np.vstack([X, X[:4]])
    rows[:, 1] = 7.0
    facts = measure_subsets(ModalityData({"a": rows}, np.append(Y, Y[:4])), rng=0).facts
    assert (facts["duplicate_rows"], facts["constant_features"]) == (4, 1)


def test_numbers_in_mask_are_not_taken_for_a_modality(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=(20, 3)), "b": rng.normal(size=(20, 2)), "y": np.arange(20) % 2}
    mask = rng.random((20, 2)) < 0.3
    path = tmp_path / "gaps.npz"
    np.savez(path, mask=mask, **arrays)
    assert np.array_equal(load(path).mask, mask)
    np.savez(path, mask=mask.astype(int), **arrays)
    with pytest.raises(InvalidInputError, match=r"gaps\.npz.*mask\.astype\(bool\)"):
        load(path)
    np.savez(path, mask=rng.normal(size=(20, 2)), **arrays)
    assert load(path).names == ("mask", "a", "b")


def test_subnormal_columns_are_no_reason_for_nan():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (60, 3)) * 5e-324
    learner = PairwiseMetricLearner(random_state=0).fit(X, np.arange(60) % 2)
    assert np.isfinite(learner.transform(X)).all()
    assert 0 < learner.risk_ <= 1


@pytest.mark.parametrize("options", [{"pair_radius": 1e-170}, {}])
def test_features_whose_squares_are_none_are_refused(options):
    X = np.random.default_rng(0).normal(size=(60, 3)) * 1e-171
    learner = PairwiseMetricLearner(normalise="none", standardise=False, random_state=0, **options)
    with pytest.raises(InvalidInputError, match="X: features so small"):
        learner.fit(X, np.arange(60) % 2)
    # Nothing is lost where all is constant.
    assert PairwiseMetricLearner(normalise="none", standardise=False, random_state=0).fit(0 * X, np.arange(60) % 2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([b"", b"b"] * 8), "missing labels"),
        (np.array(["NA", "b"] * 8), r"missing labels \(row 0: 'NA'\)"),
        (np.array(["a", "a ", "b", "b"] * 4), "differ by blanks only"),
        ([[1], [1, 2]] * 8, "holds sequences"),
        ([Decimal("sNaN"), 1] * 8, "missing labels"),
    ],
    ids=range(5),
)
def test_labels_of_text_and_of_odd_types(labels, message):
    with pytest.raises(InvalidInputError, match=message):
        ModalityData({"a": np.eye(16)}, labels)
    with pytest.raises(InvalidInputError, match=message):
        ModalityData({"a": np.eye(16)}, [0, 1] * 8, groups=labels)
