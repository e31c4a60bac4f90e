import numpy as np
import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.trainer import ModalityData
from boundcalc.trainer.data.normalise import Normaliser, project_rows, unit_rows
from boundcalc.trainer.data.splits import draw_pairs, draw_split

Y = [0, 1] * 5


def test_a_block_of_nan_is_a_missing_modality():
    block = np.ones((10, 2))
    block[3] = np.nan
    data = ModalityData({"a": block, "b": np.arange(10.0)}, Y)
    assert data.dims == {"a": 2, "b": 1}
    assert data.mask.sum() == 1
    assert data.mask[3, 0]
    assert (data.arrays["a"][3] == 0).all()


def test_mask_marks_missing_modalities():
    mask = np.zeros((10, 1), dtype=bool)
    mask[2] = True
    assert not ModalityData({"a": np.ones((10, 2))}, Y, mask=mask).present[2, 0]


def test_every_problem_is_reported_at_once():
    block = np.ones((5, 2))
    block[0, 0] = np.nan
    block[1, 1] = np.inf
    with pytest.raises(InvalidInputError) as caught:
        ModalityData({"a": block}, [1] * 5)
    assert len(caught.value.problems) == 2  # rows and classes; the block is looked at once the shapes are right
    with pytest.raises(InvalidInputError, match=r"NaN inside.*inf"):
        ModalityData({"a": np.vstack([block, block])}, Y)


def test_rows_that_are_wrong_are_counted_in_words():
    one, two = np.ones((10, 2)), np.ones((10, 2))
    one[3, 0] = np.nan
    two[[4, 7], 1] = np.inf
    with pytest.raises(InvalidInputError) as caught:
        ModalityData({"a": one, "b": two}, Y)
    first, second = caught.value.problems
    assert first == "modality 'a' has NaN inside its block in row 3: a missing modality is NaN in all its columns"
    assert second == "modality 'b' has inf in 2 rows (first: row 4)"
    one[3] = np.nan
    assert "10 rows, a (2), 2 classes, 1 block missing>" in repr(ModalityData({"a": one}, Y))
    one[4] = np.nan
    assert "2 blocks missing>" in repr(ModalityData({"a": one}, Y))


@pytest.mark.parametrize(
    ("modalities", "y", "says"),
    [
        ({}, Y, "non-empty mapping"),
        ({"a+b": np.ones((10, 1))}, Y, "without"),
        ({"a": np.ones((10, 1))}, Y[:9], "rows"),
        ({"a": np.ones((10, 1))}, [Y], "shape"),
        ({"a": np.array([["x"]] * 10)}, Y, "real numbers"),
        ({"a": np.ones((10, 1)) * 1j}, Y, "real numbers"),
        ({"a": np.ones((10, 1))}, [None, *Y[1:]], "missing labels"),
        ({"a": np.ones((10, 1))}, [np.nan, *Y[1:]], "NaN"),
        ({"a": np.ones((7, 1))}, Y[:7], "at least 8"),
        ({"a": np.ones((10, 0))}, Y, "d_k >= 1"),
    ],
)
def test_bad_data(modalities, y, says):
    with pytest.raises(InvalidInputError, match=says):
        ModalityData(modalities, y)


def test_subsets_by_name():
    data = ModalityData({"a": np.ones((10, 1)), "b": np.ones((10, 1)), "c": np.ones((10, 1))}, Y)
    assert data.subset_labels() == ("a", "b", "c", "a+b", "a+c", "b+c", "a+b+c")
    assert data.parse_subset("c+a") == ("a", "c")
    assert data.parse_subsets("a+b, c") == (("c",), ("a", "b"))
    for bad in ("d", "a+d", "", []):
        with pytest.raises(InvalidInputError, match=r"unknown|empty"):
            data.parse_subset(bad)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_normalised_rows_never_leave_the_ball(scale):
    rng = np.random.default_rng(0)
    block = rng.standard_normal((500, 37)) * scale
    block[0] = 0.0
    for rows in (unit_rows(block), project_rows(block, radius=scale)):
        # Exact squared norms, in extended precision, stay at most 1.
        squares = np.square(rows.astype(np.longdouble)).sum(axis=1)
        assert (squares <= 1).all()
        assert (squares[1:] > 1 - 1e-12).all()
        assert (rows[0] == 0).all()


def test_projection_leaves_the_inside_alone():
    block = np.array([[0.3, 0.4], [3.0, 4.0]])
    np.testing.assert_allclose(project_rows(block), [[0.3, 0.4], [0.6, 0.8]], rtol=1e-13)


def test_the_fitted_map_ignores_everything_but_calibration():
    rng = np.random.default_rng(1)
    block = rng.normal(5.0, 3.0, size=(50, 4))
    block[:, 2] = 7.0  # constant
    here = np.ones(50, dtype=bool)
    fitted = Normaliser.fit({"a": block[:10]}, {"a": here[:10]})
    first = fitted.apply("a", block, here)
    block[20:] *= 100
    again = Normaliser.fit({"a": block[:10]}, {"a": here[:10]}).apply("a", block[:20], here[:20])
    np.testing.assert_array_equal(first[:20], again)
    assert np.isfinite(first).all()
    assert fitted.squared_radius("a") == 4.0


def test_nonnegative_is_declared_and_halves_the_radius():
    rng = np.random.default_rng(2)
    block = rng.random((40, 5))
    here = np.ones(40, dtype=bool)
    fitted = Normaliser.fit({"a": block[:10]}, {"a": here[:10]}, nonnegative=True)
    rows = fitted.apply("a", block, here)
    assert (rows >= 0).all()
    assert np.square(rows[:, None] - rows).sum(axis=2).max() <= fitted.squared_radius("a") == 2.0
    with pytest.raises(InvalidInputError, match="declared nonnegative"):
        ModalityData({"a": block[:10] - 0.5}, Y, nonnegative=True)


def test_splits_are_partitions_and_uniform():
    rng = np.random.default_rng(3)
    counts = np.zeros(8)
    for _ in range(4000):
        split = draw_split(8, rng=rng)
        parts = np.concatenate([split.calibration, split.holdout, split.train])
        assert sorted(parts.tolist()) == list(range(8))
        counts[split.calibration] += 1
    assert (split.calibration.size, split.holdout.size, split.train.size) == (2, 2, 4)
    np.testing.assert_allclose(counts / 4000, 0.25, atol=0.03)
    with pytest.raises(InvalidInputError, match="leave"):
        draw_split(8, rng=rng, calibration=0.5, holdout=0.4)


def test_pairs_are_disjoint():
    pairs = draw_pairs(11, rng=np.random.default_rng(0))
    assert pairs.shape == (5, 2)
    assert len(set(pairs.ravel().tolist())) == 10
