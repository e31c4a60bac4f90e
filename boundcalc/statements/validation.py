"""What callers give for a statement's symbols: names and values checked, every mistake reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from boundcalc.arithmetic.convert import MOST_TERMS
from boundcalc.arithmetic.numbers import Irrational
from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.language.domains import admits, as_number, contains, describe, describe_assumptions, first_outside
from boundcalc.statements.statement import Statement
from boundcalc.symbols import VOCABULARY, Constraint

__all__ = ["check_defined", "check_inputs", "check_values", "partners", "unknown_symbols"]


def check_inputs(statement: Statement, inputs: Mapping[str, Any], *, free: str | None = None) -> dict[str, Any]:
    """Return the values of a statement's symbols (but of a free one, if it is named), in the caller's order.

    Raises
    ------
    InvalidInputError
        If the free symbol is no symbol of the statement, or listing every unknown, missing or misplaced argument.
    """
    if free is not None:
        statement.symbol(free)
    context = f"{statement.theorem.key} ({statement.form})"
    values = check_values(
        inputs,
        required=[name for name in statement.symbols if name != free],
        domain=statement.domain,
        constraints=statement.constraints,
        notes=statement.notes,
        context=context,
    )
    problems = []
    for name, expr, allowed in statement.conditions:
        symbols = {symbol.name: symbol for symbol in expr.free_symbols}
        if symbols.keys() <= values.keys():
            problems += _leaves(name, expr, allowed, values, symbols)
    if problems:
        raise InvalidInputError(problems, context=context)
    return values


def check_defined(statement: Statement, values: Mapping[str, Any], found: Any) -> None:
    """Say which part of a statement is undefined where its value is not a number.

    Parameters
    ----------
    statement : Statement
    values : mapping of str to value
        What it was evaluated at.
    found : xarray.DataArray
        The values; lazy ones are left alone.

    Raises
    ------
    InvalidInputError
        Naming the root, logarithm or quotient, the point, and what its argument must be.
    """
    if _is_lazy(found) or not (missing := found.data != found.data).any():
        return
    place = dict(zip(found.dims, np.argwhere(missing)[0], strict=True))
    point = {name: _cell(values[name], name, place) for name in statement.symbols}
    where = ", ".join(f"{name} = {_shorten(value)}" for name, value in point.items())
    raise InvalidInputError(
        f"the bound is not defined at {where}{_undefined(statement, point)}",
        context=f"{statement.theorem.key} ({statement.form})",
    )


def _cell(value: Any, name: str, place: Mapping[Any, Any]) -> Any:
    """Return an input's value in one cell of a grid."""
    if hasattr(value, "dims"):
        cell = value.isel({dim: place[dim] for dim in value.dims})
        return cell.data[()] if hasattr(cell.data, "dtype") else cell.data
    return np.asarray(value)[place[name]] if np.ndim(value) else value


def _undefined(statement: Statement, point: Mapping[str, Any]) -> str:
    """Return which part has no value at a point, the innermost first."""
    from boundcalc.evaluator import evaluate_grid

    for part in sympy.postorder_traversal(statement.expr):
        match part:
            case sympy.log():
                argument, allowed = part.args[0], sympy.Interval.open(0, sympy.oo)
            case sympy.Pow() if not part.exp.is_integer:
                argument, allowed = part.base, sympy.Interval(0, sympy.oo)
            case sympy.Pow() if part.exp.is_negative:
                argument, allowed = (
                    part.base,
                    sympy.Union(sympy.Interval.open(-sympy.oo, 0), sympy.Interval.open(0, sympy.oo)),
                )
            case sympy.Sum() | sympy.Product():
                argument, allowed = part.limits[0][2], sympy.Interval.open(-sympy.oo, part.limits[0][1] + MOST_TERMS)
            case sympy.Integral():
                argument, allowed = part.limits[0][2] - part.limits[0][1], sympy.Interval(0, sympy.oo)
            case _:
                continue
        symbols = {symbol.name: symbol for symbol in argument.free_symbols}
        if not symbols.keys() <= point.keys():  # below a sum or an integral
            continue
        value = evaluate_grid(argument, {name: point[name] for name in symbols}, symbols=symbols).item()
        if not contains(allowed, value):
            return f": in {part}, {argument} must be {describe(allowed)}, and it is {value:.6g}"
    return ""


def _leaves(
    name: str, expr: sympy.Expr, allowed: sympy.Set, values: dict[str, Any], symbols: Mapping[str, sympy.Symbol]
) -> list[str]:
    """Say how a substituted expression leaves its set, if it does; lazy values are told to look when they are computed."""
    from boundcalc.evaluator import evaluate_grid

    found = evaluate_grid(expr, {key: values[key] for key in symbols}, symbols=symbols)
    if _is_lazy(found):
        inside = found.data.map_blocks(lambda block: contains(allowed, block), dtype=bool).all()
        problem = f"{name} = {expr} is not allowed everywhere: it must be {describe(allowed)}"
        values |= {key: _provided(values[key], inside, problem) for key in symbols if _is_lazy(values[key])}
        return []
    outside = first_outside(allowed, found.values)
    return [] if outside is None else [f"{name} = {expr} = {outside} is not allowed: it must be {describe(allowed)}"]


def check_values(
    inputs: Mapping[str, Any],
    *,
    required: Iterable[str],
    domain: Mapping[sympy.Symbol, sympy.Set],
    constraints: Iterable[Constraint],
    notes: Mapping[str, str],
    context: str,
) -> dict[str, Any]:
    """Return the inputs that matter, in the caller's order, with scalars made exact where they can be.

    Parameters
    ----------
    inputs : mapping of str to value
        Numbers, strings such as ``"1/20"``, arrays or DataArrays. Vocabulary names that are not required are dropped.
    required : iterable of str
        The names that must be given.
    domain : mapping of sympy.Symbol to sympy.Set
        Domains; a symbol that is not required but has an entry here is checked when it is given.
    constraints : iterable of Constraint
        Relations between symbols, checked cell by cell.
    notes : mapping of str to str
        What to add to the error for a symbol.
    context : str
        The theorem, for the error.

    Raises
    ------
    InvalidInputError
        Listing every unknown, missing or misplaced argument.
    """
    needed = list(dict.fromkeys(required))
    domains = {symbol.name: (symbol, allowed) for symbol, allowed in domain.items()}
    problems = unknown_symbols(inputs, needed) + _missing(inputs, needed)
    clean: dict[str, Any] = {}
    for name, value in inputs.items():
        if name in domains and (name in needed or name in notes):
            number, problem = _checked(*domains[name], value, notes)
            problems += [problem] if problem else []
            if not problem:
                clean[name] = number
    if not problems:
        constraints = tuple(constraints)
        tied = partners({name: inputs[name] for name in inputs if name not in clean}, constraints) | clean
        problems = _violations(tied, constraints)
        clean |= {name: value for name, value in _lazily_tied(tied, constraints).items() if name in clean}
    if problems:
        raise InvalidInputError(problems, context=context)
    return {name: value for name, value in clean.items() if name in needed}


def unknown_symbols(names: Iterable[str], own: Iterable[str]) -> list[str]:
    """Return a problem for each name that is neither a bound's own symbol nor in the vocabulary; the last lists the own."""
    own = list(own)
    unknown = [name for name in names if name not in VOCABULARY and name not in own]
    problems = [f"unknown symbol {name!r}{suggestion(name, {*VOCABULARY, *own})}" for name in unknown]
    return [*problems[:-1], *(f"{last}; the bound has {', '.join(own) or 'none'}" for last in problems[-1:])]


def _missing(inputs: Mapping[str, Any], needed: list[str]) -> list[str]:
    missing = [name for name in needed if name not in inputs]
    meanings = {name: f" ({VOCABULARY[name].meaning})" for name in missing if name in VOCABULARY}
    hints = {name: f"; {_UNOBSERVABLE[name]}" for name in missing if name in _UNOBSERVABLE}
    if len(missing) > _FEW:
        meanings = {}
    return [f"missing {name}{meanings.get(name, '')}{hints.get(name, '')}" for name in missing]


_FEW = 3  # with more missing names, what each means would bury them
_UNOBSERVABLE = {
    "gamma": "it is not observable: give gamma=0 to read the bound as the excess over gamma",
    "Lhat_M": "it is not observable: for a nonnegative loss Lhat_M = rhat_M is sound",
    "Delta": "it is not observable: solve for the Delta that would be needed, or state one",
}


def partners(inputs: Mapping[str, Any], constraints: Iterable[Constraint]) -> dict[str, Any]:
    """Return given values that the bound does not use but that a constraint ties to one it uses (such as d_M to g_M)."""
    found = {}
    for name in {name for constraint in constraints for name in _names(constraint)} & inputs.keys():
        number, problem = _checked(sympy.Symbol(name), sympy.Reals, inputs[name], {})
        if not problem:
            found[name] = number
    return found


def _checked(symbol: sympy.Symbol, domain: sympy.Set, value: Any, notes: Mapping[str, str]) -> tuple[Any, str]:
    name = symbol.name
    try:
        value = _exact(value)
    except OverflowError:
        return None, f"{name} = {_shorten(value)} is beyond what a double can hold"
    except (TypeError, ValueError, ArithmeticError):
        return (
            None,
            f"{name} = {_shorten(value)} is not a real number or an array of them; it must be {describe(domain)}",
        )
    data = getattr(value, "data", value) if not isinstance(value, np.ndarray | int | float) else value
    if hasattr(data, "dask"):
        return _lazily_checked(symbol, domain, value, data, notes), ""
    array: Any = data if isinstance(data, _SCALARS) else np.asarray(data)
    for cell in array.flat if isinstance(array, np.ndarray) and array.dtype == object else (array,):
        if isinstance(cell, int | Fraction) and not _fits_double(cell):
            return None, f"{name} = {_shorten(cell)} is beyond what a double can hold"
    try:
        inside = contains(domain, array) & admits(symbol, array)
    except ArithmeticError as undecided:
        return None, f"{name} = {_shorten(value)} is not allowed: {undecided}, and {name} must be {describe(domain)}"
    if inside.all():
        return value, ""
    bad = array[~inside].ravel()[0] if np.ndim(array) else np.asarray(array)[()]
    note = f" ({notes[name]})" if name in notes else ""
    allowed = " and ".join(filter(None, (describe(domain), describe_assumptions(symbol))))
    return None, f"{name} = {_shorten(bad)} is not allowed: {name} must be {allowed}{note}"


def _fits_double(number: int | Fraction) -> bool:
    """Return whether a finite number neither overflows nor vanishes as a double."""
    try:
        return bool(float(number)) or not number
    except OverflowError:
        return False


def _lazily_checked(symbol: sympy.Symbol, domain: sympy.Set, value: Any, data: Any, notes: Mapping[str, str]) -> Any:
    """Return a lazy array that is checked chunk by chunk when it is computed."""

    def check(block: np.ndarray) -> np.ndarray:
        _, problem = _checked(symbol, domain, block, notes)
        if problem:
            raise InvalidInputError(problem)
        return block

    checked = data.map_blocks(check, dtype=data.dtype, meta=np.empty((0,) * data.ndim, dtype=data.dtype))
    return value.copy(data=checked) if hasattr(value, "dims") else checked


@lru_cache(maxsize=512)
def _names(constraint: Constraint) -> frozenset[str]:
    return frozenset(symbol.name for symbol in constraint.symbols)


def _exact(value: Any) -> Any:
    """Return scalars as exact numbers, sequences as numeric arrays, labelled and lazy arrays as they are."""
    if type(value) in (int, float):
        return value
    if hasattr(value, "dims") or hasattr(value, "dask"):
        if not hasattr(value, "dtype") or value.dtype.kind not in "iufO":
            raise TypeError
        return value if _is_lazy(value) or not _is_long(value) else value.copy(data=_numbers(value.data))
    if np.ma.is_masked(value):
        raise TypeError("masked cells have no value")
    if isinstance(value, str | sympy.Basic) or np.ndim(value) == 0:
        return as_number(value)
    if isinstance(value, list | tuple) and any(isinstance(one, bool | np.bool_) for one in value):
        raise TypeError("a truth value is no number")
    array = np.asarray(value)
    if array.dtype.kind == "U" or _is_long(array):
        array = _numbers(array)
    if array.dtype.kind not in "iufO":
        raise TypeError
    return array


def _is_long(array: Any) -> bool:
    """Whether the cells are objects, or floats that doubles may not hold."""
    return array.dtype.kind == "O" or (array.dtype.kind == "f" and array.dtype.itemsize > 8)


def _numbers(array: np.ndarray) -> np.ndarray:
    """Return the cells of an array as numbers, each exactly."""
    cells = np.empty(array.size, dtype=object)
    cells[:] = [as_number(item) for item in array.ravel()]
    return cells.reshape(array.shape)


def _is_lazy(value: Any) -> bool:
    return hasattr(getattr(value, "data", value), "dask")


def _violations(values: Mapping[str, Any], constraints: Iterable[Constraint]) -> list[str]:
    problems = []
    for constraint in constraints:
        names = _names(constraint)
        if not names <= values.keys() or any(_is_lazy(values[name]) for name in names):
            continue
        lower, upper = (_value(side, values) for side in (constraint.lower, constraint.upper))
        if not _holds(lower, upper, strict=constraint.strict):
            given = ", ".join(f"{name} = {_shorten(values[name])}" for name in sorted(names))
            problems.append(f"{constraint} is required, given {given}")
    return problems


def _lazily_tied(values: Mapping[str, Any], constraints: Iterable[Constraint]) -> dict[str, Any]:
    """Return the lazy values of constraints, each with a check of the constraint when it is computed."""
    tied: dict[str, Any] = {}
    for constraint in constraints:
        names = _names(constraint)
        lazy = sorted(name for name in names & values.keys() if _is_lazy(values[name]))
        if not lazy or not names <= values.keys():
            continue
        lower, upper = (_value(side, values) for side in (constraint.lower, constraint.upper))
        holds = _holds_lazily(lower, upper, strict=constraint.strict)
        for name in lazy:
            tied[name] = _provided(tied.get(name, values[name]), holds, f"{constraint} is required")
    return tied


def _holds_lazily(lower: Any, upper: Any, *, strict: bool) -> Any:
    """Return what `_holds` does, as a lazy truth value."""
    if any(0 in getattr(side, "shape", ()) for side in (lower, upper)):
        return True
    if not (set(getattr(lower, "dims", ())) & set(getattr(upper, "dims", ()))):
        lower, upper = (_extreme(side, largest) for side, largest in ((lower, True), (upper, False)))
    holds = (lower < upper if strict else lower <= upper).all()
    return getattr(holds, "data", holds)


def _extreme(side: Any, largest: bool) -> Any:
    data = getattr(side, "data", side) if _is_lazy(side) else np.asarray(side, dtype=float)
    return data.max() if largest else data.min()


def _provided(value: Any, holds: Any, problem: str) -> Any:
    data = value.data if hasattr(value, "dims") else value

    def check(block: np.ndarray, fine: np.ndarray) -> np.ndarray:
        if not np.all(fine):
            raise InvalidInputError(problem)
        return block

    checked = data.map_blocks(check, holds, dtype=data.dtype, meta=np.empty((0,) * data.ndim, dtype=data.dtype))
    return value.copy(data=checked) if hasattr(value, "dims") else checked


def _value(side: sympy.Expr, values: Mapping[str, Any]) -> Any:
    return values[side.name] if side.is_Symbol else as_number(side)


def _holds(lower: Any, upper: Any, *, strict: bool) -> bool:
    """Compare cell by cell where axes are shared, every cell with every cell where they are not."""
    if isinstance(lower, _SCALARS) and isinstance(upper, _SCALARS):
        return bool(lower < upper if strict else lower <= upper)
    if hasattr(lower, "dims") and hasattr(upper, "dims") and set(lower.dims) & set(upper.dims):
        holds = lower < upper if strict else lower <= upper
        return bool(holds.all())
    if min(np.size(lower), np.size(upper)) == 0:
        return True
    largest, smallest = np.max(np.asarray(lower)), np.min(np.asarray(upper))
    return bool(largest < smallest if strict else largest <= smallest)


_SCALARS = (int, float, Fraction, Irrational)


def _shorten(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    return shortened(_as_typed(value) if isinstance(value, Fraction | Decimal) else value)


def _as_typed(value: Fraction | Decimal) -> Fraction | Decimal | float:
    """Return a fraction as a double where that prints as the same number."""
    if isinstance(value, Decimal) or value.denominator == 1 or abs(value) > np.finfo(float).max:
        return value
    return float(value) if Fraction(repr(float(value))) == value else value
