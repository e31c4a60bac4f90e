"""Arithmetic around eigenvalues: fast in floats, or rounded at 60 digits where exact numbers would not stay short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy

from boundcalc.checker.experiments.worlds.numbers import as_sympy

__all__ = ["eigenvalues", "floats", "square_root", "total"]

_DIGITS = 60


def eigenvalues(matrices: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return eigenvalues of symmetric matrices, largest first: in floats, or rounded at 60 digits."""
    if not exact:
        return np.linalg.eigvalsh(matrices)[..., ::-1]
    result = np.empty(matrices.shape[:-1], dtype=object)
    with mpmath.workdps(_DIGITS + 15):
        for place in np.ndindex(matrices.shape[:-2]):
            entries = [[mpmath.mpf(x.numerator) / x.denominator for x in row] for row in matrices[place]]
            values = sorted(mpmath.eigsy(mpmath.matrix(entries), eigvals_only=True), reverse=True)
            result[place] = [sympy.Float(str(mpmath.nstr(value, _DIGITS)), _DIGITS) for value in values]
    return result


def floats(array: Any, *, exact: bool) -> np.ndarray:
    """Return rationals as 60-digit floats, to be mixed with eigenvalues."""
    if not exact:
        return np.asarray(array)
    return _in_digits(array, lambda x: x)


def square_root(array: Any, *, exact: bool) -> np.ndarray:
    """Return square roots, in floats or rounded at 60 digits."""
    if not exact:
        return np.sqrt(array)
    return _in_digits(array, sympy.sqrt)


def _in_digits(array: Any, function: Callable[[sympy.Expr], sympy.Expr]) -> np.ndarray:
    array = np.asarray(array, dtype=object)
    result = np.empty(array.shape, dtype=object)
    result.ravel()[:] = [function(as_sympy(x)).evalf(_DIGITS) for x in array.ravel()]
    return result


def total(array: Any, axis: int | tuple[int, ...]) -> np.ndarray:
    """Return the sum along axes, for floats and for objects."""
    return np.add.reduce(np.asarray(array), axis=axis)
