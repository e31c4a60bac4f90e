"""Proofs by calculus: signs of derivatives around pivots, factors, boxes, and a stated point beyond which all is monotone.

SymPy differentiates and factors, samples tell what may be true; what is written down is checked by Coq and by nothing else.
Functions are opaque here (``Exp``, ``Ln``, ``Root``), so that SymPy does not rewrite them behind the text's back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from typing import Any

import sympy
from mpmath import mp
from sympy import Function

from boundcalc.kernel.claim import Claim
from boundcalc.kernel.terms import bracketed, printed
from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["by_calculus", "opaque"]


class Exp(Function):
    """The exponential, left alone by SymPy."""

    coq = "exp"

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative."""
        return self


class Ln(Function):
    """The logarithm, left alone by SymPy."""

    coq = "ln"

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative."""
        return 1 / self.args[0]


class Root(Function):
    """The square root, left alone by SymPy."""

    coq = "sqrt"

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """Return the derivative."""
        return 1 / (2 * self)


_HYPERBOLIC = [sympy.cosh, sympy.sinh, sympy.tanh]
_LEFT_OUT = (kl_inverse, sympy.Abs, sympy.Min, sympy.Max, sympy.sign, sympy.Derivative, sympy.Piecewise)
_SECONDS = 4.0  # of computing, for one variable
_NUMERIC = {"Exp": mp.exp, "Ln": mp.log, "Root": mp.sqrt}


def opaque(expr: sympy.Expr) -> sympy.Expr:
    """Return an expression in opaque functions; powers and exponentials of sums are products."""
    if expr.is_Atom:
        return Exp(sympy.Integer(1)) if expr is sympy.E else expr
    if isinstance(expr, sympy.log):
        return Ln(opaque(expr.args[0]))
    if isinstance(expr, sympy.exp):
        return _exponential(expr.args[0])
    if isinstance(expr, kl):
        return opaque(expr.rewrite(sympy.log))
    if isinstance(expr, sympy.cosh | sympy.sinh | sympy.tanh):
        return opaque(expr.rewrite(sympy.exp))
    if isinstance(expr, sympy.Pow):
        return _power(expr.base, expr.exp)
    return expr.func(*(opaque(arg) for arg in expr.args))


def _exponential(inside: sympy.Expr) -> sympy.Expr:
    parts = []
    for term in sympy.Add.make_args(sympy.expand(inside)):
        number, rest = term.as_coeff_Mul()
        if number.is_Integer and rest != 1:
            parts.append(Exp(opaque(rest)) ** number)
        elif number.is_negative:
            parts.append(1 / Exp(opaque(-term)))
        else:
            parts.append(Exp(opaque(term)))
    return sympy.Mul(*parts)


def _power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    if base is sympy.E:
        return _exponential(exponent)
    inner = opaque(base)
    if exponent.is_Integer:
        return inner**exponent
    if exponent.is_Rational and exponent.q == 2:
        return Root(inner) ** (2 * exponent)
    whole = sympy.floor(exponent.as_coeff_Add()[0])
    rest = sympy.expand(exponent - whole)
    parts: list[Any] = [
        Exp(opaque(term) * Ln(inner)) for term in sympy.Add.make_args(rest) if not term.could_extract_minus_sign()
    ]
    parts += [
        1 / Exp(opaque(-term) * Ln(inner)) for term in sympy.Add.make_args(rest) if term.could_extract_minus_sign()
    ]
    return sympy.Mul(inner**whole, *parts)


@dataclass
class _Search:
    """A search for a proof that an expression is nonnegative for one variable between two ends, the others fixed.

    Attributes
    ----------
    variable : sympy.Symbol
    names : mapping of sympy.Symbol to str
        How the other symbols are written.
    samples : list of dict
        Values of the other symbols.
    joined : bool
        Whether derivatives are written as one quotient.
    nodes : int
        How many expressions may still be looked at.
    """

    variable: sympy.Symbol
    names: Mapping[sympy.Symbol, str]
    samples: list[dict[sympy.Symbol, Any]]
    joined: bool = False
    nodes: int = 80
    deadline: float = field(default_factory=lambda: time.process_time() + _SECONDS)

    def text(self, expr: sympy.Expr, name: str) -> str:
        """Return an expression in Coq, the variable under a name."""
        return printed(expr, {**self.names, self.variable: name})

    def values(self, expr: sympy.Expr, low: sympy.Expr, high: sympy.Expr) -> list[Any] | None:
        """Return an expression's values at points between the ends, or None where one is no real number."""
        if expr.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I, *_LEFT_OUT):
            return None
        symbols = tuple(sorted(expr.free_symbols | low.free_symbols | high.free_symbols, key=str))
        function, ends = _compiled(symbols, expr), _compiled(symbols, sympy.Tuple(low, high))
        found = []
        with mp.workdps(40):
            for given in self.samples:
                rest = [given.get(symbol, mp.one) for symbol in symbols]
                first, last = ends(*rest)
                for point in _grid(first, last):
                    arguments = [
                        point if symbol == self.variable else value for symbol, value in zip(symbols, rest, strict=True)
                    ]
                    try:
                        value = function(*arguments)
                    except (ZeroDivisionError, ValueError, OverflowError):
                        return None
                    if not isinstance(value, mp.mpf | int | float) or mp.isnan(value):
                        return None
                    found.append(value)
        return found

    def sign(self, expr: sympy.Expr, low: sympy.Expr, high: sympy.Expr) -> int:
        """Return 1 or -1 when all values have this sign or are 0 (to rounding), 0 otherwise."""
        found = self.values(expr, low, high)
        if not found:
            return 0
        size = mp.mpf(10) ** -25
        if all(value >= -size for value in found):
            return 1
        return -1 if all(value <= size for value in found) else 0

    def prove(
        self, expr: sympy.Expr, name: str, low: sympy.Expr, high: sympy.Expr, *, strict: bool = False, depth: int = 6
    ) -> str | None:
        """Return a tactic that proves ``0 <= expr`` (``0 < expr``), the variable being called ``name``."""
        self.nodes -= 1
        if self.nodes < 0 or depth < 0 or time.process_time() > self.deadline:
            return None
        if not expr.has(self.variable) and not expr.free_symbols:
            return "value"
        if self.sign(expr, low, high) != 1:
            return None
        ways = [self._linear, self._obvious, self._factors, self._box, self._pivot, self._inverse, self._cut]
        if expr.has(Function) and not _is_product(expr):
            ways[2:5] = [self._plain_factors, self._box, self._pivot, self._factors]
        for way in ways:
            found = way(expr, name, low, high, strict, depth)
            if found is not None:
                return found
        return None

    def _linear(self, expr, name, low, high, strict, depth) -> str | None:
        """Leave to arithmetic what is a polynomial of degree one, or a square."""
        symbols = sorted(expr.free_symbols, key=str)
        if expr.is_polynomial(*symbols) and not expr.has(Function) and sympy.Poly(expr, *symbols).total_degree() <= 1:
            return "lra"
        return None

    def _obvious(self, expr, name, low, high, strict, depth) -> str | None:
        """Leave to the signs of the parts what is a sum of products of nonnegative ones."""
        return "sign" if self._nonnegative(expr, low) else None

    def _nonnegative(self, expr: sympy.Expr, low: sympy.Expr) -> bool:
        if expr.is_number and not expr.has(Function):
            return bool(expr >= 0)
        if isinstance(expr, Exp | Root):
            return True
        if expr.is_Symbol:
            return (
                bool(low.is_number and low >= 0)
                if expr == self.variable
                else all(given.get(expr, -1) > 0 for given in self.samples)
            )
        if isinstance(expr, sympy.Add | sympy.Mul):
            return all(self._nonnegative(arg, low) for arg in expr.args)
        if isinstance(expr, sympy.Pow) and expr.exp.is_Integer:
            return expr.exp == 2 or self._nonnegative(expr.base, low)
        return False

    def _inverse(self, expr, name, low, high, strict, depth) -> str | None:
        """Look at the reciprocal where the values tend to 0 far out."""
        if high is not sympy.oo or not (low.is_number and low > 0) or depth < 3:
            return None
        inner = f"w{7 - depth}"
        other = sympy.expand(expr.xreplace({self.variable: 1 / self.variable}))
        proof = self.prove(other, inner, sympy.Integer(0), 1 / low, strict=strict, depth=depth - 2)
        if proof is None:
            return None
        bound = printed(low, {})
        return (
            f"assert (W{depth} : 0 < 1 / {name} <= 1 / ({bound})) by (split; [sign | apply div_le; lra]); "
            f"assert (X{depth} : {name} = 1 / (1 / {name})) by (field; nonzero); "
            f"apply (transfer{'_strictly' if strict else ''} _ (let {inner} := 1 / {name} in {self.text(other, inner)})); "
            f"[cbv zeta; rearranged | cbv zeta; set ({inner} := 1 / {name}) in *; clearbody {inner}; {proof}]"
        )

    def _plain_factors(self, expr, name, low, high, strict, depth) -> str | None:
        """Split a quotient into factors whose signs are plain, such as squares."""
        return self._factors(expr, name, low, high, strict, min(depth, 1))

    def _factors(self, expr, name, low, high, strict, depth) -> str | None:
        """Split a product or a quotient, and prove the sign of each factor."""
        atoms = sorted((node for node in expr.atoms(Exp, Ln, Root)), key=lambda node: -node.count_ops())
        outer = [node for node in atoms if not any(node in other.atoms(type(node)) for other in atoms if other != node)]
        plain = {node: sympy.Dummy(f"z{number}") for number, node in enumerate(outer)}
        back = {variable: node for node, variable in plain.items()}
        over, under = map(sympy.expand, sympy.fraction(sympy.together(expr.xreplace(plain))))
        if over.is_number and under.is_number:
            return None
        number, above = sympy.factor_list(over) if not over.is_number else (over, [])
        other, below = sympy.factor_list(under) if not under.is_number else (under, [])
        parts = [(part.xreplace(back), power, False) for part, power in above]
        parts += [(part.xreplace(back), power, True) for part, power in below]
        scale = number / other
        if len(parts) <= 1 and not below and all(power == 1 for _, power, _ in parts):
            return None
        steps: list[str] = []
        top: list[str] = []
        bottom: list[str] = []
        sign = 1 if scale > 0 else -1
        for part, power, divides in parts:
            own = self.sign(part, low, high)
            if own == 0 and power % 2 == 0 and not divides:
                own = 1
            elif own == 0:
                return None
            sign *= own**power
            signed = part if own == 1 else sympy.expand(-part)
            if not (power % 2 == 0 and not divides and not strict):
                proof = self.prove(signed, name, low, high, strict=strict or divides, depth=depth - 1)
                if proof is None:
                    return None
                zero = "0 <" if strict or divides else "0 <="
                steps.append(f"assert ({zero} {self.text(signed, name)}) by ({proof})")
            text = f"({self.text(signed, name)})"
            (bottom if divides else top).append(text if power == 1 else f"{text} ^ {power}")
        if sign < 0:
            return None
        product = " * ".join([f"({printed(abs(scale), {})})", *top])
        whole = f"({product}) / ({' * '.join(bottom)})" if bottom else product
        lemma = "transfer_strictly" if strict else "transfer"
        square = " | apply Rmult_le_pos; [lra | apply pow2_ge_0]" if len(top) == 1 and not bottom else ""
        return "; ".join(
            [*steps, f"apply ({lemma} _ ({whole})); [first [ring | field; nonzero] | first [sign{square}]]"]
        )

    def _box(self, expr, name, low, high, strict, depth) -> str | None:
        """Enclose the values in a box, where they stay away from 0."""
        if not (low.is_number and high.is_number and low.is_finite and high.is_finite) or expr.free_symbols - {
            self.variable
        }:
            return None
        insides = [node.args[0] for node in expr.atoms(Ln, Root)] + [
            1 / node.base for node in expr.atoms(sympy.Pow) if node.exp < 0
        ]
        at_ends = [inside.xreplace({self.variable: end}) for inside in insides for end in (low, high)]
        if any(value.has(sympy.zoo, sympy.nan) or self.sign(value, low, high) == 0 or value == 0 for value in at_ends):
            return None
        at_ends = [expr.xreplace({self.variable: end}) for end in (low, high)]
        found = [value for part in (expr, *at_ends) for value in self.values(part, low, high) or [mp.zero]]
        if min(found) < 1e-4 * max(abs(value) for value in found) or max(found) > 1e6:
            return None
        ends = f"{printed(opaque(low), {})} <= {name} <= {printed(opaque(high), {})}"
        return f"assert ({ends}) by lra; enclosed_in {name}"

    def _pivot(self, expr, name, low, high, strict, depth) -> str | None:
        """Show that the derivative leads away from a point at which the expression is nonnegative."""
        derivative = self._derivative(expr)
        for pivot in self._pivots(expr, low, high):
            at = expr.xreplace({self.variable: pivot})
            if self.values(at, sympy.Integer(0), sympy.Integer(1)) is None or self.sign(at, low, high) != 1:
                continue
            if (
                at.free_symbols
                and at.has(Function)
                and max(map(abs, self.values(at, low, high) or [1])) > mp.mpf(10) ** -20
            ):
                continue  # a value that is not seen to be nonnegative at a glance
            sides = []
            for other, sign, lemma in ((low, -1, "left_of"), (high, 1, "right_of")):
                if other == pivot:
                    continue
                ends = (other, pivot) if sign < 0 else (pivot, other)
                found = self._side(expr, sign * derivative, name, pivot, ends, lemma, strict, depth)
                if found is None:
                    break
                sides.append(found)
            else:
                where = self.text(opaque(pivot), name)
                if len(sides) == 1:
                    return sides[0]
                if len(sides) == 2:
                    return f"destruct (Rle_or_lt {name} ({where})); [{sides[0]} | {sides[1]}]"
        return None

    def _derivative(self, expr: sympy.Expr) -> sympy.Expr:
        found = expr.diff(self.variable)
        return sympy.together(found) if self.joined else found

    def _side(self, expr, derivative, name, pivot, ends, lemma, strict, depth) -> str | None:
        """Prove one side of a pivot; a strict claim needs a positive value at it or a derivative that is never 0."""
        inner = f"t{7 - depth}"
        at = self.values(expr.xreplace({self.variable: pivot}), *ends) or [0] if strict else [0]
        positive = strict and min(at) > mp.mpf(10) ** -20
        proof = self.prove(derivative, inner, *ends, strict=strict and not positive, depth=depth - 1)
        if proof is None:
            return None
        shown = self._derivative(expr)
        lemma += ("_positive" if positive else "_strictly") if strict else ""
        same = "transfer_strictly" if strict and not positive else "transfer"
        known = (
            ""
            if pivot.is_Rational or not pivot.is_number
            else f"assert (0 < {self.text(opaque(pivot), name)}) by sign; "
        )
        return (
            f"{known}apply ({lemma} (fun {inner} => {self.text(expr, inner)}) (fun {inner} => {self.text(shown, inner)}) "
            f"({self.text(opaque(pivot), name)})); [lra | value | intros {inner} ?; derivative | intros {inner} ?; cbv beta; "
            f"apply ({same} _ ({self.text(derivative, inner)})); [rearranged | {proof}]]"
        )

    def _pivots(self, expr, low, high) -> list[sympy.Expr]:
        """Return points that may serve: ends, other symbols, small numbers, zeros of the derivative."""
        found = [end for end in (low, high) if end.is_finite is not False and not end.has(sympy.oo)]
        found += [symbol for symbol in sorted(expr.free_symbols - {self.variable}, key=str)]
        found += [sympy.Rational(*pair) for pair in ((0, 1), (1, 1), (1, 2), (-1, 1), (2, 1), (1, 3), (3, 1), (4, 1))]
        found += [1 / sympy.E, sympy.E]
        chosen = []
        for pivot in dict.fromkeys(found):
            inside = [pivot - low] if low.is_finite is not False and not low.has(sympy.oo) else []
            inside += [high - pivot] if high.is_finite is not False and not high.has(sympy.oo) else []
            if all(self.sign(opaque(part), low, high) == 1 for part in inside):
                chosen.append(pivot)
        return chosen

    def _cut(self, expr, name, low, high, strict, depth) -> str | None:
        """Cut the range in two at a point where the expression is positive, and prove each part by itself."""
        if depth < 4:
            return None
        if not (low.is_number and high.is_number):
            return None
        for cut in map(sympy.Rational, ("1/2", "1", "2", "4", "8", "-1/2", "-1", "1/4", "32")):
            if not low < cut < high:
                continue
            left = self.prove(expr, name, low, cut, strict=strict, depth=depth - 3)
            right = left and self.prove(expr, name, cut, high, strict=strict, depth=depth - 3)
            if left and right:
                return f"destruct (Rle_or_lt {name} ({printed(cut, {})})); [{left} | {right}]"
        return None


def _is_product(expr: sympy.Expr) -> bool:
    """Return whether an expression is written as a product or quotient of more than a sum and numbers."""
    over, under = sympy.fraction(expr)
    parts = [part for part in sympy.Mul.make_args(over) if not part.is_number]
    return len(parts) > 1 or any(part.is_Pow for part in parts) or (not parts and under != 1)


@lru_cache(maxsize=4096)
def _compiled(symbols: tuple[sympy.Symbol, ...], expr: sympy.Basic) -> Any:
    return sympy.lambdify(symbols, expr, modules=[_NUMERIC, "mpmath"])


def _grid(low: Any, high: Any) -> list[Any]:
    """Return points between two numbers or infinities, ends left out, near the ends and far out too."""
    low, high = mp.mpf(low), mp.mpf(high)
    if mp.isinf(low) and mp.isinf(high):
        return [sign * mp.mpf(10) ** k * mp.mpf("1.37") for k in range(-4, 3) for sign in (1, -1)]
    if mp.isinf(high):
        return [low + mp.mpf(10) ** k * mp.mpf("1.37") for k in range(-5, 4)]
    if mp.isinf(low):
        return [high - mp.mpf(10) ** k * mp.mpf("1.37") for k in range(-5, 3)]
    if not low < high:
        return []
    shares = [mp.mpf(k) / 16 for k in range(1, 16)] + [mp.mpf(10) ** -k for k in (2, 4)]
    return [low + (high - low) * share for share in [*shares, 1 - mp.mpf(10) ** -2, 1 - mp.mpf(10) ** -4]]


def by_calculus(claim: Claim, opening: str, samples: list[dict[sympy.Symbol, Any]]) -> Iterator[str]:
    """Yield proofs of an inequality by calculus in one variable, the others fixed."""
    if claim.relation == "=" or claim.rounded or claim.definitions:
        return
    if (by_cases := _by_cases(claim, opening, samples)) is not None:
        yield from by_cases
        return
    larger, smaller = claim.ordered
    strict = claim.relation in ("<", ">")
    for up, down, lemma in _forms(larger, smaller, strict):
        expr = opaque(up - down)
        if expr.has(sympy.I, sympy.zoo, sympy.nan, sympy.oo):
            continue
        for variable in sorted(claim.names, key=lambda s: (-expr.count(s), str(s))):
            if expr.free_symbols and not expr.has(variable):
                continue
            found = _of_variable(claim, expr, variable, samples, strict)
            if found is not None:
                yield _bridge(claim, opening, (up, down), expr, found, lemma, strict)


def _forms(larger: sympy.Expr, smaller: sympy.Expr, strict: bool) -> Iterator[tuple[sympy.Expr, sympy.Expr, str]]:
    """Yield two sides to compare, and the lemma that takes from them to those that are claimed: none, or one of order."""
    if (larger - smaller).has(sympy.cosh) or _exponentials(larger - smaller):
        logs = [
            sympy.expand_log(sympy.log(side.rewrite(_HYPERBOLIC, sympy.exp)), force=True) for side in (larger, smaller)
        ]
        yield *logs, f"{'lt' if strict else 'le'}_of_ln"
    yield larger, smaller, ""
    if isinstance(larger, sympy.log) and not strict:
        yield larger.args[0], sympy.exp(smaller), "ln_above"


def _by_cases(claim: Claim, opening: str, samples: list[dict[sympy.Symbol, Any]]) -> Iterator[str] | None:
    """Return proofs with a case on each side of the point where a size, or a larger or smaller of two, changes its form."""
    for node in sorted((claim.left - claim.right).atoms(sympy.Abs, sympy.Max, sympy.Min), key=str):
        one, other = node.args if len(node.args) == 2 else (node.args[0], -node.args[0])
        gap = one - other
        if len(node.args) > 2 or len(gap.free_symbols) != 1 or gap.free_symbols & set(claim.integers):
            continue
        (variable,) = gap.free_symbols
        slope = gap.diff(variable)
        if not slope.is_number:
            continue
        root = -gap.subs(variable, 0) / slope
        up, down = (one, other) if slope.is_positive else (other, one)
        above, below = (down, up) if isinstance(node, sympy.Min) else (up, down)
        cases = [(above, sympy.Interval(root, sympy.oo)), (below, sympy.Interval.open(-sympy.oo, root))]
        return _joined(claim, opening, samples, node, variable, root, cases)
    return None


def _joined(claim: Claim, opening: str, samples, node, variable: sympy.Symbol, root, cases) -> Iterator[str]:
    text = [f"{opening}destruct (Rle_or_lt ({printed(root, {})}) {claim.names[variable]})."]
    for value, side in cases:
        sides = (expr.xreplace({node: value}) for expr in (claim.left, claim.right))
        domain = {**claim.domain, variable: claim.domain[variable].intersect(side)}
        case = replace(claim, **dict(zip(("left", "right"), sides, strict=True)), domain=domain)
        proof = next(by_calculus(case, "", samples), None)
        if proof is None:
            return
        written = f"replace ({claim.printed(node)}) with ({claim.printed(value)}) by (cases; lra)"
        text.append(f"{{ {written}.\n  {proof} }}")
    yield "\n  ".join(text)


def _of_variable(claim: Claim, expr: sympy.Expr, variable: sympy.Symbol, samples, strict: bool) -> str | None:
    allowed = claim.domain[variable]
    name = claim.reals[variable]
    lows = [allowed.inf, *(rule.lower for rule in claim.constraints if rule.upper == variable)]
    highs = [allowed.sup, *(rule.upper for rule in claim.constraints if rule.lower == variable)]
    for low, high, joined in product(reversed(lows), list(reversed(highs)), (False, True)):
        found = _Search(variable, claim.terms, samples, joined).prove(expr, name, low, high, strict=strict)
        if found is not None:
            return found
    return None


def _bridge(claim: Claim, opening: str, sides: tuple[Any, Any], expr, proof: str, lemma: str, strict: bool) -> str:
    """Return the whole proof: the claim as a difference, in opaque functions, and then what was found."""
    zero = "0 <" if strict else "0 <="
    larger, smaller = claim.ordered
    up, down = claim.printed(larger), claim.printed(smaller)
    lines = [f"{opening}reals."]
    if lemma:
        lines.append(f"enough (L : {down} {'<' if strict else '<='} {up}) by lra.")
    if lemma == "ln_above":
        lines.append("apply ln_above. rewrite ?exp_0.")
        up, down = (claim.printed(side) for side in sides)
    elif lemma:
        lines.append(f"apply {lemma}; [try unfold cosh, sinh, tanh; sign | try unfold cosh, sinh, tanh; sign |].")
        up, down = f"ln ({up})", f"ln ({down})"
    lines.append(f"enough (G : {zero} {up} - ({down})) by lra.")
    lines.append("unfold kl, cosh, sinh, tanh, Rpower.")
    lines += claim.hiding
    names = claim.reals
    for number, node in enumerate(sorted(_exponentials(larger - smaller), key=lambda n: (n.count_ops(), str(n)))):
        old, new = printed(node, names), printed(opaque(node), names)
        if old != new:
            lines.append(
                f"try (assert (X{number} : {_unfolded(node, names)} = {new}) by same_logarithm; rewrite X{number})."
            )
    lines.append(f"apply (transfer{'_strictly' if strict else ''} _ ({printed(expr, names)})); [rearranged |].")
    lines.append(f"{proof}.")
    return "\n  ".join(lines)


def _exponentials(side: sympy.Expr) -> set[sympy.Expr]:
    return {
        node
        for node in sympy.preorder_traversal(side.rewrite(_HYPERBOLIC, sympy.exp))
        if isinstance(node, sympy.exp)
        or (isinstance(node, sympy.Pow) and not (node.exp.is_Rational and node.exp.q <= 2))
    }


def _unfolded(node: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> str:
    if isinstance(node, sympy.exp) or node.base is sympy.E:
        return printed(node, names)
    return f"exp ({bracketed(node.exp, names)} * ln {bracketed(node.base, names)})"
