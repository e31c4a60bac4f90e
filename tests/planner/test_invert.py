"""Inverse problems: round trips, brute force, boundaries that floats get wrong, and what cannot be met."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.inverse.bisect import first_integer, first_number
from boundcalc.inverse.cells import at_most_zero
from boundcalc.inverse.dependence import hoist, stride
from boundcalc.language.directions import falls_from
from boundcalc.language.domains import admits

COMPLEXITY = bc.theorem("zhou2026.metric_complexity")
COMPOSED = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=COMPLEXITY.bound())
MARGIN = bc.theorem("zhou2026.margin").bound().substitute(R_M=COMPLEXITY.bound("kappa"))
POINT = dict(n=1000, delta=0.05, L=1, C=1, gamma=0, eps_opt=0, lam_min=0, lam_max=1, t_min=0, t_max=1, B=1, g_M=4)


def without(name: str, **changes):
    return {key: value for key, value in (POINT | changes).items() if key != name}


def test_against_brute_force_over_n():
    rng = np.random.default_rng(0)
    sizes = np.arange(2, 4000)
    for _ in range(40):
        values = without(
            "n",
            delta=rng.uniform(0.01, 0.9),
            L=rng.uniform(0.1, 1),
            C=rng.uniform(0.1, 1),
            g_M=int(rng.integers(1, 20)),
        )
        bounds = COMPOSED.evaluate(n=sizes, **values).values
        target = float(rng.uniform(bounds[-1], bounds[0]))
        expected = sizes[np.flatnonzero(bounds <= target)[0]]
        assert int(bc.minimal_n(COMPOSED, target=target, **values)) == expected


@pytest.mark.parametrize("name", ["n", "delta", "g_M", "L", "C", "lam_max", "B", "gamma", "t_max", "eps_opt"])
def test_the_answer_meets_the_target_and_its_neighbour_does_not(name):
    target = 0.6
    answer = COMPOSED.solve_for(name, target=target, **without(name)).values.item()
    worse = {"n": -1, "delta": -1}.get(name, 1)
    neighbour = answer + worse if name in ("n", "g_M") else float(np.nextafter(answer, np.inf * worse))
    assert float(COMPOSED.evaluate(**without(name), **{name: answer}, sound=True)) <= target
    missed = COMPOSED.evaluate(
        **without(name), **{name: neighbour * (1 if name in ("n", "g_M") else 1 + worse * 1e-12)}
    )
    assert float(missed) > target * (1 - 1e-14)


@settings(max_examples=30)
@given(
    delta=st.floats(1e-12, 0.999),
    kappa=st.floats(0, 5),
    rho=st.floats(0.1, 3),
    ramp=st.floats(0, 0.9),
    gap=st.floats(1e-4, 3),
)
def test_round_trip(delta, kappa, rho, ramp, gap):
    values = dict(delta=delta, kappa_M=kappa, rho=rho, rhat_ramp=ramp)
    n = int(bc.minimal_n(MARGIN, target=ramp + gap, **values))
    assert MARGIN.evaluate(n=n, **values, precision=40).item() <= ramp + gap
    if n > 2:
        assert MARGIN.evaluate(n=n - 1, **values, precision=40).item() > ramp + gap


def test_targets_on_the_edge_are_decided_exactly():
    hoeffding = bc.theorem("lemmas.hoeffding_u").bound()
    sizes = 2 * np.array([3, 10, 77, 12345, 10**7 + 19, 10**9 + 7, 10**13 + 37])
    edges = hoeffding.evaluate(n=sizes, delta=0.1, C=1)
    for size, edge in zip(sizes, edges.values, strict=True):
        for target in (edge, np.nextafter(edge, 0), np.nextafter(edge, 1)):
            n = int(bc.minimal_n(hoeffding, target=target, delta=0.1, C=1))
            exact = [hoeffding.evaluate(n=k, delta=0.1, C=1, precision=50).item() for k in (n, n - 1)]
            assert exact[0] <= target < exact[1]
            assert abs(n - size) <= max(4, 1e-14 * size * 100)


def test_exact_ties_meet_the_target():
    kappa = COMPLEXITY.bound("kappa")
    assert bc.minimal_n(kappa, target=[0.5, 0.25, 1.0], kappa_M=1).values.tolist() == [8, 32, 2]


def test_only_integers_have_a_smallest():
    with pytest.raises(InvalidInputError, match="no integer symbol"):
        bc.minimal_n(COMPOSED, target=0.5, name="delta", **without("delta"))


def test_arrays_become_a_table():
    solution = MARGIN.solve_for("n", target=[0.05, 0.2, 0.5], kappa_M=[0.5, 1], rhat_ramp=0.1, rho=0.5, delta=0.05)
    assert set(solution.values.dims) == {"target", "kappa_M"}
    assert solution.values.sel(target=0.2, kappa_M=0.5).item() == 2080
    assert solution.values.sel(target=0.05, kappa_M=0.5).item() is None
    assert not solution.feasible.sel(target=0.05).any()
    assert "wrong side" in solution.reason.sel(target=0.05, kappa_M=1).item()
    assert float(solution.nearest.sel(target=0.05, kappa_M=1)) == pytest.approx(0.1, abs=1e-6)


def test_infeasible_targets_raise_with_the_nearest_one():
    with pytest.raises(bc.InfeasibleError, match=r"nearest target there is above 0\.1"):
        bc.minimal_n(MARGIN, target=0.05, kappa_M=0.5, rhat_ramp=0.1, rho=0.5, delta=0.05)


def test_lower_bounds_are_solved_too():
    population = bc.theorem("zhou2026.risk_reduction").bound("population").substitute(R_M=COMPLEXITY.bound("kappa"))
    values = dict(Delta=0.1, delta=0.05, L=1, C=1, kappa_M=0.5, eps_opt_M=0.01)
    n = int(bc.minimal_n(population, target=0, **values))
    assert float(population.evaluate(n=n, **values)) >= 0 > float(population.evaluate(n=n - 1, **values))
    gain = population.solve_for(
        "Delta", target=0, n=n, **{k: v for k, v in values.items() if k != "Delta"}
    ).values.item()
    assert gain == pytest.approx(0.1, rel=1e-3)


def test_what_every_value_meets():
    solution = COMPOSED.solve_for("L", target=5, **without("L", lam_max=0, t_max=0))
    assert solution.values.item() is None
    assert bool(solution.feasible)
    assert "every L > 0 meets" in solution.reason.item()


def test_constraints_bound_the_answer():
    assert COMPOSED.solve_for("lam_max", target=0.6, **without("lam_max", lam_min=0.2)).values.item() > 0.2
    too_low = COMPOSED.solve_for("lam_max", target=0.05, **without("lam_max", lam_min=0.2))
    assert not bool(too_low.feasible)
    assert COMPOSED.solve_for("t_min", target=50, **without("t_min")).feasible


def test_closed_form_on_request():
    solution = MARGIN.solve_for("n", target=0.2, closed_form=True, kappa_M=0.5, rhat_ramp=0.1, rho=0.5, delta=0.05)
    target = sympy.Symbol("target", real=True)
    values = {
        bc.symbols.kappa_M: 0.5,
        bc.symbols.rhat_ramp: 0.1,
        bc.symbols.rho: 0.5,
        bc.symbols.delta: 0.05,
        target: 0.2,
    }
    assert float(solution.closed_form.subs(values)) == pytest.approx(2080, abs=2)


@pytest.mark.parametrize(
    ("name", "target", "changes", "match"),
    [
        ("n", float("nan"), {}, "must be finite"),
        ("n", 0.5, {"delta": 2}, "delta must be in"),
        ("m", 0.5, {}, "no symbol of this bound"),
        ("n", 0.5, {"wibble": 3}, "unknown symbol"),
    ],
)
def test_bad_questions(name, target, changes, match):
    with pytest.raises(ValueError, match=match):
        COMPOSED.solve_for(name, target=target, **without("n", **changes))


def test_the_free_symbol_must_not_be_given():
    with pytest.raises(InvalidInputError, match="must not be given"):
        COMPOSED.solve_for("n", target=0.5, **POINT)


def test_labelled_lanes():
    rng = np.random.default_rng(5)
    deltas, lips = (xr.DataArray(rng.uniform(0.01, 0.5, 200), dims="case") for _ in range(2))
    n = bc.minimal_n(
        COMPOSED, target=xr.DataArray(rng.uniform(0.1, 2, 200), dims="case"), **without("n", delta=deltas, L=lips)
    )
    assert n.dims == ("case",)
    assert n.dtype == np.int64
    single = bc.minimal_n(COMPOSED, target=0.3, **without("n", delta=float(deltas[7]), L=float(lips[7])))
    again = bc.minimal_n(COMPOSED, target=xr.DataArray([0.3] * 200, dims="case"), **without("n", delta=deltas, L=lips))
    assert int(again[7]) == int(single)


class TestSearch:
    @settings(max_examples=60)
    @given(
        st.lists(st.integers(3, 10**15), min_size=1, max_size=20),
        st.sampled_from([-0.5, 0.5, 1.0]),
        st.sampled_from([-2.0, -1.0, -0.5, 0.1, 0.5, 3.0]),
    )
    def test_integers(self, edges, power, shape):
        edge = np.array(edges, dtype=float)

        def excess(value, lanes):
            return np.sign(shape) * (edge[lanes] ** shape - value**shape)

        fails, passes = np.full(edge.shape, 2.0), np.full(edge.shape, 2.0**53)
        found = first_integer(excess, fails, passes, power=power)
        assert (excess(found, np.arange(edge.size)) <= 0).all()
        assert (excess(found - 1, np.arange(edge.size)) > 0).all()

    @settings(max_examples=60)
    @given(st.floats(-1e300, 1e300), st.booleans())
    def test_numbers(self, edge, upwards):
        ends = np.array([np.finfo(float).max * (1 if upwards else -1)])
        found = first_number(lambda value, lanes: (edge - value) * (1 if upwards else -1), -ends, ends)
        assert found[0] == edge


@pytest.mark.parametrize("name", ["n", "g_M"])
def test_bounds_with_nothing_but_ties_are_decided_exactly(name):
    """The bound moves in steps that doubles do not resolve: rounded both ways it decides nothing."""
    values = without(name, gamma=[1e9, 3e9, 1e11], n=100, g_M=4)
    values.pop(name, None)
    target = xr.DataArray(np.array([1e9, 3e9, 1e11]) + 1.0, dims="gamma", coords={"gamma": values["gamma"]})
    answers = COMPOSED.solve_for(name, target=target, **values).values
    step = 1 if name == "n" else -1
    for place, answer in enumerate(answers.values.tolist()):
        point = values | {"gamma": values["gamma"][place]}
        meets = [COMPOSED.evaluate(**point, **{name: k}, precision=60).item() for k in (answer, answer - step)]
        assert meets[0] <= target.values[place] < meets[1]


@pytest.mark.parametrize(
    ("text", "multiple"),
    [
        ("floor(n/2)", 2),
        ("1/sqrt(floor(n/3)) + 1", 3),
        ("floor(n/2) + n", 1),
        ("floor(n/2)*floor(n/3)", 1),
        ("n", 1),
        ("floor((n + 1)/2)", 1),
        ("floor(3*n/2)", 1),
    ],
)
def test_only_multiples_matter_where_a_floor_says_so(text, multiple):
    n = bc.symbols.n
    assert stride(sympy.sympify(text, locals={"n": n}), n) == multiple


def test_hoisting_keeps_the_value():
    for bound in (COMPOSED, MARGIN, bc.theorem("zhou2026.ex_ante").bound()):
        skeleton, parts = hoist(bound.expr, bc.symbols.n)
        assert sympy.simplify(skeleton.subs(parts) - bound.expr) == 0
        assert all(bc.symbols.n not in part.free_symbols for part in parts.values())


def test_any_number_of_exact_ties_is_decided():
    bound = bc.theorem("zhou2026.metric_complexity").bound("kappa")
    steps = np.arange(3.0, 3.0 + 3 * 400, 3)
    found = bc.minimal_n(bound, kappa_M=xr.DataArray(steps / 8, dims="q"), target=1 / 8)
    assert (found.values == 2 * steps**2).all()  # kappa/sqrt(m) = 1/8 at m = q^2 exactly
    closed = bc.theorem("comparators.frobenius_ball").bound()
    inputs = {"radius": 1.0, "B": 1.0, "t_min": 0.0, "t_max": 0.0}
    assert int(bc.minimal_n(closed, target=1 / 64, **inputs)) == 2 * 64**2


def test_the_nearest_target_does_not_depend_on_the_target():
    gap = bc.theorem("zhou2026.risk_gap").bound()
    inputs = {"delta": 0.05, "L": 1, "C": 1, "R_M": 0.1, "gamma": -0.06, "eps_opt": 0.001}
    solution = gap.solve_for("n", target=[-1e300, -1e17, -1e10, -1.0, 0.0], **inputs)
    assert not solution.feasible.any()
    assert len(set(solution.nearest.values.tolist())) == 1
    nearest = float(solution.nearest[0])
    assert nearest >= 4 * 0.1 - 0.06 + 0.001
    assert bool(gap.solve_for("n", target=nearest, **inputs).feasible)


def test_signs_of_tiny_differences_are_their_own():
    # SymPy says that this positive number, 4.94e-324, is negative.
    scale = sympy.Rational(1.3900112843514453e-144) * sympy.Rational(1.0401185092716835e-83) ** 2 / 2
    root = sympy.sqrt(sympy.log(1 / sympy.Rational(0.9999999999999999)) / 3919034)
    value = scale * root - sympy.Rational(3.95e-322)
    assert not at_most_zero(value)
    assert at_most_zero(-value)
    assert at_most_zero(sympy.sqrt(5 + 2 * sympy.sqrt(6)) - sympy.sqrt(2) - sympy.sqrt(3))


def test_a_tied_symbol_that_the_bound_does_not_use_is_kept():
    solution = COMPOSED.solve_for("g_M", target=1e6, d_M=[5, 7], **without("g_M"))
    assert solution.values.values.tolist() == [5, 7]


def test_targets_are_numbers():
    with pytest.raises(InvalidInputError, match="target = True must be a number"):
        bc.minimal_n(COMPOSED, target=True, **without("n"))


KAPPA = COMPLEXITY.bound("kappa")  # kappa_M / sqrt(floor(n/2))


@pytest.mark.parametrize(
    ("target", "kappa", "m"),
    [
        ("1/3", 1, 9),
        (Fraction(1, 7), 1, 49),
        ("0.1", 1, 100),
        ("1/3", "2/3", 4),
        (1 / sympy.sqrt(3), 1, 3),
        ("0.1", sympy.sqrt(2), 200),
        (sympy.pi / 10, sympy.pi, 100),
        (sympy.sqrt(2) + sympy.sqrt(3), sympy.sqrt(5 + 2 * sympy.sqrt(6)), 1),
        (Fraction(1, 3) - Fraction(1, 10**40), 1, 10),
        (Fraction(1, 3) + Fraction(1, 10**40), 1, 9),
        (1 / sympy.sqrt(3) - sympy.Rational(1, 10**40), 1, 4),
        (Fraction(1, 3) - Fraction(1, 10**400), 1, 10),
        (Fraction(1, 3) + Fraction(1, 10**400), 1, 9),
        (sympy.sqrt(2) + sympy.sqrt(3) - sympy.Rational(1, 10**3000), sympy.sqrt(5 + 2 * sympy.sqrt(6)), 2),
        (sympy.sqrt(2) + sympy.sqrt(3) + sympy.Rational(1, 10**3000), sympy.sqrt(5 + 2 * sympy.sqrt(6)), 1),
    ],
)
def test_exact_inputs_and_targets_are_not_rounded(target, kappa, m):
    """The bound is equal to the target at m, or a hair's breadth beside it; 1/3 as a double is below 1/3."""
    assert int(bc.minimal_n(KAPPA, target=target, kappa_M=kappa)) == 2 * m
    below = replace(KAPPA, parts=tuple((label, -part) for label, part in KAPPA.parts), relation=">=")
    opposite = -sympy.sympify(target, rational=True)
    assert int(bc.minimal_n(below, target=opposite, kappa_M=kappa)) == 2 * m
    lanes = bc.minimal_n(KAPPA, target=[target, 1000], kappa_M=kappa)
    assert lanes.values.tolist() == [2 * m, 2]


def test_ties_of_falling_answers_are_decided_too():
    bound = replace(KAPPA, parts=(("complexity", sympy.sqrt(bc.symbols.g_M) / bc.symbols.L),), where={}, domain={
        bc.symbols.g_M: sympy.Range(1, sympy.oo), bc.symbols.L: sympy.Interval.open(0, sympy.oo)
    })  # fmt: skip
    exact = bound.solve_for("g_M", target=["2/3", "5/3", 1, "0.1"], L=3)
    assert exact.values.values.tolist() == [4, 25, 9, None]
    hair = Fraction(1, 10**40)
    ends = bound.solve_for("g_M", target=["1/3", Fraction(1, 3) - hair, Fraction(1, 3) + hair], L=3)
    assert ends.values.values.tolist() == [1, None, 1]
    assert bound.solve_for("g_M", target="7/3", L=[3, "3"]).values.values.tolist() == [49, 49]


@pytest.mark.parametrize(("sign", "relation"), [(1, "<="), (-1, ">=")])
def test_targets_beside_a_value_without_rounding(sign, relation):
    """The bound is the symbol itself: nothing but the target's own rounding could hide the difference."""
    s = bc.symbols
    bound = replace(KAPPA, where={}, parts=(("complexity", sign * s.g_M),), domain={s.g_M: sympy.Range(1, sympy.oo)},
                    constraints=(), relation=relation)  # fmt: skip
    hair = Fraction(1, 10**40)
    targets = [sign * target for target in (3 - hair, Fraction(3), 3 + hair)]
    assert bound.solve_for("g_M", target=targets).values.values.tolist() == [2, 3, 3]
    number = replace(bound, parts=(("complexity", sign * s.kappa_M),), domain={s.kappa_M: sympy.Interval(0, sympy.oo)})
    found = number.solve_for("kappa_M", target=targets).values.values.tolist()
    assert found == [np.nextafter(3.0, 0), 3.0, 3.0]


def test_coefficients_of_inexact_inputs_are_enclosed():
    """The eighth power of 1 + 0.999 ulp is above 1 + 7.5 ulp, although the double below its base is 1."""
    s, ulp = bc.symbols, Fraction(1, 2**52)
    domain = {s.g_M: sympy.Range(1, sympy.oo), s.kappa_M: sympy.Interval(0, 9)}
    bound = replace(KAPPA, where={}, parts=(("complexity", sympy.Max(s.kappa_M**8, 5 - s.g_M)),), domain=domain)
    solution = bound.solve_for("g_M", target=[1 + ulp * 15 / 2, 1 + 8 * ulp], kappa_M=1 + ulp * 999 / 1000)
    assert solution.feasible.values.tolist() == [False, True]
    assert solution.values.values.tolist() == [None, 4]


def test_ends_meet_the_target_by_a_tie():
    hair = Fraction(1, 10**40)
    found = bc.minimal_n(KAPPA, target=["1/3", Fraction(1, 3) - hair, Fraction(1, 3) + hair], kappa_M="1/3")
    assert found.values.tolist() == [2, 4, 2]
    assert KAPPA.solve_for("kappa_M", target=0, n=18).values.item() == 0


def test_ends_lie_in_the_domain():
    """1/3 as a double is below 1/3 and 0.1 above 1/10: the best end is the double inside."""
    s = bc.symbols
    nonnegative, third, tenth = sympy.Interval(0, sympy.oo), sympy.Rational(1, 3), sympy.Rational(1, 10)
    plain = replace(KAPPA, where={}, constraints=(bc.Constraint(s.lam_min, s.lam_max),),
                    domain=dict.fromkeys((s.lam_min, s.lam_max, s.kappa_M), nonnegative))  # fmt: skip
    rising = replace(plain, parts=(("complexity", s.lam_max),)).solve_for("lam_max", target=0.1, lam_min="1/3")
    falling = replace(plain, parts=(("complexity", -s.lam_min),)).solve_for("lam_min", target=-1, lam_max="1/10")
    low = replace(plain, parts=(("complexity", s.kappa_M),), domain={s.kappa_M: sympy.Interval(third, 2)})
    high = replace(plain, parts=(("complexity", -s.kappa_M),), domain={s.kappa_M: sympy.Interval(0, tenth)})
    least = [rising, low.solve_for("kappa_M", target=0.1)]
    most = [falling, high.solve_for("kappa_M", target=-1)]
    assert all(not bool(one.feasible) for one in least + most)
    assert all(third <= Fraction(float(one.nearest)) < third + Fraction(1, 10**15) for one in least)
    assert all(tenth - Fraction(1, 10**15) < -Fraction(float(one.nearest)) <= tenth for one in most)


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_of_either_sign(sign):
    k = sympy.Symbol("k", integer=True)
    gap = bc.theorem("zhou2026.risk_gap").bound().substitute(gamma=sign * k)
    point = dict(n=1000, delta=0.05, L=1, C=1, R_M=0.1, eps_opt=0)
    for target in (0.3, 1.3, -5, 7e5, -1e9):
        answer = gap.solve_for("k", target=target, **point).values.item()
        assert float(gap.evaluate(k=answer, **point)) <= target < float(gap.evaluate(k=answer + sign, **point))
    everywhere = gap.solve_for("k", target=1e300, **point)
    assert everywhere.values.item() is None
    assert "every k" in everywhere.reason.item()


def test_an_exact_lane_is_what_it_is_alone():
    rng = np.random.default_rng(3)
    kappas = [Fraction(int(a), int(b)) for a, b in rng.integers(1, 40, size=(30, 2))]
    targets = [Fraction(int(a), int(b)) for a, b in rng.integers(1, 20, size=(20, 2))]
    table = bc.minimal_n(KAPPA, target=targets, kappa_M=kappas)
    expected = [[2 * max(1, -(-((k / t) ** 2) // 1)) for k in kappas] for t in targets]
    assert table.transpose("target", "kappa_M").values.tolist() == expected


@pytest.mark.parametrize(
    "facts", [{"even": True}, {"odd": True}, {"prime": True}, {"composite": True}, {"prime": False}, {"even": False}]
)
def test_an_answer_has_all_properties_that_its_symbol_is_assumed_to_have(facts):
    k = sympy.Symbol("k", integer=True, positive=True, **facts)
    bound = bc.theorem("zhou2026.risk_gap").bound().substitute(n=k + 1)
    others = dict(delta=0.05, L=1, C=1, R_M=0, gamma=0, eps_opt=0)
    allowed = [value for value in range(1, 400) if admits(k, value)]
    targets = [0.5, 0.3, 0.2, 5.0]
    found = bound.solve_for("k", target=targets, **others).values.values
    for target, answer in zip(targets, found, strict=True):
        assert answer == next(v for v in allowed if bound.evaluate(k=v, **others).item() <= target)


def test_an_answer_that_no_number_near_it_can_be_is_none():
    k = sympy.Symbol("k", prime=True, even=True)
    bound = bc.theorem("zhou2026.risk_gap").bound().substitute(n=k)
    solution = bound.solve_for("k", target=[0.5, 9.0], delta=0.05, L=1, C=1, R_M=0, gamma=0, eps_opt=0)
    assert solution.values.values.tolist() == [None, 2]
    assert solution.feasible.values.tolist() == [False, True]
    assert "prime and even" in solution.reason.values[0]


RATES = {
    "log(n)/n": lambda n, v, x: sympy.log(n) / n,
    "VC": lambda n, v, x: sympy.sqrt((v * sympy.log(2 * sympy.E * n / v) + x) / n),
    "squared": lambda n, v, x: v * sympy.log(n) ** 2 / sympy.sqrt(n) + x / n,
    "one more": lambda n, v, x: v * sympy.log(n + 1) / n,
    "of a square": lambda n, v, x: sympy.log(1 + n / v + x * n**2) / sympy.sqrt(n),
    "of pairs": lambda n, v, x: v * sympy.log(sympy.floor(n / 2) / 3) / sympy.floor(n / 2),
    "iterated": lambda n, v, x: v * sympy.log(sympy.log(n + 3)) / sympy.sqrt(n),
    "two logarithms": lambda n, v, x: sympy.log(n) ** 2 * sympy.log(sympy.log(n + 3 * x)) / n,
    "exponential": lambda n, v, x: n * sympy.exp(-n / v) + x / n,
    "a root in an exponent": lambda n, v, x: n * sympy.log(n) * sympy.exp(-sympy.sqrt(n / v)),
}


def rate(name):
    """Return a bound that rises up to some n and falls from there on."""
    v, x = (bc.symbol(letter, letter, "a number", sympy.Interval.open(0, sympy.oo), role="fixed") for letter in "vx")
    left = bc.symbol("rate", "rate", "what is bounded", role="population")
    step = bc.at_most(left, RATES[name](bc.symbols.n, v, x), because="assumed", kind="claim")
    form = bc.Form(bc.Derivation(quantity=left, steps=(step,), where={}))
    source = bc.Source("nobody", "", "nowhere")
    return bc.Theorem("own.rate", "-", "a rate", "a rate", "a rate", source, {"sharp": form}, ("none",)).bound()


@pytest.mark.parametrize("name", RATES)
def test_a_logarithm_that_meets_a_power_is_solved_from_where_it_falls(name):
    bound = rate(name)
    assert bound.direction("n") == "unknown"
    rng = np.random.default_rng(7)
    for _ in range(10):
        values = {key: value for key, value in {"v": rng.uniform(0.5, 40), "x": 3.0}.items() if key in bound.symbols}
        turns = [float(turn.subs({bound.symbol(k): x for k, x in values.items()})) for turn in bound.better_from("n")]
        start = max(2, *map(int, np.ceil(turns)))
        sizes = np.arange(start, start + 20_000)
        heights = bound.evaluate(n=sizes, **values).values
        assert (np.diff(heights) <= 1e-15).all()
        target = float(rng.uniform(heights[-1], heights[0]))
        expected = sizes[np.flatnonzero(heights <= target)[0]]
        assert int(bc.minimal_n(bound, target=target, **values)) == expected


def test_where_a_rate_falls_is_no_earlier_than_its_maximum():
    n = np.arange(2, 2000)
    for name, most in (("log(n)/n", np.log(n) / n), ("squared", np.log(n) ** 2 / np.sqrt(n))):
        (turn, *_) = rate(name).better_from("n")
        assert abs(float(turn) - n[np.argmax(most)]) <= 1


def test_what_no_rule_covers_is_refused_as_before():
    v = bc.symbol("v", "v", "a number", sympy.Interval.open(0, sympy.oo), role="fixed")
    n = sympy.Symbol("n", positive=True)
    for expr in (sympy.log(n), n * sympy.log(n), sympy.log(n - 1) / n, (v - 1) * sympy.log(n) / n, sympy.sin(n) / n,
                 sympy.log(sympy.log(n)), n * sympy.exp(n / v), n * sympy.exp(1 - v * n) * sympy.sin(n)):  # fmt: skip
        assert falls_from(expr, n, domains={}) is None


def test_a_constraint_that_reaches_the_turning_point_makes_the_bound_fall():
    assert bc.theorem("lemmas.sauer").bound("rademacher").direction("m") == "falls"
    assert bc.theorem("lemmas.pac_bayes").bound("kl").direction("m") == "falls"
