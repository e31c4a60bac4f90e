"""Bounds with kl_inverse: evaluated alike in every way, on the sound side, inverted, derived, checked and written out."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import boundcalc as bc
from boundcalc.evaluator import compile_expression, enclose_grid, evaluate_grid
from boundcalc.language.directions import direction, value_range
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.statements.derivation import Derivation, at_most
from boundcalc.symbols import C, delta, dev_f, n, r_0, rhat_0
from tests.entropy import reference
from tests.entropy.reference import points

Q, P, A, S = sp.symbols("q p a s", nonnegative=True)
UNIT = sp.Interval(0, 1)
BOUND = bc.theorem("certificates.transport").bound("kl")  # C kl_inverse(rhat_holdout/C, 2 log(1/delta)/n_h)
AT = {"C": 1, "rhat_holdout": 0.228, "delta": "1/20"}


def risk(rhat, confidence, scale=1):
    """Return the root of scale-free kl(rhat/scale, p) = confidence times scale, by halving."""
    with mpmath.workdps(60):
        q = mpmath.mpf(rhat) / scale
        low, high = q, mpmath.mpf(1)
        for _ in range(190):
            middle = (low + high) / 2
            low, high = (middle, high) if reference.kl(q, middle) < confidence else (low, middle)
        return scale * low


def test_values_are_those_of_a_root_search():
    size = np.array([8, 100, 554, 10**6])
    values = BOUND.evaluate(n_h=size, **AT)
    sound = BOUND.evaluate(n_h=size, sound=True, **AT)
    digits = BOUND.evaluate(n_h=size, precision=40, **{**AT, "rhat_holdout": "0.228"})
    ends = BOUND.enclose(n_h=size, **{**AT, "rhat_holdout": "0.228"})
    compiled = BOUND.compile("n_h", "rhat_holdout", C=1, delta="1/20")
    with mpmath.workdps(60):
        for place, count in enumerate(size.tolist()):
            exact = risk(mpmath.mpf(0.228), 2 * mpmath.log(20) / count)
            decimal = risk(mpmath.mpf("0.228"), 2 * mpmath.log(20) / count)
            assert values[place].item() == pytest.approx(float(exact), rel=1e-15)
            assert compiled(count, 0.228) == pytest.approx(float(exact), rel=1e-15)
            assert exact <= sound[place].item() <= exact * (1 + mpmath.mpf("1e-14"))
            assert abs(digits[place].item() / decimal - 1) < mpmath.mpf("1e-39")
            assert ends.lower[place].item() <= decimal <= ends.upper[place].item()
            assert ends.upper[place].item() - ends.lower[place].item() <= 2 * np.spacing(float(decimal))


EXPRESSIONS = [S * kl_inverse(Q / S, A / 3), kl_inverse(Q / S, A / 3) - Q / S, 1 - kl_inverse(Q, A), kl(Q / 3, sp.Rational(1, 2)), kl(Q, P / 3), kl(sp.sqrt(Q), P)]  # fmt: skip


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_sound_sides_enclose_the_exact_values(expr):
    """The exact value lies between the sides on arrays, at single points, and in every layout."""
    q, a = points(300, 23)
    p = np.random.default_rng(1).permutation(q)
    values = dict(zip((Q, P, A, S), (q, p, a, np.maximum(1.5, q * 1.0)), strict=True))
    used = tuple(symbol for symbol in values if symbol in expr.free_symbols)
    cells = {symbol.name: values[symbol] for symbol in used}
    exact = evaluate_grid(expr, _rows(cells), symbols={s.name: s for s in used}, precision=60).values
    domains = {Q: UNIT, P: UNIT, S: sp.Interval(1, 2)}
    low, high = (compile_expression(expr, used, domains=domains, side=side) for side in ("lower", "upper"))
    arrays = [values[symbol] for symbol in used]
    for function, sign in ((low, 1), (high, -1)):
        together = function(*arrays)
        alone = np.array([function(*map(float, cell)) for cell in zip(*arrays, strict=True)])
        for found in (together, alone):
            wrong = [
                cell for cell in zip(found, exact, strict=True) if not sign * mpmath.mpf(cell[0]) <= sign * cell[1]
            ]
            assert wrong == []
    ends = enclose_grid(expr, _rows(cells), symbols={s.name: s for s in used})
    assert all(a <= x <= b for a, x, b in zip(ends.lower.values, exact, ends.upper.values, strict=True))


def _rows(cells):
    import xarray as xr

    return {name: xr.DataArray(column, dims="row") for name, column in cells.items()}


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_numbers_arrays_and_big_floats_agree(expr):
    rng = np.random.default_rng(8)
    values = {Q: rng.random(200), P: rng.random(200), A: rng.exponential(size=200), S: rng.uniform(1, 2, 200)}
    used = tuple(symbol for symbol in values if symbol in expr.free_symbols)
    arrays = [values[symbol] for symbol in used]
    function = compile_expression(expr, used)
    exact = evaluate_grid(
        expr, _rows({s.name: values[s] for s in used}), symbols={s.name: s for s in used}, precision=40
    )
    exact = exact.values.astype(float)
    size = np.maximum(np.abs(exact), 1.0 if expr.is_Add else 0)  # where terms cancel
    assert (np.abs(function(*arrays) - exact) <= 2e-14 * size + 1e-15).all()
    alone = np.array([function(*map(float, cell)) for cell in zip(*arrays, strict=True)])
    assert (np.abs(alone - exact) <= 2e-14 * size + 1e-15).all()


def test_outside_the_domain_is_nan_everywhere():
    function = compile_expression(kl_inverse(Q, A), (Q, A))
    sides = [compile_expression(kl_inverse(Q, A), (Q, A), side=side) for side in ("lower", "upper")]
    for f in (function, *sides):
        assert np.isnan(f(1.5, 1.0))
        assert np.isnan(f(np.array([1.5, 0.5]), 1.0)).tolist() == [True, False]
    assert np.isnan(enclose_grid(kl_inverse(Q, A), {"q": 2, "a": 1}, symbols={"q": Q, "a": A}).lower.item())


@pytest.mark.parametrize("target", [0.25, 0.3, 0.41, 0.999])
def test_minimal_n_passes_and_its_neighbour_fails(target):
    count = int(bc.minimal_n(BOUND, name="n_h", target=target, **AT))
    with mpmath.workdps(60):
        passes, fails = (risk(mpmath.mpf(0.228), 2 * mpmath.log(20) / size) for size in (count, count - 1))
        assert passes <= target < fails


@pytest.mark.parametrize("name", ["rhat_holdout", "delta", "C"])
def test_solving_for_any_symbol_is_the_last_double_that_passes(name):
    given = {"n_h": 554, "C": 1, "rhat_holdout": 0.228, "delta": 0.05}
    del given[name]
    found = BOUND.solve_for(name, target=0.3, **given).values.item()
    worse = np.nextafter(found, 0 if name == "delta" else 2, dtype=float)
    assert BOUND.evaluate(**given, **{name: found}, sound=True).item() <= 0.3
    for _ in range(400):  # the sound side is as close as that many doubles
        worse = np.nextafter(worse, 0 if name == "delta" else 2)
    assert BOUND.evaluate(**given, **{name: worse}).item() > 0.3


def test_closed_forms_are_relative_entropies():
    target = sp.Symbol("target", real=True)
    rhat, confidence, size, scale = (BOUND.symbols[name] for name in ("rhat_holdout", "delta", "n_h", "C"))
    given = {"target": 0.3, "C": 1, "rhat_holdout": 0.228, "closed_form": True}
    found = BOUND.solve_for("n_h", delta=0.05, **given).closed_form
    assert sp.simplify(found - 2 * sp.log(1 / confidence) / kl(rhat / scale, target / scale)) == 0
    found = BOUND.solve_for("delta", n_h=554, **given).closed_form
    assert sp.simplify(found - sp.exp(-size * kl(rhat / scale, target / scale) / 2)) == 0


@pytest.mark.parametrize("name", ["n_h", "rhat_holdout", "delta", "C"])
def test_gradient_and_elasticity_are_difference_quotients(name):
    at = {"n_h": 554.0, "C": 1.25, "rhat_holdout": 0.228, "delta": 0.05}
    symbols = {s.name: s for s in BOUND.symbols.values()}
    step = sp.Rational(1, 10**12) * at[name].as_integer_ratio()[0] / at[name].as_integer_ratio()[1]
    near = [
        evaluate_grid(
            BOUND.expr, {**at, name: sp.Rational(at[name]) + side * step}, symbols=symbols, precision=50
        ).item()
        for side in (-1, 1)
    ]
    slope = float((near[1] - near[0]) / (2 * mpmath.mpf(step.p) / step.q))
    given = {**at, "n_h": 554}
    assert BOUND.gradient(name, **given).item() == pytest.approx(slope, rel=1e-9)
    level = BOUND.evaluate(**given).item()
    assert BOUND.elasticity(name, **given).item() == pytest.approx(slope * at[name] / level, rel=1e-9)


#: Far below what a rounding error near the smallest numbers is.
TINY = 1e-300
DOMAINS = {Q: UNIT, P: UNIT, S: sp.Interval(1, 2), A: sp.Interval(0, 3)}


@pytest.mark.parametrize(
    ("expr", "ways"),
    [
        (kl_inverse(Q, A), ("rises", "rises", "constant")),
        (kl_inverse(Q / S, A), ("rises", "rises", "falls")),
        (S * kl_inverse(Q / S, A), ("rises", "rises", "rises")),
        (S * kl_inverse(Q / S, A / S), ("rises", "rises", "unknown")),
        (2 - kl_inverse(1 - Q, A / S), ("rises", "falls", "rises")),
        (kl(Q / 4, (1 + A / 3) / 2), ("falls", "rises", "constant")),
        (kl((1 + A / 3) / 2, Q / 4), ("falls", "rises", "constant")),
        (kl(Q, A / 3), ("unknown", "unknown", "constant")),
    ],
)
def test_directions(expr, ways):
    assert tuple(direction(expr, symbol, domains=DOMAINS) for symbol in (Q, A, S)) == ways


@given(st.tuples(*[st.floats(0, 1)] * 4))
def test_directions_and_ranges_hold_at_points(shares):
    """What is said of an expression holds between any two points of the domain."""
    for expr in (S * kl_inverse(Q / S, A), kl_inverse(Q / S, A / S), kl(Q / 4, (1 + A / 3) / 2), kl(Q / 2, P)):
        low, high = value_range(expr, DOMAINS)
        function = compile_expression(expr, (Q, P, A, S))
        point = {Q: shares[0], P: shares[1], A: 3 * shares[2], S: 1 + shares[3]}
        value = function(*point.values())
        assert low <= value * (1 + 1e-14) + TINY
        assert value <= high * (1 + 1e-14) + TINY
        for symbol, allowed in DOMAINS.items():
            moved = function(*{**point, symbol: float(allowed.sup)}.values())
            way = direction(expr, symbol, domains=DOMAINS)
            assert way == "unknown" or (
                moved >= value * (1 - 1e-13) - TINY if way != "falls" else moved <= value * (1 + 1e-13) + TINY
            )


def test_a_derivation_may_replace_what_stands_inside():
    larger = sp.Symbol("larger", nonnegative=True)
    chain = Derivation(
        quantity=r_0,
        steps=(
            at_most(r_0, C * kl_inverse(rhat_0 / C, sp.log(1 / delta) / n), because="Chernoff"),
            at_most(rhat_0, larger, because="a larger empirical risk"),
        ),
    )
    assert (chain.relation, chain.result) == ("<=", C * kl_inverse(larger / C, sp.log(1 / delta) / n))
    with pytest.raises(bc.errors.DerivationError, match="cannot tell"):
        Derivation(dev_f, (at_most(dev_f, kl(rhat_0, r_0), because="-"), at_most(r_0, larger, because="-")))


@pytest.mark.parametrize(
    ("left", "relation", "right", "domain", "word"),
    [
        (kl_inverse(Q, A), "<=", Q + sp.sqrt(A / 2), {Q: (".1", ".3"), A: (".01", "1")}, "PROVED"),
        (kl_inverse(Q, A), "<=", Q + sp.sqrt(A / 3), {Q: ("0", "1"), A: ("0", "1")}, "REFUTED"),
        (kl_inverse(Q, A), "<", Q, {Q: ("0", "1"), A: (".1", "1")}, "REFUTED"),
        (kl(Q, P), ">=", 2 * (P - Q) ** 2, {Q: (".1", ".2"), P: (".5", ".9")}, "PROVED"),
        (kl(Q, P), ">=", sp.Rational(5, 2) * (P - Q) ** 2, {Q: (".1", ".9"), P: (".1", ".9")}, "REFUTED"),
        (kl(Q, kl_inverse(Q, A)), "<=", A + sp.Rational(1, 10), {Q: (".2", ".5"), A: (".2", ".4")}, "PROVED"),
        (kl_inverse(sp.Rational(1, 3), sp.Rational(1, 2)), "<=", sp.Rational(4, 5), {}, "PROVED"),
        (kl_inverse(sp.Rational(1, 3), sp.Rational(1, 2)), "<=", sp.Rational(3, 4), {}, "REFUTED"),
        (kl_inverse(Q, A), "<=", Q + 2, {Q: ("0", "2"), A: ("0", "1")}, "UNSETTLED"),  # not defined for q > 1
    ],
)
def test_the_checker_decides(left, relation, right, domain, word):
    sets = {symbol: sp.Interval(*map(sp.Rational, ends)) for symbol, ends in domain.items()}
    assert bc.check_inequality(left, relation, right, domain=sets, budget=30.0).word == word


def test_rate_and_comparison():
    rate = BOUND.rate("n_h")
    assert (rate.limit, rate.order) == (BOUND.symbols["rhat_holdout"], 1 / sp.sqrt(BOUND.symbols["n_h"]))
    against = BOUND.compare(bc.theorem("certificates.transport").bound("hoeffding"), "n_h")
    at = {
        BOUND.symbols["C"]: 1,
        BOUND.symbols["rhat_holdout"]: sp.Rational(1, 2),
        BOUND.symbols["delta"]: sp.Rational(1, 20),
    }
    assert abs(against.ratio.subs(at).evalf() - 1) < 1e-12  # sqrt(q(1-q)) is 1/2 there, as Hoeffding has it


def test_stored_and_printed():
    assert bc.Bound.from_json(BOUND.to_json()) == BOUND
    assert r"\mathrm{kl}^{-1}\left(" in BOUND.to_latex()
    scope = {}
    exec(BOUND.to_python(), scope)
    value = scope["certificates_transport_kl"](n_h=554, C=1.0, rhat_holdout=0.228, delta=0.05)
    assert value == pytest.approx(BOUND.evaluate(n_h=554, **AT).item(), rel=1e-15)


def test_a_rate_may_have_a_logarithm():
    """PAC-Bayes-kl: sqrt(2 q (1 - q) log(sqrt(m))/m) with m = n/2, so sqrt(2 q (1 - q)) sqrt(log(n)/n) far out."""
    bound = bc.theorem("certificates.pac_bayes").bound("kl")
    rate = bound.rate("n_h")
    assert str(rate) == "rhat_rho + O(sqrt(log(n_h))/sqrt(n_h))"
    given = {"rhat_rho": 0.2, "C": 1.0}
    coefficient = float(rate.coefficient.subs({s: given[s.name] for s in rate.coefficient.free_symbols}))
    assert coefficient == pytest.approx(np.sqrt(2 * 0.2 * 0.8))
    ratios = [
        (float(bound.evaluate(**given, n_h=n, KL=0, delta=0.5)) - 0.2) / float(rate.order.subs(rate.symbol, n))
        for n in (1e6, 1e9, 1e12)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert coefficient < ratios[-1] < 1.1 * coefficient
