import numpy as np
import pytest

from boundcalc.trainer.risk import pair_blocks as module
from boundcalc.trainer.risk.distances import cross_distances
from boundcalc.trainer.risk.losses import Contrastive, Hinge, Logistic, SmoothedHinge
from boundcalc.trainer.risk.pairs import AllPairs, ListedPairs

LOSSES = [
    Hinge(),
    SmoothedHinge(0.3),
    Logistic(),
    Contrastive(1.2),
    Hinge().surrogate(0.5),
    Contrastive(0.8).surrogate(0.5),
]


def brute(rows, codes, widths, present, operator, threshold, loss, weights):
    """Literal double loop."""
    n, d = rows.shape
    matrix = np.diag(operator) if operator.ndim == 1 else operator
    value, gradient, slope = 0.0, np.zeros((d, d)), 0.0
    for i in range(n):
        for j in range(i + 1, n):
            both = np.repeat(present[i] & present[j], widths)
            u = np.where(both, rows[i] - rows[j], 0.0)
            similar = bool(codes[i] == codes[j])
            s, weight = (1.0, weights[0]) if similar else (-1.0, weights[1])
            f = threshold - u @ matrix @ u
            values, slopes = loss.block(np.array([[s * f]]), similar=similar)
            value += weight * values[0, 0]
            gradient -= weight * s * slopes[0, 0] * np.outer(u, u)
            slope += weight * s * slopes[0, 0]
    count = n * (n - 1) / 2
    gradient = gradient if operator.ndim == 2 else np.diag(gradient)
    return value / count, gradient / count, slope / count


@pytest.fixture(params=[(20, 0.0), (23, 0.4), (9, 0.0)], ids=["complete", "gaps", "small"])
def sample(request):
    n, gaps = request.param
    rng = np.random.default_rng(n)
    widths = [2, 1, 3]
    present = rng.random((n, 3)) >= gaps
    rows = np.where(np.repeat(present, widths, axis=1), rng.normal(size=(n, 6)), 0.0)
    rows[1], present[1] = rows[0], present[0]  # a duplicate
    rows[:, 5] = np.where(present[:, 2], 3.0, 0.0)  # constant
    codes = rng.integers(0, 4, n)
    codes[-1] = 9  # a class with a single member
    return rows, codes, widths, present


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (2.5, 0.7)])
@pytest.mark.parametrize("full", [False, True], ids=["weights", "matrix"])
@pytest.mark.parametrize("blocks", [(128, 1024), (3, 4)], ids=["one block", "many blocks"])
def test_all_pairs_equal_the_double_loop(sample, loss, weights, full, blocks, monkeypatch):
    monkeypatch.setattr(module, "ROWS", blocks[0])
    monkeypatch.setattr(module, "COLUMNS", blocks[1])
    rows, codes, widths, present = sample
    rng = np.random.default_rng(5)
    operator = rng.random(6)
    if full:
        root = rng.normal(size=(6, 6))
        operator = root @ root.T / 6
    threshold = 1.1 if loss.has_threshold else 0.0
    pairs = AllPairs(rows, codes, widths=widths, present=present)
    got = pairs.evaluate(operator, threshold, loss=loss, weights=weights)
    value, gradient, slope = brute(rows, codes, widths, present, operator, threshold, loss, weights)
    assert got.value == pytest.approx(value, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(got.gradient, gradient, rtol=1e-11, atol=1e-12)
    assert got.gradient_threshold == pytest.approx(slope, abs=1e-12)
    assert pairs.evaluate(operator, threshold, loss=loss, weights=weights, gradient=False).value == got.value


def test_threads_do_not_change_the_result():
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(size=(3300, 3)), rng.integers(0, 5, 3300)
    one = AllPairs(rows, codes, threads=1).evaluate(np.ones(3), 2.0, loss=Hinge())
    two = AllPairs(rows, codes, threads=2).evaluate(np.ones(3), 2.0, loss=Hinge())
    assert one.value == two.value
    np.testing.assert_array_equal(one.gradient, two.gradient)


@pytest.mark.parametrize("loss", [Logistic(), SmoothedHinge(0.5), Hinge().surrogate(0.5)], ids=lambda loss: loss.name)
def test_gradients_by_finite_differences(sample, loss):
    rows, codes, widths, present = sample
    pairs = AllPairs(rows, codes, widths=widths, present=present)
    weights, threshold, h = np.linspace(0.1, 0.6, 6), 0.9, 1e-6
    got = pairs.evaluate(weights, threshold, loss=loss)
    for k in range(6):
        step = h * np.eye(6)[k]
        up = pairs.evaluate(weights + step, threshold, loss=loss).value
        down = pairs.evaluate(weights - step, threshold, loss=loss).value
        assert got.gradient[k] == pytest.approx((up - down) / (2 * h), abs=1e-7)
    up = pairs.evaluate(weights, threshold + h, loss=loss).value
    down = pairs.evaluate(weights, threshold - h, loss=loss).value
    assert got.gradient_threshold == pytest.approx((up - down) / (2 * h), abs=1e-7)


def test_listed_pairs_agree_with_all_pairs(sample):
    rows, codes, widths, present = sample
    n = rows.shape[0]
    left, right = np.triu_indices(n, 1)
    both = np.repeat(present[left] & present[right], widths, axis=1)
    listed = ListedPairs(np.where(both, rows[left] - rows[right], 0.0), codes[left] == codes[right])
    full = AllPairs(rows, codes, widths=widths, present=present)
    weights = np.linspace(0.1, 0.6, 6)
    for operator in (weights, np.diag(weights) + 0.05):
        a = full.evaluate(operator, 0.8, loss=Logistic(), weights=(2.0, 0.5))
        b = listed.evaluate(operator, 0.8, loss=Logistic(), weights=(2.0, 0.5))
        assert a.value == pytest.approx(b.value, rel=1e-12)
        np.testing.assert_allclose(a.gradient, b.gradient, rtol=1e-10, atol=1e-12)
        rhos = (0.1, 1.0)
        for pair_weights in ((1.0, 1.0), (2.0, 0.5)):
            one = full.profile(operator, 0.8, rhos=rhos, weights=pair_weights)
            two = listed.profile(operator, 0.8, rhos=rhos, weights=pair_weights)
            assert one[0] == pytest.approx(two[0])
            assert one[1] == pytest.approx(two[1])


@pytest.mark.parametrize("full", [True, False])
def test_cross_distances_of_many_sets_of_modalities_are_those_pair_by_pair(full):
    rng, widths = np.random.default_rng(3), (2, 1, 3)
    rows, present = rng.normal(size=(40, 6)) + 50.0, rng.random((40, 3)) < 0.6
    root = rng.normal(size=(6, 6))
    operator = root @ root.T if full else rng.random(6)
    got = cross_distances(rows[:30], rows, operator, widths, present[:30], present)
    for i in range(30):
        for j in range(40):
            gap = np.where(np.repeat(present[i] & present[j], widths), rows[i] - rows[j], 0.0)
            expected = gap @ operator @ gap if full else gap @ (operator * gap)
            assert got[i, j] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_cross_distances_equal_the_loop(sample):
    rows, _, widths, present = sample
    weights = np.linspace(0.1, 0.6, 6)
    got = cross_distances(rows[:4], rows, weights, widths, present[:4], present)
    for i in range(4):
        for j in range(rows.shape[0]):
            both = np.repeat(present[i] & present[j], widths)
            u = np.where(both, rows[i] - rows[j], 0.0)
            assert got[i, j] == pytest.approx(weights @ u**2, abs=1e-12)


def test_which_of_many_modalities_are_there_may_be_kept_by_column():
    present = np.asfortranarray(np.random.default_rng(0).random((30, 9)) < 0.7)
    rows = np.where(present, np.random.default_rng(1).normal(size=present.shape), 0.0)
    got = cross_distances(rows, rows, np.ones(9), (1,) * 9, present, present)
    both = present[:, None] & present
    np.testing.assert_allclose(got, np.square(np.where(both, rows[:, None] - rows, 0.0)).sum(axis=2), atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("full", [False, True], ids=["weights", "matrix"])
def test_single_precision_is_near_the_exact_value(sample, loss, full):
    rows, codes, widths, present = sample
    operator = np.array([0.5, 1.0, 0.2, 0.7, 0.0, 0.4])
    operator = np.diag(operator) if full else operator
    exact, near = (
        AllPairs(rows, codes, widths=widths, present=present, single=single).evaluate(operator, 0.8, loss=loss)
        for single in (False, True)
    )
    scale = np.square(rows).sum(axis=1).max() + 1
    assert near.value == pytest.approx(exact.value, abs=1e-5 * scale)
    np.testing.assert_allclose(near.gradient, exact.gradient, atol=1e-4 * scale)
    assert near.gradient.dtype == np.float64


def test_several_weights_in_one_pass(sample):
    rows, codes, widths, present = sample
    pairs = AllPairs(rows, codes, widths=widths, present=present)
    operator, weights = np.ones(rows.shape[1]), ((1.0, 1.0), (2.5, 0.7))
    together = pairs.profiles(operator, 0.8, rhos=(0.5, 2.0), weights=weights)
    assert together == tuple(pairs.profile(operator, 0.8, rhos=(0.5, 2.0), weights=one) for one in weights)


def test_a_tie_counts_as_an_error():
    pairs = AllPairs(np.array([[0.0], [1.0]]), np.array([0, 0]))
    assert pairs.profile(np.ones(1), 1.0, rhos=(1.0,)) == (1.0, (1.0,))


def test_far_offsets_do_not_cancel():
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(size=(30, 3)), np.arange(30) % 3
    near = AllPairs(rows, codes).evaluate(np.ones(3), 2.0, loss=Hinge()).value
    far = AllPairs(rows + 2.0**20, codes).evaluate(np.ones(3), 2.0, loss=Hinge()).value
    assert far == pytest.approx(near, rel=1e-8)
