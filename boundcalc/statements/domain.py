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
