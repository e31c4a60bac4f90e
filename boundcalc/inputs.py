"""What a caller passes in for a bound's symbols: names and values checked, every mistake reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from boundcalc.domains import as_number, contains, describe
from boundcalc.errors import InvalidInputError
from boundcalc.symbols import VOCABULARY, Constraint

__all__ = ["check_inputs", "suggestion"]


def check_inputs(
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
    domains = {symbol.name: allowed for symbol, allowed in domain.items()}
    problems = _unknown(inputs, needed) + _missing(inputs, needed)
    clean: dict[str, Any] = {}
    for name, value in inputs.items():
        if name in domains and (name in needed or name in notes):
            number, problem = _checked(name, value, domains[name], notes)
            problems += [problem] if problem else []
            if not problem:
                clean[name] = number
    if not problems:
        constraints = tuple(constraints)
        problems = _violations(_partners(inputs, constraints) | clean, constraints)
    if problems:
        raise InvalidInputError(problems, context=context)
    return {name: value for name, value in clean.items() if name in needed}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` for a misspelt name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _unknown(inputs: Mapping[str, Any], needed: list[str]) -> list[str]:
    known = {*VOCABULARY, *needed}
    return [f"unknown symbol {name!r}{suggestion(name, known)}" for name in inputs if name not in known]


def _missing(inputs: Mapping[str, Any], needed: list[str]) -> list[str]:
    missing = []
    for name in needed:
        if name not in inputs:
            meaning = f" ({VOCABULARY[name].meaning})" if name in VOCABULARY else ""
            hint = f"; {_UNOBSERVABLE[name]}" if name in _UNOBSERVABLE else ""
            missing.append(f"missing {name}{meaning}{hint}")
    return missing


_UNOBSERVABLE = {
    "gamma": "it is not observable: give gamma=0 to read the bound as the excess over gamma",
    "Lhat_M": "it is not observable: for a nonnegative loss Lhat_M = rhat_M is sound",
    "Delta": "it is not observable: solve for the Delta that would be needed, or state one",
}


def _partners(inputs: Mapping[str, Any], constraints: Iterable[Constraint]) -> dict[str, Any]:
    """Return given values that the bound does not use but that a constraint ties to one it uses (such as d_M to g_M)."""
    partners = {}
    for name in {symbol.name for constraint in constraints for symbol in constraint.symbols} & inputs.keys():
        number, problem = _checked(name, inputs[name], sympy.Reals, {})
        if not problem:
            partners[name] = number
    return partners


def _checked(name: str, value: Any, domain: sympy.Set, notes: Mapping[str, str]) -> tuple[Any, str]:
    try:
        value = _exact(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return (
            None,
            f"{name} = {_shorten(value)} is not a real number or an array of them; it must be {describe(domain)}",
        )
    data = getattr(value, "data", value) if not isinstance(value, np.ndarray) else value
    if hasattr(data, "dask"):
        return _lazily_checked(name, value, data, domain, notes), ""
    if isinstance(value, Fraction) and value != 0 and (abs(value) > np.finfo(float).max or float(value) == 0):
        return None, f"{name} = {_shorten(value)} is beyond what a double can hold"
    array = np.asarray(data)
    inside = contains(domain, array)
    if bool(np.all(inside)):
        return value, ""
    bad = array[~inside].ravel()[0] if array.ndim else array[()]
    note = f" ({notes[name]})" if name in notes else ""
    return None, f"{name} = {_shorten(bad)} is not allowed: {name} must be {describe(domain)}{note}"


def _lazily_checked(name: str, value: Any, data: Any, domain: sympy.Set, notes: Mapping[str, str]) -> Any:
    """Return a lazy array that is checked chunk by chunk when it is computed."""

    def check(block: np.ndarray) -> np.ndarray:
        _, problem = _checked(name, block, domain, notes)
        if problem:
            raise InvalidInputError(problem)
        return block

    checked = data.map_blocks(check, dtype=data.dtype, meta=np.empty((0,) * data.ndim, dtype=data.dtype))
    return value.copy(data=checked) if hasattr(value, "dims") else checked


def _exact(value: Any) -> Any:
    """Return scalars as exact numbers, sequences as numeric arrays, labelled and lazy arrays as they are."""
    if hasattr(value, "dims") or hasattr(value, "dask"):
        if value.dtype.kind not in "iufO":
            raise TypeError
        return value
    if isinstance(value, str | sympy.Basic) or np.ndim(value) == 0:
        return as_number(value)
    array = np.asarray(value)
    if array.dtype.kind in "US":
        array = np.array([as_number(str(item)) for item in array.ravel()], dtype=object).reshape(array.shape)
    if array.dtype == object:
        array = np.array([as_number(item) for item in array.ravel()], dtype=object).reshape(array.shape)
    if array.dtype.kind not in "iufO":
        raise TypeError
    return array


def _violations(values: Mapping[str, Any], constraints: Iterable[Constraint]) -> list[str]:
    problems = []
    for constraint in constraints:
        names = {symbol.name for symbol in constraint.symbols}
        if not names <= values.keys() or any(hasattr(getattr(values[name], "data", None), "dask") for name in names):
            continue
        lower, upper = (_value(side, values) for side in (constraint.lower, constraint.upper))
        if not _holds(lower, upper, strict=constraint.strict):
            given = ", ".join(f"{name} = {_shorten(values[name])}" for name in sorted(names))
            problems.append(f"{constraint} is required, given {given}")
    return problems


def _value(side: sympy.Expr, values: Mapping[str, Any]) -> Any:
    return values[side.name] if side.is_Symbol else as_number(side)


def _holds(lower: Any, upper: Any, *, strict: bool) -> bool:
    """Compare cell by cell where axes are shared, every cell with every cell where they are not."""
    if hasattr(lower, "dims") and hasattr(upper, "dims") and set(lower.dims) & set(upper.dims):
        holds = lower < upper if strict else lower <= upper
        return bool(holds.all())
    if min(np.size(lower), np.size(upper)) == 0:
        return True
    largest, smallest = np.max(np.asarray(lower)), np.min(np.asarray(upper))
    return bool(largest < smallest if strict else largest <= smallest)


def _shorten(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    text = _as_typed(value) if isinstance(value, Fraction) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def _as_typed(value: Fraction) -> str:
    """Return a fraction as a decimal where that is the same number, and as an integer where it is one."""
    if value.denominator == 1:
        return str(value.numerator)
    decimal = repr(float(value)) if abs(value) < np.finfo(float).max else "0"
    return decimal if Fraction(decimal) == value else str(value)
