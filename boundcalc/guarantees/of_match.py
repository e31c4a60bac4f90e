"""How many aligned pairs would certify a match error below a target, before any encoder is trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from boundcalc.catalogue import theorem

__all__ = ["pairs_needed"]


def pairs_needed(dims: Mapping[str, int], *, q: int, target: float, delta: float) -> dict[str, Any]:
    """Return ``n``, or None and the reason, if encoders with spectral norm <= 1 reach half the target as ramp risk.

    Parameters
    ----------
    dims : mapping of str to int
        Width of each modality; the two widest count. Rows lie in the unit ball.
    q : int
        Latent dimension.
    target, delta : float
        In (0, 1).
    """
    complexity = theorem("zhou2026.latent_encoders").bound()
    bound = theorem("zhou2026.match_error").bound().substitute(R_M=complexity)
    inputs: dict[str, Any] = {
        "s": 1.0, "q": q, "B": math.sqrt(2), "d_M": sum(sorted(dims.values())[-2:]), "t_min": 0.0, "t_max": 2.0,
        "rho": 0.25, "omega_pos": 0.5, "omega_neg": 0.5, "rhat_match": target / 2, "delta": delta,
    }  # fmt: skip
    solution = bound.solve_for("n", target=target, **inputs)
    feasible = bool(solution.feasible)
    return {
        "target": target,
        "n": int(solution.values) if feasible else None,
        "reason": "" if feasible else str(solution.reason.item()),
        "inputs": inputs,
    }
