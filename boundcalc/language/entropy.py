r"""Binary relative entropy and its inverse as SymPy functions.

``kl(q, p)`` is q log(q/p) + (1-q) log((1-q)/(1-p)) for q and p in [0, 1], with 0 log 0 = 0; ``kl_inverse(q, a)`` is the
largest p in [q, 1] with kl(q, p) <= a, for a >= 0. It rises in q and in a and is concave in both together: the points
(q, a, p) below it are those with p <= q and the convex set kl(q, p) <= a. Outside these domains both are undefined.

>>> import sympy
>>> q, a = sympy.symbols("q a", positive=True)
>>> kl_inverse(q, a).diff(a)
(1 - kl_inverse(q, a))*kl_inverse(q, a)/(-q + kl_inverse(q, a))
>>> kl_inverse(sympy.Rational(1, 4), 2).evalf(30)
0.966799560479214623359577464566
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Expr, Function, S, log

from boundcalc.arithmetic.entropy_points import kl_inverse_precisely, kl_precisely

__all__ = ["kl", "kl_inverse"]


class _OfUnit(Function):
    """What the two functions share: two arguments, a LaTeX name, code that calls a function of their own name."""

    nargs = 2
    operation = ""  # of the arithmetic
    _latex_name = ""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        inside = ", ".join(printer._print(arg) for arg in self.args)
        call = rf"{self._latex_name}\left({inside}\right)"
        return call if exp is None else rf"\left({call}\right)^{{{exp}}}"

    def _call(self, printer: Any) -> str:
        return f"{self.operation}({', '.join(printer._print(arg) for arg in self.args)})"

    _pythoncode = _numpycode = _lambdacode = _javascript = _call


class kl(_OfUnit):
    """Relative entropy kl(q, p) of a coin with bias q from one with bias p.

    Parameters
    ----------
    q, p : sympy expression or number
        In [0, 1].

    Returns
    -------
    sympy.Expr
        Evaluated at corners that the arguments' assumptions prove; NaN where they prove the arguments outside.

    Examples
    --------
    >>> kl(0, sympy.Rational(1, 3)), kl(sympy.Rational(1, 2), 1), kl(2, sympy.Symbol("p"))
    (-log(2/3), oo, nan)
    """

    operation, _latex_name = "kl", r"\mathrm{kl}"

    @classmethod
    def eval(cls, q: Expr, p: Expr) -> Expr | None:
        """Return the value at a corner."""
        inside = _in_unit(q), _in_unit(p)
        if False in inside:
            return S.NaN
        if inside != (True, True):
            return None
        if q == p:
            return S.Zero
        if (q - p).is_nonzero and (p.is_zero or (1 - p).is_zero):
            return S.Infinity
        if p.is_zero is False and (1 - p).is_zero is False:
            if q.is_zero:
                return -log(1 - p)
            if (1 - q).is_zero:
                return -log(p)
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by an argument."""
        q, p = self.args
        return log(q * (1 - p) / (p * (1 - q))) if argindex == 1 else (p - q) / (p * (1 - p))

    def _eval_rewrite_as_log(self, q: Expr, p: Expr, **options: Any) -> Expr:
        return q * log(q / p) + (1 - q) * log((1 - q) / (1 - p))

    def _eval_is_extended_nonnegative(self) -> bool | None:
        return True if all(map(_in_unit, self.args)) else None

    def _eval_is_finite(self) -> bool | None:
        p = self.args[1]
        inside = self._eval_is_extended_nonnegative() and p.is_extended_positive and (1 - p).is_extended_positive
        return True if inside else None

    def _eval_nseries(self, x: Any, n: Any, logx: Any, cdir: Any = 0) -> Expr:
        return self.rewrite(log)._eval_nseries(x, n=n, logx=logx, cdir=cdir)

    def _eval_as_leading_term(self, x: Any, logx: Any = None, cdir: Any = 0) -> Expr:
        return self.rewrite(log).as_leading_term(x, logx=logx, cdir=cdir)

    def _eval_evalf(self, prec: int) -> Expr | None:
        """Return the value of numbers; next to p = q with as many more digits as the difference loses."""
        from mpmath import mp

        if self.free_symbols:
            return None
        for bits in (prec + 20, 2 * prec + 200, 16 * prec + 4000):
            with mp.workprec(bits):
                q, p = (arg._to_mpmath(bits) for arg in self.args)
                if q != p and max(mp.mag(q), mp.mag(p)) - mp.mag(p - q) < bits - prec - 8:
                    return _as_float(kl_precisely(mp, q, p), prec)
        return None


class kl_inverse(_OfUnit):
    r"""The largest p in [q, 1] with kl(q, p) <= a.

    Parameters
    ----------
    q : sympy expression or number
        In [0, 1].
    a : sympy expression or number
        Nonnegative.

    Returns
    -------
    sympy.Expr
        Evaluated at corners that the arguments' assumptions prove; NaN where they prove the arguments outside.

    Notes
    -----
    At a = 0 the value is q + sqrt(2 q (1-q) a) + (2/3)(1-2q) a + O(a^(3/2)) for 0 < q < 1, and 1 - exp(-a) for q = 0; as a
    grows, 1 - p ~ exp(-(a + H(q))/(1-q)) with the entropy H. By Pinsker's inequality q <= p <= q + sqrt(a/2).

    Examples
    --------
    >>> a = sympy.Symbol("a", positive=True)
    >>> kl_inverse(0, a), kl_inverse(1, a), kl_inverse(sympy.Rational(1, 3), 0)
    (1 - exp(-a), 1, 1/3)
    """

    operation, _latex_name = "kl_inverse", r"\mathrm{kl}^{-1}"

    @classmethod
    def eval(cls, q: Expr, a: Expr) -> Expr | None:
        """Return the value at a corner."""
        inside = _in_unit(q)
        if inside is False or a is S.NaN or a.is_extended_negative:
            return S.NaN
        if not (inside and a.is_extended_nonnegative):
            return None
        if a.is_zero:
            return q
        if a is S.Infinity or (1 - q).is_zero:
            return S.One
        return 1 - sympy.exp(-a) if q.is_zero else None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative by an argument."""
        q, _ = self.args
        by_a = self * (1 - self) / (self - q)
        return by_a if argindex == 2 else log(self * (1 - q) / (q * (1 - self))) * by_a

    def expansion(self) -> Expr:
        """Return what the function is for small a, up to O(a^(3/2)); for q = 0 up to O(a^2)."""
        q, a = self.args
        return a if q.is_zero else q + sympy.sqrt(2 * q * (1 - q) * a) + sympy.Rational(2, 3) * (1 - 2 * q) * a

    def solved(self, value: Any) -> Expr:
        """Return the a at which the function has a value between q and 1."""
        return kl(self.args[0], value)

    def _eval_is_extended_nonnegative(self) -> bool | None:
        q, a = self.args
        return True if _in_unit(q) and a.is_extended_nonnegative else None

    def _eval_is_finite(self) -> bool | None:
        return self._eval_is_extended_nonnegative()

    def _eval_is_zero(self) -> bool | None:
        q, a = self.args
        if not self._eval_is_extended_nonnegative():
            return None
        return False if q.is_extended_positive or a.is_extended_positive else None

    def _eval_nseries(self, x: Any, n: Any, logx: Any, cdir: Any = 0) -> Expr:
        q, a = self.args
        if self._limits(x)[1] != 0:
            return super()._eval_nseries(x, n=n, logx=logx, cdir=cdir)
        rest = a ** (2 if q.is_zero else sympy.Rational(3, 2))
        return self.expansion()._eval_nseries(x, n=n, logx=logx, cdir=cdir) + sympy.Order(rest, x)

    def _eval_as_leading_term(self, x: Any, logx: Any = None, cdir: Any = 0) -> Expr:
        q, a = self._limits(x)
        if a is S.Infinity:
            return S.One
        if a == 0:
            return q if q != 0 else self.args[1].as_leading_term(x, logx=logx, cdir=cdir)
        return self.func(q, a)

    def _limits(self, x: Any) -> tuple[Expr, Expr]:
        """Return where the arguments tend to as x does to 0, if that settles the function."""
        q, a = (arg.limit(x, 0) for arg in self.args)
        if a == 0 and q in (0, 1) and self.args[0].has(x):
            raise NotImplementedError(f"{self} where {x} tends to 0: it depends on the arguments' ratio")
        return q, a

    def _eval_evalf(self, prec: int) -> Expr | None:
        """Return the value of numbers: it has no fewer digits than the arguments."""
        from mpmath import mp

        if self.free_symbols:
            return None
        with mp.workprec(prec + 20):
            q, a = (arg._to_mpmath(prec + 20) for arg in self.args)
            return _as_float(kl_inverse_precisely(mp, q, a), prec)


def _in_unit(expr: Expr) -> bool | None:
    """Return whether an expression lies in [0, 1], as far as its assumptions tell."""
    above, below = expr.is_extended_nonnegative, (1 - expr).is_extended_nonnegative
    if expr is S.NaN or above is False or below is False:
        return False
    return True if above and below else None


def _as_float(value: Any, prec: int) -> Expr:
    return Expr._from_mpmath(value, prec)
