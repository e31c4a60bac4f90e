"""Compile an expression to a callable on arrays that broadcast, once for each expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from boundcalc.arithmetic.convert import as_expression
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.emit.cells import Cells
from boundcalc.evaluator.emit.scalar import NotANumber, point_function
from boundcalc.evaluator.inputs import check_out, doubles
from boundcalc.evaluator.integrals import settled
from boundcalc.evaluator.program.explain import explain
from boundcalc.evaluator.program.planning import Planner, Side
from boundcalc.evaluator.running.evaluation import evaluate

__all__ = ["CompiledExpression", "Side", "compile_expression", "compile_with_twins"]


_TYPICAL = 100
Domains = frozenset[
    tuple[sp.Symbol, Any, tuple[Any, ...]]
]  # symbol, and kind and arguments of its set: SymPy hashes them fast
Twins = tuple[tuple[int, int], ...]


def compile_expression(
    expr: Any,
    symbols: Sequence[sp.Symbol],
    *,
    domains: Mapping[sp.Symbol, sp.Set] | None = None,
    side: Side | None = None,
) -> CompiledExpression:
    """Compile a SymPy expression to a callable on numbers and arrays.

    Parameters
    ----------
    expr : sympy.Expr
        Expression; every symbol in it must be an argument.
    symbols : sequence of sympy.Symbol
        Arguments of the callable, in order.
    domains : mapping from symbol to sympy.Set, optional
        What is known of the arguments beyond the symbols' assumptions.
    side : {"upper", "lower"}, optional
        Round so that no result is below ("upper") or above ("lower") its exact value.

    Returns
    -------
    CompiledExpression
        The same object for equal arguments (the 256 last used are kept).

    Raises
    ------
    InvalidInputError
        For symbols that are no arguments, and for functions that the evaluator does not know.

    Notes
    -----
    Plain results of bounds whose terms have one sign are within 8 ulp of the exact value for the doubles given,
    measured against mpmath at random and extreme points (n to 1e18, delta to 1e-320, ranges from 1e-150 to 1e150);
    where terms cancel, within as many ulp of the sum of their magnitudes. What single functions keep on every
    processor is `boundcalc.arithmetic.promises.PROMISED_ULPS` (the test suite holds it). A product that leaves the
    range of doubles only on the way is computed again in extended precision, where the platform has it.

    Examples
    --------
    >>> import numpy as np, sympy as sp
    >>> n, g = sp.symbols("n g", positive=True)
    >>> f = compile_expression(sp.sqrt(g / sp.floor(n / 2)), (n, g))
    >>> f(8.0, 1.0)
    0.5
    >>> f(np.array([[8.0], [32.0]]), np.array([1.0, 4.0]))
    array([[0.5 , 1.  ],
           [0.25, 0.5 ]])
    """
    return _compile(as_expression(expr), tuple(symbols), _frozen(domains or {}), side, ())


def _frozen(domains: Mapping[sp.Symbol, sp.Set]) -> Domains:
    return frozenset((symbol, allowed.func, allowed.args) for symbol, allowed in domains.items())


def compile_with_twins(
    expr: Any, symbols: Sequence[sp.Symbol], domains: Mapping[sp.Symbol, sp.Set], side: Side, inexact: Sequence[int]
) -> CompiledExpression:
    """Compile a sound bound whose arguments at these positions are no doubles.

    Each of them is given as the double below; the doubles above follow as further arguments.
    """
    above = [sp.Symbol(f"{symbols[i].name}__above", **symbols[i].assumptions0) for i in inexact]
    known = dict(domains) | {
        a: domains[symbols[i]] for i, a in zip(inexact, above, strict=True) if symbols[i] in domains
    }
    twins = tuple((i, len(symbols) + k) for k, i in enumerate(inexact))
    return _compile(as_expression(expr), (*symbols, *above), _frozen(known), side, twins)


@lru_cache(maxsize=256)
def _compile(
    expr: Any, symbols: tuple[sp.Symbol, ...], domains: Domains, side: Side | None, twins: Twins
) -> CompiledExpression:
    return CompiledExpression(expr, symbols, domains, side, twins)


class CompiledExpression:
    """A callable ``f(*arguments, out=None)``; make it by `compile_expression`."""

    __name__ = "compiled_expression"  # dask builds its keys from it

    def __init__(
        self,
        expr: Any,
        symbols: tuple[sp.Symbol, ...],
        domains: Domains,
        side: Side | None,
        twins: Twins,
    ) -> None:
        self.expr, self.symbols, self.domains, self.side, self._twins = expr, symbols, domains, side, twins
        self._arity = len(symbols)
        allowed = {symbol: kind(*args) for symbol, kind, args in domains}
        self._planner = Planner(settled(expr, side, allowed), symbols, allowed, side, dict(twins))
        self._names = [symbol.name for symbol in symbols]
        self._point: Callable[..., float] = self._first_point
        self._cells: Callable[[Sequence[Any]], np.ndarray | None] = self._first_cells

    def __reduce__(self) -> tuple:
        return _compile, (self.expr, self.symbols, self.domains, self.side, self._twins)

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.symbols))
        return f"<compiled ({names}) -> {self.expr}>"

    def __call__(self, *arguments: Any, out: np.ndarray | None = None) -> Any:
        """Evaluate on numbers or arrays that broadcast as NumPy's do.

        Returns
        -------
        float or numpy.ndarray
            A float if all arguments are numbers, else an array of the broadcast shape, ``out`` if it is given.

        Raises
        ------
        InvalidInputError
            For a wrong number of arguments, arguments that are no real numbers or do not broadcast, and an ``out``
            that is no writeable float array of their shape. Values outside the domain are not looked at.
        """
        if len(arguments) != self._arity:
            self._refuse(len(arguments))
        if out is None and np.ndarray not in map(type, arguments):
            try:
                return self._point(*arguments)
            except NotANumber:
                pass
        return self.on_arrays(arguments, out)

    def plan(self, *arguments: Any) -> str:
        """Say what is computed on which axes, for these arguments (by default 100 values of each on an axis of its own)."""
        if not arguments:
            arguments = np.ix_(*(np.ones(_TYPICAL),) * self._arity)
        if len(arguments) != self._arity:
            self._refuse(len(arguments))
        request = self._planner.request(doubles(self._names, arguments))
        return explain(self._planner.plan(request), self._names, request.masks)

    def _refuse(self, given: int) -> None:
        raise InvalidInputError(f"{given} arguments given, {self._arity} wanted: {', '.join(self._names)}")

    def _first_point(self, *numbers: Any) -> float:
        """Generate the code for single points when the first one comes."""
        point = point_function(self._planner.program(), self._arity, self._at_a_hard_point)
        self._point = point
        return point(*numbers)

    def _first_cells(self, arguments: Sequence[Any]) -> np.ndarray | None:
        """Generate the code for small arrays when the first ones come."""
        self._cells = Cells(self._planner.program())
        return self._cells(arguments)

    def _at_a_hard_point(self, *numbers: float) -> float:
        return float(self.on_arrays(numbers))

    def on_arrays(self, arguments: Sequence[Any], out: np.ndarray | None = None) -> np.ndarray:
        """Evaluate as on arrays, numbers too."""
        if out is None and (small := self._cells(arguments)) is not None:
            return small
        arrays = doubles(self._names, arguments)
        request = self._planner.request(arrays)
        if out is None:
            return evaluate(self._planner, request, arrays, None)
        check_out(out, request.shape)
        apart = min(out.strides, default=0) >= 0 and not any(np.may_share_memory(out, a) for a in arrays)
        if not apart:
            out[...] = evaluate(self._planner, request, arrays, None)
            return out
        return evaluate(self._planner, request, arrays, out)
