"""Inverse problems: from a target back to a sample size."""

from __future__ import annotations

from boundcalc.planner.invert import minimal_n

__all__ = ["minimal_n"]
