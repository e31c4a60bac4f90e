"""Arithmetic that is either fast (floats) or exact (Fractions; SymPy where roots and logarithms occur)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import sympy

__all__ = ["as_sympy", "logarithm", "maximum", "numbers", "root", "scaled", "sequences", "signs"]


def numbers(array: Any, *, exact: bool) -> np.ndarray:
    """Return whole numbers as floats or as Fractions."""
    array = np.asarray(array)
    if not exact:
        return array.astype(float)
    result = np.empty(array.shape, dtype=object)
    result.ravel()[:] = [Fraction(int(item)) for item in array.ravel()]
    return result


def as_sympy(value: Any) -> Any:
    """Return a number as an exact SymPy number.

    >>> as_sympy(Fraction(1, 3))
    1/3
    """
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    if isinstance(value, np.generic):
        value = value.item()
    return sympy.nsimplify(value, rational=True) if isinstance(value, float) else sympy.sympify(value)


def _elementwise(function: Callable[[Any], Any], array: np.ndarray) -> np.ndarray:
    result = np.empty(array.shape, dtype=object)
    result.ravel()[:] = [function(as_sympy(item)) for item in array.ravel()]
    return result


def root(array: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return square roots."""
    return _elementwise(sympy.sqrt, array) if exact else np.sqrt(array)


def logarithm(array: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return natural logarithms."""
    return _elementwise(sympy.log, array) if exact else np.log(array)


def scaled(array: np.ndarray, factor: Any, *, exact: bool) -> np.ndarray:
    """Return products in which either side may be a SymPy number."""
    if not exact:
        return np.asarray(array * factor)
    left, right = np.broadcast_arrays(np.asarray(array, dtype=object), np.asarray(factor, dtype=object))
    result = np.empty(left.shape, dtype=object)
    result.ravel()[:] = [as_sympy(a) * as_sympy(b) for a, b in zip(left.ravel(), right.ravel(), strict=True)]
    return result


def maximum(array: np.ndarray, axis: int) -> np.ndarray:
    """Return the maximum along an axis, for floats and for exact numbers."""
    return np.asarray(np.maximum.reduce(array, axis=axis))


@lru_cache(maxsize=64)
def sequences(letters: int, length: int) -> np.ndarray:
    """Return all words of a length, one per row.

    >>> sequences(2, 2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    table = np.array(list(product(range(letters), repeat=length)), dtype=np.intp).reshape(-1, length)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=16)
def signs(length: int) -> np.ndarray:
    """Return all vectors of signs, one per row."""
    table = 2 * np.asarray(sequences(2, length)) - 1
    table.setflags(write=False)
    return table
