"""Inverse problems: from a target back to a parameter, from a budget to a plan."""

from __future__ import annotations

from boundcalc.planner.allocate import allocate
from boundcalc.planner.invert import Solution, minimal_n, solve_for

__all__ = ["Solution", "allocate", "minimal_n", "solve_for"]
