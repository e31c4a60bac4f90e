"""Bounds: composition, the account of delta, evaluation on grids, storage, bad input."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
import xarray as xr

import boundcalc as bc
from boundcalc.errors import CompositionError, InvalidInputError

RISK_GAP = bc.theorem("zhou2026.risk_gap")
COMPLEXITY = bc.theorem("zhou2026.metric_complexity")
POINT = dict(n=1000, delta=0.05, L=1, C=1, R_M=0.1, gamma=0, eps_opt=0)
METRIC = dict(g_M=4, lam_min=0, lam_max=1, t_min=0, t_max=1, B=1.5)


@pytest.fixture
def composed():
    return RISK_GAP.bound().substitute(R_M=COMPLEXITY.bound())


def test_the_value_of_the_issue():
    # python3 -c "from math import *; print(4*.1 + 2*sqrt(log(20)/1000))"
    assert float(RISK_GAP.bound().evaluate(**POINT)) == pytest.approx(0.5094665661022393, rel=1e-14)


def test_composition_takes_the_union(composed):
    names = "n g_M lam_min lam_max t_min t_max B L C delta gamma eps_opt".split()
    assert set(composed.symbols) == set(names)
    assert set(composed.assumptions) == {*RISK_GAP.assumptions, *COMPLEXITY.assumptions}
    assert {str(constraint) for constraint in composed.constraints} >= {"lam_min <= lam_max", "t_min <= t_max"}
    assert composed.to_latex().startswith(r"r_{\mathcal M} - r_{\mathcal N} \le")
    assert r"m=\left\lfloor{\frac{n}{2}}\right\rfloor" in composed._repr_latex_()


def test_composed_grid_equals_hand_written_numpy(composed):
    n, g, delta = np.array([2, 3, 50, 51, 10**6]), np.array([1, 7, 64]), np.array([1e-6, 0.05, 0.9])
    values = composed.evaluate(n=n, g_M=g, delta=delta, L=1.5, C=2.0, gamma=0.25, eps_opt=0.01,
                               lam_min=0, lam_max=0.7, t_min=-0.5, t_max=1, B=1.3)  # fmt: skip
    m = (n // 2)[:, None, None]
    r = 0.7 / 2 * 1.3**2 * np.minimum(1, np.sqrt(g[None, :, None] / m)) + 1.5 / (2 * np.sqrt(m))
    expected = 0.25 + 4 * 1.5 * r + 2 * 2.0 * np.sqrt(np.log(1 / delta) / (2 * m)) + 0.01
    assert values.dims == ("n", "g_M", "delta")
    np.testing.assert_allclose(values, expected, rtol=1e-13)
    np.testing.assert_array_equal(values["n"], n)


def test_evaluating_composed_equals_evaluating_in_two_steps(composed):
    inner = float(COMPLEXITY.bound().evaluate(n=1000, **METRIC))
    both = float(composed.evaluate(**{key: value for key, value in POINT.items() if key != "R_M"}, **METRIC))
    assert both == pytest.approx(float(RISK_GAP.bound().evaluate(**(POINT | {"R_M": inner}))), rel=1e-14)


@pytest.mark.parametrize(
    ("form", "inner", "events"),
    [("sharp", "sharp", 1), ("sharp", "data", 2), ("paper", "sharp", 2), ("paper", "data", 3)],
)
def test_delta_is_split_over_primitive_events(form, inner, events):
    bound = RISK_GAP.bound(form).substitute(R_M=COMPLEXITY.bound(inner))
    assert len(bound.events) == events
    assert sum(bound.shares.values()).subs({"delta": 1}) == bc.symbols.delta


def test_a_shared_event_is_paid_once():
    quality = bc.theorem("zhou2026.latent_quality").bound("paper")
    both = quality.substitute(R_M=COMPLEXITY.bound("data"), R_full=COMPLEXITY.bound("data"))
    assert len(both.events) == 4  # two of the theorem, one complexity for M and one for all modalities
    assert {"Rhat", "Rhat_full"} <= set(both.symbols)
    again = RISK_GAP.bound().substitute(R_M=COMPLEXITY.bound("data"))
    gap = again.substitute(gamma=bc.symbols.gamma + 0)
    assert len(gap.events) == 2


def test_an_explicit_split():
    bound = RISK_GAP.bound().substitute(R_M=COMPLEXITY.bound("data"))
    values = dict(n=100, delta=0.1, L=1, C=1, Rhat=0.1, gamma=0, eps_opt=0, lam_min=0, lam_max=1, B=1)
    uneven = bound.with_split({"two-sided deviation": 0.75, "empirical complexity": "1/4"})
    expected = 4 * (0.1 + 0.5 * math.sqrt(math.log(1 / 0.025) / 100)) + 2 * math.sqrt(math.log(1 / 0.075) / 100)
    assert float(uneven.evaluate(**values)) == pytest.approx(expected, rel=1e-14)
    with pytest.raises(InvalidInputError, match="more than 1"):
        bound.with_split({"two-sided deviation": 0.75, "empirical complexity": 0.5})
    with pytest.raises(InvalidInputError, match=r"unknown event.*missing the fraction"):
        bound.with_split({"something": 0.5, "empirical complexity": 0.5})
    with pytest.raises(InvalidInputError, match="must be > 0"):
        bound.with_split({"two-sided deviation": 1, "empirical complexity": 0})
    for bad in (sympy.sqrt(2) / 2, "x", None, float("nan"), True):
        with pytest.raises(InvalidInputError, match=r"two-sided deviation.* must be > 0, a rational number"):
            bound.with_split({"two-sided deviation": bad, "empirical complexity": 0.1})
    with pytest.raises(InvalidInputError, match="given twice"):
        bound.with_split({"empirical complexity": 0.1, "empirical complexity (M)": 0.2, "two-sided deviation": 0.5})


def test_statements_on_m_are_renamed_for_n():
    bound = bc.theorem("Theorem 3.20").bound().substitute(R_N=COMPLEXITY.bound("data"))
    assert "Rhat_N" in bound.symbols
    assert "Rhat" not in bound.symbols
    assert bound.domain["lam_min"] == sympy.FiniteSet(0)


@pytest.mark.parametrize(
    ("outer", "name", "inner", "match"),
    [
        ("zhou2026.risk_gap", "R_M", "zhou2026.margin", "bounds err_M, not R_M"),
        ("huang2021.risk_gap", "R_M", "zhou2026.metric_complexity", "examples"),
        ("zhou2026.ex_ante", "rhat_holdout", "zhou2026.metric_complexity", "not rhat_holdout"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(outer, name, inner, match):
    with pytest.raises(CompositionError, match=match):
        bc.theorem(outer).bound().substitute(**{name: bc.theorem(inner).bound()})


def test_a_bound_from_the_wrong_side_is_refused():
    with pytest.raises(CompositionError, match="would not keep"):
        RISK_GAP.bound().substitute(R_M=replace(COMPLEXITY.bound(), relation=">="))


def test_substituting_numbers_and_expressions(composed):
    fixed = composed.substitute(n=1001, lam_min=0, C="3/2")
    assert "n" not in fixed.symbols
    assert float(fixed.evaluate(delta=0.05, L=1, gamma=0, eps_opt=0, g_M=4, lam_max=1, t_min=0, t_max=1, B=1.5)) == (
        pytest.approx(float(composed.evaluate(**{**POINT, "n": 1001, "C": Fraction(3, 2)}, **METRIC)), rel=1e-15)
    )
    k = sympy.Symbol("k", integer=True, positive=True)
    assert set(RISK_GAP.bound().substitute(n=2 * k).symbols) >= {"k"}
    with pytest.raises(InvalidInputError, match="n = 1 is not allowed"):
        composed.substitute(n=1)
    with pytest.raises(InvalidInputError, match="2 <= lam_max is required"):
        composed.substitute(lam_min=2).substitute(lam_max=1)
    with pytest.raises(InvalidInputError, match="follows from"):
        composed.substitute(m=5)
    with pytest.raises(InvalidInputError, match="no symbol of this bound, did you mean 'gamma'"):
        composed.substitute(gama=0)


def test_json_is_lossless_and_never_evaluates(composed):
    for bound in (composed, composed.substitute(delta=0.05, n=10), RISK_GAP.bound("paper")):
        assert bc.Bound.from_json(bound.to_json()) == bound
    assert pickle.loads(pickle.dumps(composed)) == composed
    evil = composed.to_json().replace('"Add"', '"__import__"')
    with pytest.raises(InvalidInputError, match="not a bound"):
        bc.Bound.from_json(evil)
    with pytest.raises(InvalidInputError, match="not a bound"):
        bc.Bound.from_json("[]")


def test_a_bound_that_is_read_is_the_catalogues_only_if_it_equals_it():
    bound = RISK_GAP.bound()
    assert bc.Bound.from_json(bound.to_json()) is bound
    data = json.loads(bound.to_json())
    for changes in (
        {"assumptions": data["assumptions"][1:]},
        {"form": "another"},
        {"relation": "<"},
        {"unit": "examples"},
        {"theorem": data["theorem"] | {"key": "zhou2026.nothing"}},
    ):
        read = bc.Bound.from_json(json.dumps(data | changes))
        assert read is not bound
        assert not read.certified, changes


def test_symbols_of_ones_own_are_stored_with_what_is_known_of_them():
    width = bc.symbols.symbol("width", r"w_0", "width of a box", sympy.Interval(0, 1), role="fixed")
    bound = RISK_GAP.bound().substitute(R_M=width / 2)
    read = bc.Bound.from_json(bound.to_json())
    assert read == bound
    assert hash(read) == hash(bound)
    assert bc.symbols.known(read.symbols["width"]).meaning == "width of a box"
    assert read.domain["width"] == sympy.Interval(0, 1)
    assert "w_0" in read.to_latex()


@pytest.mark.parametrize(
    "changes",
    [
        {"relation": "!"},
        {"unit": "apples"},
        {"form": 3},
        {"assumptions": [["x"]]},
        {"quantity": {"symbol": "nobody"}},
        {"quantity": "Reals"},
        {"where": [["pi", "pi"]]},
        {"domain": [[{"symbol": "n"}, {"symbol": "n"}]]},
        {"notes": ["x"]},
        {"events": [["a"]]},
        {"theorem": {"key": "x"}},
        {"parts": [["other", ["Pow", ["Rational", "9", "1"], ["Rational", str(10**9), "1"]]]]},
        {"parts": [["other", ["Pow", ["Rational", "1", "9"], ["Rational", str(-(10**9)), "1"]]]]},
        {"parts": [["other", ["gamma", ["Rational", str(10**9), "1"]]]]},
    ],
    ids=str,
)
def test_nothing_else_is_read_as_a_bound(changes):
    data = json.loads(RISK_GAP.bound().to_json())
    with pytest.raises(InvalidInputError, match="not a bound written by to_json"):
        bc.Bound.from_json(json.dumps(data | changes))


def test_deep_nesting_is_refused():
    node = '["floor", ' * 100_000 + '"pi"' + "]" * 100_000
    data = json.loads(RISK_GAP.bound().to_json()) | {"confidence": "here"}
    with pytest.raises(InvalidInputError, match="not a bound"):
        bc.Bound.from_json(json.dumps(data).replace('"here"', node))


def test_python_source_holds_nothing_that_a_text_smuggles_in():
    evil = replace(RISK_GAP.bound().theorem, source='x"""\n    raise SystemExit\n    """\\\x00\x1b')
    namespace: dict[str, object] = {}
    exec(replace(RISK_GAP.bound(), theorem=evil).to_python(), namespace)
    assert namespace["zhou2026_risk_gap_sharp"](**POINT) == pytest.approx(0.5094665661022393)
    smuggled = sympy.Symbol("print('x')", positive=True)
    with pytest.raises(InvalidInputError, match="is no name there"):
        RISK_GAP.bound().substitute(L=smuggled).to_python()


def test_directions(composed):
    assert set(composed.falls_in) >= {"n", "delta", "lam_min", "t_min"}
    assert set(composed.rises_in) >= {"g_M", "L", "C", "gamma", "eps_opt", "lam_max", "t_max", "B"}


def test_terms_sum_to_the_bound(composed):
    assert sympy.simplify(sum(composed.terms.values()) - composed.expr) == 0
    assert list(composed.terms) == ["approximation", "complexity", "confidence", "optimisation"]


def test_rate_and_comparison(composed):
    rate = composed.rate("n")
    assert rate.order == 1 / sympy.sqrt(bc.symbols.n)
    assert rate.limit == bc.symbols.gamma + bc.symbols.eps_opt
    big = {"n": 10**12, **{key: POINT[key] for key in ("delta", "L", "C")}, **METRIC, "gamma": 0, "eps_opt": 0}
    values = {symbol: big[name] for name, symbol in composed.symbols.items()}
    assert float(composed.evaluate(**big)) == pytest.approx(
        float((rate.coefficient * rate.order).subs(values)), rel=1e-5
    )
    massart, khinchin = COMPLEXITY.bound("paper"), COMPLEXITY.bound()
    assert massart.substitute(t_max=1, t_min=1, p=2).compare(khinchin.substitute(t_max=1, t_min=1)).ratio == sympy.sqrt(
        2 * sympy.log(2)
    )
    with pytest.raises(CompositionError, match="cannot compare"):
        composed.compare(khinchin)


def test_to_python_runs_and_agrees():
    namespace: dict[str, object] = {}
    exec(RISK_GAP.bound().to_python(), namespace)
    function = namespace["zhou2026_risk_gap_sharp"]
    assert function(**POINT) == pytest.approx(float(RISK_GAP.bound().evaluate(**POINT)), rel=1e-15)


def test_compile_broadcasts_as_numpy_does(composed):
    f = composed.compile(
        "n", "g_M", delta=0.05, L=1, C=1, gamma=0, eps_opt=0, lam_min=0, lam_max=1, t_min=0, t_max=1, B=1.5
    )
    n, g = np.ix_([10.0, 100.0], [1.0, 2.0, 3.0])
    expected = composed.evaluate(n=[10, 100], g_M=[1, 2, 3], delta=0.05, L=1, C=1, gamma=0, eps_opt=0, lam_min=0, lam_max=1,
                                 t_min=0, t_max=1, B=1.5)  # fmt: skip
    np.testing.assert_allclose(f(n, g), expected, rtol=1e-14)
    with pytest.raises(InvalidInputError, match=r"missing delta.*missing L"):
        composed.compile("n")


def test_labelled_arrays_keep_their_dims_and_never_join_silently():
    bound = RISK_GAP.bound()
    runs = xr.DataArray([0.1, 0.2, 0.3], dims="run", coords={"run": [1, 2, 3]})
    fewer = xr.DataArray([0.0, 0.1], dims="run", coords={"run": [1, 2]})
    assert set(bound.evaluate(**(POINT | {"R_M": runs, "n": [10, 20]})).dims) == {"run", "n"}
    with pytest.raises(ValueError, match="run"):
        bound.evaluate(**(POINT | {"R_M": runs, "gamma": fewer}))


def test_precision_agrees():
    exact = RISK_GAP.bound().evaluate(precision=50, **(POINT | {"delta": "0.05"}))
    assert float(exact) == pytest.approx(float(RISK_GAP.bound().evaluate(**POINT)), rel=1e-15)


def test_vacuous_values_are_flagged():
    bound = RISK_GAP.bound()
    values = bound.evaluate(**(POINT | {"R_M": [0.0, 0.5]}))
    assert bound.vacuous(values, **(POINT | {"R_M": [0.0, 0.5]})).values.tolist() == [False, True]
    assert bound.vacuous(values, n=5) is None


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (dict(n=1), "n = 1 is not allowed: n must be an integer >= 2"),
        (dict(n=0), "n must be an integer >= 2"),
        (dict(n=10.5), "n = 10.5"),
        (dict(n=float("nan")), "n = nan"),
        (dict(n=float("inf")), "n = inf"),
        (dict(n="many"), "n = 'many' is not a real number"),
        (dict(n=None), "n = None"),
        (dict(n=True), "n = True"),
        (dict(n=1j), "n = 1j"),
        (dict(n=[10, 1]), "n = 1 is not"),
        (dict(delta=0), r"delta must be in \(0, 1\)"),
        (dict(delta=1), "delta = 1"),
        (dict(delta=2), "delta = 2"),
        (dict(delta="1/0"), "delta = '1/0'"),
        (dict(L=-1), "L must be > 0"),
        (dict(lam_max=0.5, lam_min=1), "lam_min <= lam_max is required"),
        (dict(lam_max=[1, 2], lam_min=[0, 1.5]), "lam_min <= lam_max is required"),
        (dict(t_max=-1), "t_min <= t_max is required"),
        (dict(g_M=5, d_M=3), "g_M <= d_M is required"),
        (dict(wibble=3), "unknown symbol 'wibble'; the bound has n, delta, L, C, g_M, "),
        (dict(delt=3), "did you mean 'delta'"),
        (dict(B=0), "B must be > 0"),
    ],
)
def test_bad_input_is_named(composed, bad, match):
    good = {key: value for key, value in POINT.items() if key != "R_M"} | METRIC
    with pytest.raises(ValueError, match=match):
        composed.evaluate(**(good | bad))


def test_all_bad_arguments_are_named_at_once(composed):
    with pytest.raises(InvalidInputError) as caught:
        composed.evaluate(n=1, delta=2, L=-1, wibble=0)
    assert len(caught.value.problems) >= 4
    assert "missing gamma" in str(caught.value)
    assert "not observable" in str(caught.value)


def test_vocabulary_names_that_are_not_used_are_ignored():
    assert float(RISK_GAP.bound().evaluate(**POINT, kappa_M=3, rhat_M=0.2, d_M=0)) > 0


class TestCompositionIsSound:
    """Compositions that once gave false bounds, or nearly did, are refused or right."""

    certificate = bc.theorem("zhou2026.uniform_deviation").bound()
    quality = bc.theorem("zhou2026.latent_quality").bound("paper")

    @pytest.mark.parametrize(
        "key", ["zhou2026.margin", "zhou2026.risk_gap", "zhou2026.risk_reduction", "zhou2026.latent_quality"]
    )
    def test_statements_without_a_counterpart_are_not_renamed(self, key):
        with pytest.raises(CompositionError, match="cannot be restated"):
            bc.theorem(key).bound().on_subset("N")

    def test_events_of_other_subsets_are_not_relabelled(self):
        with pytest.raises(CompositionError, match="cannot be restated"):
            COMPLEXITY.bound("data").on_subset("N").on_subset("full")
        with pytest.raises(CompositionError, match="cannot be restated"):
            self.quality.substitute(R_full=COMPLEXITY.bound("data")).on_subset("N")

    def test_one_symbol_has_one_value(self):
        for one, two in (
            (self.certificate, COMPLEXITY.bound().substitute(n=10**9)),
            (self.certificate.substitute(n=10), COMPLEXITY.bound()),
            (self.certificate.substitute(n=10), COMPLEXITY.bound().substitute(n=12)),
        ):
            with pytest.raises(CompositionError, match="before composing"):
                one.substitute(R_M=two)
        both = self.certificate.substitute(n=10).substitute(R_M=COMPLEXITY.bound().substitute(n=10, t_max=1, t_min=1))
        assert "n" not in both.symbols

    def test_substituted_expressions_stay_in_the_domain(self):
        x = sympy.Symbol("x", positive=True)
        y = sympy.Symbol("y")
        good = dict(n=10, delta=0.1, L=1, C=1, rhat_M=0.1, R_M=0.1)
        cases = [
            (dict(R_M=-x), dict(x=1.5), "R_M = -x"),
            (dict(L=y), dict(y=-2), "y = -2 is not allowed: y must be > 0"),
            (dict(delta=2 * x), dict(x=3), "x = 3 is not allowed: x must be in"),
            (dict(n=x), dict(x=2.7), "n = x"),
            (dict(C=2 * x), dict(x=0.01), "2\\*x - "),
        ]
        for values, inputs, match in cases:
            rest = {key: value for key, value in good.items() if key not in values}
            with pytest.raises(InvalidInputError, match=match):
                self.certificate.substitute(**values).evaluate(**rest, **inputs)
        assert float(self.certificate.substitute(C=2 * x).evaluate(**{**good, "x": 1})) > 0
        nested = bc.theorem("zhou2026.risk_reduction").bound().substitute(R_N=COMPLEXITY.bound())
        with pytest.raises(InvalidInputError, match=r"lam_min = x is not allowed: .* never is there"):
            nested.substitute(lam_min=x)
        with pytest.raises(InvalidInputError, match=r"y = 0\.5 is not allowed"):
            nested.substitute(lam_min=y).evaluate(
                n=100, delta=0.05, L=1, C=2, Delta=0.1, eps_opt_M=0, B=1, g_N=2, lam_max=1, t_min=0, t_max=1, y=0.5
            )
        with pytest.raises(InvalidInputError, match="plain SymPy symbol"):
            self.certificate.substitute(R_M=sympy.Symbol("R_N"))

    def test_pairs_and_examples_do_not_mix(self):
        gap = RISK_GAP.bound().substitute(gamma=bc.symbols.eta_M - bc.symbols.eta_N)
        with pytest.raises(CompositionError, match="examples"):
            gap.substitute(eta_M=bc.theorem("huang2021.latent_quality").bound())
        with pytest.raises(CompositionError, match="examples"):
            RISK_GAP.bound().compare(bc.theorem("huang2021.risk_gap").bound())

    def test_subsets_have_data_of_their_own(self):
        encoders = bc.theorem("zhou2026.latent_encoders").bound("data")
        both = self.quality.substitute(R_M=encoders).substitute(R_full=encoders)
        assert {"u_fourth", "u_fourth_full", "u_root_trace", "u_root_trace_full"} <= set(both.symbols)

    def test_certification_looks_at_every_ingredient(self):
        assert RISK_GAP.bound().substitute(R_M=COMPLEXITY.bound()).certified
        reconstructed = RISK_GAP.bound().substitute(R_M=COMPLEXITY.bound("paper"))
        assert not reconstructed.certified
        assert "metric_complexity" in reconstructed.why_not_certified

    def test_the_proper_subset_has_fewer_features(self):
        bound = bc.theorem("zhou2026.risk_reduction").bound()
        values = dict(n=10, delta=0.1, L=1, C=1, R_N=0, Delta=0.1, eps_opt_M=0)
        with pytest.raises(InvalidInputError, match="d_N < d_M"):
            bound.evaluate(**values, d_N=9, d_M=3)
        with pytest.raises(InvalidInputError, match="Delta <= C"):
            bound.evaluate(**(values | {"Delta": 5}))


def test_derivatives_keep_the_axes(composed):
    values = {key: value for key, value in POINT.items() if key != "R_M"} | METRIC | {"n": [100, 1000], "g_M": [1, 4]}
    slope = composed.gradient("n", **values)
    assert slope.dims == ("n", "g_M")
    step = composed.evaluate(**(values | {"n": [102, 1002]})).values - composed.evaluate(**values).values
    np.testing.assert_allclose(slope.values * 2, step, rtol=0.03)
    assert composed.gradient("eps_opt", **values).shape == (2, 2)
    assert float(composed.elasticity("B", **{**values, "n": 100, "g_M": 4, "t_max": 0, "C": 1e-9})) == pytest.approx(
        2, rel=1e-6
    )


def test_lazy_inputs_give_lazy_results_and_are_checked_when_computed():
    dask_array = pytest.importorskip("dask.array")
    bound = RISK_GAP.bound()
    good = dask_array.linspace(0.01, 0.5, 40, chunks=10)
    lazy = bound.evaluate(**(POINT | {"delta": good}))
    assert hasattr(lazy.data, "dask")
    np.testing.assert_allclose(lazy.values, bound.evaluate(**(POINT | {"delta": np.linspace(0.01, 0.5, 40)})).values)
    labelled = bound.evaluate(**(POINT | {"delta": xr.DataArray(good, dims="run")}))
    assert labelled.dims == ("run",)
    bad = bound.evaluate(**(POINT | {"delta": dask_array.linspace(0.5, 1.5, 40, chunks=10)}))
    with pytest.raises(ValueError, match="delta must be in"):
        bad.compute()


def test_lazy_values_of_substituted_expressions_are_checked_when_computed():
    dask_array = pytest.importorskip("dask.array")
    x = sympy.Symbol("x", real=True)
    bound = RISK_GAP.bound().substitute(delta=x / 2)
    point = {key: value for key, value in POINT.items() if key != "delta"}
    good = bound.evaluate(x=dask_array.linspace(0.1, 1.9, 40, chunks=10), **point)
    np.testing.assert_allclose(good.values, bound.evaluate(x=np.linspace(0.1, 1.9, 40), **point).values)
    bad = bound.evaluate(x=dask_array.linspace(0.1, 2.1, 40, chunks=10), **point)
    with pytest.raises(InvalidInputError, match=r"x = 2\.0\d+ is not allowed: x must be in \(0, 2\)"):
        bad.compute()


def test_a_theorem_where_a_bound_is_wanted():
    with pytest.raises(
        InvalidInputError, match=r"give one of its bounds, theorem\('zhou2026.metric_complexity'\).bound"
    ):
        RISK_GAP.bound().substitute(R_M=COMPLEXITY)
    with pytest.raises(InvalidInputError, match="is no bound"):
        bc.minimal_n(COMPLEXITY, target=0.5)
    assert len(repr(RISK_GAP)) < 100


def test_rates_in_other_symbols():
    margin = bc.theorem("zhou2026.margin").bound()
    assert bc.symbols.n in margin.rate("rho").limit.free_symbols
    assert margin.rate("rho").limit.has(sympy.floor)
    assert str(RISK_GAP.bound().rate("C")) == "O(C)"
    with pytest.raises(InvalidInputError, match="does not grow"):
        margin.rate("delta")


class TestNothingLeaks:
    """A bound is shared by all who ask for it: nobody can change what the others get."""

    @pytest.mark.parametrize("name", ["where", "domain", "notes", "replaced", "terms", "symbols"])
    def test_the_mappings_of_a_bound_cannot_be_changed(self, name):
        bound = bc.theorem("zhou2026.risk_reduction").bound().substitute(C=2)
        mapping = getattr(bound, name)
        key, value = next(iter(mapping.items()))
        before = dict(mapping)
        changes = [
            lambda: mapping.__setitem__(key, 2 * bc.symbols.n),
            lambda: mapping.update({key: value}),
            lambda: mapping.setdefault("new", value),
            lambda: mapping.__delitem__(key),
            lambda: mapping.pop(key),
            mapping.popitem,
            mapping.clear,
            lambda: mapping.__ior__({key: value}),
        ]
        for change in changes:
            with pytest.raises(TypeError, match="cannot be changed"):
                change()
        assert mapping == before
        assert copy.deepcopy(mapping) == copy.copy(mapping) == mapping

    def test_later_bounds_are_what_earlier_ones_were(self):
        entry = bc.theorem("zhou2026.risk_gap")
        where, domain = dict(entry.bound().where), dict(entry.bound().domain)
        mine, theirs = entry.bound().where, entry.derivation().where
        for mapping in (
            mine,
            theirs,
            entry.variants,
            entry.domain,
            bc.symbols.DERIVED,
            bc.symbols.DOMAINS,
            bc.symbols.VOCABULARY,
        ):
            with pytest.raises(TypeError):
                mapping[bc.symbols.m] = bc.symbols.n
        assert (entry.bound().where, entry.bound().domain) == (where, domain)

    def test_what_a_bound_is_made_of_is_frozen_when_it_is_made(self):
        where = {bc.symbols.m: sympy.floor(bc.symbols.n / 2)}
        bound = replace(RISK_GAP.bound(), where=where, assumptions=["i.i.d."])
        where[bc.symbols.m] = bc.symbols.n
        assert bound.where[bc.symbols.m] == sympy.floor(bc.symbols.n / 2)
        assert bound.assumptions == ("i.i.d.",)
        steps = RISK_GAP.derivation().steps
        definitions = {bc.symbols.C: sympy.Integer(1)}
        step = replace(steps[0], definitions=definitions)
        definitions.clear()
        assert step.definitions == {bc.symbols.C: 1}

    @pytest.mark.parametrize("key", list(bc.catalogue))
    def test_equal_values_have_equal_hashes(self, key):
        entry = bc.theorem(key)
        for value in (entry, *(made(name) for name in entry.forms for made in (entry.bound, entry.derivation))):
            again = pickle.loads(pickle.dumps(value))
            assert again == value
            assert hash(again) == hash(value)
        for name in entry.forms:
            bound = entry.bound(name)
            read = bc.Bound.from_json(bound.to_json())
            assert len({bound, read, copy.copy(bound), copy.deepcopy(bound)}) == 1
            assert (read.where, read.domain, read.notes) == (bound.where, bound.domain, bound.notes)

    def test_bounds_serve_as_keys(self):
        values = {RISK_GAP.bound(form): form for form in RISK_GAP.forms}
        assert values[RISK_GAP.bound("paper")] == "paper"
        assert RISK_GAP.bound().substitute(C=2) not in values

    def test_a_frozen_field_stays(self):
        with pytest.raises(FrozenInstanceError):
            RISK_GAP.bound().relation = ">="


def test_moved_to_another_subset_a_value_keeps_to_its_own_symbol():
    """g_M = 4 of a statement on M is g_N = 4 of the same statement on N."""
    inner = COMPLEXITY.bound().substitute(g_M=4)
    outer = bc.theorem("zhou2026.risk_reduction").bound().substitute(R_N=COMPLEXITY.bound())
    assert inner.on_subset("N").replaced == {"g_N": 4}
    both = (
        bc.theorem("zhou2026.latent_quality").bound("paper").substitute(R_M=COMPLEXITY.bound()).substitute(R_full=inner)
    )
    assert "g_M" in both.symbols
    assert "g_full" not in both.symbols
    with pytest.raises(CompositionError, match="g_N was set to 4"):
        outer.substitute(Delta=replace(inner.on_subset("N"), quantity=bc.symbols.Delta, relation=">="))


def test_forms_are_asked_for_by_name():
    with pytest.raises(InvalidInputError, match="does not exist"):
        RISK_GAP.bound(["sharp"])


@pytest.mark.parametrize("order", [("x", "y", "z"), ("z", "x", "y"), ("y", "z", "x")])
@pytest.mark.parametrize("wrap", [float, sympy.Float])
def test_a_float_put_in_is_the_binary_number_it_is_whatever_it_is_added_to(order, wrap):
    # Added as 53-bit numbers, 0.1 + 1e17 - 1e17 would be 0.
    pytest.importorskip("flint")
    values = {"x": 0.1, "y": 1e17, "z": -1e17}
    shift = sum(sympy.Symbol(name, real=True) for name in values)
    bound = bc.theorem("lemmas.contraction").bound().substitute(R_M=shift)
    for name in order:
        bound = bound.substitute(**{name: wrap(values[name])})
    ends = bound.enclose(L=1)
    truth = sum(map(Fraction, values.values()))
    assert Fraction(float(ends.lower)) <= truth <= Fraction(float(ends.upper))
    assert bound.evaluate(L=1, sound=True).item() >= truth
    assert not bound.expr.has(sympy.Float)


def test_floats_within_a_substituted_expression_are_exact_and_are_shown_short():
    y = sympy.Symbol("y", real=True)
    bound = bc.theorem("zhou2026.risk_gap").bound().substitute(gamma=0.1 + y)
    assert bound.substitute(y=0.2).expr.has(sympy.Rational(0.1) + sympy.Rational(0.2))
    assert "0.1" in str(bound)
    assert "0.1" in bound.to_latex()
    assert bc.Bound.from_json(bound.to_json()) == bound
