"""A bound as a function of one free symbol in every cell of a grid: rounded to either side, and decided exactly."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import sympy

from boundcalc.arithmetic.numbers import as_number, enclosed, exact_expression
from boundcalc.arithmetic.rounding import above, below
from boundcalc.errors import InvalidInputError
from boundcalc.inverse.bisect import LARGEST, Floats, Integers
from boundcalc.inverse.dependence import hoist, inverted, stride
from boundcalc.language.domains import admits
from boundcalc.statements.statement import Statement
from boundcalc.statements.validation import check_inputs, partners

if TYPE_CHECKING:
    import xarray

__all__ = ["Cells", "high_end", "is_integer", "low_end"]

_FAR = np.finfo(float).max

#: How many neighbours of an answer are looked at for one that the symbol's assumptions allow: primes are nearer than that.
_GAP = 2000

_SIDES: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")

_GOAL = sympy.Symbol("target", real=True)


class Cells:
    """The other inputs and the target on one flattened grid, and the bound as a function of the free symbol there.

    Inputs are taken exactly: one that is no double is known by the doubles around it, and where these leave a comparison
    open by itself.
    """

    def __init__(self, bound: Statement, name: str, target: Any, others: Mapping[str, Any]) -> None:
        if name in others:
            raise InvalidInputError(f"{name} is solved for, so it must not be given", context=bound.theorem.key)
        self.bound, self.name = bound, name
        self.symbol, self.domain = bound.symbol(name), bound.domain[name]
        self.integer = is_integer(self.domain)
        self.sign = -1.0 if bound.is_lower else 1.0
        given = check_inputs(bound, others, free=name)
        #: Given values that tie the free symbol although the bound does not use them (such as d_M to g_M).
        tied = {key: value for key, value in partners(others, bound.constraints).items() if key not in given}
        self._spread({**given, **tied, "target": target})
        if isinstance(target, bool) or np.asarray(target).dtype == bool:
            raise InvalidInputError(f"target = {target} must be a number", context=bound.theorem.key)
        if not np.isfinite(self.below["target"]).all():
            raise InvalidInputError(f"target = {target} must be finite", context=bound.theorem.key)
        self._prepare()

    def _spread(self, values: dict[str, Any]) -> None:
        """Lay the inputs out on their common grid, one flat column each; numbers stay numbers."""
        import xarray as xr

        from boundcalc.evaluator.inputs import differ, labelled

        low, high = (dict(zip(values, labelled(values, form=form), strict=True)) for form in ("below", "above"))
        inexact = {name: values[name] for name in values if differ(low[name], high[name])}
        arrays = [*low.values(), *(high[name] for name in inexact), *labelled(inexact, form="exact")]
        grid = xr.broadcast(*xr.align(*arrays, join="exact", copy=False))
        self.template = grid[len(values) - 1]
        self.size = self.template.size
        columns = [
            np.asarray(full.values.flat[0])
            if not own.ndim and self.size and name != "target"
            else np.ravel(full.values)
            for name, own, full in zip([*values, *inexact, *inexact], arrays, grid, strict=True)
        ]
        self.below = dict(zip(values, columns, strict=False))
        self.above = self.below | dict(zip(inexact, columns[len(values) :], strict=False))
        self.exact = self.below | dict(zip(inexact, columns[len(values) + len(inexact) :], strict=True))

    def _prepare(self) -> None:
        """Compile the bound's two sides; what does not depend on an integer is enclosed once, before the search."""
        from boundcalc.evaluator.compiled import compile_with_twins

        expr, parts = hoist(self.bound.expr, self.symbol) if self.integer else (self.bound.expr, {})
        fixed = parts or {symbol: symbol for symbol in self._symbols(expr) if symbol != self.symbol}
        ends = [self._enclosed(part) for part in fixed.values()]
        inexact = _unequal(ends)
        self.coefficients = [low for low, _ in ends] + [ends[place][1] for place in inexact]
        signs = {s: sympy.Interval(0, sympy.oo) for s, (low, _) in zip(fixed, ends, strict=True) if (low >= 0).all()}
        self.sides = {
            side: compile_with_twins(
                expr, (self.symbol, *fixed), signs | dict(self.bound.domain), side, [1 + place for place in inexact]
            )
            for side in _SIDES
        }
        self.stride = stride(expr, self.symbol)

    def _enclosed(self, expr: sympy.Expr) -> tuple[Floats, Floats]:
        """Return what is certainly below and above an expression without the free symbol, in each lane."""
        from boundcalc.evaluator.compiled import compile_with_twins

        ends = [(self.below[symbol.name], self.above[symbol.name]) for symbol in self._symbols(expr)]
        if expr.is_Symbol:
            return ends[0]
        twins = _unequal(ends)
        columns = [low for low, _ in ends] + [ends[place][1] for place in twins]
        symbols, domain = self._symbols(expr), self.bound.domain
        low, high = (compile_with_twins(expr, symbols, domain, side, twins)(*columns) for side in _SIDES)
        return np.asarray(low), np.asarray(high)

    def _symbols(self, expr: sympy.Expr) -> tuple[sympy.Symbol, ...]:
        return tuple(symbol for symbol in self.bound.symbols.values() if symbol in expr.free_symbols)

    def part(self, lanes: slice | Integers) -> Cells:
        """Return some of the cells."""
        found = copy(self)

        def taken(column: np.ndarray) -> np.ndarray:
            return column[lanes] if column.ndim else column

        for name in ("below", "above", "exact"):
            setattr(found, name, {key: taken(column) for key, column in getattr(self, name).items()})
        found.coefficients = [taken(column) for column in self.coefficients]
        found.size = found.below["target"].size
        return found

    def excess(self, value: Floats, lanes: Integers, *, pessimistic: bool) -> Floats:
        """Return how far the bound misses the target, rounded towards missing it (or towards meeting it)."""
        return self.missed_by(self.value(value, lanes, pessimistic=pessimistic), lanes, pessimistic=pessimistic)

    def closed_form(self) -> Floats | None:
        """Return where the bound takes the target, up to rounding, if that is a closed form; nan where it has no value."""
        from boundcalc.evaluator.compiled import compile_expression

        form = inverted(self.bound.expr, self.symbol, _GOAL)
        if form is None:
            return None
        symbols = (_GOAL, *self._symbols(form))
        found = compile_expression(form, symbols)(*(self.below[symbol.name] for symbol in symbols))
        return np.broadcast_to(found, (self.size,))

    def missed_by(self, reached: Floats, lanes: Integers, *, pessimistic: bool) -> Floats:
        """Return how far a value of the bound is from the target, on the side where it misses it."""
        target = self.below if (self.sign > 0) == pessimistic else self.above
        return self.sign * (reached - self._taken(target["target"], lanes))

    def value(self, value: Floats, lanes: Integers, *, pessimistic: bool) -> Floats:
        """Return the bound, rounded towards missing the target (or towards meeting it)."""
        side = self.sides["upper" if (self.sign > 0) == pessimistic else "lower"]
        return np.asarray(side(value, *(self._taken(column, lanes) for column in self.coefficients)))

    def _taken(self, column: Floats, lanes: Integers) -> Floats:
        return column if not column.ndim or lanes.size == self.size else column[lanes]

    def meets(self, value: Floats, lanes: Integers, excess: Floats, *, pessimistic: bool) -> np.ndarray:
        """Return whether the bound meets the target, given the excess rounded one way.

        Where that leaves it open it is rounded the other way, and decided exactly if that does not settle it either.
        """
        meets = excess <= 0
        still_open = np.flatnonzero(~meets if pessimistic else ~(excess > 0))
        if still_open.size:
            other = self.excess(value[still_open], lanes[still_open], pessimistic=not pessimistic)
            meets[still_open] = other <= 0
            still_open = still_open[~(other > 0) if pessimistic else ~(other <= 0)]
        if still_open.size:
            meets[still_open] = self.exactly_meets(value[still_open], lanes[still_open])
        return meets

    def exactly_meets(self, value: Floats, lanes: Integers) -> np.ndarray:
        """Return whether the bound meets the target, decided by rigorous enclosures, and in exact ties by SymPy."""
        difference = (self.bound.expr - _GOAL) if self.sign > 0 else (_GOAL - self.bound.expr)
        symbols = {**self.bound.symbols, "target": _GOAL}
        inputs = {
            name: np.broadcast_to(column, (self.size,))[lanes] for name, column in self.exact.items() if name in symbols
        }
        inputs[self.name] = value.astype(float)
        lower, upper = _ends(difference, inputs, symbols)
        meets = upper <= 0
        decided: dict[tuple[Any, ...], bool] = {}
        for lane in np.flatnonzero(~meets & ~(lower > 0)):
            point = tuple(column[lane] for column in inputs.values())
            if point not in decided:
                exactly = {symbols[name]: exact_expression(number) for name, number in zip(inputs, point, strict=True)}
                decided[point] = at_most_zero(difference.subs(exactly))
            meets[lane] = decided[point]
        return meets

    def ends(self, *, larger_is_better: bool) -> tuple[Floats, Floats]:
        """Return the best and the worst end of the symbol's domain in each lane, tied to the other symbols by constraints."""
        low, high = np.full(self.size, low_end(self.domain)), np.full(self.size, high_end(self.domain))
        for constraint in self.bound.constraints:
            if constraint.upper == self.symbol and (limit := self._limit(constraint.lower, self.above)) is not None:
                low = np.maximum(low, limit)
            if constraint.lower == self.symbol and (limit := self._limit(constraint.upper, self.below)) is not None:
                high = np.minimum(high, limit)
        if larger_is_better and self.bound.direction(self.name) == "unknown":
            for turn in self.bound.better_from(self.name) or ():
                start = self._enclosed(turn)[1]
                low = np.maximum(low, np.ceil(start) if self.integer else start)
        return (high, low) if larger_is_better else (low, high)

    def admitted(self, values: Any, better: Floats, asked: np.ndarray) -> np.ndarray:
        """Move answers to the next values that all of the symbol's own assumptions allow; say where there are none.

        Between an answer and the better end every value meets the target, and before the answer none does.
        """
        open_lanes = np.flatnonzero(asked & ~admits(self.symbol, values))
        for _ in range(_GAP):
            open_lanes = open_lanes[values[open_lanes] != better[open_lanes]]
            if not open_lanes.size:
                break
            here, end = values[open_lanes], better[open_lanes]
            values[open_lanes] = here + np.sign(end - here) if self.integer else np.nextafter(here, end)
            open_lanes = open_lanes[~admits(self.symbol, values[open_lanes])]
        return asked & ~admits(self.symbol, values)

    def _limit(self, side: sympy.Expr, columns: Mapping[str, Floats]) -> Any:
        """Return the doubles that a constraint's other side is, or None where it is not given."""
        return columns.get(side.name) if side.is_Symbol else float(side) if side.is_number else None

    def on_grid(self, values: Any, name: str) -> xarray.DataArray:
        """Return a flat array on the grid."""
        import xarray as xr

        shaped = np.asarray(values).reshape(self.template.shape)
        return xr.DataArray(shaped, coords=self.template.coords, dims=self.template.dims, name=name)


def _unequal(ends: list[tuple[Floats, Floats]]) -> list[int]:
    """Return the places of inputs whose two ends differ."""
    return [place for place, (low, high) in enumerate(ends) if low is not high and (low != high).any()]


#: Bits of the enclosures that are tried before a number that no comparison tells from 0 is asked whether it is 0.
_MANY_BITS = (1 << 15, 1 << 17)


def at_most_zero(value: sympy.Expr) -> bool:
    """Return whether an exact number is <= 0: by its digits, or where thousands of them vanish by a proof that it is 0."""
    number = as_number(value)
    try:
        return bool(number <= 0)
    except ArithmeticError:
        for bits in _MANY_BITS:
            low, high = enclosed(number.node, bits)
            if low > 0 or high <= 0:
                return bool(high <= 0)
        return value.equals(0) is True


def _ends(
    expr: sympy.Expr, inputs: Mapping[str, Any], symbols: Mapping[str, sympy.Symbol]
) -> tuple[np.ndarray, np.ndarray]:
    """Return ends of an expression's exact values: by Arb balls, or by mpmath with 60 digits and a margin."""
    import xarray as xr

    from boundcalc.evaluator import enclose_grid, evaluate_grid

    lanes = {name: xr.DataArray(column, dims="lane") for name, column in inputs.items()}
    if find_spec("flint") is not None:
        ends = enclose_grid(expr, lanes, symbols=symbols)
        return np.asarray(ends["lower"].values), np.asarray(ends["upper"].values)
    values = evaluate_grid(expr, lanes, symbols=symbols, precision=60).values
    middle = np.array([float(value) for value in np.ravel(values)])
    margin = 1e-40 * np.abs(middle) + 1e-45
    return middle - margin, middle + margin


def is_integer(domain: sympy.Set) -> bool:
    """Return whether a domain has integers only."""
    return isinstance(domain, sympy.Range) or domain == sympy.S.Integers


def low_end(domain: sympy.Set) -> float:
    """Return the smallest double in a domain."""
    if domain.inf == -sympy.oo:
        return -float(LARGEST) if is_integer(domain) else -_FAR
    low, open_there = above(as_number(domain.inf)), isinstance(domain, sympy.Interval) and bool(domain.left_open)
    return float(np.nextafter(low, np.inf)) if open_there and low == as_number(domain.inf) else low


def high_end(domain: sympy.Set) -> float:
    """Return the largest double in a domain."""
    if domain.sup == sympy.oo:
        return float(LARGEST) if is_integer(domain) else _FAR
    high, open_there = below(as_number(domain.sup)), isinstance(domain, sympy.Interval) and bool(domain.right_open)
    return float(np.nextafter(high, -np.inf)) if open_there and high == as_number(domain.sup) else high
