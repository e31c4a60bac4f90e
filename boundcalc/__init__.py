"""Generalization bounds for multimodal pairwise metric learning: derive, evaluate, plan, check.

>>> import boundcalc as bc
>>> bound = bc.theorem("zhou2026.risk_gap").bound()
>>> float(bound.evaluate(n=1000, delta=0.05, L=1, C=1, R_M=0.1, gamma=0, eps_opt=0).round(5))
0.50947
"""

from __future__ import annotations

import warnings

from boundcalc.lazy import lazy_names

__version__ = "0.2.0"

# On some processors BLAS leaves the flag of an invalid operation behind finite products: lanes it reads and throws away.
# A value that is not finite is refused where it is used.
warnings.filterwarnings("ignore", "invalid value encountered in (matmul|dot|vecdot)", RuntimeWarning, r"boundcalc\.")

_WHERE = {
    "Bound": "bound",
    "Constraint": "symbols",
    "Derivation": "statements.derivation",
    "Event": "statements.derivation",
    "Form": "theorems",
    "InfeasibleError": "errors",
    "InvalidInputError": "errors",
    "Report": "checker",
    "Source": "theorems",
    "Step": "statements.derivation",
    "Theorem": "theorems",
    "Verdict": "checker",
    "allocate": "inverse.allocation",
    "ask": "report",
    "assess": "report",
    "assurance": "planner.assured",
    "at_least": "statements.derivation",
    "at_most": "statements.derivation",
    "bench": "report",
    "best_constant": "checker",
    "by": "catalogue",
    "certify": "certification",
    "certify_band": "certification",
    "check": "checker",
    "check_inequality": "checker",
    "compare": "report",
    "crossing": "report.crossings",
    "equal": "statements.derivation",
    "load": "catalogue.files",
    "make_report": "report",
    "minimal_n": "inverse.solve",
    "plan": "report",
    "read": "language.reading",
    "replay": "checker",
    "save": "catalogue.files",
    "solve_implicit": "statements.implicit",
    "symbol": "language.own",
    "theorem": "catalogue",
    "train": "report",
}
_MODULES = ("catalogue", "certification", "datasets", "kernel", "planner", "report", "symbols", "trainer")

__all__ = [*_WHERE, *_MODULES, "__version__"]

# Public names are loaded when first used, so that `import boundcalc` and the command's help stay quick.
__getattr__ = lazy_names(__name__, _WHERE, modules=_MODULES)


def __dir__() -> list[str]:
    return sorted(__all__)
