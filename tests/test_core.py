"""Domains, directions, derivations, asymptotics and expressions as data."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Interval, Max, Min, Range, Symbol, floor, log, oo, sqrt

from boundcalc import symbols
from boundcalc.errors import DerivationError, InvalidInputError
from boundcalc.language.directions import direction, value_range
from boundcalc.language.domains import contains, describe, intersect
from boundcalc.language.expressions import decode, encode
from boundcalc.show.rounding import outwards, rounded_up
from boundcalc.statements.asymptotics import rate
from boundcalc.statements.derivation import Derivation, Event, at_least, at_most, equal

DOMAINS = {entry.symbol: entry.domain for entry in symbols.VOCABULARY.values()}


class TestRounding:
    @given(st.floats(-1e300, 1e300, allow_subnormal=False), st.integers(1, 15))
    def test_a_printed_number_is_on_its_side_and_near(self, value, digits):
        below, above = (Fraction(repr(outwards(value, side, digits=digits))) for side in (">=", "<="))
        assert below <= Fraction(value) <= above
        assert above - below <= abs(Fraction(value)) * 10 ** Fraction(1 - digits)

    @given(st.floats(1e-9, 1e9))
    def test_what_something_is_at_most_is_never_shown_smaller(self, value):
        shown = Fraction(rounded_up(value))
        assert Fraction(value) <= shown <= Fraction(value) * Fraction(1001, 1000)


class TestSymbols:
    def test_one_symbol_each(self):
        assert symbols.n == symbols["n"] == symbols.info("n").symbol
        assert len({entry.symbol for entry in symbols.VOCABULARY.values()}) == len(symbols)
        with pytest.raises(AttributeError, match="no symbol 'nothing'"):
            symbols.nothing  # noqa: B018

    def test_assumptions_follow_from_the_domain(self):
        assert symbols.n.is_integer
        assert symbols.n.is_positive
        assert symbols.delta.is_positive
        assert symbols.gamma.is_real
        assert symbols.gamma.is_positive is None
        assert symbols.R_M.is_nonnegative
        assert symbols.R_M.is_positive is None

    @pytest.mark.parametrize("name", "n m delta L C K d_M g_M lam_min lam_max Lam t_min t_max B b_k p R_M R_N R_full Rhat "
                             "eta_M eta_N gamma r_M rhat_M r_N rhat_N rhat_holdout n_h Lhat_M eps_opt eps_opt_M eps_opt_N "
                             "Delta kappa_M rho omega_pos omega_neg rhat_ramp radius mu ell_0 kc eps_osc J S".split())  # fmt: skip
    def test_the_vocabulary_is_complete(self, name):
        assert name in symbols


class TestDomains:
    @pytest.mark.parametrize(
        ("domain", "inside", "outside"),
        [
            (Range(2, oo), [2, 10.0, 10**18, Fraction(4)], [1, 2.5, float("nan"), float("inf"), -3]),
            (Interval.open(0, 1), [0.5, 1e-320], [0, 1, 2, float("nan")]),
            (Interval(0, oo), [0, 1e300], [-1e-300, float("inf")]),
            (sympy.Reals, [-5, 0], [float("nan"), float("-inf")]),
            (sympy.FiniteSet(0), [0, 0.0], [1e-300]),
            (sympy.Union(Interval(0, 1), Interval(2, 3)), [0.5, 2], [1.5]),
            (sympy.S.Integers, [-3, 4], [0.5]),
        ],
    )
    def test_membership(self, domain, inside, outside):
        assert all(bool(contains(domain, value)) for value in inside)
        assert not any(bool(contains(domain, value)) for value in outside)
        assert contains(domain, np.array(inside, dtype=float)).all()
        assert not contains(domain, np.array(outside, dtype=float)).any()

    def test_intersection_and_words(self):
        assert intersect([Interval(0, oo), sympy.FiniteSet(0)]) == sympy.FiniteSet(0)
        assert intersect([Interval.open(0, oo), sympy.FiniteSet(0)]) == sympy.EmptySet
        assert describe(sympy.FiniteSet(0)) == "equal to 0"
        assert describe(Range(1, 5)) == "an integer from 1 to 4"


class TestDirections:
    @pytest.mark.parametrize(
        ("expr", "name", "expected"),
        [
            (sqrt(log(1 / symbols.delta) / symbols.m), "n", "falls"),
            (sqrt(log(1 / symbols.delta) / symbols.m), "delta", "falls"),
            (symbols.Lam * symbols.B**2, "lam_min", "falls"),
            (Min(1, sqrt(symbols.g_M / symbols.m)), "g_M", "rises"),
            (symbols.R_M - symbols.R_N, "R_N", "falls"),
            (symbols.gamma**2, "gamma", "unknown"),
            (symbols.gamma**3, "gamma", "rises"),
            (symbols.C * symbols.gamma, "C", "unknown"),
            (symbols.C - symbols.C * symbols.delta, "delta", "falls"),
            (Max(symbols.C, symbols.L), "J", "constant"),
            (symbols.n / (symbols.n + 1), "n", "unknown"),
        ],
    )
    def test_known_directions(self, expr, name, expected):
        assert direction(expr, symbols[name], domains=DOMAINS, where=symbols.DERIVED) == expected

    @settings(max_examples=60)
    @given(st.data())
    def test_a_claimed_direction_is_true(self, data):
        x, y = Symbol("x", positive=True), Symbol("y", real=True)
        leaves = st.sampled_from([x, y, sympy.Integer(2), sympy.Rational(1, 3), -sympy.Integer(1)])
        tree = st.recursive(
            leaves,
            lambda inner: st.one_of(
                st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
                st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
                st.tuples(inner, inner).map(lambda pair: Max(*pair)),
                inner.map(floor),
                inner.map(lambda arg: arg**2),
                inner.map(lambda arg: sqrt(arg) if arg.is_nonnegative else arg),
            ),
            max_leaves=6,
        )
        expr = data.draw(tree)
        domains = {x: Interval.open(0, oo), y: sympy.Reals}
        way = direction(expr, x, domains=domains)
        low, high = value_range(expr, domains)
        y_value = data.draw(st.floats(-5, 5))
        points = sorted(data.draw(st.lists(st.floats(0.01, 9), min_size=2, max_size=2)))
        values = [float(expr.subs({x: point, y: y_value})) for point in points]
        slack = 1e-9 * (1 + max(map(abs, values)))
        assert all(low - slack <= value <= high + slack for value in values)
        if way in ("rises", "constant"):
            assert values[0] <= values[1] + slack
        if way in ("falls", "constant"):
            assert values[0] >= values[1] - slack


class TestDerivation:
    def test_the_fold(self):
        chain = Derivation(
            symbols.r_M - symbols.r_N,
            (
                at_most(symbols.r_M, symbols.C, because="range"),
                at_least(symbols.r_N, 0, because="nonnegative"),
            ),
        )
        assert (chain.relation, chain.result) == ("<=", symbols.C)

    def test_a_step_that_turns_the_chain_round_is_refused(self):
        with pytest.raises(DerivationError, match="turns the chain"):
            Derivation(
                symbols.r_M - symbols.r_N,
                (at_most(symbols.r_M, symbols.C, because=""), at_most(symbols.r_N, symbols.C, because="")),
            )

    def test_a_step_beside_the_point_is_refused(self):
        with pytest.raises(DerivationError, match="does not occur"):
            Derivation(symbols.r_M, (at_most(symbols.r_N, 1, because=""),))

    def test_a_step_whose_effect_is_unclear_is_refused(self):
        with pytest.raises(DerivationError, match="cannot tell"):
            Derivation(symbols.gamma * symbols.R_M, (at_most(symbols.R_M, 1, because=""),))

    def test_an_event_is_what_it_bounds_and_is_paid_once(self):
        event = Event("e", "something holds")
        first = at_most(symbols.r_M, event.symbol, because="", events=(event,))
        second = at_most(symbols.r_N, event.symbol, because="", events=(event,))
        both = Derivation(symbols.r_M + symbols.r_N, (first, second))
        assert len(both.events) == 2
        assert both.result == sympy.Add(*(one.symbol for one in both.events))
        again = Derivation(symbols.r_M * symbols.n, (first, equal(event.symbol, event.symbol * 2 / 2, because="same")))
        assert again.events == both.events[:1]
        assert again.result == symbols.n * both.events[0].symbol


n = Symbol("n", positive=True, integer=True)
a = Symbol("a", positive=True)


class TestRate:
    @pytest.mark.parametrize(
        ("expr", "limit", "order", "coefficient"),
        [
            (a + 1 / n, a, 1 / n, 1),
            (a + 1 / n + 3 / sqrt(floor(n / 2)), a, 1 / sqrt(n), 3 * sqrt(2)),
            (Min(1, sqrt(a / n)), 0, 1 / sqrt(n), sqrt(a)),
            (Max(1, a / n), 1, 0, 0),
            (Min(2, 1 + 1 / n), 1, 1 / n, 1),
            (Max(1 - 1 / n, -n), 1, 1 / n, -1),
            (Min(-a * n, -1), -oo, n, -a),
            (sqrt(1 / floor(a / 2)) + 1 / n, 1 / sqrt(floor(a / 2)), 1 / n, 1),
            (n / (n + 1), 1, 1 / n, -1),
            (a, a, 0, 0),
            (a * n**2, oo, n**2, a),
        ],
    )
    def test_known_rates(self, expr, limit, order, coefficient):
        found = rate(expr, n)
        assert sympy.simplify(found.limit - limit) == 0 or found.limit == limit
        assert sympy.simplify(found.order - order) == 0
        assert sympy.simplify(found.coefficient - coefficient) == 0

    def test_no_power_no_answer(self):
        with pytest.raises(InvalidInputError, match="power"):
            rate(sympy.exp(-n), n)


class TestExpressions:
    @pytest.mark.parametrize(
        "node",
        [
            symbols.n / 3 + sqrt(log(2 / symbols.delta)),
            sympy.Float(0.05) * symbols.C,
            sympy.Float("0.1", 40) + sympy.pi * sympy.E,
            sympy.Piecewise((symbols.C, symbols.n < 5), (Min(1, symbols.L), True)),
            sympy.LambertW(symbols.C) + sympy.ceiling(symbols.L) - sympy.Abs(symbols.gamma),
            Interval.open(0, 1),
            Range(2, oo),
            sympy.Reals,
            sympy.Union(Interval(0, 1), sympy.FiniteSet(3)),
            Symbol("delta[event|M]", positive=True),
            sympy.Integer(10) ** 60,
            symbols.symbol("width", r"w", "width of a box", Interval(0, 1), role="fixed") / symbols.n,
        ],
    )
    def test_round_trip(self, node):
        import json

        assert decode(json.loads(json.dumps(encode(node)))) == node

    def test_unknown_nodes(self):
        with pytest.raises(TypeError, match="no plain form for zeta"):
            encode(sympy.zeta(symbols.C))
        for bad in ("__import__('os')", ["eval", "1"], 3, ["Add", "x"], {"symbol": "nobody"}):
            with pytest.raises(ValueError, match="not an expression"):
                decode(bad)


@pytest.mark.parametrize(("module", "shown"), [("boundcalc.trainer.risk.pairs", 0), ("mine", 1)])
def test_a_flag_that_blas_leaves_behind_finite_products_warns_nobody(module, shown):
    code = f"import boundcalc, warnings; warnings.warn_explicit('invalid value encountered in matmul', RuntimeWarning, 'f', 1, {module!r})"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True).returncode == shown
