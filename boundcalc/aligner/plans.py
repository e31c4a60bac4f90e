"""Entropic optimal transport between two clouds of latent points: POT finds the potentials, the gradients are ours.

W_eps(P, Q) = min over plans of <plan, cost> + eps KL(plan | a b^T), cost the squared Euclidean distance. Its gradient in
the cost is the plan itself (envelope theorem), so nothing is unrolled; the plan's own derivative comes from the
marginal equations (implicit function theorem). Either way memory does not grow with the number of iterations.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from boundcalc.aligner._torch import Tensor, check_points, torch
from boundcalc.aligner.contrastive import squared_distances
from boundcalc.errors import InvalidInputError, require

__all__ = ["check_regularisation", "entropic_plan", "solve", "transport_cost"]


def transport_cost(
    x: Tensor, y: Tensor, *, eps: float, max_iter: int = 1000, tol: float = 1e-9, warn: bool = True
) -> Tensor:
    """Return W_eps between the uniform measures on the rows of x and of y.

    Parameters
    ----------
    x, y : tensor of shape (n, q), (m, q)
    eps : float
        Entropic regularisation > 0, in the units of the squared distance.
    max_iter, tol : int, float
        Limits of the stabilised (log-domain) Sinkhorn iterations.
    warn : bool
        Whether POT warns when they end before the marginals agree to ``tol``.

    Returns
    -------
    Tensor
        A scalar; only its first derivative exists. It keeps n + m latent points for it, not the plan.

    Raises
    ------
    InvalidInputError
        On NaN, an empty cloud, different q or precision, a bad number, or a value that is not finite.
    """
    check_regularisation(eps, max_iter, tol, x=x, y=y)
    return _TransportCost.apply(x, y, float(eps), int(max_iter), float(tol), warn)


def entropic_plan(
    x: Tensor, y: Tensor, *, eps: float, max_iter: int = 1000, tol: float = 1e-9, warn: bool = True
) -> tuple[Tensor, Tensor]:
    """Return W_eps and the plan that attains it, both differentiable.

    Parameters
    ----------
    x, y, eps, max_iter, tol, warn :
        As for :func:`transport_cost`.

    Returns
    -------
    cost : Tensor
        A scalar.
    plan : tensor of shape (n, m)
        Its rows sum to 1/n, its columns to 1/m (the columns to ``tol``).
    """
    check_regularisation(eps, max_iter, tol, x=x, y=y)
    return _EntropicPlan.apply(x, y, float(eps), int(max_iter), float(tol), warn)


def solve(x: Tensor, y: Tensor, *, eps: float, max_iter: int, tol: float, warn: bool) -> tuple[Tensor, Tensor]:
    """Return the value (by duality) and the plan, without a gradient: the one place that calls POT for plans."""
    ot = require("ot", extra="align", purpose="optimal transport")
    with torch.no_grad():
        n, m = len(x), len(y)
        a = torch.full((n,), 1 / n, dtype=x.dtype, device=x.device)
        b = torch.full((m,), 1 / m, dtype=x.dtype, device=x.device)
        plan, log = ot.bregman.sinkhorn_log(
            a, b, squared_distances(x, y), eps, numItermax=max_iter, stopThr=tol, log=True, warn=warn
        )
        # The dual objective: never above W_eps, and exact to second order in what is left of the marginals' error.
        value = eps * ((log["log_u"].mean() + math.log(n)) + (log["log_v"].mean() + math.log(m)) + 1 - plan.sum())
        if not bool(torch.isfinite(value)):
            raise InvalidInputError(
                f"the transport cost is {float(value)} at eps={eps!r}: expected a larger eps, or smaller latent points",
                context="optimal transport",
            )
        return value, plan


def check_regularisation(eps: float, max_iter: int, tol: float, **points: Any) -> None:
    """Check the arguments that every transport function has."""
    check_points(**points)
    problems = []
    sizes = {name: tuple(cloud.shape) for name, cloud in points.items()}
    if len({shape[1] for shape in sizes.values()}) > 1:
        problems.append(f"latent points of shapes {sizes}: expected the same number of columns q")
    if isinstance(eps, bool) or not isinstance(eps, Real) or not (eps > 0 and math.isfinite(eps)):
        problems.append(f"eps={eps!r}: expected a finite number > 0")
    if isinstance(tol, bool) or not isinstance(tol, Real) or not (tol >= 0 and math.isfinite(tol)):
        problems.append(f"tol={tol!r}: expected a finite number >= 0")
    if isinstance(max_iter, bool) or not isinstance(max_iter, Integral) or max_iter < 1:
        problems.append(f"max_iter={max_iter!r}: expected an integer >= 1")
    if problems:
        raise InvalidInputError(problems, context="optimal transport")


class _TransportCost(torch.autograd.Function):
    """The value alone: its gradient is known as soon as the plan is, so the plan need not be kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, eps: float, max_iter: int, tol: float, warn: bool) -> Tensor:
        value, plan = solve(x, y, eps=eps, max_iter=max_iter, tol=tol, warn=warn)
        ctx.save_for_backward(*_pull_back(plan, x, y, ctx.needs_input_grad))
        return value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        to_x, to_y = ctx.saved_tensors
        return (None if to_x is None else grad * to_x), (None if to_y is None else grad * to_y), None, None, None, None


class _EntropicPlan(torch.autograd.Function):
    """The value and the plan."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, eps: float, max_iter: int, tol: float, warn: bool
    ) -> tuple[Tensor, Tensor]:
        value, plan = solve(x, y, eps=eps, max_iter=max_iter, tol=tol, warn=warn)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, y, plan)
        ctx.eps = eps
        return value, plan

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, of_value: Tensor | None, of_plan: Tensor | None) -> tuple[Any, ...]:
        x, y, plan = ctx.saved_tensors
        in_cost = torch.zeros_like(plan) if of_plan is None else _through_plan(plan, of_plan, ctx.eps)
        if of_value is not None:
            in_cost.add_(plan, alpha=float(of_value))
        return *_pull_back(in_cost, x, y, ctx.needs_input_grad), None, None, None, None


def _pull_back(in_cost: Tensor, x: Tensor, y: Tensor, needed: Any) -> tuple[Tensor | None, Tensor | None]:
    """Carry a gradient in the cost matrix over to the points: cost_ij = ||x_i - y_j||^2."""
    to_x = 2 * (in_cost.sum(1)[:, None] * x - in_cost @ y) if needed[0] else None
    to_y = 2 * (in_cost.sum(0)[:, None] * y - in_cost.T @ x) if needed[1] else None
    return to_x, to_y


def _through_plan(plan: Tensor, of_plan: Tensor, eps: float) -> Tensor:
    """Carry a gradient in the plan over to the cost.

    plan = exp((f_i + g_j - cost_ij)/eps) with fixed marginals; the multipliers u, v of the marginal equations solve
    [diag(a) P; P^T diag(b)] [u; v] = [row sums; column sums] of P * of_plan. One unknown is free (a constant moves from
    u to v), so the Schur complement is singular along the ones, where its right side vanishes; the added multiple of
    ones ones^T fixes it.
    """
    weighted = plan * of_plan
    rows, columns = plan.sum(1), plan.sum(0)
    by_row, by_column = weighted.sum(1), weighted.sum(0)
    scaled = plan / columns.sqrt()[None, :]
    root = rows.sqrt()
    scaled /= root[:, None]
    schur = (scaled @ scaled.T).neg_()
    schur.diagonal().add_(1.0)
    schur += root[:, None] * root[None, :]
    # Nearly a permutation: the complement nearly vanishes, and with it the plan's derivative; the jitter keeps it so.
    schur.diagonal().add_(torch.finfo(plan.dtype).eps * len(rows))
    right = (by_row - plan @ (by_column / columns)) / root
    factor, failed = torch.linalg.cholesky_ex(schur)
    u = torch.linalg.solve(schur, right) if int(failed) else torch.cholesky_solve(right[:, None], factor)[:, 0]
    u = u / root
    v = (by_column - plan.T @ u) / columns
    return weighted.sub_(plan * (u[:, None] + v[None, :])).div_(-eps)
