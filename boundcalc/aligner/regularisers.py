"""Optimal-transport regularisers on the latent points of all modalities, aligned or not. The formulas are ours.

The idea (a loop of pairwise Wasserstein distances with a consistency term, and a Wasserstein barycenter) is that of Zhu,
Luo 2025 (PRCV 2024), of which only the abstract is known to us.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral

from boundcalc.aligner._torch import Tensor, torch
from boundcalc.aligner.plans import check_regularisation, entropic_plan, transport_cost
from boundcalc.errors import InvalidInputError, require

__all__ = ["barycenter_support", "ot_barycenter", "ot_loop"]


def ot_loop(
    latents: Sequence[Tensor],
    *,
    eps: float = 0.05,
    consistency: float = 0.0,
    debias: bool = False,
    max_iter: int = 1000,
    tol: float = 1e-9,
    warn: bool = True,
) -> Tensor:
    """Sum of transport costs round a cycle of the K modalities, and how far a point sent round it is from home.

    sum_k W_eps(P_k, P_{k+1}) + consistency * ||Pi_12 Pi_23 ... Pi_K1 - I||_F^2 / N, Pi the row-normalised plans, N the
    number of points of the first modality. With K = 2 the loop is there and back.

    Parameters
    ----------
    latents : sequence of tensors of shape (n_k, q)
        One for each modality, at least two; row order means nothing.
    eps : float
        Entropic regularisation > 0, in the units of the squared distance.
    consistency : float
        beta >= 0.
    debias : bool
        Subtract sum_k W_eps(P_k, P_k), which leaves twice the Sinkhorn divergences (Feydy et al. 2019) of neighbours: 0 for
        equal measures at any eps.
    max_iter, tol, warn :
        As for :func:`~boundcalc.aligner.plans.transport_cost`.

    Notes
    -----
    Without consistency only latent points are kept for the gradient. With it the K plans and K - 1 products of them are:
    memory is linear in the size of the plans.

    Raises
    ------
    InvalidInputError
        On fewer than two modalities, NaN, an empty one, different q, or bad numbers.
    """
    _check(latents, eps, max_iter, tol)
    if not (consistency >= 0 and math.isfinite(consistency)):
        raise InvalidInputError(f"consistency={consistency!r}: expected a finite number >= 0")
    count = len(latents)
    options = {"eps": eps, "max_iter": max_iter, "tol": tol, "warn": warn}
    edges = [(k, (k + 1) % count) for k in range(count)] if count > 2 else [(0, 1)]
    back = 2 if count == 2 else 1  # the way back costs the same, and its plan is the transpose
    own = _sum(transport_cost(points, points, **options) for points in latents) if debias else 0.0  # type: ignore[arg-type]
    if consistency == 0:
        return back * _sum(transport_cost(latents[i], latents[j], **options) for i, j in edges) - own  # type: ignore[arg-type]
    costs, plans = zip(*(entropic_plan(latents[i], latents[j], **options) for i, j in edges), strict=True)  # type: ignore[arg-type]
    if count == 2:
        plans = (plans[0], plans[0].T)
    # Uniform marginals: row-normalising multiplies the plan that starts at modality k by n_k.
    journey = plans[0]
    for plan in plans[1:]:
        journey = journey @ plan
    home = journey * math.prod(len(points) for points in latents)
    away = home - torch.eye(len(latents[0]), dtype=home.dtype, device=home.device)
    return back * _sum(costs) - own + consistency * (away * away).sum() / len(latents[0])


def ot_barycenter(
    latents: Sequence[Tensor],
    support: Tensor,
    *,
    weights: Sequence[float] | None = None,
    eps: float = 0.05,
    debias: bool = False,
    max_iter: int = 1000,
    tol: float = 1e-9,
    warn: bool = True,
) -> Tensor:
    """Weighted sum of transport costs to a barycenter, sum_k w_k W_eps(P_k, Q), with Q held fixed.

    Q minimises the sum, so its own derivative does not count (envelope theorem): re-estimate it with
    :func:`barycenter_support` every few steps.

    Parameters
    ----------
    latents : sequence of tensors of shape (n_k, q)
    support : tensor of shape (atoms, q)
        The atoms of Q, of equal mass; no gradient flows into them.
    weights : sequence of float, optional
        w_k >= 0, not all 0, scaled to sum 1; default equal.
    debias : bool
        Subtract half of sum_k w_k W_eps(P_k, P_k): the Sinkhorn divergences, up to what depends on Q alone.
    eps, max_iter, tol, warn :
        As for :func:`ot_loop`.
    """
    _check([*latents, support], eps, max_iter, tol)
    shares = _shares(weights, len(latents))
    atoms = support.detach()
    options = {"eps": eps, "max_iter": max_iter, "tol": tol, "warn": warn}

    def term(points: Tensor) -> Tensor:
        cost = transport_cost(points, atoms, **options)  # type: ignore[arg-type]
        return cost - 0.5 * transport_cost(points, points, **options) if debias else cost  # type: ignore[arg-type]

    return _sum(share * term(points) for share, points in zip(shares, latents, strict=True))


def barycenter_support(
    latents: Sequence[Tensor],
    start: Tensor,
    *,
    weights: Sequence[float] | None = None,
    eps: float = 0.05,
    rounds: int = 10,
    max_iter: int = 1000,
    tol: float = 1e-9,
    warn: bool = True,
) -> Tensor:
    """Return the atoms of a free-support Wasserstein barycenter of the latent points (POT, stabilised Sinkhorn).

    Parameters
    ----------
    latents : sequence of tensors of shape (n_k, q)
    start : tensor of shape (atoms, q)
        Where the atoms begin; their number is the barycenter's.
    weights, eps, max_iter, tol, warn :
        As for :func:`ot_barycenter`.
    rounds : int
        Most rounds of moving every atom to the mean of the points that it is matched with.

    Returns
    -------
    tensor of shape (atoms, q)
        Detached.
    """
    _check([*latents, start], eps, max_iter, tol)
    if isinstance(rounds, bool) or not isinstance(rounds, Integral) or rounds < 1:
        raise InvalidInputError(f"rounds={rounds!r}: expected an integer >= 1")
    shares = _shares(weights, len(latents))
    ot = require("ot", extra="align", purpose="optimal transport")
    with torch.no_grad():
        points = [cloud.detach() for cloud in latents]
        masses = [torch.full((len(p),), 1 / len(p), dtype=p.dtype, device=p.device) for p in points]
        return ot.bregman.free_support_sinkhorn_barycenter(
            points, masses, start.detach(), eps, weights=torch.tensor(shares, dtype=start.dtype, device=start.device),
            numItermax=rounds, numInnerItermax=max_iter, method="sinkhorn_log", warn=warn, stopThr=tol,
        )  # fmt: skip


def _check(latents: Sequence[Tensor], eps: float, max_iter: int, tol: float) -> None:
    if isinstance(latents, torch.Tensor) or len(latents) < 2:
        raise InvalidInputError("latents: expected a sequence of at least two tensors, one for each modality")
    check_regularisation(eps, max_iter, tol, **{f"latents[{k}]": points for k, points in enumerate(latents)})


def _shares(weights: Sequence[float] | None, count: int) -> list[float]:
    given = [1.0] * count if weights is None else [float(weight) for weight in weights]
    if len(given) != count or not all(math.isfinite(w) and w >= 0 for w in given) or sum(given) <= 0:
        raise InvalidInputError(
            f"weights={weights!r}: expected {count} finite numbers >= 0, one for each modality, not all 0"
        )
    return [weight / sum(given) for weight in given]


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()
