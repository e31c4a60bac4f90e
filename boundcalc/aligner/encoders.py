"""Encoders as one torch module: a joint matrix of bounded spectral norm, or any module for each modality."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boundcalc.aligner._torch import Tensor, torch
from boundcalc.errors import InvalidInputError

__all__ = ["JointLinear", "ModulePerModality", "clip_spectrum"]


def clip_spectrum(weight: Tensor, s: float) -> Tensor:
    """Return the nearest matrix (in Frobenius norm) of spectral norm at most s, rounding included."""
    left, values, right = torch.linalg.svd(weight, full_matrices=False)
    # The product of three rounded factors may be a few ulp longer than its singular values say.
    top = s * (1 - 8 * max(weight.shape) * torch.finfo(weight.dtype).eps)
    if bool(values[0] <= top):
        return weight
    return (left * values.clamp(max=top)) @ right


class JointLinear(torch.nn.Module):
    """W = [W_1 ... W_K], of shape (q, d_1 + ... + d_K) and spectral norm at most s.

    Parameters
    ----------
    dims : sequence of int
        d_1, ..., d_K.
    q : int
        Latent dimension.
    s : float
        Bound on the spectral norm; :meth:`project` restores it.
    """

    def __init__(self, dims: Sequence[int], *, q: int, s: float) -> None:
        super().__init__()
        self.s = s
        self.ends = np.cumsum([0, *dims]).tolist()
        start = torch.randn(q, self.ends[-1], dtype=torch.float64)
        self.weight = torch.nn.Parameter(start / torch.linalg.matrix_norm(start, 2) * s)
        self.project()

    def encode(self, place: int, rows: Tensor) -> Tensor:
        """Return the latent points of rows of one modality."""
        return rows @ self.weight[:, self.ends[place] : self.ends[place + 1]].T

    def project(self) -> None:
        """Clip the singular values of W at s."""
        with torch.no_grad():
            self.weight.copy_(clip_spectrum(self.weight, self.s))


class ModulePerModality(torch.nn.Module):
    """Copies of the user's modules, one for each modality, what modules share stays shared."""

    def __init__(self, modules: Mapping[str, Any], names: Sequence[str]) -> None:
        super().__init__()
        problems = [f"encoders has no module for modality {name!r}" for name in names if name not in modules]
        problems += [
            f"encoders[{name!r}]={type(modules[name]).__name__}: expected a torch.nn.Module"
            for name in names
            if name in modules and not isinstance(modules[name], torch.nn.Module)
        ]
        if problems:
            raise InvalidInputError(problems, context="AlignedEncoders")
        copies = copy.deepcopy([modules[name] for name in names])
        self.modules_ = torch.nn.ModuleList(copies)
        if not any(parameter.requires_grad for parameter in self.parameters()):
            raise InvalidInputError("encoders hold no trainable parameter", context="AlignedEncoders")

    def encode(self, place: int, rows: Tensor) -> Tensor:
        """Return the latent points of rows of one modality."""
        return self.modules_[place](rows)

    def project(self) -> None:
        """Do nothing: the norm of these modules is not bounded."""
