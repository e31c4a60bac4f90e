"""The evaluator: SymPy expressions on grids, fast and true. Names load when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "CompiledExpression": "compiled",
    "compile_expression": "compiled",
    "elasticity": "calculus",
    "enclose_grid": "balls",
    "evaluate_grid": "grid",
    "gradient": "calculus",
}
__all__ = ["CompiledExpression", "compile_expression", "elasticity", "enclose_grid", "evaluate_grid", "gradient"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
