"""All pairs and transport values on arrays of other libraries: what NumPy gives, up to the order of sums."""

import numpy as np
import pytest

from boundcalc.certification.values import transport_value
from boundcalc.errors import InvalidInputError
from boundcalc.trainer.risk import devices
from boundcalc.trainer.risk.devices import DevicePairs, namespace_of, to_numpy
from boundcalc.trainer.risk.erm import Problem, minimise_risk
from boundcalc.trainer.risk.losses import Contrastive, Hinge, Logistic, SmoothedHinge
from boundcalc.trainer.risk.pairs import AllPairs
from boundcalc.trainer.risk.structures import make_structure

LOSSES = [Hinge(), SmoothedHinge(0.5), Logistic(), Hinge().surrogate(0.1)]
RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 3, 60)
ROWS = RNG.normal(size=(60, 4)) + 1.5 * RNG.normal(size=(3, 4))[CODES]


@pytest.fixture(params=["numpy", "torch", "array_api_strict"], scope="module")
def xp(request):
    return pytest.importorskip(request.param, reason=f"{request.param} is not installed")


@pytest.fixture(params=["whole", "blocks"])
def pairs(request, xp, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(devices, "_ROWS", 7)
        monkeypatch.setattr(devices, "_COLUMNS", 23)
    return DevicePairs(xp.asarray(ROWS), xp.asarray(CODES))


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (2.5, 0.6)])
def test_risk_and_gradient(pairs, loss, weights):
    twin = AllPairs(ROWS, CODES)
    matrix = RNG.normal(size=(4, 4))
    for operator in (RNG.random(4), matrix @ matrix.T):
        found, expected = (one.evaluate(operator, 1.3, loss=loss, weights=weights) for one in (pairs, twin))
        for name in ("value", "slack", "gradient", "gradient_threshold"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-12)
        assert pairs.evaluate(operator, 1.3, loss=loss, weights=weights, gradient=False).value == found.value


def test_what_a_solver_asks(pairs):
    twin = AllPairs(ROWS, CODES)
    assert (pairs.n_similar, pairs.n_dissimilar, pairs.depth) == (twin.n_similar, twin.n_dissimilar, twin.depth)
    assert pairs.squared_radius == pytest.approx(twin.squared_radius)
    (wrong, ramps), expected = (one.profile(np.ones(4), 4.0, rhos=(0.5,)) for one in (pairs, twin))
    assert (wrong, *ramps) == pytest.approx((expected[0], *expected[1]))
    structure = make_structure("diagonal", dims={"a": 4})
    fits = [
        minimise_risk(Problem(one, structure, Hinge(), (0.0, 1.0), (-1.0, 2.0)), tolerance=1e-4)
        for one in (pairs, twin)
    ]
    assert abs(fits[0].objective - fits[1].objective) <= fits[0].eps_opt + fits[1].eps_opt


def test_a_transport_value(xp):
    kernel = RNG.random((40, 40)) * (RNG.random((40, 40)) < 0.3)
    for scale in (1.0, 2.5):
        expected = transport_value(kernel, kappa=0.9, scale=scale)
        assert transport_value(xp.asarray(kernel), kappa=0.9, scale=scale) == pytest.approx(expected, rel=1e-9)
    for bad in (kernel - 0.5, kernel * np.nan, kernel[:3]):
        with pytest.raises(InvalidInputError, match="kernel"):
            transport_value(xp.asarray(bad), kappa=0.9)


def test_single_numbers_are_worked_on_as_doubles(xp):
    rows = ROWS.astype(np.float32)
    single = DevicePairs(xp.asarray(rows), xp.asarray(CODES)).evaluate(np.ones(4), 1.3, loss=Hinge())
    assert single.value == pytest.approx(
        AllPairs(rows.astype(float), CODES).evaluate(np.ones(4), 1.3, loss=Hinge()).value, rel=1e-13
    )


def test_refused(pairs):
    with pytest.raises(InvalidInputError, match="hinge"):
        pairs.evaluate(np.ones(4), 1.0, loss=Contrastive())
    with pytest.raises(InvalidInputError, match="expected an array"):
        namespace_of([1.0])


def test_arrays_come_back(xp):
    np.testing.assert_array_equal(to_numpy(xp.asarray(ROWS)), ROWS)
