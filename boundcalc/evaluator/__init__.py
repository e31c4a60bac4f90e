"""The evaluator: SymPy expressions on grids, fast and true. Names load when they are first used."""

from __future__ import annotations

from boundcalc.lazy import lazy_names

_HOME = {
    "CompiledExpression": "compiled",
    "compile_expression": "compiled",
    "elasticity": "calculus",
    "enclose_grid": "enclosing",
    "evaluate_grid": "grid",
    "gradient": "calculus",
}
__all__ = ["CompiledExpression", "compile_expression", "elasticity", "enclose_grid", "evaluate_grid", "gradient"]

__getattr__ = lazy_names(__name__, _HOME)
