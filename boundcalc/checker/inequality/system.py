"""Polynomial facts and a goal, as sign reasoning and the solvers take them."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy

from boundcalc.checker.inequality.cases import Extent

__all__ = ["System", "Untranslatable"]


class Untranslatable(Exception):
    """An expression has a node that polynomials cannot carry."""


@dataclass
class System:
    """Variables, facts ``polynomial >= 0`` (or > 0, = 0) and the goal, whose numerator has to be nonnegative.

    Attributes
    ----------
    goal : sympy.Expr
        A polynomial with the sign of the gap.
    strict : bool
    ranges : dict of sympy.Symbol to Extent
    facts : list of (sympy.Expr, str)
        Polynomial and ``>=``, ``>`` or ``=``.
    axioms : list of str
        In words, for the evidence.
    """

    goal: sympy.Expr = sympy.S.Zero
    strict: bool = False
    ranges: dict[sympy.Symbol, Extent] = field(default_factory=dict)
    facts: list[tuple[sympy.Expr, str]] = field(default_factory=list)
    axioms: list[str] = field(default_factory=list)
