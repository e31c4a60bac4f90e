"""Compile an expression to a callable on arrays that broadcast, once for each expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import sympy as sp

from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.convert import convert
from boundcalc.evaluator.kernels import KERNELS
from boundcalc.evaluator.lower import lower
from boundcalc.evaluator.nodes import Node, Pool
from boundcalc.evaluator.program import Program

__all__ = ["CompiledExpression", "Side", "compile_expression"]

Side = Literal["upper", "lower"]


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
    known = frozenset((domains or {}).items())
    return _compile(sp.sympify(expr), tuple(symbols), known, side)


@lru_cache(maxsize=256)
def _compile(
    expr: Any, symbols: tuple[sp.Symbol, ...], domains: frozenset[tuple[sp.Symbol, sp.Set]], side: Side | None
) -> CompiledExpression:
    return CompiledExpression(expr, symbols, domains, side)


class CompiledExpression:
    """A callable ``f(*arguments, out=None)``; make it by `compile_expression`."""

    __name__ = "compiled_expression"  # dask builds its keys from it

    def __init__(
        self,
        expr: Any,
        symbols: tuple[sp.Symbol, ...],
        domains: frozenset[tuple[sp.Symbol, sp.Set]],
        side: Side | None,
    ) -> None:
        self.expr, self.symbols, self.domains, self.side = expr, symbols, domains, side
        self._node: Node = convert(expr, symbols, Pool())
        self._programs: dict[tuple, Program] = {}

    def __reduce__(self) -> tuple:
        return _compile, (self.expr, self.symbols, self.domains, self.side)

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.symbols))
        return f"<compiled ({names}) -> {self.expr}>"

    def __call__(self, *arguments: Any, out: np.ndarray | None = None) -> Any:
        """Evaluate on numbers or arrays that broadcast as NumPy's do.

        Returns
        -------
        float or numpy.ndarray
            A float if all arguments are numbers, else an array of the broadcast shape, ``out`` if it is given.
        """
        if len(arguments) != len(self.symbols):
            raise InvalidInputError(f"{len(arguments)} arguments given, {len(self.symbols)} wanted: {self.symbols}")
        arrays = [np.asarray(a, dtype=np.float64) for a in arguments]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        masks = tuple(_mask(a.shape, len(shape)) for a in arrays)
        program = self._program(masks, shape)
        with np.errstate(all="ignore"):
            result = _run(program, arrays)
        if out is None:
            if not shape and all(np.ndim(a) == 0 and not isinstance(a, np.ndarray) for a in arguments):
                return float(result)
            out = np.empty(shape)
        out[...] = result
        return out

    def _program(self, masks: tuple[int, ...], shape: tuple[int, ...]) -> Program:
        key = (masks, shape)
        if key not in self._programs:
            self._programs[key] = lower(self._node, masks, shape)
        return self._programs[key]


def _mask(shape: tuple[int, ...], ndim: int) -> int:
    lead = ndim - len(shape)
    return sum(1 << (lead + i) for i, size in enumerate(shape) if size != 1)


def _run(program: Program, arrays: Sequence[np.ndarray]) -> Any:
    values: list[Any] = []
    for op, args, param, _ in program.instructions:
        if op == "input":
            values.append(arrays[param])  # type: ignore[call-overload]
        elif op == "const":
            values.append(np.asarray(param))
        else:
            operands = [values[a] for a in args]
            values.append(KERNELS[op].run(*operands, *([] if param is None else [param])))
    return values[program.root]
