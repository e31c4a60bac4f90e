"""kl and its inverse on numbers: right to a few ulps by the definition, never on the wrong side, of the right shape."""

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from boundcalc.arithmetic import entropy
from boundcalc.arithmetic.entropy import kl, kl_inverse, kl_inverse_beyond
from boundcalc.arithmetic.entropy_points import (
    kl_at,
    kl_ball,
    kl_inverse_at,
    kl_inverse_ball,
    kl_inverse_precisely,
    kl_precisely,
)
from tests.entropy import reference
from tests.entropy.reference import CORNERS, SIZES, between, points

UNIT = st.one_of(
    st.floats(0, 1),
    st.floats(-323, 0).map(lambda x: 10.0**x),
    st.floats(-15.9, 0).map(lambda x: 1 - 10.0**x),
    st.sampled_from(CORNERS),
)
SIZE = st.one_of(st.floats(0, 50), st.floats(-323, 308).map(lambda x: 10.0**x), st.sampled_from(SIZES))
CASES = [points(3000, 17), tuple(x.ravel() for x in np.meshgrid(CORNERS, SIZES))]


def ulps(value, count):
    with mpmath.workdps(60):
        return mpmath.mpf(value) + count * mpmath.mpf(float(np.spacing(value)))


@pytest.mark.parametrize("case", CASES, ids=["random", "corners"])
def test_inverse_is_right_to_4_ulp(case):
    q, a = case
    p = kl_inverse(q, a)
    wrong = [cell for cell in zip(q, a, p, strict=True) if not between(*cell[:2], ulps(cell[2], -4), ulps(cell[2], 4))]
    assert wrong == []


#: Where the rounding of the relative entropy itself would put a side on the wrong side.
ROUNDED = np.array(
    [
        (2.240429825903176e-19, 0.00017485910057424357),
        (1.2465392022926243e-20, 9.834619782872517e-06),
        (5.915013849124289e-08, 0.04045151181447173),
        (9.019214939053589e-10, 0.010315892802510204),
        (7.284433181170218e-21, 6.249519286444253e-05),
        (2.739995568901797e-14, 1.5652143889740155e-05),
    ]
).T


@pytest.mark.parametrize("case", [*CASES, ROUNDED], ids=["random", "corners", "rounded"])
def test_sides_are_certain_and_close(case):
    q, a = case
    low, high = (kl_inverse_beyond(q, a, upper) for upper in (False, True))
    for cell in zip(q, a, low, high, strict=True):
        assert between(*cell), cell
        assert cell[3] <= ulps(cell[2], 200), cell
    assert (low >= np.where(a > 0, 0, q)).all()
    assert (high <= 1).all()


@pytest.mark.parametrize("off", [0.5, 1 - 1e-6, 1 + 1e-6, 1.5])
def test_sides_rest_on_the_relative_entropy_and_not_on_the_iteration(off, monkeypatch):
    q, a = points(300, 4)
    iteration = entropy._inverse
    monkeypatch.setattr(entropy, "_inverse", lambda q, a: q + off * (iteration(q, a) - q))
    low, high = (kl_inverse_beyond(q, a, upper) for upper in (False, True))
    assert [cell for cell in zip(q, a, low, high, strict=True) if not between(*cell)] == []


@pytest.mark.parametrize("case", CASES, ids=["random", "corners"])
def test_entropy_is_right_to_6_ulp(case):
    q, a = case
    rng = np.random.default_rng(3)
    near = np.clip(q * (1 + 10.0 ** rng.uniform(-15, 0.5, q.size) * rng.choice([-1, 1], q.size)), 0, 1)
    for p in (kl_inverse(q, a), near, rng.permutation(q)):
        for cell in zip(q, p, kl(q, p), strict=True):
            exact = reference.kl(*cell[:2], digits=400)
            assert cell[2] == float(exact) or ulps(cell[2], -6) <= exact <= ulps(cell[2], 6), cell


def test_numbers_and_arrays_agree():
    for q, a in CASES:
        p = kl_inverse(q, a)
        alone = np.array([kl_inverse_at(*cell) for cell in zip(q.tolist(), a.tolist(), strict=True)])
        assert (np.abs(alone - p) <= 4 * np.spacing(p)).all()
        value = kl(q, p)
        alone = np.array([kl_at(*cell) for cell in zip(q.tolist(), p.tolist(), strict=True)])
        finite = np.isfinite(value)
        assert (alone[~finite] == value[~finite]).all()
        assert (np.abs(alone[finite] - value[finite]) <= 6 * np.spacing(value[finite])).all()


@pytest.mark.parametrize(("q", "a"), [(-0.1, 1.0), (1.1, 1.0), (0.5, -1e-300), (np.nan, 1.0), (0.5, np.nan)])
def test_outside_the_domain_nothing_is_said(q, a):
    for value in (kl_inverse(q, a), kl_inverse_beyond(q, a, True), kl_inverse_beyond(q, a, False), kl(a, q), kl(q, a)):
        assert np.isnan(value)
    for function in (kl_inverse_at, kl_at):
        with pytest.raises(ValueError, match="not defined"):
            function(q, a)
    assert mpmath.isnan(kl_inverse_precisely(mpmath.mp, mpmath.mpf(q), mpmath.mpf(a)))
    assert kl_inverse_ball(flint.arb(q), flint.arb(a)).is_nan()
    assert kl_ball(flint.arb(q), flint.arb(a)).is_nan()


def test_shapes_broadcast_as_numpy_does():
    q, a = np.linspace(0, 1, 5)[:, None], np.linspace(0, 2, 7)
    for function in (kl, kl_inverse, lambda q, a: kl_inverse_beyond(q, a, True)):
        grid = function(q, a)
        assert grid.shape == (5, 7)
        flat = function(np.repeat(q, 7), np.tile(a, 5)).reshape(5, 7)
        assert np.array_equal(grid, flat, equal_nan=True)
        assert function(0.5, 0.25).shape == ()
        assert function(np.empty((0, 3)), np.ones(3)).shape == (0, 3)
    assert kl_inverse(np.longdouble(0.5), np.longdouble(0.25)).dtype == np.longdouble


@given(UNIT, SIZE)
@example(0.3, 1e-40)
@example(1e-250, 1e-260)
def test_round_trip(q, a):
    """The relative entropy at the answer is a, as far as the answer's rounding lets it."""
    p = float(kl_inverse(q, a))
    if p < 1:
        step = np.spacing(p)
        assert kl(q, max(q, p - 4 * step)) <= a * (1 + 1e-13)
        assert kl(q, min(1.0, p + 4 * step)) >= a * (1 - 1e-13)


@given(UNIT, UNIT, SIZE, SIZE)
def test_rises_in_both_and_keeps_its_bounds(q, other, a, b):
    low, high = sorted((q, other)), sorted((a, b))
    p, above = kl_inverse_beyond(low[0], high[0], False), kl_inverse_beyond(low[1], high[1], True)
    assert low[0] * (1 - 1e-14) <= p <= above <= 1
    assert p <= (low[0] + np.sqrt(high[0]) / np.sqrt(2)) * (1 + 1e-15)
    if np.isinf(high[0]):
        return
    two_thirds = 2 * high[0] / 3
    assert p <= (low[0] + two_thirds + np.hypot(two_thirds, np.sqrt(2 * low[0]) * np.sqrt(high[0]))) * (1 + 1e-15)


@given(UNIT, UNIT, st.floats(0, 30), st.floats(0, 30))
def test_is_concave_in_both_together(q, other, a, b):
    middle = (q + other) / 2, (a + b) / 2
    assume(2 * middle[0] == q + other and 2 * middle[1] == a + b)  # half the least number of all is 0
    chord = (kl_inverse_beyond(q, a, False) + kl_inverse_beyond(other, b, False)) / 2
    assert kl_inverse(*middle) >= chord * (1 - 1e-15)


@given(UNIT, UNIT)
def test_entropy_is_nonnegative_convex_and_above_pinskers_parabola(q, p):
    value = kl(q, p)
    assert value >= 2 * (p - q) ** 2 * (1 - 1e-14)
    assert (value == 0) == (p == q) or abs(p - q) < 1e-150
    if p != q:
        rounded = 4 * np.spacing(max(q, p)) / abs(p - q)  # the share of the distance by which the middle is off
        assert kl(q, (p + q) / 2) <= value / 2 * (1 + 1e-14 + 2 * rounded) + 1e-323


@given(st.floats(0.5, 1), st.floats(0.5, 1))
def test_entropy_is_the_same_for_the_other_side_of_the_coin(q, p):
    assert kl(1 - q, 1 - p) == pytest.approx(kl(q, p), rel=1e-14)


@pytest.mark.parametrize("bits", [53, 128, 400])
def test_balls_hold_the_value_and_are_narrow(bits):
    q, a = points(300, bits)
    for cell in zip(q.tolist(), a.tolist(), strict=True):
        with flint.ctx.workprec(bits):
            ball = kl_inverse_ball(*map(flint.arb, cell))
            assert ball.rad() <= ball.mid() * flint.arb(2) ** (3 - bits)
            low, high = ball.lower(), ball.upper()
            entropy = kl_ball(flint.arb(cell[0]), ball.mid())
        digits = 200 + bits
        with mpmath.workdps(digits):
            assert between(*cell, *(_exactly(x) for x in (low, high)), digits)
            exact = reference.kl(cell[0], _exactly(ball.mid()), digits)
            if entropy.is_finite():
                assert _exactly(entropy.lower()) <= exact <= _exactly(entropy.upper())


def _exactly(ball):
    mantissa, exponent = ball.man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


@given(UNIT, UNIT, SIZE, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_wide_balls_hold_the_values_of_their_points(q, p, a, width, share, other):
    """Every point of the balls has its value in the ball of the values."""
    ends = [sorted((x, x + width * (far - x))) for x, far in ((q, 1.0), (p, 0.0))]
    inside = [low + part * (high - low) for (low, high), part in zip(ends, (share, other), strict=True)]
    balls = [flint.arb(low).union(flint.arb(high)) for low, high in ends]
    exact = kl_ball(*map(flint.arb, inside))
    assert not (kl_ball(*balls) < exact)
    assert not (kl_ball(*balls) > exact)
    if np.isfinite(a):
        sizes = flint.arb(a).union(flint.arb(2 * a + width))
        value = kl_inverse_ball(flint.arb(inside[0]), flint.arb(a + share * (a + width)))
        found = kl_inverse_ball(balls[0], sizes)
        assert not (found < value)
        assert not (found > value)


@pytest.mark.parametrize("digits", [15, 50, 200])
def test_big_floats_are_right_to_their_digits(digits):
    context = mpmath.MPContext()
    context.dps = digits
    q, a = points(200, digits)
    with mpmath.workdps(digits + 40):
        margin = mpmath.mpf(10) ** -digits
    for cell in zip(q.tolist(), a.tolist(), strict=True):
        p = kl_inverse_precisely(context, *map(context.mpf, cell))
        with mpmath.workdps(digits + 40):
            p = mpmath.mpf(p)
            low, high = p * (1 - margin), p * (1 + margin)
        assert between(*cell, low, high, 2 * digits + 200), cell
        value = kl_precisely(context, context.mpf(cell[0]), context.mpf(0.5))
        with mpmath.workdps(digits + 40):
            exact = reference.kl(cell[0], 0.5, 2 * digits + 60)
            assert abs(mpmath.mpf(value) - exact) <= margin * exact
