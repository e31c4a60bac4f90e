"""Contrastive losses on aligned pairs: row i of one modality belongs to row i of the other.

Each is a plain differentiable function of torch tensors; scores are larger the more alike two latent points are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from boundcalc.aligner._torch import Tensor, check_points, torch
from boundcalc.errors import InvalidInputError

__all__ = ["SIMILARITIES", "cross_clr", "info_nce", "lmnn", "scores", "squared_distances"]

SIMILARITIES = ("cosine", "distance")


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Return ||a_i - b_j||^2 for all rows, shape (n, m), never negative."""
    # Distances do not change when both move; near the origin the difference of large squares loses fewer digits.
    centre = b.detach().mean(0)
    a, b = a - centre, b - centre
    cross = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * a @ b.T
    return cross.clamp_min(0)


def scores(a: Tensor, b: Tensor, *, similarity: str = "cosine") -> Tensor:
    """Return how alike each row of ``a`` is to each row of ``b``, shape (n, m).

    Parameters
    ----------
    a, b : tensor of shape (n, q), (m, q)
    similarity : {"cosine", "distance"}
        The cosine of the angle, or minus the squared Euclidean distance.
    """
    if similarity == "distance":
        return -squared_distances(a, b)
    if similarity == "cosine":
        return torch.nn.functional.normalize(a, dim=1) @ torch.nn.functional.normalize(b, dim=1).T
    raise InvalidInputError(f"similarity={similarity!r}: expected one of {', '.join(SIMILARITIES)}")


def info_nce(a: Tensor, b: Tensor, *, temperature: float = 0.1, similarity: str = "cosine") -> Tensor:
    """Symmetric InfoNCE: each row has to find its partner among all rows of the other modality.

    Parameters
    ----------
    a, b : tensor of shape (n, q)
        Aligned latent points, n >= 2.
    temperature : float
        tau > 0; scores are divided by it.
    similarity : {"cosine", "distance"}

    Returns
    -------
    Tensor
        The mean over both directions of -log softmax at the partner.

    Raises
    ------
    InvalidInputError
        On a batch of one, mismatched lengths, NaN, or a bad temperature.
    """
    _check_aligned(a, b, temperature=temperature)
    table = scores(a, b, similarity=similarity) / temperature
    partner = torch.arange(len(a), device=a.device)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(table, partner) + cross_entropy(table.T, partner)) / 2


def cross_clr(
    a: Tensor, b: Tensor, *, temperature: float = 0.1, intra_weight: float = 0.8, similarity: str = "cosine"
) -> Tensor:
    """InfoNCE with negatives out of the own modality too, after Zolfaghari et al. 2021 (CrossCLR).

    The pruning of influential samples and the queue of that work are not part of it.

    Parameters
    ----------
    a, b : tensor of shape (n, q)
        Aligned latent points, n >= 2.
    temperature : float
        tau > 0.
    intra_weight : float
        lambda >= 0, the weight of each negative of the own modality; with 0 this is :func:`info_nce`.
    similarity : {"cosine", "distance"}

    Raises
    ------
    InvalidInputError
        On a batch of one, mismatched lengths, NaN, or a bad number.
    """
    _check_aligned(a, b, temperature=temperature)
    if not (intra_weight >= 0 and math.isfinite(intra_weight)):
        raise InvalidInputError(f"intra_weight={intra_weight!r}: expected a finite number >= 0")
    inter = scores(a, b, similarity=similarity) / temperature
    total = torch.zeros((), dtype=a.dtype, device=a.device)
    for table, own in ((inter, a), (inter.T, b)):
        logits = table
        if intra_weight > 0:
            within = scores(own, own, similarity=similarity) / temperature + math.log(intra_weight)
            itself = torch.eye(len(own), dtype=torch.bool, device=own.device)
            logits = torch.cat([table, within.masked_fill(itself, -math.inf)], dim=1)
        total = total + (torch.logsumexp(logits, dim=1) - table.diagonal()).mean()
    return total / 2


def lmnn(a: Tensor, b: Tensor, *, labels: Any = None, margin: float = 1.0, push: float = 0.5) -> Tensor:
    """Large-margin nearest neighbours across modalities, after Weinberger et al. 2005.

    Target neighbours of a row are the rows of the other modality with its label; they are pulled. Rows with another
    label that are not further away than a target plus the margin (squared distances) are impostors; they are pushed.

    Parameters
    ----------
    a, b : tensor of shape (n, q)
        Aligned latent points, n >= 2.
    labels : sequence of length n (numbers or names) or tensor, optional
        Default: every pair is a class of its own.
    margin : float
        > 0.
    push : float
        Share of the push term, in [0, 1]; pull has the rest.

    Notes
    -----
    Each term is a mean, over all (row, target) and over all (row, target, other label) in both directions. All such
    triplets are held in memory: n times the number of pairs of equal label.

    Raises
    ------
    InvalidInputError
        On a batch of one, one class only, mismatched lengths, NaN, or a bad number.
    """
    _check_aligned(a, b)
    if not (0 <= push <= 1):
        raise InvalidInputError(f"push={push!r}: expected a number in [0, 1]")
    if not (margin > 0 and math.isfinite(margin)):
        raise InvalidInputError(f"margin={margin!r}: expected a finite number > 0")
    codes = torch.arange(len(a), device=a.device) if labels is None else _codes(labels, a.device)
    if codes.shape != (len(a),):
        raise InvalidInputError(f"labels of shape {tuple(codes.shape)}: expected one label for each of {len(a)} pairs")
    same = codes[:, None] == codes[None, :]
    if bool(same.all()):
        raise InvalidInputError("labels hold one class only: lmnn needs rows of another label to push away")
    table = squared_distances(a, b)
    pull, pushed = torch.zeros_like(table[0, 0]), torch.zeros_like(table[0, 0])
    rows, targets = torch.nonzero(same, as_tuple=True)
    others = ~same[rows]
    for distances in (table, table.T):
        near = distances[rows, targets]
        hinge = (margin + near[:, None] - distances[rows]).clamp_min(0)
        pull = pull + near.mean() / 2
        pushed = pushed + hinge[others].mean() / 2
    return (1 - push) * pull + push * pushed


def _codes(labels: Any, device: Any) -> Tensor:
    if isinstance(labels, torch.Tensor):
        return labels.to(device)
    names = np.asarray(labels)
    codes = np.unique(names, return_inverse=True)[1]
    return torch.as_tensor(codes.reshape(names.shape), device=device)


def _check_aligned(a: Tensor, b: Tensor, *, temperature: float = 1.0) -> None:
    check_points(a=a, b=b)
    problems = []
    if a.shape != b.shape:
        problems.append(f"a has shape {tuple(a.shape)} and b {tuple(b.shape)}: expected equal shapes, rows aligned")
    elif len(a) < 2:
        problems.append("a batch of one pair has no negatives: expected at least 2 aligned pairs")
    if not (temperature > 0 and math.isfinite(temperature)):
        problems.append(f"temperature={temperature!r}: expected a finite number > 0")
    if problems:
        raise InvalidInputError(problems, context="contrastive loss")
