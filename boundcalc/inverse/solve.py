"""Solve a bound for any one parameter in which it is monotone: the answer meets the target, its neighbour does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.evaluator.integrals import settled
from boundcalc.inverse.bisect import LARGEST, Floats, Integers, first_integer, first_number
from boundcalc.inverse.cells import Cells, high_end, is_integer, low_end
from boundcalc.inverse.smooth import closed_form as smooth_form
from boundcalc.language.domains import describe, describe_assumptions
from boundcalc.statements.composing import insert
from boundcalc.statements.statement import Statement
from boundcalc.symbols import symbol as own_symbol

if TYPE_CHECKING:
    import xarray

__all__ = ["LARGEST", "Solution", "minimal_n", "solve_for"]

#: Lanes that are solved together: about what fits the cache.
_BLOCK = 1 << 15

#: A symbol of whole blocks, and how many remainders are followed one by one.
_BLOCKS, _MOST = "whole_blocks", 12


@dataclass(frozen=True)
class Solution:
    """The answer of an inverse problem, in every cell.

    Attributes
    ----------
    name : str
        The symbol that was solved for.
    values : xarray.DataArray
        int64 or float64; of object dtype with None where there is no answer. It is the smallest value that meets the
        target if larger values are better, the largest if smaller ones are. Beyond it all values meet the target, unless
        the bound depends on floor(n/k) and n: then those with the same remainder by k do.
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


def minimal_n(bound: Statement | Any, *, target: Any, name: str = "n", **others: Any) -> xarray.DataArray:
    """Return the smallest integer for which a bound meets the target, in every cell.

    Parameters
    ----------
    bound : Bound
        An upper bound that never rises (or a lower bound that never falls) in ``name``, or not from where on
        ``Bound.better_from`` says, as log(n)/n: then the answer is the smallest integer from there on. Where it depends on
        floor(n/k) and n, so that it goes up and down, this is asked for each remainder by k, and the smallest answer given:
        for larger integers with another remainder the bound may miss the target again. Or what inverts itself, as
        ``boundcalc.assurance`` does.
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
    if inverse := getattr(bound, "minimal_n", None):
        return inverse(target=target, **({} if name == "n" else {"name": name}), **others)
    larger_is_better = _improves(bound, name)
    if not is_integer(bound.domain[name]):
        raise InvalidInputError(
            f"name = {name!r} is no integer symbol; `solve_for` solves for it", context=bound.theorem.key
        )
    if not larger_is_better:
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
        Monotone in the symbol, or from where on ``Bound.better_from`` says: then the answer lies there.
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
    if _improves(bound, name) and (classes := _classes(bound, name)):
        return _of_classes(classes, name, target, others)
    larger_is_better = _improves(bound, name)
    if bound.expr.has(sympy.Integral):
        side = "lower" if bound.is_lower else "upper"
        bound = replace(bound, parts=tuple((label, settled(part, side, bound.domain)) for label, part in bound.parts))
    cells = Cells(bound, name, target, others)
    better, worse = cells.ends(larger_is_better=larger_is_better)
    values, feasible, everywhere, nearest = _in_blocks(_integers if cells.integer else _numbers, cells, better, worse)
    refused = cells.admitted(values, better, feasible & ~everywhere)
    reason = np.full(values.shape, "", dtype=object)
    reason[refused] = f"no {describe_assumptions(cells.symbol)} {name} near the first that meets the target"
    reason[~feasible] = f"the bound stays on the wrong side of the target for every {name}"
    counted = " up to 2^53" if cells.integer else ""
    reason[everywhere] = f"every {name} {describe(cells.domain)}{counted} meets the target"
    feasible &= ~refused
    missing = ~feasible | everywhere
    answers: Any = values
    if missing.any():
        answers = values.astype(object)
        answers[missing] = None
    return Solution(
        name=name,
        values=cells.on_grid(answers, name),
        feasible=cells.on_grid(feasible, "feasible"),
        reason=cells.on_grid(reason, "reason"),
        nearest=cells.on_grid(nearest, "nearest target"),
        closed_form=smooth_form(bound, name) if closed_form else None,
    )


def _improves(bound: Statement, name: str) -> bool:
    """Return whether larger values of the symbol make the bound better, so that the smallest one is asked for."""
    if not isinstance(bound, Statement):
        raise InvalidInputError(f"{bound!r} is no bound: give one, such as theorem(...).bound()")
    way = bound.direction(name)
    classes = _classes(bound, name) if way == "unknown" else ()
    if way == "unknown" and (bound.better_from(name) is not None or classes):
        way = "rises" if bound.is_lower else "falls"
    if way not in ("rises", "falls"):
        raise InvalidInputError(f"{name} cannot be solved for: the bound is {way} in it", context=bound.theorem.key)
    if bound.relation == "=":
        raise InvalidInputError(
            f"{name} cannot be solved for: {bound.quantity} = ... is no inequality", context=bound.theorem.key
        )
    return (way == "rises") == bound.is_lower


def _classes(bound: Statement, name: str) -> tuple[tuple[Statement, int, int], ...]:
    """Return a bound of whole blocks of k for each remainder, with k and the remainder, where only this says how it moves.

    With floor(n/k) and n in one bound it goes up and down in n, but not in the blocks.
    """
    symbol = bound.symbol(name)
    allowed = bound.domain[symbol]
    blocks = {symbol / part.args[0] for part in bound.expr.atoms(sympy.floor) if symbol in part.free_symbols}
    many = blocks.pop() if len(blocks) == 1 else sympy.S.One
    tied = any(symbol in rule.symbols for rule in bound.constraints) or bound.better_from(name) is not None
    if tied or not (
        isinstance(allowed, sympy.Range) and allowed.inf.is_finite and many.is_Integer and 1 < many <= _MOST
    ):
        return ()
    found = []
    for rest in range(int(many)):
        low = sympy.ceiling((allowed.inf - rest) / many)
        whole = own_symbol(_BLOCKS, "b", "whole blocks", sympy.Range(low, sympy.oo), role="fixed")
        one = insert(bound, {name: many * whole + rest})
        if one.direction(_BLOCKS) != ("rises" if bound.is_lower else "falls") and one.better_from(_BLOCKS) is None:
            return ()
        found.append((one, int(many), rest))
    return tuple(found)


def _of_classes(
    classes: tuple[tuple[Statement, int, int], ...], name: str, target: Any, others: Mapping[str, Any]
) -> Solution:
    """Return the smallest of the answers for the remainders."""
    solved = [solve_for(one, _BLOCKS, target=target, **others) for one, *_ in classes]
    first = solved[0]
    answers = np.full(first.reason.shape, np.inf)
    for found, (_, many, rest) in zip(solved, classes, strict=True):
        given = found.reason.values == ""
        answers[given] = np.minimum(answers[given], many * found.values.values[given].astype(float) + rest)
    known = np.isfinite(answers)
    values: Any = np.where(known, answers, 0).astype(np.int64)
    if not known.all():
        values = values.astype(object)
        values[~known] = None
    reason = np.array([text.replace(_BLOCKS, name) for text in first.reason.values.flat], dtype=object).reshape(
        known.shape
    )
    reason[known] = ""
    best = np.max if classes[0][0].is_lower else np.min
    nearest = best([found.nearest.values for found in solved], axis=0)

    def on_grid(data: Any, label: str) -> xarray.DataArray:
        return first.reason.copy(data=data).rename(label)

    return Solution(
        name,
        on_grid(values, name),
        on_grid(known, "feasible"),
        on_grid(reason, "reason"),
        on_grid(nearest, "nearest target"),
    )


_Found = tuple[Any, np.ndarray, np.ndarray, Floats]


def _in_blocks(solver: Callable[..., _Found], cells: Cells, better: Floats, worse: Floats) -> _Found:
    """Solve in blocks that fit the cache, on two threads where there are several blocks."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, cells.size, _BLOCK)] or [slice(0, 0)]

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


def _at_end(cells: Cells, value: Floats, *, pessimistic: bool) -> tuple[Floats, Floats, np.ndarray]:
    """Return the bound at an end, how far it misses the target there, and whether it meets it."""
    lanes = np.arange(value.size)
    same = value.size and (value == value[0]).all()
    reached = cells.value(value[:1].reshape(()) if same else value, lanes, pessimistic=pessimistic)
    excess = cells.missed_by(reached, lanes, pessimistic=pessimistic)
    return np.broadcast_to(reached, value.shape), excess, cells.meets(value, lanes, excess, pessimistic=pessimistic)


def _integers(cells: Cells, better: Floats, worse: Floats) -> _Found:
    """Return the certified answers, where there are any, where every value meets the target, and the best value."""
    nearest, under, feasible = _at_end(cells, better, pessimistic=True)
    _, over, settled = _at_end(cells, worse, pessimistic=False)
    answers = np.where(settled, worse, better)
    asked = feasible & ~settled
    if asked.any():
        lanes = slice(None) if asked.all() else np.flatnonzero(asked)
        answers[lanes] = _certified(cells.part(lanes), *(column[lanes] for column in (worse, better, over, under)))
    last = [end for end, limit in ((LARGEST, cells.domain.sup), (-LARGEST, cells.domain.inf)) if limit.is_infinite]
    everywhere = settled & np.isin(worse, last)
    return answers.astype(np.int64), feasible, everywhere, nearest


def _certified(cells: Cells, worse: Floats, better: Floats, over: Floats, under: Floats) -> Floats:
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


def _decided(cells: Cells, worse: Floats, passes: Floats, *, step: float) -> Floats:
    """Return exact answers where rounding may hide better ones: as far as it reaches each comparison is decided exactly."""

    def optimistic(value: Floats, lanes: Integers) -> Floats:
        return np.nan_to_num(cells.excess(value, lanes, pessimistic=False), nan=-np.inf)

    def exact(value: Floats, lanes: Integers) -> Floats:
        excess = cells.excess(value, lanes, pessimistic=True)
        return np.where(cells.meets(value, lanes, excess, pessimistic=True), -1.0, 1.0)

    fails = first_integer(optimistic, worse, passes, power=-0.5 * step) - step
    return first_integer(exact, fails, passes, power=1.0)


def _numbers(cells: Cells, better: Floats, worse: Floats) -> _Found:
    """Return the answers to the last double, rounded to the safe side, where every value meets the target, the best value."""
    nearest, _, feasible = _at_end(cells, better, pessimistic=True)
    _, _, settled = _at_end(cells, worse, pessimistic=False)
    lanes = np.flatnonzero(feasible & ~settled)
    answers = np.where(settled, worse, better)
    if lanes.size:
        part = cells.part(lanes)
        answers[lanes] = first_number(
            lambda value, chosen: part.excess(value, chosen, pessimistic=True),
            worse[lanes],
            better[lanes],
            near=part.closed_form(),
        )
    everywhere = settled & _is_open(cells.domain, worse)
    return answers, feasible, everywhere, nearest


def _is_open(domain: sympy.Set, end: Floats) -> np.ndarray:
    """Return whether an end stands for an end of the domain that does not belong to it (or lies at infinity)."""
    if not isinstance(domain, sympy.Interval):
        return np.zeros(end.shape, dtype=bool)
    low = (end == low_end(domain)) & bool(domain.left_open)
    return low | ((end == high_end(domain)) & bool(domain.right_open))
