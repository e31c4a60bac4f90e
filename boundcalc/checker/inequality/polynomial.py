"""A case as polynomial inequalities: roots and logarithms become variables with the facts that tie them down.

A root s of a is s >= 0 with s^q = a. A logarithm is an opaque variable; the axioms used are listed:
log a <= a/c + log c - 1 and log a >= 1 - c/a + log c (tangents at c); the same for log a = 2 log sqrt(a), there at
e for log 1/a as well; for u >= 0
u - u^2/2 <= log(1+u), 2u/(2+u) <= log(1+u) <= u(6+u)/(6+4u); log a <= log b where a <= b, with
2(b-a)/(b+a) <= log b - log a <= (b-a)/a; exp(a) >= 1 + a, >= e a, and >= 1 + a + a^2/2 for a >= 0; exp(a) (1 - a) <= 1;
b^g >= 1 + g (b - 1) for g >= 1 (Bernoulli), <= for g in [0, 1], and there b^g >= b/(b + g (1 - b)), which is the same of 1/b;
b^g >= 1 + g log b. For q < 1 and p = kl_inverse(q, a) it is kl(q, p) = a, the
integral of (t - q)/(t (1 - t)) from q to p, so that 2 (p - q)^2 <= a (Pinsker) and (p - q)^2 <= 2 p a, as at q = p = 1.
"""

from __future__ import annotations

from itertools import combinations

import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.inequality.cases import Case, Extent
from boundcalc.checker.inequality.enclosure import number_ends, sure
from boundcalc.checker.inequality.system import System, Untranslatable
from boundcalc.errors import MissingExtraError
from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["translate"]

_TANGENTS = (sympy.Integer(1), sympy.E, sympy.exp(-1), sympy.Integer(6), sympy.Integer(40))
_LARGEST_POWER = 24  # solvers choke on higher ones
_ROOT_TANGENTS = (sympy.Integer(1), sympy.Integer(2), sympy.Integer(3), sympy.Integer(8))


def translate(case: Case) -> System:
    """Return the polynomial system of a case without Min, Max and Abs.

    Raises
    ------
    Untranslatable
        If there is a node that polynomials cannot carry.
    """
    return _Translator(case).system()


class _Translator:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.out = System(strict=case.strict, ranges=dict(case.box))
        self.roots: dict[tuple[sympy.Expr, int], sympy.Symbol] = {}
        self.logs: dict[sympy.Expr, sympy.Symbol] = {}
        self.exps: dict[sympy.Expr, sympy.Symbol] = {}
        self.squares: dict[sympy.Symbol, sympy.Expr] = {}

    def system(self) -> System:
        gap = self._prepared(self.case.gap)
        facts = [(self._prepared(f.upper - f.lower), ">" if f.strict else ">=") for f in self.case.facts]
        self._root_symbols([gap, *(fact for fact, _ in facts)])
        goal = self._polynomial(gap)
        for fact, relation in facts:
            self.out.facts.append((self._polynomial(fact), relation))
        self._log_facts()
        # Symbols that were replaced by squares of their roots.
        self.out.goal = self._numerator(goal)
        self.out.facts = [(self._numerator(fact), relation) for fact, relation in self.out.facts]
        self._eliminate()
        used = set(self.out.goal.free_symbols).union(*(fact.free_symbols for fact, _ in self.out.facts))
        self.out.ranges = {symbol: own for symbol, own in self.out.ranges.items() if symbol in used}
        return self.out

    def _eliminate(self) -> None:
        """Insert log = +-root^2 where a root of plus or minus a logarithm occurs."""
        logs = set(self.logs.values())
        for fact, relation in list(self.out.facts):
            for variable in fact.free_symbols & logs if relation == "=" else ():
                slope = fact.coeff(variable, 1)
                rest = sympy.expand(fact - slope * variable)
                if slope not in (1, -1) or variable in rest.free_symbols or rest.free_symbols & logs:
                    continue
                value = sympy.expand(-rest / slope)
                own = self.out.ranges.pop(variable, None)
                self.out.facts.remove((fact, relation))
                if own is not None:
                    above, below = (">" if is_open else ">=" for is_open in (own.low_open, own.high_open))
                    self.out.facts += [(variable - own.low, above)] if own.low.is_finite else []
                    self.out.facts += [(own.high - variable, below)] if own.high.is_finite else []
                self.out.goal = sympy.expand(self.out.goal.subs(variable, value))
                self.out.facts = [(sympy.expand(other.subs(variable, value)), r) for other, r in self.out.facts]
                logs.discard(variable)
                break

    def _prepared(self, expr: sympy.Expr) -> sympy.Expr:
        expr = sympy.expand_log(expr)
        return sympy.powdenest(expr)

    def _root_symbols(self, exprs: list[sympy.Expr]) -> None:
        """Write a symbol that occurs under a square root as the square of a new one."""
        under = {
            power.base
            for expr in exprs
            for power in expr.atoms(sympy.Pow)
            if power.base.is_Symbol and power.exp.is_Rational and power.exp.q == 2
        }
        for symbol in under:
            own = self.case.box.get(symbol)
            if own is None or not symbol.is_nonnegative:
                continue
            new = sympy.Dummy(f"root_{symbol.name}", nonnegative=True, positive=True if symbol.is_positive else None)
            ends = [sympy.sqrt(end) if end.is_finite else end for end in (own.low, own.high)]
            if not all(end.is_Rational or not end.is_finite for end in ends):
                continue
            self.squares[symbol] = new**2
            self.out.ranges[new] = Extent(ends[0], ends[1], own.low_open, own.high_open)

    def _polynomial(self, expr: sympy.Expr) -> sympy.Expr:
        """Return a rational expression in variables."""
        if expr.is_Rational:
            return expr
        if expr.is_Symbol:
            return self.squares.get(expr, expr)
        if isinstance(expr, sympy.Add | sympy.Mul):
            return expr.func(*(self._polynomial(arg) for arg in expr.args))
        if isinstance(expr, sympy.Pow):
            return self._power(expr)
        if isinstance(expr, sympy.log):
            return self._log(expr.args[0])
        if isinstance(expr, sympy.exp):
            return self._exp(expr.args[0])
        if isinstance(expr, sympy.floor | sympy.ceiling):
            return self._rounded(expr)
        if isinstance(expr, kl | kl_inverse):
            return self._entropy(expr)
        if expr.is_number:
            return self._number(expr)
        raise Untranslatable(str(expr))

    def _power(self, expr: sympy.Pow) -> sympy.Expr:
        base, exponent = expr.args
        if exponent.is_Integer:
            if abs(exponent) > _LARGEST_POWER:
                raise Untranslatable(str(expr))
            return self._polynomial(base) ** exponent
        if exponent.is_Rational and exponent.q <= 6:
            if base in self.squares and exponent.q == 2:
                (new,) = self.squares[base].free_symbols
                return new**exponent.p
            return self._root(base, exponent.q) ** exponent.p
        if not self._sure(base, ">"):
            raise Untranslatable(str(expr))
        if base == sympy.E:
            return self._exp(exponent)
        key = (expr, 0)
        if key not in self.roots:
            new = sympy.Dummy("power", positive=True)
            self.roots[key] = new
            self.out.ranges[new] = Extent(sympy.Integer(0), sympy.oo, True)
            power, inner = self._polynomial(exponent), self._polynomial(base)
            self.out.facts.append((new - 1 - power * self._log(base), ">="))
            if self._sure(exponent) and self._sure(1 - exponent):
                self.out.facts.append((1 + power * (inner - 1) - new, ">="))
                self.out.facts.append((new * (inner + power * (1 - inner)) - inner, ">="))
                self.out.axioms.append(
                    f"{base}/({base} + g (1 - {base})) <= {expr} <= 1 + g ({base} - 1) with g = {exponent}"
                )
            if self._sure(exponent - 1):
                self.out.facts.append((new - 1 - power * (inner - 1), ">="))
                self.out.axioms.append(f"{expr} >= 1 + {exponent} ({base} - 1)")
        return self.roots[key]

    def _root(self, base: sympy.Expr, degree: int) -> sympy.Symbol:
        key = (base, degree)
        if key not in self.roots:
            inner = self._polynomial(base)
            above = self._sure(base, ">")
            new = sympy.Dummy("root", nonnegative=True, positive=True if above else None)
            self.roots[key] = new
            self.out.ranges[new] = Extent(sympy.Integer(0), sympy.oo, above)
            self.out.facts.append((new**degree - inner, "="))
        return self.roots[key]

    def _log(self, argument: sympy.Expr) -> sympy.Expr:
        if argument.is_number:
            return self._number(sympy.log(argument))
        if argument not in self.logs:
            self.logs[argument] = sympy.Dummy("log", real=True)
            self.out.ranges[self.logs[argument]] = Extent(-sympy.oo, sympy.oo, True, True)
        return self.logs[argument]

    def _exp(self, power: sympy.Expr) -> sympy.Expr:
        if power.is_number:
            return self._number(sympy.exp(power))
        if power not in self.exps:
            new = sympy.Dummy("exp", positive=True)
            self.exps[power] = new
            self.out.ranges[new] = Extent(sympy.Integer(0), sympy.oo, True)
            inner = self._polynomial(power)
            self.out.facts += [(new - 1 - inner, ">="), (1 - new * (1 - inner), ">=")]
            self.out.facts.append((new - self._number(sympy.E) * inner, ">="))
            if self._sure(power):
                self.out.facts.append((new - 1 - inner - inner**2 / 2, ">" if self._sure(power, ">") else ">="))
            self.out.axioms += [f"exp(a) >= 1 + a, >= e a, and exp(a) (1 - a) <= 1 for a = {power}"]
        return self.exps[power]

    def _rounded(self, expr: sympy.Expr) -> sympy.Expr:
        inner = self._polynomial(expr.args[0])
        new = sympy.Dummy("whole", real=True)
        self.out.ranges[new] = Extent(-sympy.oo, sympy.oo, True, True)
        below, above = (
            (inner - new, new + 1 - inner) if isinstance(expr, sympy.floor) else (new - inner, inner + 1 - new)
        )
        self.out.facts += [(below, ">="), (above, ">")]
        return new

    def _entropy(self, expr: kl | kl_inverse) -> sympy.Expr:
        """Return a variable p for kl_inverse(q, a), and a for kl(q, p)."""
        inverse = expr if isinstance(expr, kl_inverse) else expr.args[1]
        q, a = inverse.args if isinstance(inverse, kl_inverse) else (sympy.S.NaN, sympy.S.NaN)
        below_one = self._sure(1 - q, ">")
        inside = self._sure(q) and self._sure(1 - q) and self._sure(a)
        if q != expr.args[0] or not inside or (isinstance(expr, kl) and not below_one):
            raise Untranslatable(str(expr))
        first, level = self._polynomial(q), self._polynomial(a)
        if isinstance(expr, kl):
            return level
        key = (expr, 0)
        if key not in self.roots:
            new = self.roots[key] = sympy.Dummy("inverse", nonnegative=True)
            self.out.ranges[new] = Extent(sympy.Integer(0), sympy.Integer(1), False, below_one)
            gap = new - first
            self.out.facts += [(gap, ">="), (level - 2 * gap**2, ">="), (2 * new * level - gap**2, ">=")]
            self.out.axioms.append(f"q <= p, 2 (p - q)^2 <= a and (p - q)^2 <= 2 p a for p = {expr}")
        return self.roots[key]

    def _number(self, expr: sympy.Expr) -> sympy.Expr:
        """Return a variable enclosed in a short interval with rational ends."""
        if isinstance(expr, sympy.exp) and _is_small_power(expr.args[0]):
            return self._number(sympy.E) ** expr.args[0]
        key = (expr, 0)
        if key not in self.roots:
            low, high = _enclosed(expr)
            new = sympy.Dummy("number", real=True, positive=True if low > 0 else None)
            self.roots[key] = new
            self.out.ranges[new] = Extent(low, high)
        return self.roots[key]

    def _log_facts(self) -> None:
        """Add what is known of the logarithms."""
        simple = dict(self.logs)
        for argument, variable in simple.items():
            inner = self._polynomial(argument)
            if argument.is_Symbol:
                self._log_range(argument, variable)
            for tangent in _TANGENTS if self._appears_outside(argument) else ():
                level = sympy.log(tangent)
                level = level if level.is_Integer else self._number(level)
                point = tangent if tangent.is_Integer else self._number(tangent)
                self.out.facts.append((inner / point + level - 1 - variable, ">="))
                self.out.facts.append((variable - level - 1 + point / inner, ">="))
            if self._appears_outside(argument):
                self.out.axioms.append(f"a tangent bounds log({argument}) from above, and -log(1/a) from below")
                new = self._root_of(argument)
                if new is not None:
                    for tangent in _ROOT_TANGENTS:
                        level = sympy.Integer(0) if tangent == 1 else self._number(sympy.log(tangent))
                        self.out.facts.append((2 * (new / tangent + level - 1) - variable, ">="))
                    # At e, where log(a)/sqrt(a) is largest; the same for 1/a.
                    self.out.facts.append((2 * new / self._number(sympy.E) - variable, ">="))
                    self.out.facts.append((2 / (new * self._number(sympy.E)) + variable, ">="))
                if self._sure(argument - 1):
                    u = inner - 1
                    self.out.facts += [
                        (variable - u + u**2 / 2, ">="),
                        (variable * (2 + u) - 2 * u, ">="),
                        (u * (6 + u) - variable * (6 + 4 * u), ">="),
                    ]
        for (one, first), (other, second) in combinations(simple.items(), 2):
            self._ordered(one, first, other, second)

    def _root_of(self, argument: sympy.Expr) -> sympy.Symbol | None:
        """Return the variable that stands for the square root of an expression, if there is one."""
        if argument in self.squares:
            (found,) = self.squares[argument].free_symbols
            return found
        return self.roots.get((argument, 2))

    def _appears_outside(self, argument: sympy.Expr) -> bool:
        """Return whether anything but logarithms of single symbols ties the argument down."""
        if not argument.is_Symbol:
            return True
        rest = self.case.gap
        for fact in self.case.facts:
            rest = rest + sympy.Dummy() * (fact.upper - fact.lower)
        marked = sympy.expand_log(rest).replace(
            lambda node: isinstance(node, sympy.log) and node.args[0] == argument, lambda node: sympy.Dummy()
        )
        return argument in marked.free_symbols

    def _log_range(self, symbol: sympy.Symbol, variable: sympy.Symbol) -> None:
        own = self.case.box.get(symbol)
        if own is None:
            return
        low, high = -sympy.oo, sympy.oo
        if own.low.is_positive:
            low = _rational_log(own.low, down=True)
        if own.high.is_finite and own.high.is_positive:
            high = _rational_log(own.high, down=False)
        self.out.ranges[variable] = Extent(low, high, own.low_open, own.high_open)
        self.out.axioms.append(f"log({symbol}) in [{low}, {high}]")

    def _ordered(self, one, first, other, second) -> None:
        """State that two logarithms are ordered as their arguments are, where the order is known."""
        for small, large, less, more in ((one, other, first, second), (other, one, second, first)):
            gap = sympy.expand(large - small)
            if self._sure(gap):
                relation = ">" if self._sure(gap, ">") else ">="
                self.out.facts.append((more - less, relation))
                self.out.axioms.append(f"log({small}) <= log({large}), with tangents at their ratio")
                below, above = self._polynomial(small), self._polynomial(large)
                step = sympy.expand(above - below)
                self.out.facts += [
                    (step / below - more + less, relation),
                    (more - less - 2 * step / (above + below), relation),
                ]

    def _numerator(self, expr: sympy.Expr) -> sympy.Expr:
        """Return a polynomial with the same sign."""
        top, bottom = sympy.fraction(sympy.together(expr))
        top, bottom = sympy.expand(top), sympy.expand(bottom)
        if sure(bottom, ">", self.out.ranges):
            return top
        return sympy.expand(-top) if sure(-bottom, ">", self.out.ranges) else sympy.expand(top * bottom)

    def _sure(self, expr: sympy.Expr, relation: str = ">=") -> bool:
        return sure(expr, relation, self.case.box)


def _is_small_power(exponent: sympy.Expr) -> bool:
    return bool(exponent.is_Integer and exponent != 1 and abs(exponent) <= _LARGEST_POWER)


def _enclosed(expr: sympy.Expr) -> tuple[sympy.Rational, sympy.Rational]:
    """Return ends of 19 digits around a number, a little apart."""
    try:
        low, high = number_ends(expr)
    except (Undefined, MissingExtraError):
        raise Untranslatable(str(expr)) from None
    scale = 10**19
    return sympy.Rational((low * scale - 1).p // (low * scale - 1).q, scale), sympy.Rational(
        -((-high * scale - 1).p // (-high * scale - 1).q), scale
    )


def _rational_log(value: sympy.Expr, *, down: bool) -> sympy.Expr:
    """Return a rational number just below or above a logarithm (0 for log 1)."""
    return sympy.Integer(0) if value == 1 else _enclosed(sympy.log(value))[0 if down else 1]
