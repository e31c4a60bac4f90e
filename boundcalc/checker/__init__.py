"""The checker: every step of a proof proved, supported or refuted, with evidence.

>>> from boundcalc.checker import check_inequality
>>> from boundcalc.symbols import B, b_k
>>> check_inequality(b_k**2, "<=", B**2).word
<Word.PROVED: 'PROVED'>
"""

from __future__ import annotations

from boundcalc.lazy import lazy_names

_WHERE = {
    "Experiment": "experiments.experiment",
    "Report": "report",
    "Verdict": "verdict",
    "Word": "verdict",
    "best_constant": "improving",
    "check": "walk",
    "check_inequality": "inequality.reals",
    "replay": "experiments.evidence",
}

__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
