"""Delta split over events: as good as the best split of a fine grid, never worse than the equal one, never more than delta."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from sympy import Rational, log, sqrt

import boundcalc as bc
from boundcalc.errors import InvalidInputError

COMPLEXITY = bc.theorem("zhou2026.metric_complexity")
TWO = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=COMPLEXITY.bound("data"))
THREE = bc.theorem("zhou2026.risk_gap").bound("paper").substitute(R_M=COMPLEXITY.bound("data"))
LOWER = bc.theorem("zhou2026.risk_reduction").bound().substitute(R_N=COMPLEXITY.bound("data"))
POINT = dict(n=1000, delta="0.05", L=1, C=3, Rhat=0.1, Rhat_N=0.1, gamma=0, eps_opt=0, lam_min=0, lam_max=1, B=1)
POINT |= dict(Delta=0.5, eps_opt_M=0)


def value(bound, **changes):
    return float(bound.evaluate(**(POINT | changes)))


@pytest.mark.parametrize("bound", [TWO, LOWER], ids=["upper", "lower"])
@pytest.mark.parametrize("weight", [0.05, 1, 20])
def test_no_split_of_a_grid_is_better(bound, weight):
    first, second = (str(event) for event in bound.events)
    shares = [Fraction(k, 40) for k in range(1, 40)]
    sign = 1 if bound.relation == "<=" else -1
    grid = [sign * value(bound.with_split({first: s, second: 1 - s}), L=weight) for s in shares]
    found = sign * value(bc.allocate(bound, **(POINT | {"L": weight})), L=weight)
    assert found <= min(grid) + 1e-9
    assert found <= sign * value(bound, L=weight)
    assert found < sign * value(bound, L=weight) * (1 - 1e-9 * sign)


@pytest.mark.parametrize("bound", [TWO, THREE, LOWER], ids=["two", "three", "lower"])
def test_no_more_than_delta_is_spent(bound):
    split = bc.allocate(bound, **POINT)
    assert [event for event, _ in split.split] == list(bound.events)
    assert 1 - 1e-8 < sum(fraction for _, fraction in split.split) <= 1
    assert all(fraction > 0 for _, fraction in split.split)
    assert sum(split.substitute(delta="0.05").shares.values()) <= Rational(1, 20)
    assert bc.Bound.from_json(split.to_json()) == split


def test_delta_may_be_set_before():
    later = bc.allocate(TWO, **POINT)
    before = bc.allocate(TWO.substitute(delta="0.05"), **POINT)
    assert [float(f) for _, f in before.split] == pytest.approx([float(f) for _, f in later.split], abs=1e-6)


def test_an_event_that_the_bound_does_not_show_keeps_its_share():
    hidden = bc.theorem("zhou2026.ex_ante").bound()
    shown = {event: event.symbol in hidden.raw.free_symbols for event in hidden.events}
    assert sorted(shown.values()) == [False, True, True]
    point = dict(n=100, n_h=50, J=3, delta=0.05, L=1, C=1, kappa_M=0.5, rhat_holdout=0.1, eps_opt=0)
    split = dict(bc.allocate(hidden, **point).split)
    assert all((split[event] == Rational(1, 3)) != shown[event] for event in hidden.events)


def _weighted(bound, *weights):
    """Return a bound whose events pay for a multiple of sqrt(log(1/share)) each."""
    terms = (w * sqrt(log(1 / event.symbol)) for w, event in zip(weights, bound.events, strict=True))
    return replace(bound, parts=(("confidence", sum(terms)),))


def test_where_the_equal_split_is_best_it_stays():
    bound = _weighted(TWO, 1, 1)
    assert bc.allocate(bound, **POINT) == bound


def test_shares_below_the_grain_do_not_add_up_to_more_than_delta():
    split = dict(bc.allocate(_weighted(THREE, 1, -5, -5), **POINT).split)
    assert sum(split.values()) <= 1
    assert all(fraction > 0 for fraction in split.values())
    assert min(split.values()) < Rational(1, 10**8)


def test_one_event_is_not_split():
    bound = bc.theorem("zhou2026.risk_gap").bound()
    assert bc.allocate(bound, **{**POINT, "R_M": 0.1}) == bound


@pytest.mark.parametrize(
    ("bound", "changes", "match"),
    [
        (TWO, {"n": [10, 100]}, "n: the reference point of a split must be one point"),
        (TWO, {"delta": 2}, "delta must be in"),
        (COMPLEXITY.bound(), {}, "there is no delta to split"),
    ],
)
def test_bad_reference_points(bound, changes, match):
    with pytest.raises(InvalidInputError, match=match):
        bc.allocate(bound, **(POINT | changes))
