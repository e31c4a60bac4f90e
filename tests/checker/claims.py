"""Claims that theorists use daily, with their false twins: what the prover has to settle, and must not get wrong.

``python -m tests.checker.claims`` prints the share settled and the times.
"""

from __future__ import annotations

import sys
import time
from typing import Any, NamedTuple

import sympy
from sympy import (
    Abs,
    E,
    Integer,
    Interval,
    Max,
    Min,
    Range,
    Rational,
    atan,
    binomial,
    ceiling,
    cosh,
    exp,
    factorial,
    floor,
    gamma,
    harmonic,
    log,
    loggamma,
    oo,
    pi,
    sinh,
    sqrt,
    tanh,
)

from boundcalc.language.entropy import kl, kl_inverse


class Claim(NamedTuple):
    """A claim and whether it is true."""

    true: bool
    left: Any
    relation: str
    right: Any
    domain: dict | None = None
    constraints: tuple = ()

    def __str__(self) -> str:
        where = f" on {self.domain}" if self.domain else ""
        given = f" given {self.constraints}" if self.constraints else ""
        return f"{self.left} {self.relation} {self.right}{where}{given}"


x, y, z = sympy.symbols("x y z", real=True)
a, b = sympy.symbols("a b", positive=True)
r = sympy.Symbol("r", real=True)
lam = sympy.Symbol("lam", real=True)
P, Q = sympy.symbols("P Q", positive=True)
P2, Q2 = sympy.symbols("P2 Q2", positive=True)
k = sympy.Symbol("k", integer=True, positive=True)
N = sympy.Symbol("N", integer=True, positive=True)
V = sympy.Symbol("V", integer=True, positive=True)
D = sympy.Symbol("D", positive=True)
POSITIVE = Interval.open(0, oo)
REAL, UNIT, OPEN = sympy.Reals, Interval(0, 1), Interval.open(0, 1)
ABOVE = {x: Interval.open(-1, oo)}
half = Rational(1, 2)
entropy = -P * log(P) - (1 - P) * log(1 - P)
relative = P * log(P / Q) + (1 - P) * log((1 - P) / (1 - Q))
both = {P: OPEN, Q: OPEN}
from4 = {N: Range(4, oo)}
bennett = (1 + x) * log(1 + x) - x
stirling = sqrt(2 * pi * N) * (N / E) ** N


def true(left: Any, relation: str, right: Any, domain: dict | None = None, constraints: tuple = ()) -> Claim:
    """Return a true claim."""
    return Claim(True, left, relation, right, domain, constraints)


def false(left: Any, relation: str, right: Any, domain: dict | None = None, constraints: tuple = ()) -> Claim:
    """Return a false claim."""
    return Claim(False, left, relation, right, domain, constraints)


HAIR = Rational(1, 10**12)

CALCULUS = [
    true(log(1 + x), "<=", x, ABOVE),
    true(log(1 + x), ">=", x / (1 + x), ABOVE),
    true(log(1 + x), ">=", x - x**2 / 2, {x: Interval(0, oo)}),
    true(log(1 + x), "<=", x / sqrt(1 + x), {x: Interval(0, oo)}),
    true(log(1 + x), "<=", x - x**2 / 2 + x**3 / 3, ABOVE),
    true(log(1 + x), ">=", 2 * x / (2 + x), {x: Interval(0, oo)}),
    true((1 + 1 / N) ** N, "<=", E),
    true((1 + 1 / N) ** (N + 1), ">=", E),
    true((1 - 1 / N) ** N, "<=", exp(-1), {N: Range(2, oo)}),
    true((1 - 1 / N) ** (N - 1), ">=", exp(-1), {N: Range(2, oo)}),
    true(cosh(x), "<=", exp(x**2 / 2)),
    true(log(1 + exp(z)), "<=", log(2) + Abs(z)),
    true(log(1 + exp(z)), ">=", Max(0, z)),
    true(entropy, "<=", log(2), {P: OPEN}),
    true(entropy, "<=", log(2) - 2 * (P - half) ** 2, {P: OPEN}),
    true(exp(x), "<=", 1 + x + x**2, {x: Interval.Lopen(0, 1)}),
    true(entropy, "<=", log(2) * (4 * P * (1 - P)) ** Rational(7, 10), {P: OPEN}),
    true(entropy, "<=", log(2) * (4 * P * (1 - P)) ** (1 / log(4)), {P: OPEN}),
    true(log(N) / N, "<=", exp(-1)),
    true(exp(-x), "<=", 1 - x + x**2 / 2, {x: Interval(0, oo)}),
    true(-log(1 - x), "<=", x + x**2, {x: Interval.Lopen(0, half)}),
    true(bennett, ">=", x**2 / (2 * (1 + x / 3)), ABOVE),
    true(log(N), "<=", 4 * N ** Rational(1, 4)),
    true(2**N, ">=", N**2, from4),
    true(x**x, ">=", exp(-1 / E), {x: Interval.open(0, oo)}),
    true(factorial(N), ">=", stirling),
    true(factorial(N), "<=", stirling * exp(1 / (12 * N))),
    true(factorial(N), ">=", (N / E) ** N),
    true(factorial(N), "<=", E * N * (N / E) ** N),
    true(factorial(N), ">=", stirling * exp(1 / (12 * N + 1))),
    true(harmonic(N), "<=", 1 + log(N)),
    true(harmonic(N), ">=", log(N + 1)),
    true(harmonic(N), ">=", log(N)),
    true(binomial(2 * N, N), "<=", 4**N),
    true(binomial(N, 2), "<=", N**2 / 2),
    true(D * log(1 / D), "<=", 1 / E, {D: OPEN}),
    true(binomial(N, k), "<=", 2**N, None, ((k, "<=", N),)),
    true(binomial(N, k), "<=", (E * N / k) ** k, None, ((k, "<=", N),)),
    true(binomial(N, k), ">=", (N / k) ** k, None, ((k, "<=", N),)),
    true(log(binomial(N, V)), "<=", V * log(E * N / V), None, ((V, "<=", N),)),
    true(binomial(N, k), "<=", N**k, None, ((k, "<=", N),)),
    true(gamma(N + half) / gamma(N), "<=", sqrt(N)),
    true(binomial(2 * N + 1, N), "<=", 4**N),
]
CALCULUS_FALSE = [
    false(log(1 + x), "<=", x - HAIR, ABOVE),
    false(log(1 + x), "<=", x * (1 - HAIR), {x: Interval.open(0, 1)}),
    false(log(1 + x), ">=", x - x**2 / 2, ABOVE),
    false(log(1 + x), "<=", x - x**2 / 2 + x**3 / 4, ABOVE),
    false((1 + 1 / N) ** N, "<=", E - HAIR),
    false((1 + 1 / N) ** (N + 1), ">=", E + HAIR),
    false((1 - 1 / N) ** N, "<=", exp(-1) - HAIR, {N: Range(2, oo)}),
    false((1 - 1 / N) ** (N - 1), ">=", exp(-1) + HAIR, {N: Range(2, oo)}),
    false(cosh(x), "<=", exp(x**2 * (half - Rational(1, 10**6)))),
    false(log(1 + exp(z)), "<=", log(2) + Abs(z) - HAIR),
    false(entropy, "<=", log(2) - HAIR, {P: OPEN}),
    false(entropy, "<=", log(2) - (2 + Rational(1, 10**4)) * (P - half) ** 2, {P: OPEN}),
    false(exp(x), "<=", 1 + x + x**2, {x: Interval.Lopen(0, 2)}),
    false(-log(1 - x), "<=", x + x**2 * Rational(3, 5), {x: Interval.Lopen(0, half)}),
    false(bennett, ">=", x**2 / (2 * (1 + x / 4)), ABOVE),
    false(log(N), "<=", Rational(14, 10) * N ** Rational(1, 4)),
    false(2**N, ">=", N**2, {N: Range(1, oo)}),
    false(2**N, ">=", N**3, from4),
    false(x**x, ">=", exp(-1 / E) + HAIR, {x: Interval.open(0, oo)}),
    false(factorial(N), ">=", stirling * (1 + Rational(1, 10**6))),
    false(factorial(N), "<=", stirling * exp(1 / (Rational(121, 10) * N))),
    false(harmonic(N), "<=", Rational(9, 10) + log(N)),
    false(harmonic(N), ">=", log(N) + Rational(578, 1000)),
    false(binomial(2 * N, N), "<=", 4 ** (N - 1)),
    false(binomial(N, 2), "<=", N**2 / 2 - Rational(6, 10) * N),
    false(D * log(1 / D), "<=", 1 / E - HAIR, {D: OPEN}),
    false((x - Rational(123457, 10**6)) ** 2 + exp(x), ">", exp(x), {x: UNIT}),
    false((x - pi / 10) ** 2, ">", 0, {x: UNIT}),
    false(binomial(N, k), "<=", (Rational(27, 10) * N / k) ** k, None, ((k, "<=", N),)),
    false(binomial(N, k), ">=", (1 + HAIR) * (N / k) ** k, None, ((k, "<=", N),)),
]
TWO = [
    true(relative, ">=", 2 * (P - Q) ** 2, both),
    true(kl(P, Q), ">=", 2 * (P - Q) ** 2, {P: UNIT, Q: OPEN}),
    true(relative, ">=", (P - Q) ** 2 / (2 * Q), both, ((P, "<=", Q),)),
    true(relative, ">=", (P - Q) ** 2 / (2 * P * (1 - P)), both, ((P, "<=", Q), (half, "<=", P))),
    true(log(1 - P + P * exp(z)) - P * z, "<=", z**2 / 8, {P: OPEN}),
    true(log(1 - P + P * exp(z)) - P * z, "<=", z**2 / 8, {P: UNIT}),
    true((1 + x) ** r, ">=", 1 + r * x, {x: Interval.open(-1, oo), r: Interval(1, oo)}),
    true((1 + x) ** r, "<=", 1 + r * x, {x: Interval.open(-1, oo), r: Interval(0, 1)}),
    true(a**P * b ** (1 - P), "<=", P * a + (1 - P) * b, {P: OPEN}),
    true(a**r / r + b ** (r / (r - 1)) / (r / (r - 1)), ">=", a * b, {r: Interval.open(1, oo)}),
    true(a * b, "<=", a**2 / 2 + b**2 / 2),
    true(a * b, "<=", a**3 / 3 + 2 * b ** Rational(3, 2) / 3),
    true(
        relative.subs(Q, lam * Q + (1 - lam) * Q2),
        "<=",
        lam * relative + (1 - lam) * relative.subs(Q, Q2),
        {**both, Q2: OPEN, lam: UNIT},
    ),
    true(
        kl(lam * P + (1 - lam) * P2, lam * Q + (1 - lam) * Q2),
        "<=",
        lam * kl(P, Q) + (1 - lam) * kl(P2, Q2),
        {**both, P2: OPEN, Q2: OPEN, lam: UNIT},
    ),
    true((a + b) * log((a + b) / (x + y)), "<=", a * log(a / x) + b * log(b / y), dict.fromkeys((x, y), POSITIVE)),
    true(exp((x + y) / 2), "<=", (exp(x) + exp(y)) / 2),
    true(log((a + b) / 2), ">=", (log(a) + log(b)) / 2),
    true(a * log(a / b), ">=", a - b),
    true(relative, "<=", (P - Q) ** 2 / (Q * (1 - Q)), both),
    true(relative, ">=", (sqrt(P) - sqrt(Q)) ** 2, both),
    true(relative, ">=", (P - Q) ** 2 / (2 * Max(P, Q)), both),
    true(
        relative.subs({P: lam * P + (1 - lam) * P2, Q: lam * Q + (1 - lam) * Q2}, simultaneous=True),
        "<=",
        lam * relative + (1 - lam) * relative.subs({P: P2, Q: Q2}, simultaneous=True),
        {**both, P2: OPEN, Q2: OPEN, lam: UNIT},
    ),
    true(P * exp(z * (1 - P)) + (1 - P) * exp(-z * P), "<=", exp(z**2 / 8), {P: OPEN}),
    true(1 - P + P * exp(z), "<=", exp(P * z + z**2 / 8), {P: OPEN}),
    true((1 + x) ** N, ">=", 1 + N * x, {x: Interval(-1, oo)}),
    true(a**lam * b ** (1 - lam), "<=", lam * a + (1 - lam) * b, {lam: UNIT}),
    true(log(a), "<=", a**b / (b * E)),
    true(P**Q + Q**P, ">", 1, both),
    true(relative, ">=", 2 * (P - Q) ** 2 + Rational(4, 9) * (P - Q) ** 4, both),
    true(kl(P, Q), ">=", 2 * (P - Q) ** 2 + Rational(4, 9) * (P - Q) ** 4, both),
    true(kl_inverse(P, a), "<=", P + sqrt(a / 2), {P: Interval.Lopen(0, 1)}),
    true(kl_inverse(P, a), ">=", P, {P: Interval.Lopen(0, 1)}),
    true(x * y, "<=", x**2 / 2 + y**2 / 2),
]
TWO_FALSE = [
    false(relative, ">=", (2 + HAIR) * (P - Q) ** 2, both),
    false(relative, ">=", (P - Q) ** 2 / (2 * Q), both),
    false(relative, ">=", (P - Q) ** 2 / (2 * P * (1 - P)), both, ((P, "<=", Q),)),
    false(log(1 - P + P * exp(z)) - P * z, "<=", z**2 / 9, {P: OPEN}),
    false((1 + x) ** r, ">=", 1 + r * x, {x: Interval.open(-1, oo), r: Interval(Rational(99, 100), oo)}),
    false(a**P * b ** (1 - P), "<=", P * a + (1 - P) * b - HAIR, {P: OPEN}),
    false(a * b, "<=", a**3 / 3 + Rational(6666, 10000) * b ** Rational(3, 2)),
    false(
        kl(lam * P + (1 - lam) * P2, lam * Q + (1 - lam) * Q2),
        "<=",
        (lam * kl(P, Q) + (1 - lam) * kl(P2, Q2)) * Rational(999, 1000),
        {**both, P2: OPEN, Q2: OPEN, lam: UNIT},
    ),
    false(
        (a + b) * log((a + b) / (x + y)), "<=", a * log(a / x) + b * log(b / y) - HAIR, dict.fromkeys((x, y), POSITIVE)
    ),
    false(exp((x + y) / 2), ">=", (exp(x) + exp(y)) / 2),
    false(P**Q + Q**P, ">", 1 + Rational(1, 10**9), both),
    false(relative, ">=", 2 * (P - Q) ** 2 + (Rational(4, 9) + Rational(1, 10**3)) * (P - Q) ** 4, both),
    false(kl_inverse(P, a), "<", 1, {P: Interval.Lopen(0, 1)}),
    false(x * y, "<=", x**2 / 2 + (half - HAIR) * y**2),
    false(a * log(a / b), ">=", Rational(1001, 1000) * (a - b)),
]
ORDER = [
    true(log(V), "<=", log(N), None, ((V, "<=", N),)),
    true(log(E * N / V), ">=", 1, None, ((V, "<=", N),)),
    true(V * log(E * N / V), ">=", V, None, ((V, "<=", N),)),
    true(V * log(E * N / V), "<=", V * log(E * N)),
    true(sqrt(V * log(E * N / V) / N), "<=", sqrt(V * (1 + log(N)) / N), None, ((V, "<=", N),)),
    true(V * log(E * N / V), "<=", N, None, ((V, "<=", N),)),
    true(log(2 / D), "<=", 2 * log(1 / D), {D: Interval.Lopen(0, half)}),
    true(sqrt(log(2 / D)), "<=", sqrt(2 * log(1 / D)), {D: Interval.Lopen(0, half)}),
    true(a, "<=", b + sqrt(b) + 1, None, ((a, "<=", b + sqrt(a)),)),
    true(x, "<=", 1 + sqrt(2), None, ((x**2, "<=", 2 * x + 1),)),
    true(x * log(1 + 1 / x), "<=", y * log(1 + 1 / y), {x: Interval(1, oo), y: Interval(1, oo)}, ((x, "<=", y),)),
    true(ceiling(x), "=", 3, {x: Interval.Lopen(2, 3)}),
    true(x, ">=", 2, {x: Interval.open(2, 3)}),
    true(N, "<=", 4, None, ((N**2, "<=", 20),)),
    true(y, "<=", x + 1, None, ((Abs(x - y), "<=", 1),)),
    true(D, ">=", exp(-10), {D: POSITIVE}, ((log(1 / D), "<=", 10),)),
    true(N, ">=", a * log(N), {a: Interval(1, oo), N: Range(2, oo)}, ((2 * a * log(a), "<=", N),)),
    true(D, "<=", 4, {D: POSITIVE}, ((1 / sqrt(D), ">=", half),)),
]
ORDER_FALSE = [
    false(log(V), "<=", log(N)),
    false(log(E * N / V), ">=", Rational(1001, 1000), None, ((V, "<=", N),)),
    false(V * log(E * N / V), "<=", N * (1 - HAIR), None, ((V, "<=", N),)),
    false(log(2 / D), "<=", 2 * log(1 / D), {D: Interval.Lopen(0, half + HAIR)}),
    false(N**2, "<=", 10, None, ((N, "=", 12345678901),)),
    false(D, ">=", exp(-10) * (1 + HAIR), {D: POSITIVE}, ((log(1 / D), "<=", 10),)),
    false(N, ">=", a * log(N), {a: Interval(1, oo), N: Range(2, oo)}, ((Rational(6, 5) * a * log(a), "<=", N),)),
    false(D, "<=", exp(-3) - HAIR, {D: POSITIVE}, ((log(1 / D), ">=", 3),)),
    false(D, "<=", 4 - HAIR, {D: POSITIVE}, ((1 / sqrt(D), ">=", half),)),
    false(x, "<=", 1 + sqrt(2) - HAIR, None, ((x**2, "<=", 2 * x + 1),)),
    false(a, "<=", b + sqrt(b) + half, None, ((a, "<=", b + sqrt(a)),)),
    false(ceiling(x), "=", 3, {x: Interval(2, 3)}),
    false(x + y, "<=", sqrt(2) - HAIR, None, ((x**2 + y**2, "<=", 1),)),
    false(x * log(1 + 1 / x), ">=", y * log(1 + 1 / y), {x: Interval(1, oo), y: Interval(1, oo)}, ((x, "<=", y),)),
]
FAR = [
    false(log(log(N)), "<=", 7, {N: Range(3, oo)}),
    false(sqrt(log(1 / D)), "<=", 30, {D: OPEN}),
    false(N, "<=", Integer(10) ** 300),
    false(log(N), "<=", 10**6),
    false(log(1 / D), "<=", Rational(1, 1000) / sqrt(D), {D: OPEN}),
    false(log(N), ">=", N ** Rational(1, 100), {N: Range(10, oo)}),
    false(N ** Rational(1, 10), "<=", 10**40),
    false(exp(-N), ">=", Integer(10) ** -3000),
    false(1 / N, ">=", Rational(1, 10**400)),
    false(log(log(1 / D)), "<=", 9, {D: Interval.open(0, Rational(1, 10))}),
    false(sqrt(log(log(1 / D))), "<=", 6, {D: Interval.open(0, Rational(1, 10))}),
]
INTEGERS = [
    true(N - 7 * floor(N / 7), "<=", 6),
    true(N - 7 * floor(N / 7), ">=", 0),
    true(floor(sqrt(N**2 + 1)), "=", N),
    true(2 ** floor(log(N) / log(2)), "<=", N),
    true(2 ** (floor(log(N) / log(2)) + 1), ">", N),
    true(2 ** ceiling(log(N) / log(2)), ">=", N),
    true(ceiling(N / 3), "<=", (N + 2) / 3),
    true(floor(N / 2) + ceiling(N / 2), "=", N),
    true(floor(x) + 1, ">", x),
    true(ceiling(sqrt(N)), "<=", sqrt(N) + 1),
    true(ceiling(log(N + 1) / log(2)), ">=", log(N + 1) / log(2)),
    true(ceiling(log(N + 1) / log(2)), "=", floor(log(N) / log(2)) + 1),
    true(ceiling(log(N + 1) / log(10)), "<=", 1 + log(N) / log(10)),
    true(N * (N + 1) * (N + 2) - 6 * floor(N * (N + 1) * (N + 2) / 6), "=", 0),
]
INTEGERS_FALSE = [
    false(N - 7 * floor(N / 7), "<=", 5),
    false(floor(sqrt(N**2 + 3)), "=", N),
    false(ceiling(log(N + 2) / log(2)), "=", floor(log(N) / log(2)) + 1),
    false(2 ** floor(log(N) / log(2)), "<=", N - 1),
    false(floor(log(N) / log(2)), "=", 49, {N: Range(2**49 - 1, 2**49 + 1)}),
    false(floor(log(N) / log(2)), ">=", 31, {N: Range(2**31 - 1, oo)}),
    false(floor(log(N) / log(10)), ">=", 15, {N: Range(10**15 - 1, oo)}),
    false(ceiling(log(N) / log(2)), "<=", 49, {N: Range(2**49, 2**49 + 2)}),
    false(floor(log(N) / log(2)), "<=", 48, None, ((N, "=", 2**49),)),
]
SETS = [
    true(x + exp(-50), ">=", x, {x: Interval(1, 10)}),
    false(x + exp(-50), "=", x, {x: Interval(1, 10)}),
    false(x + exp(-50), "<=", x, {x: Interval(1, 10)}),
    false(x + loggamma(1 + Rational(1, 2**20)) / 10**4, "=", x, {x: Interval(1, 10)}),
    true(floor(sqrt(N**2 + 2)), "=", N),
    true(log(8) / log(2), "=", 3),
    true(sqrt(2) * sqrt(3), "=", sqrt(6)),
    true(sqrt(5 + 2 * sqrt(6)), "=", sqrt(2) + sqrt(3)),
    true(tanh(x), "<=", x, {x: Interval(0, oo)}),
    true(atan(x), "<=", x, {x: Interval(0, oo)}),
    false(Abs(x - pi), ">", 0, {x: Interval(3, 4)}),
    false(atan(x), "<=", x * (1 - HAIR), {x: Interval(0, oo)}),
    true(sinh(x), ">=", x, {x: Interval(0, oo)}),
    true(Min(x, y), "<=", (x + y) / 2),
]

CLAIMS = [
    *CALCULUS, *CALCULUS_FALSE, *TWO, *TWO_FALSE, *ORDER, *ORDER_FALSE, *FAR, *INTEGERS, *INTEGERS_FALSE, *SETS,
]  # fmt: skip


def main(words: list[str], budget: float = 10.0) -> None:
    """Print each claim that is open, wrong or slow, and the totals."""
    from boundcalc.checker import check_inequality
    from boundcalc.checker.inequality import limits

    if "cpu" in words:  # on a busy machine: seconds of this process
        time.monotonic, limits._SLOWEST = time.process_time, 1e9
    settled, lies, late, total = 0, 0, 0, 0
    chosen = list(enumerate(CLAIMS))
    chosen = chosen[::2] if "even" in words else chosen[1::2] if "odd" in words else chosen
    numbers = {int(word) for word in words if word.isdigit()}
    if numbers:
        chosen = [chosen[number] for number in sorted(numbers)]
    for number, claim in chosen:
        start, cpu = time.monotonic(), time.process_time()
        try:
            verdict = check_inequality(
                claim.left,
                claim.relation,
                claim.right,
                domain=claim.domain,
                constraints=claim.constraints,
                budget=budget,
            )
        except Exception as error:
            print(f"{number:4} ERROR {type(error).__name__}: {error} | {claim}", flush=True)
            total += 1
            continue
        seconds, used = time.monotonic() - start, time.process_time() - cpu
        right = "PROVED" if claim.true else "REFUTED"
        good, lie = verdict.word == right, verdict.word in {"PROVED", "REFUTED"} and verdict.word != right
        settled, lies, late, total = settled + good, lies + lie, late + (seconds > 2 * budget), total + 1
        if not good or seconds > budget or numbers or "all" in words:
            mark = "LIE" if lie else "" if good else "open"
            print(
                f"{number:4} {mark:5}{seconds:6.1f} s ({used:.1f} cpu) {claim}\n          {str(verdict)[:400]}",
                flush=True,
            )
    print(f"{settled} of {total} settled, {lies} lies, {late} beyond twice the budget")


if __name__ == "__main__":
    main(sys.argv[1:])
