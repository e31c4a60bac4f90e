"""Torch and POT, or one sentence that says which extra brings them."""

from __future__ import annotations

from typing import Any, TypeAlias

from boundcalc.errors import InvalidInputError, require

__all__ = ["Tensor", "check_points", "torch"]

# Any, so that the type checker says the same where torch is not installed.
torch: Any = require("torch", extra="align", purpose="the aligner")
Tensor: TypeAlias = Any


def check_points(**named: object) -> None:
    """Check latent points: finite floating-point matrices of one precision, with at least one row each.

    Raises
    ------
    InvalidInputError
        Naming every argument that is not.
    """
    problems = []
    for name, points in named.items():
        if not isinstance(points, torch.Tensor) or points.ndim != 2 or not points.is_floating_point():
            given = getattr(points, "shape", type(points).__name__)
            problems.append(f"{name}={given}: expected a floating-point tensor of shape (n, q)")
        elif points.shape[0] < 1 or points.shape[1] < 1:
            problems.append(f"{name} has shape {tuple(points.shape)}: expected at least one row and one column")
        elif not bool(torch.isfinite(points.detach()).all()):
            problems.append(f"{name} holds NaN or infinite values")
    kinds = {name: str(points.dtype) for name, points in named.items() if isinstance(points, torch.Tensor)}
    if not problems and len(set(kinds.values())) > 1:
        problems.append(f"latent points of types {kinds}: expected one floating-point type for all")
    if problems:
        raise InvalidInputError(problems, context="latent points")
