"""The checker: every step of a proof proved, supported or refuted, with evidence.

>>> from boundcalc.checker import check_inequality
>>> from boundcalc.symbols import B, b_k
>>> check_inequality(b_k**2, "<=", B**2).word
<Word.PROVED: 'PROVED'>
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Experiment": "boundcalc.checker.experiment",
    "Report": "boundcalc.checker.report",
    "Verdict": "boundcalc.checker.verdict",
    "Word": "boundcalc.checker.verdict",
    "check": "boundcalc.checker.walk",
    "check_inequality": "boundcalc.checker.reals",
    "replay": "boundcalc.checker.replaying",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'boundcalc.checker' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
