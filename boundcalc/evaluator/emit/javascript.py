"""A SymPy expression as JavaScript: the evaluator's own program for a point, operation by operation.

The browser's numbers are Python's doubles and the order of operations is the evaluator's, so the two differ only in the last
bits of logarithms and powers. A product that leaves the range of doubles on the way is not computed again in extended precision.

>>> from boundcalc.symbols import C, delta, n
>>> import sympy
>>> print(to_javascript(C * sympy.sqrt(sympy.log(1 / delta) / n), (n, delta, C)))
a => { return ((a[2]/Math.sqrt(a[0]))*Math.sqrt((-Math.log(a[1])))); }
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy

from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.nodes import Pool
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.emit.source import SHARED, written
from boundcalc.evaluator.program.instructions import Instruction
from boundcalc.evaluator.program.lower import lower

__all__ = ["to_javascript"]

#: Functions that a browser lacks (kl and its inverse as in `boundcalc.arithmetic.entropy_points`); NaN where not defined.
_DEFINITIONS = {
    "loggamma": """const loggamma = (x) => {
  if (!(x > 0) || x === Infinity) return x > 0 ? x : NaN;
  let below = 1;
  for (; x < 12; x++) below *= x;
  const z = 1 / (x * x), series = 1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x - Math.log(below);
};""",
    "kl": """const kl = (q, p) => {
  if (!(0 <= q && q <= 1 && 0 <= p && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p === q ? 0 : Infinity;
  const term = (weight, other, d) => {
    if (weight === 0) return d;
    if (Math.abs(d) > 0.5 * weight) {
      const quotient = other / weight, plain = 1e-290 < quotient && quotient < Infinity;
      return d - weight * (plain ? Math.log(quotient) : Math.log(other) - Math.log(weight));
    }
    const x = d / weight, r = x / (2 + x);
    let total = 0;
    for (let k = 16; k >= 0; k--) total = total * r * r + 1 / (2 * k + 3);
    return weight * (r * (x - 2 * r * r * total));
  };
  return term(q, p, p - q) + term(1 - q, 1 - p, q - p);
};""",
    "kl_inverse": """const kl_inverse = (q, a) => {
  if (!(0 <= q && q <= 1 && a >= 0)) return NaN;
  if (q === 1 || a === 0) return q;
  if (q < 1e-200 && a < 1e-200) return kl_inverse(q * 2 ** 500, a * 2 ** 500) * 2 ** -500;
  const r = 1 - q, b = Math.min(a, 1000), root = Math.sqrt(2 * q * r) * Math.sqrt(b), third = 2 / 3 * b;
  if (b <= 1e-11 * Math.min(q, r)) return q + (root + third * (r - q));
  let s = (root + third - 0.5 * third * q) / r;
  for (let k = 0; k < 3; k++) {
    const d = -r * Math.expm1(-s);
    s -= (r * s - q * Math.log1p(d / Math.max(q, 1e-290)) - b) * ((q + d) / d);
  }
  return Math.min(q - r * Math.expm1(-s), 1);
};""",
    # the largest whole k with base^k <= x, and the smallest with base^k >= x
    "floor_logb": """const floor_logb = (x, base) => {
  let k = Math.floor(Math.log(x) / Math.log(base));
  while (k < 1023 && Math.pow(base, k + 1) <= x) k++;
  while (k > -1075 && Math.pow(base, k) > x) k--;
  return k;
};""",
    "ceiling_logb": """const ceiling_logb = (x, base) => {
  let k = Math.ceil(Math.log(x) / Math.log(base));
  while (k < 1023 && Math.pow(base, k) < x) k++;
  while (k > -1075 && Math.pow(base, k - 1) >= x) k--;
  return k;
};""",
}
_TEMPLATES = {
    **SHARED,
    "where": "({}?{}:{})",
    "eq": "({}==={})",
    "ne": "({}!=={})",
    "and": "({}&&{})",
    "or": "({}||{})",
    "not": "(!{})",
    "ceiling": "Math.ceil({})",
    "power": "Math.pow({},{})",
    **{name: f"Math.{name}({{}},{{}})" for name in ("min", "max")},
    **{name: f"Math.{name}({{}})" for name in ("sqrt", "log", "exp", "floor", "abs", "sign")},
    "loggamma": "loggamma({})",
    **{name: f"{name}({{}},{{}})" for name in ("kl", "kl_inverse")},
}


def to_javascript(expr: sympy.Expr, symbols: Sequence[sympy.Symbol]) -> str:
    """Return the source of a function of one array that holds the symbols' values in this order.

    Raises
    ------
    InvalidInputError
        For symbols that are no arguments, and for functions that have no counterpart in a browser.
    """
    node = convert(expr, symbols, Pool())
    program = lower(node, (0,) * len(symbols), ())
    lines, texts = written(program, lambda c, args: _expression(c, args, expr), "const {} = {}; ")
    used = [f"{text} " for op, text in _DEFINITIONS.items() if any(op == one.op for one in program.instructions)]
    return f"a => {{ {''.join(used + lines)}return {texts[program.root]}; }}"


def _expression(instruction: Instruction, args: list[str], whole: Any) -> str:
    op, param = instruction.op, instruction.param
    if op == "input":
        return f"a[{param}]"
    if op == "const":
        return _literal(param)
    if op in ("powi", "powr"):
        return _power(args[0], Fraction(param))
    if op == "logb" and param in (2, 10):
        return f"Math.log{param}({args[0]})"
    if op in ("floor_logb", "ceiling_logb"):
        return f"{op}({args[0]},{param})"
    if op not in _TEMPLATES:
        raise InvalidInputError(f"{op} in {whole} cannot be computed in a browser")
    return _TEMPLATES[op].format(*args)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "(-Infinity)"
    return repr(value) if value >= 0 else f"({value!r})"


def _power(base: str, exponent: Fraction) -> str:
    if exponent == Fraction(1, 3):
        return f"Math.cbrt({base})"
    if Fraction(float(exponent)) == exponent:
        return f"Math.pow({base},{float(exponent)!r})"
    return f"Math.pow({base},{exponent.numerator}/{exponent.denominator})"
