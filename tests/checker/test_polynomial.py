"""Every fact that stands for a root, a power, a logarithm or an exponential holds at points of the domain, and so do its ranges."""

from __future__ import annotations

import random
from functools import partial

import mpmath
import pytest
import sympy
from sympy import E, Interval, exp, log, oo, sqrt

from boundcalc.arithmetic.entropy_points import kl_inverse_precisely
from boundcalc.checker.inequality.cases import cases
from boundcalc.checker.inequality.polynomial import _Translator
from boundcalc.checker.inequality.problem import state
from boundcalc.language.entropy import kl, kl_inverse

x, y = sympy.symbols("x y", positive=True)
g = sympy.Symbol("g", real=True)
ABOVE, SHARE, SMALL = Interval(1, oo), Interval(0, 1), Interval.open(0, 1)
CLAIMS = [
    (x ** (y + 1), {x: Interval.Ropen(0, oo)}),  # Bernoulli from below
    ((1 + x) ** (1 + y), {}),
    (x**y, {y: SHARE}),  # from above, and what 1/x says
    ((1 + x) ** -y, {}),
    (x**g, {}),
    (sqrt(x) + x ** sympy.Rational(2, 3) + 1 / sqrt(y), {}),
    (log(x) + sqrt(x), {}),
    (log(1 + x) + log(x), {}),
    (log(x) - log(y), {y: ABOVE}),
    (log(x + y) - log(x), {}),
    (log(x) + y, {x: Interval(2, 9)}),
    (log(1 / x) * x, {x: SMALL}),
    (exp(g) + exp(-g), {}),
    (exp(x) + exp(-x) + E**3, {}),
    (exp(-x) * log(2), {x: Interval(0, 5)}),
    (kl_inverse(x, y) - x, {x: SMALL}),
    (kl_inverse(x, y) + x, {x: Interval.open(0, sympy.Rational(1, 5)), y: Interval.open(0, sympy.Rational(1, 1000))}),
    (kl(x, kl_inverse(x, y)), {x: SMALL}),
]


def written(variables, exprs):
    """Return the expressions as one function of big floats."""
    return sympy.lambdify(variables, exprs, [{"kl_inverse": partial(kl_inverse_precisely, mpmath.mp)}, "mpmath"])


def point_of(case, meets, draw):
    """Return numbers in the case's box that meet its constraints, of all sizes that the box has."""
    for _ in range(100):
        point = []
        for own in case.box.values():
            low = ratio(own.low) if own.low.is_finite else mpmath.mpf(-40)
            high = ratio(own.high) if own.high.is_finite else low + draw.choice([1, 40])
            point.append(low + (high - low) * mpmath.mpf(draw.randint(1, 10**6)) / (10**6 + 1))
        if all(gap > 0 for gap in meets(*point)):
            return point
    raise AssertionError("no point meets the constraints")


def ratio(end):
    return mpmath.mpf(end.p) / end.q if end.is_finite else mpmath.inf if end > 0 else -mpmath.inf


def meanings(translator):
    """Return what each variable stands for."""
    found = {next(iter(square.free_symbols)): sqrt(symbol) for symbol, square in translator.squares.items()}
    found |= {
        new: base if not degree else base ** sympy.Rational(1, degree)
        for (base, degree), new in translator.roots.items()
    }
    found |= {new: log(argument) for argument, new in translator.logs.items()}
    return found | {new: exp(power) for power, new in translator.exps.items()}


@pytest.mark.parametrize(("expr", "domain"), CLAIMS, ids=[str(expr) for expr, _ in CLAIMS])
def test_what_is_said_of_a_variable_holds_of_what_it_stands_for(expr, domain):
    draw, said = random.Random(1), 0
    for case in cases(state(expr, "<=", sympy.Symbol("z", positive=True), domain=domain)):
        translator = _Translator(case)
        system, known = translator.system(), meanings(translator)
        meets = written([*case.box], [fact.upper - fact.lower for fact in case.facts])
        means = written([*case.box], [*known.values()])
        terms = written([*case.box, *known], [fact.as_ordered_terms() for fact, _ in system.facts])
        for _ in range(40):
            with mpmath.workdps(50):
                point = point_of(case, meets, draw)
                values = [*point, *means(*point)]
                for (fact, relation), parts in zip(system.facts, terms(*values), strict=True):
                    value, rounding = sum(parts), mpmath.mpf(10) ** -40 * sum(map(abs, parts))
                    assert abs(value) <= rounding if relation == "=" else value >= -rounding, (
                        fact,
                        relation,
                        point,
                        known,
                    )
                named = dict(zip([*case.box, *known], values, strict=True))
                for symbol, own in system.ranges.items():
                    assert ratio(own.low) <= +named[symbol] <= ratio(own.high), (symbol, own, point)
                said += len(system.facts) + len(system.ranges)
    assert said
