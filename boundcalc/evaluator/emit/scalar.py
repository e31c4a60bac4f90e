"""Single points: the straight-line program as generated scalar ``math`` code.

The fast code runs only where no product can leave the range of doubles on the way: arguments inside a box
for which that is known beforehand, and a check on each value for which it is not. Everything else
(infinities, NaN, domain errors, extreme arguments) is handed to the array path, one cell large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from math import inf
from numbers import Real
from typing import Any

import numpy as np

from boundcalc.evaluator.emit.source import SHARED, literal, written
from boundcalc.evaluator.program.instructions import Instruction, Program
from boundcalc.evaluator.running.kernels import KERNELS

__all__ = ["HELPERS", "NotANumber", "boxed_and_risky", "in_box", "in_range", "point_function", "scalar"]

_BOX = 30.0  # arguments between 1e-30 and 1e30, or 0, need no further look
_SMALL, _LARGE = -290.0, 300.0
_HARMLESS = frozenset(
    {"input", "const", "add", "sub", "neg", "abs", "min", "max", "where", "floor", "ceiling", "widen"}
)


class NotANumber(Exception):
    """An argument is an array."""


def point_function(program: Program, arity: int, otherwise: Callable[..., float]) -> Callable[..., float]:
    """Return a function of ``arity`` numbers.

    Parameters
    ----------
    program : Program
        What to compute.
    arity : int
        Number of arguments.
    otherwise : callable
        Evaluates the same expression where the fast code must not.
    """
    scope = {**HELPERS, "hard": _hard_point(otherwise)}
    exec(compile(_source(program.on_axes((0,) * arity), arity), "<bound at a point>", "exec"), scope)
    return scope["point"]


def _hard_point(otherwise: Callable[..., float]) -> Callable[..., float]:
    """Return what the generated code calls with itself and the arguments where it gives up."""

    def hard(point: Callable[..., float], *arguments: Any) -> float:
        if all(type(a) is float for a in arguments):
            return otherwise(*arguments)
        return point(*map(_number, arguments))

    return hard


def _number(value: Any) -> float:
    if isinstance(value, Real):  # of NumPy's numbers too
        try:
            return float(value)
        except OverflowError:
            return inf if value > Fraction(0) else -inf
    raise NotANumber


def _source(program: Program, arity: int) -> str:
    """Return the code.

    The comparisons refuse arrays of several cells, and NaN; after them, that the sum of all arguments is a float
    says in the least time that they are floats and integers.
    """
    names = [f"a{i}" for i in range(arity)]
    boxed, risky = boxed_and_risky(program)
    body, texts = written(program, scalar, "{} = {}", risky)
    checked = [texts[i] for i in sorted(risky)]
    tests = [in_box(a) if i in boxed else f"{a} == {a}" for i, a in enumerate(names)]
    tests.append(f"type({' + '.join(['0.0', *names])}) is float")
    lines = [f"def point({', '.join(names)}):", "    try:", f"        if {' and '.join(tests)}:"]
    lines += [f"            {line}" for line in body]
    guard = f"if {' and '.join(map(in_range, checked))}: " if checked else ""
    lines += [f"            {guard}return 0.0 + {texts[program.root]}", "    except FAILURES: pass"]
    return "\n".join([*lines, f"    return hard({', '.join(['point', *names])})"])


def in_box(name: str) -> str:
    """Return the test of an argument, which NaN does not pass."""
    return f"(1e-30 < {name} < 1e30 or {name} == 0.0 or -1e30 < {name} < -1e-30)"


def in_range(name: str) -> str:
    """Return the test of a value that may leave the range of doubles."""
    return f"(1e-290 < {name} < 1e300 or {name} == 0.0 or -1e300 < {name} < -1e-290)"


def scalar(c: Instruction, args: list[str]) -> str:
    """Return an instruction on numbers as `HELPERS` and Python carry it out."""
    if c.op == "input":
        return f"a{c.param}"
    if c.op == "const":
        return literal(c.param)
    if c.op == "logb":
        return f"log{c.param}({args[0]})" if c.param in (2, 10) else f"logb({args[0]}, {c.param})"
    if c.op in _WITH_PARAMETER:
        return f"{c.op}({', '.join(args)}, {c.param!r})"
    return _TEMPLATES[c.op].format(*args)


def boxed_and_risky(program: Program) -> tuple[set[int], set[int]]:
    """Return the arguments that must lie in the box, and the values that may leave the doubles' range all the same.

    Both of what is on no axis; arrays tell by themselves.
    """
    boxed = {c.param for c in program.instructions if c.op == "input" and not c.axes}
    risky = _risky(program, boxed)
    for i in sorted(boxed):
        if _risky(program, boxed - {i}) == risky:
            boxed.discard(i)
    return boxed, risky


def _risky(program: Program, boxed: set[int]) -> set[int]:
    """Return the products and the like that may leave the range; sums only do so where that is their value."""
    spans: list[tuple[float, float]] = []
    risky = set()
    for i, c in enumerate(program.instructions):
        low, high = _span(c, [spans[a] for a in c.args], boxed)
        if not c.axes and c.op not in _HARMLESS and (low < _SMALL or high > _LARGE):
            risky.add(i)
            low, high = max(low, _SMALL), min(high, _LARGE)
        spans.append((low, high))
    return risky


def _span(c: Instruction, args: list[tuple[float, float]], boxed: set[int]) -> tuple[float, float]:
    """Return decimal exponents between which a value's magnitude lies unless it is zero."""
    if c.op == "input":
        return (-_BOX, _BOX) if c.param in boxed else (-324.0, 309.0)
    if c.op == "const":
        return _span_of_constant(c.param)
    if c.op in ("powi", "powr"):
        exponent = float(c.param)
        return args[0][0] * exponent, args[0][1] * exponent
    return _SPANS[c.op](*args) if c.op in _SPANS else (-inf, inf)


def _span_of_constant(value: Any) -> tuple[float, float]:
    if isinstance(value, bool) or value == 0:
        return 0.0, 0.0
    exponent = math.log10(abs(value)) if math.isfinite(value) else inf
    return exponent - 0.1, exponent + 0.1


def _hull(*args: tuple[float, float]) -> tuple[float, float]:
    return min(a[0] for a in args), max(a[1] for a in args)


def _sum_span(*args: tuple[float, float]) -> tuple[float, float]:
    low, high = _hull(*args)
    return low - 17, high + 0.5  # terms that cancel leave at least an ulp


def _hull_of_widened(a: tuple[float, float]) -> tuple[float, float]:
    return a[0] - 0.5, a[1] + 0.5


_SPANS: dict[str, Callable[..., tuple[float, float]]] = {
    "add": _sum_span,
    "sub": _sum_span,
    "mul": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "div": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "recip": lambda a: (-a[1], -a[0]),
    "neg": _hull,
    "abs": _hull,
    "square": lambda a: (2 * a[0], 2 * a[1]),
    "sqrt": lambda a: (a[0] / 2, a[1] / 2),
    "log": lambda a: (-17.0, 3.0),
    "logb": lambda a: (-17.0, 3.2),
    "floor_logb": lambda a: (0.0, 3.2),
    "ceiling_logb": lambda a: (0.0, 3.2),
    "floor": lambda a: (0.0, max(a[1], 0.0)),
    "ceiling": lambda a: (0.0, max(a[1], 0.0)),
    "sign": lambda a: (0.0, 0.0),
    **dict.fromkeys(("widen", "widen_large", "above_tiny", "below_tiny"), _hull_of_widened),
    "min": _hull,
    "max": _hull,
    "where": lambda c, a, b: _hull(a, b),
    "loggamma": lambda a: (-17.0, max(a[1], 0.0) + 3),
    "kl_inverse": lambda q, a: (min(q[0], a[0], 0.0) - 1, 0.1),
    "kl_inverse_beyond": lambda q, a: (min(q[0], a[0], 0.0) - 1, 0.1),
    **dict.fromkeys(("lt", "le", "eq", "ne", "and", "or", "not"), lambda *args: (0.0, 0.0)),
}
_TEMPLATES = {
    **SHARED,
    "min": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "max": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "where": "({1} if {0} else {2})",
    "eq": "({} == {})",
    "ne": "({} != {})",
    "and": "({} and {})",
    "or": "({} or {})",
    "not": "(not {})",
    "ceiling": "ceil({})",
    "loggamma": "loggamma({})",
    "binomial": "binomial({}, {})",
    "power": "power({}, {})",
    "kl": "kl({}, {})",
    "kl_inverse": "kl_inverse({}, {})",
    **{name: f"{name}({{}})" for name in ("sqrt", "log", "exp", "gamma")},
    **{name: f"{name}({{}})" for name in ("floor", "abs", "sign")},
}
_WITH_PARAMETER = frozenset(
    {"powi", "powr", "floor_logb", "ceiling_logb", "kl_inverse_beyond"}
    | {"widen", "widen_all", "widen_large", "above_tiny", "below_tiny"}
)


def _by_kernel(name: str) -> Callable[..., float]:
    """Return an array function for numbers: the C library's differ from NumPy's in the last bit."""

    def run(*operands: Any) -> float:
        with np.errstate(all="ignore"):
            return float(KERNELS[name].run(*(np.float64(x) if isinstance(x, float) else x for x in operands)))

    return run


def _positive(function: Callable[..., Any]) -> Callable[[float], float]:
    """Return a logarithm of NumPy for numbers, which fails where it would warn."""

    def run(x: float) -> float:
        if not x > 0:
            raise ValueError
        return float(function(x))

    return run


def _exp(x: float) -> float:
    if not -700 < x < 700:
        raise ValueError
    return float(np.exp(x))


def _widen(x: float, margin: float) -> float:
    return x * (1 + margin) if x > 0 else x * (1 - margin)


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else x


_KERNELS = (
    "powi",
    "powr",
    "power",
    "gamma",
    "loggamma",
    "binomial",
    "kl",
    "kl_inverse",
    "kl_inverse_beyond",
    "logb",
    "widen_all",
)
HELPERS: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("sqrt", "floor", "ceil", "inf", "nan")},
    **{name: _positive(getattr(np, name)) for name in ("log", "log2", "log10")},
    "exp": _exp,
    **{name: _by_kernel(name) for name in (*_KERNELS, "floor_logb", "ceiling_logb")},
    "Fraction": Fraction,
    "widen": _widen,
    "widen_large": lambda x, margin: _widen(x, margin) if abs(x) >= 2.0**50 else x,
    "above_tiny": lambda x, tiny: tiny if abs(x) < tiny else x,
    "below_tiny": lambda x, tiny: x if abs(x) >= tiny else min(math.copysign(tiny, x), 0.0),
    "sign": _sign,
    "FAILURES": (ValueError, ArithmeticError, TypeError),
}
