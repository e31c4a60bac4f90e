"""The domain of a statement: a set for each symbol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from boundcalc.frozen import FrozenDict
from boundcalc.language.domains import intersect

__all__ = ["Domain"]


class Domain(FrozenDict[sympy.Symbol, sympy.Set]):
    """Sets by symbol, unchangeable; a symbol's name finds its set too."""

    def __missing__(self, name: Any) -> sympy.Set:
        for symbol, allowed in self.items():
            if symbol.name == name:
                return allowed
        raise KeyError(name)

    @staticmethod
    def from_assumptions(symbol: sympy.Symbol) -> sympy.Set:
        """Return the set that a symbol's SymPy assumptions describe.

        Parameters
        ----------
        symbol : sympy.Symbol

        Returns
        -------
        sympy.Set
            The integers or the reals, as far as the symbol is known to be positive or nonnegative.
        """
        if symbol.is_integer:
            start = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -sympy.oo
            return sympy.Range(start, sympy.oo) if start != -sympy.oo else sympy.S.Integers
        if symbol.is_positive:
            return sympy.Interval.open(0, sympy.oo)
        return sympy.Interval(0, sympy.oo) if symbol.is_nonnegative else sympy.Reals

    def merge(self, other: Mapping[sympy.Symbol, sympy.Set]) -> Domain:
        """Return the domain of a statement that needs both.

        Parameters
        ----------
        other : mapping of sympy.Symbol to sympy.Set

        Returns
        -------
        Domain
            Intersections for symbols in both; empty ones are kept, for the caller to refuse.
        """
        both = {symbol: intersect([self[symbol], allowed]) for symbol, allowed in other.items() if symbol in self}
        return Domain({**self, **other, **both})
