"""What unlabelled pairs are worth beside labelled rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from boundcalc.catalogue import theorem
from boundcalc.guarantees.questions.sample import Found, Sample, named_values
from boundcalc.inverse.solve import minimal_n
from boundcalc.show.tables import Table
from boundcalc.symbols import n, n_u

__all__ = ["answer"]


def answer(sample: Sample, *, target: float, delta: float, **_: Any) -> Found:
    """Bound the risk of a connection learnt from unlabelled pairs, and say how many labelled rows they are worth."""
    *there, last = sample.blocks
    x, y = (block / np.linalg.norm(block, axis=1).max() for block in (sample.joined(there), sample.blocks[last]))
    half, d_y = sample.half, y.shape[1]
    ridge = x[:half].T @ x[:half] + half * 1e-3 * np.eye(x.shape[1])
    maps = np.linalg.solve(ridge, x[:half].T @ y[:half])
    radius, conn = float(np.linalg.norm(maps)), float(np.linalg.norm(x[half:] @ maps - y[half:], axis=1).mean())
    # heads <w, (x, y)> with ||w|| <= 1, maps of Frobenius norm at most radius (lemmas.vector_contraction)
    costs = {"R_H": sympy.sqrt(2) / sympy.sqrt(n), "R_G": sympy.sqrt(2 * d_y) * sympy.Float(radius) / sympy.sqrt(n_u)}
    bound = theorem("lu2023.two_stage").bound().substitute(**costs, L=1, C=1, Lam_y=1)
    about: dict[str, Any] = {"conn": conn, "D_y": 1 + radius, "delta": delta}
    at_hand = [sample.size, 10 * sample.size, 100 * sample.size]
    values = bound.evaluate(n=sample.size, n_u=at_hand, **about).values
    alone = bound.substitute(n_u=n)  # the connection too from labelled rows
    rows = [
        (pairs, float(value), int(minimal_n(alone, target=float(value) * (1 + 1e-12), **about)))
        for pairs, value in zip(at_hand, values, strict=True)
    ]
    limit = float(bound.evaluate(n=sample.size, n_u=10**15, **about))
    size = int(minimal_n(bound, target=limit + target, name="n_u", n=sample.size, **about))
    said = (
        f"{size:,} unlabelled pairs bring the bound within {target:g} of what an exact connection from {'+'.join(there)} to {last} "
        f"gives ({limit:.3g} above the best risk of both, {sample.size:,} labelled rows): estimates."
    )
    notes = (
        "worth: labelled rows that alone reach the same bound; linear heads and maps on the unit ball, loss of slope and range 1.",
    )
    inputs = named_values(
        sample.title,
        conn=(conn, f"mean distance of the predicted from the true {last}, held out"),
        radius=(radius, "Frobenius norm of the map"),
    )
    return said, (Table(("unlabelled pairs", "bound", "worth"), rows, notes=notes),), inputs
