"""Generalization bounds for multimodal pairwise metric learning: derive, evaluate, plan, check.

>>> import boundcalc as bc
>>> bound = bc.theorem("zhou2026.risk_gap").bound()
>>> float(bound.evaluate(n=1000, delta=0.05, L=1, C=1, R_M=0.1, gamma=0, eps_opt=0).round(5))
0.50947
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Bound": "boundcalc.bound",
    "Constraint": "boundcalc.symbols",
    "Derivation": "boundcalc.derivation",
    "Event": "boundcalc.derivation",
    "Form": "boundcalc.theorems",
    "InvalidInputError": "boundcalc.errors",
    "Report": "boundcalc.checker",
    "Source": "boundcalc.theorems",
    "Step": "boundcalc.derivation",
    "Theorem": "boundcalc.theorems",
    "Verdict": "boundcalc.checker",
    "allocate": "boundcalc.planner",
    "at_least": "boundcalc.derivation",
    "at_most": "boundcalc.derivation",
    "check": "boundcalc.checker",
    "check_inequality": "boundcalc.checker",
    "equal": "boundcalc.derivation",
    "minimal_n": "boundcalc.planner",
    "replay": "boundcalc.checker",
    "theorem": "boundcalc.catalogue",
}
_MODULES = ("catalogue", "datasets", "planner", "report", "symbols", "trainer")

__all__ = [*_WHERE, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    # Public names are loaded when first used, so that `import boundcalc` and the command's help stay quick.
    if name in _MODULES:
        return import_module(f"boundcalc.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'boundcalc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
