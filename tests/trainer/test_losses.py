import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.risk.losses import Contrastive, Hinge, Logistic, Ramp, SmoothedHinge, loss_from_name

LOSSES = [Hinge(), SmoothedHinge(0.5), SmoothedHinge(1.0), Logistic(), Ramp(0.3), Contrastive(1.5)]


def literal(loss, f, s):
    """Literal definitions."""
    z = s * f
    if loss.name == "hinge":
        return max(0.0, 1 - z)
    if loss.name == "smoothed_hinge":
        w = loss.width
        return 0.0 if z >= 1 else (1 - z) ** 2 / (2 * w) if z >= 1 - w else 1 - z - w / 2
    if loss.name == "logistic":
        return math.log1p(math.exp(-z)) if z > 0 else -z + math.log1p(math.exp(z))
    if loss.name == "ramp":
        return min(1.0, max(0.0, 1 - z / loss.rho))
    return -f if s > 0 else max(0.0, loss.margin + f)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("s", [1, -1])
def test_values_slopes_and_constants(loss, s):
    f = np.linspace(-4, 2, 1201) if loss.name != "contrastive" else np.linspace(-4, 0, 801)
    z = (s * f)[None, :]
    values, slopes = loss.block(z.copy(), similar=s > 0)
    np.testing.assert_allclose(values[0], [literal(loss, x, s) for x in f], atol=1e-14)
    total, again = loss.totals(z.copy(), similar=s > 0)
    assert total == pytest.approx(values.sum(), rel=1e-12)
    np.testing.assert_allclose(again, slopes, atol=1e-15)
    # Slopes are subgradients (the ramp aside), and L bounds the difference quotients.
    quotients = np.diff(values[0]) / np.diff(z[0])
    assert np.abs(quotients).max() <= loss.lipschitz * (1 + 1e-9)
    if loss.convex:
        chord = values[0][:, None] + slopes[0][:, None] * (z[0][None, :] - z[0][:, None])
        assert (chord <= values[0][None, :] + 1e-12).all()


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 0.6)])
@pytest.mark.parametrize("box", [(0.0, 2.0, 8.0), (-1.0, 0.5, 0.25), (0.0, 0.0, 0.0)])
def test_range_covers_the_class(loss, weights, box):
    low, high, reach = box if loss.has_threshold else (0.0, 0.0, box[2])
    values = [
        weight * literal(loss, f, s)
        for s, weight in zip((1, -1), weights, strict=True)
        for f in np.linspace(low - reach, high, 2001)
    ]
    length = loss.range_length(threshold_range=(low, high), largest_distance=reach, weights=weights)
    assert length >= max(values) - min(values)


def test_range_of_the_logistic_loss_is_exact_and_not_a_multiple_of_the_weight():
    loss = Logistic()
    assert loss.range_length(threshold_range=(-3, 3), largest_distance=0.0) == pytest.approx(3.0)
    # One score only (F = 0): unweighted the loss is constant, weighted it takes two values.
    weighted = loss.range_length(threshold_range=(0, 0), largest_distance=0.0, weights=(2.0, 1.0))
    assert weighted == pytest.approx(math.log(2))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("mass", [(0.2, 0.8), (0.9, 0.1), (2.0, 0.5), (0.0, 1.0)])
def test_trivial_rule_is_the_best_constant(loss, mass):
    def risk(c):
        return mass[0] * literal(loss, c, 1) + mass[1] * literal(loss, c, -1)

    # A fine grid and a local polish: the ramp risk is not unimodal.
    grid = np.linspace(-30, 30 if loss.has_threshold else 0, 20001)
    coarse = min(grid, key=risk)
    best = min(
        risk(coarse), minimize_scalar(risk, bounds=(coarse - 0.01, min(coarse + 0.01, grid[-1])), method="bounded").fun
    )
    assert loss.constant_risk(*mass) == pytest.approx(best, abs=2e-6)


@pytest.mark.parametrize("loss", [Hinge(), Contrastive(0.7)], ids=lambda loss: loss.name)
def test_the_surrogate_supports_the_loss_itself(loss):
    z = np.linspace(-2, 3, 501)[None, :]
    surrogate = loss.surrogate(0.4)
    values, slopes = surrogate.block(z.copy(), similar=False)
    true, _ = loss.block(z.copy(), similar=False)
    assert (values >= true - 1e-15).all()
    for k in range(0, 501, 50):
        slack = surrogate.slack(slopes[:, [k]])
        line = values[0, k] - slack + slopes[0, k] * (z[0] - z[0, k])
        assert (line <= true[0] + 1e-12).all()


def test_names_and_errors():
    assert loss_from_name("smoothed hinge", width=0.2) == SmoothedHinge(0.2)
    for bad in (
        lambda: loss_from_name("squared"),
        lambda: SmoothedHinge(0.0),
        lambda: Ramp(0.0),
        lambda: Contrastive(-1.0),
    ):
        with pytest.raises(InvalidInputError):
            bad()
