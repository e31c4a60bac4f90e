"""Solve a bound for any one parameter in which it is monotone: the answer meets the target, its neighbour does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import sympy

from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.inverse.bisect import LARGEST, Floats, Integers, first_integer, first_number
from boundcalc.inverse.dependence import hoist, stride
from boundcalc.language.domains import describe
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.statement import Statement
from boundcalc.statements.validation import check_inputs, partners

if TYPE_CHECKING:
    import xarray

__all__ = ["LARGEST", "Solution", "minimal_n", "solve_for"]

_FAR = np.finfo(float).max

_SIDES: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")

#: Lanes that are solved together: about what fits the cache.
_BLOCK = 1 << 15


@dataclass(frozen=True)
class Solution:
    """The answer of an inverse problem, in every cell.

    Attributes
    ----------
    name : str
        The symbol that was solved for.
    values : xarray.DataArray
        int64 or float64; of object dtype with None where there is no answer. It is the smallest value that meets the
        target if larger values are better, the largest if smaller ones are.
    feasible : xarray.DataArray of bool
        Whether some value meets the target.
    reason : xarray.DataArray of str
        Why there is no answer; empty where there is one.
    nearest : xarray.DataArray of float64
        What the bound tends to at the best end of the symbol's domain: a target beyond it cannot be met.
    closed_form : sympy.Expr or None
        The answer on the smooth relaxation (floor dropped), where SymPy finds one.
    """

    name: str
    values: xarray.DataArray
    feasible: xarray.DataArray
    reason: xarray.DataArray
    nearest: xarray.DataArray
    closed_form: sympy.Expr | None = None


def minimal_n(bound: Statement, *, target: Any, name: str = "n", **others: Any) -> xarray.DataArray:
    """Return the smallest integer for which a bound meets the target, in every cell.

    Parameters
    ----------
    bound : Bound
        An upper bound that never rises (or a lower bound that never falls) in ``name``.
    target : scalar, 1-D array_like or xarray.DataArray
        What the bound should reach; an array becomes the axis ``target``.
    name : str
        The integer symbol that is free.
    **others : scalar, 1-D array_like or xarray.DataArray
        All other symbols, as for ``Bound.evaluate``.

    Returns
    -------
    xarray.DataArray of int64

    Raises
    ------
    InfeasibleError
        If some cell has no answer; the message says why and names the nearest target that can be met.
    InvalidInputError
        If the bound does not improve with ``name``, or an input is bad.
    """
    toward = _toward(bound, name)
    if not _is_integer(bound, name):
        raise InvalidInputError(
            f"name = {name!r} is no integer symbol; `solve_for` solves for it", context=bound.theorem.key
        )
    if toward != "smallest":
        raise InvalidInputError(f"there is no smallest {name}: the bound gets worse with it", context=bound.theorem.key)
    solution = solve_for(bound, name, target=target, **others)
    good = solution.reason.values == "" if solution.values.dtype == object else np.True_
    if not good.all():
        first = tuple(np.argwhere(~good)[0])
        raise InfeasibleError(
            f"no {name} in {int((~good).sum())} of {good.size} cells: {solution.reason.values[first]}; "
            f"the nearest target there is above {float(solution.nearest.values[first]):.6g}",
            context=bound.theorem.key,
        )
    return solution.values


def solve_for(bound: Statement, name: str, *, target: Any, closed_form: bool = False, **others: Any) -> Solution:
    """Solve a bound for one symbol.

    Parameters
    ----------
    bound : Bound
        Monotone in the symbol.
    name : str
        The symbol that is left out.
    target : scalar, 1-D array_like or xarray.DataArray
        What the bound should reach; an array becomes the axis ``target``.
    closed_form : bool
        Ask SymPy for the answer on the smooth relaxation too (may take seconds).
    **others : scalar, 1-D array_like or xarray.DataArray
        All other symbols, as for ``Bound.evaluate``.

    Returns
    -------
    Solution

    Raises
    ------
    InvalidInputError
        If the bound is not monotone in the symbol, or an input is bad.
    """
    toward = _toward(bound, name)
    cells = _Cells(bound, name, target, others)
    better, worse = cells.ends(toward)
    solver = _integers if cells.integer else _numbers
    values, feasible, everywhere, nearest = _in_blocks(solver, cells, better, worse)
    reason = np.full(values.shape, "", dtype=object)
    reason[~feasible] = f"the bound stays on the wrong side of the target for every {name}"
    counted = " up to 2^53" if cells.integer else ""
    reason[everywhere] = f"every {name} {describe(bound.domain[name])}{counted} meets the target"
    missing = ~feasible | everywhere
    answers: Any = values
    if missing.any():
        answers = values.astype(object)
        answers[missing] = None
    return Solution(
        name=name,
        values=cells.labelled(answers, name),
        feasible=cells.labelled(feasible, "feasible"),
        reason=cells.labelled(reason, "reason"),
        nearest=cells.labelled(nearest, "nearest target"),
        closed_form=_closed_form(bound, name) if closed_form else None,
    )


def _toward(bound: Statement, name: str) -> str:
    """Return whether the smallest or the largest value that meets the target is asked for."""
    if not isinstance(bound, Statement):
        raise InvalidInputError(f"{bound!r} is no bound: give one, such as theorem(...).bound()")
    way = bound.direction(name)
    if bound.relation not in ("<=", ">=", "<", ">") or way not in ("rises", "falls"):
        raise InvalidInputError(
            f"{name} cannot be solved for: the bound is {way} in it"
            if way == "constant" or way == "unknown"
            else f"{name} cannot be solved for: {bound.quantity} {bound.relation} ... is no inequality",
            context=bound.theorem.key,
        )
    upper = bound.relation.startswith("<")
    return "smallest" if (way == "falls") == upper else "largest"


def _is_integer(bound: Statement, name: str) -> bool:
    return isinstance(bound.domain[name], sympy.Range) or bound.domain[name] == sympy.S.Integers


class _Cells:
    """The other inputs and the target on one flattened grid, and the bound as a function of the free symbol there."""

    def __init__(self, bound: Statement, name: str, target: Any, others: Mapping[str, Any]) -> None:
        import xarray as xr

        from boundcalc.evaluator.inputs import labelled

        if name in others:
            raise InvalidInputError(f"{name} is solved for, so it must not be given", context=bound.theorem.key)
        self.bound, self.name = bound, name
        self.symbol = bound.symbols[name]
        self.sign = 1.0 if bound.relation.startswith("<") else -1.0
        given = check_inputs(bound, others, free=name)
        #: Given values that tie the free symbol although the bound does not use them (such as d_M to g_M).
        tied = {key: value for key, value in partners(others, bound.constraints).items() if key not in given}
        grid = xr.broadcast(*xr.align(*labelled({**given, **tied, "target": target}), join="exact", copy=False))
        self.template = grid[-1]
        scalars = [np.ndim(value) == 0 for value in given.values()]
        self.columns = {
            key: np.asarray(array.values.flat[0]) if scalar and array.size else np.ravel(array.values)
            for (key, array), scalar in zip(zip(given, grid, strict=False), scalars, strict=True)
        }
        self.tied = dict(zip(tied, (np.ravel(array.values) for array in grid[len(given) :]), strict=False))
        self.target = np.ravel(grid[-1].values)
        if isinstance(target, bool) or self.target.dtype == bool:
            raise InvalidInputError(f"target = {target} must be a number", context=bound.theorem.key)
        if not np.isfinite(self.target).all():
            raise InvalidInputError(f"target = {target} must be finite", context=bound.theorem.key)
        self.integer = _is_integer(bound, name)
        self._prepare()

    def _prepare(self) -> None:
        """Compile the bound's two sides; what does not depend on an integer is enclosed once, before the search."""
        from boundcalc.evaluator.compiled import compile_with_twins

        expr, parts = hoist(self.bound.expr, self.symbol) if self.integer else (self.bound.expr, {})
        fixed = parts or {symbol: symbol for symbol in self._symbols(expr) if symbol != self.symbol}
        ends = [self._enclosed(part) for part in fixed.values()]
        inexact = [place for place, (low, high) in enumerate(ends) if low is not high and (low != high).any()]
        self.coefficients = [low for low, _ in ends] + [ends[place][1] for place in inexact]
        domains = {
            symbol: sympy.Interval(0, sympy.oo)
            for symbol, (low, _) in zip(fixed, ends, strict=True)
            if (low >= 0).all()
        } | dict(self.bound.domain)
        self.sides = {
            side: compile_with_twins(expr, (self.symbol, *fixed), domains, side, [1 + place for place in inexact])
            for side in _SIDES
        }
        self.stride = stride(expr, self.symbol)

    def _enclosed(self, expr: sympy.Expr) -> tuple[Floats, ...]:
        """Return what is certainly below and above an expression without the free symbol, in each lane."""
        from boundcalc.evaluator import compile_expression

        if expr.is_Symbol:
            return (self.columns[expr.name],) * 2
        symbols = self._symbols(expr)
        columns = [self.columns[symbol.name] for symbol in symbols]
        sides = [compile_expression(expr, symbols, domains=self.bound.domain, side=side) for side in _SIDES]
        return tuple(np.asarray(side(*columns)) for side in sides)

    def _symbols(self, expr: sympy.Expr) -> tuple[sympy.Symbol, ...]:
        return tuple(symbol for symbol in self.bound.symbols.values() if symbol in expr.free_symbols)

    def part(self, lanes: slice | Integers) -> _Cells:
        """Return some of the cells."""
        found = copy(self)
        found.columns = {name: column[lanes] if column.ndim else column for name, column in self.columns.items()}
        found.coefficients = [column[lanes] if column.ndim else column for column in self.coefficients]
        found.target = self.target[lanes]
        return found

    def excess(self, value: Floats, lanes: Integers, *, pessimistic: bool) -> Floats:
        """Return how far the bound misses the target, rounded towards missing it (or towards meeting it)."""
        return self.sign * (self.value(value, lanes, pessimistic=pessimistic) - self._taken(self.target, lanes))

    def value(self, value: Floats, lanes: Integers, *, pessimistic: bool) -> Floats:
        """Return the bound, rounded towards missing the target (or towards meeting it)."""
        side = self.sides["upper" if (self.sign > 0) == pessimistic else "lower"]
        return np.asarray(side(value, *(self._taken(column, lanes) for column in self.coefficients)))

    def _taken(self, column: Floats, lanes: Integers) -> Floats:
        return column if not column.ndim or lanes.size == self.target.size else column[lanes]

    def meets(self, value: Floats, lanes: Integers, excess: Floats, *, pessimistic: bool) -> np.ndarray:
        """Return whether the bound meets the target, given the excess rounded one way.

        Where that leaves it open it is rounded the other way, and decided exactly if that does not settle it either.
        """
        meets = excess <= 0
        open_lanes = np.flatnonzero(~meets if pessimistic else ~(excess > 0))
        if open_lanes.size:
            other = self.excess(value[open_lanes], lanes[open_lanes], pessimistic=not pessimistic)
            meets[open_lanes] = other <= 0
            open_lanes = open_lanes[~(other > 0) if pessimistic else ~(other <= 0)]
        if open_lanes.size:
            meets[open_lanes] = self.exactly_meets(value[open_lanes], lanes[open_lanes])
        return meets

    def exactly_meets(self, value: Floats, lanes: Integers) -> np.ndarray:
        """Return whether the bound meets the target, decided by rigorous enclosures, and in exact ties by SymPy."""
        import xarray as xr

        goal = sympy.Symbol("target", real=True)
        difference = (self.bound.expr - goal) if self.sign > 0 else (goal - self.bound.expr)
        inputs = {
            name: np.broadcast_to(column, self.target.shape)[lanes]
            for name, column in (*self.columns.items(), ("target", self.target))
        }
        inputs[self.name] = value.astype(float)
        symbols = {**self.bound.symbols, "target": goal}
        labelled = {name: xr.DataArray(column, dims="lane") for name, column in inputs.items()}
        lower, upper = _ends(difference, labelled, symbols)
        meets = upper <= 0
        tied = np.flatnonzero((lower <= 0) & (upper > 0))
        points, alike = np.unique(
            np.column_stack([column[tied] for column in inputs.values()]), axis=0, return_inverse=True
        )
        decided = [
            _at_most_zero(
                difference.subs(
                    {symbols[name]: sympy.Rational(value) for name, value in zip(inputs, point, strict=True)}
                )
            )
            for point in points.tolist()
        ]
        meets[tied] = np.array(decided, dtype=bool)[alike.ravel()]
        return meets

    def ends(self, toward: str) -> tuple[Floats, Floats]:
        """Return the best and the worst end of the symbol's domain in each lane, tied to the other symbols by constraints."""
        domain = self.bound.domain[self.name]
        low, high = np.full(self.target.shape, _low_end(domain)), np.full(self.target.shape, _high_end(domain))
        limits = self.columns | self.tied
        for constraint in self.bound.constraints:
            for mine, other, is_low in (
                (constraint.upper, constraint.lower, True),
                (constraint.lower, constraint.upper, False),
            ):
                if (
                    mine == self.symbol and other.name in limits
                    if other.is_Symbol
                    else mine == self.symbol and other.is_number
                ):
                    limit = limits[other.name] if other.is_Symbol else float(other)
                    low, high = (np.maximum(low, limit), high) if is_low else (low, np.minimum(high, limit))
        return (high, low) if toward == "smallest" else (low, high)

    def labelled(self, values: Any, name: str) -> xarray.DataArray:
        """Return a flat array on the grid."""
        import xarray as xr

        shaped = np.asarray(values).reshape(self.template.shape)
        return xr.DataArray(shaped, coords=self.template.coords, dims=self.template.dims, name=name)


def _at_most_zero(value: sympy.Expr) -> bool:
    """Return whether an exact number is <= 0: by its digits, or where they vanish by a proof that it is 0."""
    if value.is_Rational:
        return bool(value <= 0)
    digits = value.evalf(30, maxn=1000)
    if digits.is_Float and digits._prec > 1:
        return bool(digits <= 0)
    return value.equals(0) is True


def _ends(
    expr: sympy.Expr, inputs: Mapping[str, Any], symbols: Mapping[str, sympy.Symbol]
) -> tuple[np.ndarray, np.ndarray]:
    """Return ends of an expression's exact values: by Arb balls, or by mpmath with 60 digits and a margin."""
    from importlib.util import find_spec

    if find_spec("flint") is not None:
        from boundcalc.evaluator import enclose_grid

        ends = enclose_grid(expr, inputs, symbols=symbols)
        return np.asarray(ends["lower"].values), np.asarray(ends["upper"].values)
    from boundcalc.evaluator import evaluate_grid

    values = evaluate_grid(expr, inputs, symbols=symbols, precision=60).values
    middle = np.array([float(value) for value in np.ravel(values)])
    margin = 1e-40 * np.abs(middle) + 1e-45
    return middle - margin, middle + margin


def _low_end(domain: sympy.Set) -> float:
    if domain.inf == -sympy.oo:
        return -_FAR
    low = float(domain.inf)
    return float(np.nextafter(low, np.inf)) if isinstance(domain, sympy.Interval) and domain.left_open else low


def _high_end(domain: sympy.Set) -> float:
    if isinstance(domain, sympy.Range):
        return float(LARGEST) if domain.sup == sympy.oo else float(domain.sup)
    if domain.sup == sympy.oo:
        return _FAR
    high = float(domain.sup)
    return float(np.nextafter(high, -np.inf)) if isinstance(domain, sympy.Interval) and domain.right_open else high


_Found = tuple[Any, np.ndarray, np.ndarray, Floats]


def _in_blocks(solver: Callable[..., _Found], cells: _Cells, better: Floats, worse: Floats) -> _Found:
    """Solve in blocks that fit the cache, on two threads where there are several blocks."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, cells.target.size, _BLOCK)] or [slice(0, 0)]

    def solve(block: slice) -> _Found:
        return solver(cells.part(block), better[block], worse[block])

    if len(blocks) < 4:
        found = [solve(block) for block in blocks]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(solve, blocks))
    values, feasible, everywhere, nearest = (np.concatenate(column) for column in zip(*found, strict=True))
    return values, feasible, everywhere, nearest


def _at_end(cells: _Cells, value: Floats, *, pessimistic: bool) -> tuple[Floats, Floats, np.ndarray]:
    """Return the bound at an end, how far it misses the target there, and whether it meets it."""
    lanes = np.arange(value.size)
    same = value.size and (value == value[0]).all()
    reached = cells.value(value[:1].reshape(()) if same else value, lanes, pessimistic=pessimistic)
    excess = cells.sign * (reached - cells.target)
    return np.broadcast_to(reached, value.shape), excess, cells.meets(value, lanes, excess, pessimistic=pessimistic)


def _integers(cells: _Cells, better: Floats, worse: Floats) -> _Found:
    """Return the certified answers, where there are any, where every value meets the target, and the best value."""
    nearest, under, feasible = _at_end(cells, better, pessimistic=True)
    _, over, settled = _at_end(cells, worse, pessimistic=False)
    answers = np.where(settled, worse, better)
    asked = feasible & ~settled
    if asked.any():
        lanes = slice(None) if asked.all() else np.flatnonzero(asked)
        answers[lanes] = _certified(cells.part(lanes), *(column[lanes] for column in (worse, better, over, under)))
    everywhere = settled & (worse == LARGEST) & (cells.bound.domain[cells.name].sup == sympy.oo)
    return answers.astype(np.int64), feasible, everywhere, nearest


def _certified(cells: _Cells, worse: Floats, better: Floats, over: Floats, under: Floats) -> Floats:
    """Return answers that provably pass while their neighbour on the worse side provably does not."""
    step = float(np.sign(better[0] - worse[0]))
    multiple = cells.stride if step > 0 and not (worse % cells.stride).any() else 1

    def pessimistic(value: Floats, lanes: Integers) -> Floats:
        return cells.excess(multiple * value, lanes, pessimistic=True)

    found = multiple * first_integer(
        pessimistic, worse / multiple, better // multiple, power=-0.5 * step, over=over, under=under
    )
    neighbour = cells.excess(found - step, np.arange(found.size), pessimistic=False)
    open_lanes = np.flatnonzero(~(neighbour > 0))
    if open_lanes.size:
        found[open_lanes] = _decided(cells.part(open_lanes), worse[open_lanes], found[open_lanes], step=step)
    return found


def _decided(cells: _Cells, worse: Floats, passes: Floats, *, step: float) -> Floats:
    """Return exact answers where rounding may hide better ones: as far as it reaches each comparison is decided exactly."""

    def optimistic(value: Floats, lanes: Integers) -> Floats:
        return np.nan_to_num(cells.excess(value, lanes, pessimistic=False), nan=-np.inf)

    def exact(value: Floats, lanes: Integers) -> Floats:
        excess = cells.excess(value, lanes, pessimistic=True)
        return np.where(cells.meets(value, lanes, excess, pessimistic=True), -1.0, 1.0)

    fails = first_integer(optimistic, worse, passes, power=-0.5 * step) - step
    return first_integer(exact, fails, passes, power=1.0)


def _numbers(cells: _Cells, better: Floats, worse: Floats) -> _Found:
    """Return the answers to the last double, rounded to the safe side, where every value meets the target, the best value."""
    nearest, _, feasible = _at_end(cells, better, pessimistic=True)
    _, _, settled = _at_end(cells, worse, pessimistic=False)
    lanes = np.flatnonzero(feasible & ~settled)
    answers = np.where(settled, worse, better)
    if lanes.size:
        part = cells.part(lanes)
        answers[lanes] = first_number(
            lambda value, chosen: part.excess(value, chosen, pessimistic=True), worse[lanes], better[lanes]
        )
    everywhere = settled & _is_open(cells.bound.domain[cells.name], worse)
    return answers, feasible, everywhere, nearest


def _is_open(domain: sympy.Set, end: Floats) -> np.ndarray:
    """Return whether an end stands for an end of the domain that does not belong to it (or lies at infinity)."""
    if not isinstance(domain, sympy.Interval):
        return np.zeros(end.shape, dtype=bool)
    low = (end == _low_end(domain)) & bool(domain.left_open)
    return low | ((end == _high_end(domain)) & bool(domain.right_open))


def _closed_form(bound: Statement, name: str) -> sympy.Expr | None:
    """Return the solution of ``bound = target`` on the smooth relaxation, where SymPy finds exactly one."""
    from boundcalc.statements.asymptotics import relax

    goal = sympy.Symbol("target", real=True)
    free = sympy.Dummy(name, positive=True)
    expr = relax(bound.expr, bound.symbols[name]).subs(bound.symbols[name], free)
    try:
        found = _solutions(expr, goal, free)
    except NotImplementedError:
        return None
    return sympy.simplify(found[0]) if len(found) == 1 else None


def _solutions(expr: sympy.Expr, goal: sympy.Expr, free: sympy.Symbol) -> list[sympy.Expr]:
    """Return where an expression takes a value; a ``kl_inverse`` is unfolded into the equation of its argument."""
    inner = sorted((node for node in expr.atoms(kl_inverse) if free in node.free_symbols), key=sympy.count_ops)
    if not inner:
        return list(sympy.solve(sympy.Eq(expr, goal), free))
    outer, value = inner[-1], sympy.Dummy("value", nonnegative=True)
    rest = expr.xreplace({outer: value})
    q, a = outer.args
    if free in rest.free_symbols or free in q.free_symbols:
        return []
    return [
        place
        for level in sympy.solve(sympy.Eq(rest, goal), value)
        for place in _solutions(a, outer.solved(level), free)
    ]
