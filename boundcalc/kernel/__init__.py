"""Proofs that a kernel accepts: closed-form steps as theorems of Coq, written, proved and checked there.

What is trusted is Coq's kernel, the printed statement (read back and compared with the claim at random points), and the four
axioms on which Coq's real numbers rest. SymPy, the solvers and the search for proofs are not.
"""

from __future__ import annotations

from boundcalc.lazy import lazy_names

_WHERE = {
    "Exported": "exporting",
    "available": "coqc",
    "compose": "whole",
    "confirm": "confirming",
    "export": "exporting",
    "prove": "exporting",
}

__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
