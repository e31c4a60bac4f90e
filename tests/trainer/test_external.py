import numpy as np
import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.trainer import Estimates, estimates_from_embeddings


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    y = np.arange(50) % 3
    return rng.normal(size=(50, 4)) + 2 * y[:, None], y


def test_pair_error_by_brute_force(sample):
    E, y = sample
    left, right = np.triu_indices(50, 1)
    f = 9.0 - np.square(E[left] - E[right]).sum(axis=1)
    s = np.where(y[left] == y[right], 1, -1)
    record = estimates_from_embeddings(E, y, threshold=9.0, rho=2.0)
    assert record.values == {"rhat_holdout": pytest.approx((s * f <= 0).mean()), "n_h": 50, "C": 1.0, "rho": 2.0}
    assert record["ramp_risk"].value == pytest.approx(np.clip(1 - s * f / 2.0, 0, 1).mean())
    assert record.certified
    assert record.delta_used() == 0
    assert Estimates.from_json(record.to_json()) == record


def test_nothing_is_claimed_about_an_unknown_class(sample):
    record = estimates_from_embeddings(*sample, threshold=9.0)
    for name in ("R_M", "kappa_M", "Rhat", "rhat_M", "eps_opt"):
        assert name not in record
        with pytest.raises(InvalidInputError, match="class"):
            record[name]


def test_an_unbounded_loss_needs_a_radius(sample):
    E, y = sample
    assert estimates_from_embeddings(E, y, threshold=9.0, loss="hinge")["C"].status == "estimated"
    declared = estimates_from_embeddings(E, y, threshold=9.0, loss="hinge", radius=20.0)
    assert declared["C"].status == "certified"
    assert declared["C"].value == pytest.approx(1 + 400 - 9)
    unit = estimates_from_embeddings(E, y, threshold=1.0, loss="hinge", normalise=True)
    assert unit["C"].value == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"embeddings": np.full((50, 4), np.nan)}, "finite"),
        ({"embeddings": np.zeros(50)}, "shape"),
        ({"embeddings": np.full((50, 4), "x")}, "real numbers"),
        ({"embeddings": np.full((50, 4), 1e200) * np.arange(50)[:, None]}, "too large"),
        ({"y": np.zeros(49)}, "one label per row"),
        ({"threshold": np.inf}, "threshold"),
        ({"loss": "nonsense"}, "loss"),
        ({"rho": 0.0}, "rho"),
        ({"radius": -1.0}, "radius"),
        ({"radius": 0.1, "loss": "hinge"}, "further apart"),
        ({"radius": 0.1}, "further apart"),
        ({"radius": 0.1, "loss": "hinge", "normalise": True}, "at least 2"),
    ],
)
def test_bad_input(sample, changes, says):
    arguments = {"embeddings": sample[0], "y": sample[1], "threshold": 1.0} | changes
    with pytest.raises(InvalidInputError, match=says):
        estimates_from_embeddings(arguments.pop("embeddings"), arguments.pop("y"), **arguments)


def test_a_declared_radius_is_held_against_the_data(sample):
    E, y = sample
    left, right = np.triu_indices(50, 1)
    largest = float(np.sqrt(np.square(E[left] - E[right]).sum(axis=1).max()))
    assert estimates_from_embeddings(E, y, threshold=1.0, loss="hinge", radius=largest)["C"].status == "certified"
    with pytest.raises(InvalidInputError, match="further apart"):
        estimates_from_embeddings(E, y, threshold=1.0, loss="hinge", radius=largest * (1 - 1e-9))


def test_unit_rows_are_at_most_2_apart(sample):
    E, y = sample
    plain = estimates_from_embeddings(E, y, threshold=1.0, loss="hinge", normalise=True)
    wide = estimates_from_embeddings(E, y, threshold=1.0, loss="hinge", normalise=True, radius=5.0)
    assert plain["C"].value == wide["C"].value == pytest.approx(4.0)
    assert wide["C"].status == "certified"


@pytest.mark.parametrize("threshold", [0.0, 2.0, 3.0, 4.0])
def test_codes_that_tie_with_the_threshold_are_errors(threshold):
    # Squared distances of binary codes are whole numbers: thousands of pairs lie on the threshold itself.
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 150)
    codes = rng.integers(0, 2, (4, 13))[y] ^ (rng.random((150, 13)) < 0.15)
    left, right = np.triu_indices(150, 1)
    margins = np.where(y[left] == y[right], 1, -1) * (threshold - (codes[left] != codes[right]).sum(axis=1))
    record = estimates_from_embeddings(codes, y, threshold=threshold)
    assert (margins == 0).any()
    assert record["rhat_holdout"].value == pytest.approx((margins <= 0).mean(), abs=1e-15)


def test_a_loss_of_the_distance_alone_ignores_the_threshold(sample):
    E, y = sample
    left, right = np.triu_indices(50, 1)
    D = np.square(E[left] - E[right]).sum(axis=1)
    expected = np.where(y[left] == y[right], D, np.maximum(0, 1 - D)).mean()
    for threshold in (0.5, 9.0):
        record = estimates_from_embeddings(E, y, threshold=threshold, loss="contrastive", radius=20.0)
        assert record["rhat_holdout"].value == pytest.approx(expected, rel=1e-12)
        assert record["C"].value == pytest.approx(400.0)


def test_an_unknown_loss_is_told_all_names(sample):
    with pytest.raises(InvalidInputError, match=r"loss='foo'.*hinge.*error"):
        estimates_from_embeddings(*sample, threshold=1.0, loss="foo")
