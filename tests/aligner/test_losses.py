"""Losses and regularisers: limits, gradients against finite differences, marginals, bad input."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "torch", reason="torch is not installed: `make test-align` installs the extra align and runs these tests"
)
pytest.importorskip(
    "ot", reason="POT is not installed: `make test-align` installs the extra align and runs these tests"
)

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.special import logsumexp

from boundcalc.aligner import (
    barycenter_support,
    cross_clr,
    entropic_plan,
    info_nce,
    lmnn,
    ot_barycenter,
    ot_loop,
    transport_cost,
)

LOSSES = {"info_nce": info_nce, "cross_clr": cross_clr, "lmnn": lmnn}


def cloud(n, q=2, *, seed, scale=0.6):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(n, q, generator=generator, dtype=torch.float64)).requires_grad_()


def literal_info_nce(a, b, temperature):
    """The definition, term by term."""
    total = 0.0
    for left, right in ((a, b), (b, a)):
        for i in range(len(left)):
            cosines = [x @ left[i] / np.linalg.norm(x) / np.linalg.norm(left[i]) / temperature for x in right]
            total -= cosines[i] - logsumexp(cosines)
    return total / (2 * len(a))


def test_info_nce_is_its_definition():
    a, b = cloud(6, 3, seed=0), cloud(6, 3, seed=1)
    expected = literal_info_nce(a.detach().numpy(), b.detach().numpy(), 0.2)
    assert info_nce(a, b, temperature=0.2).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("similarity", ["cosine", "distance"])
def test_cross_clr_without_negatives_of_its_own_is_info_nce(similarity):
    a, b = cloud(7, seed=2), cloud(7, seed=3)
    plain = info_nce(a, b, similarity=similarity)
    assert cross_clr(a, b, intra_weight=0, similarity=similarity).item() == pytest.approx(plain.item(), abs=1e-12)
    assert cross_clr(a, b, intra_weight=0.5, similarity=similarity).item() > plain.item()


def literal_cross_clr(a, b, temperature, intra_weight):
    """The definition with exponentials, distances as scores."""
    score = lambda x, y: np.exp(-np.sum((x - y) ** 2) / temperature)  # noqa: E731
    total = 0.0
    for left, right in ((a, b), (b, a)):
        for i in range(len(left)):
            rest = [k for k in range(len(left)) if k != i]
            inter, intra = (sum(score(left[i], side[k]) for k in rest) for side in (right, left))
            own = score(left[i], right[i])
            total -= np.log(own / (own + inter + intra_weight * intra))
    return total / (2 * len(a))


def test_cross_clr_is_its_definition():
    a, b = cloud(6, 3, seed=0), cloud(6, 3, seed=1)
    expected = literal_cross_clr(a.detach().numpy(), b.detach().numpy(), 0.3, 0.7)
    found = cross_clr(a, b, temperature=0.3, intra_weight=0.7, similarity="distance")
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_lmnn_takes_names_as_labels():
    a, b = cloud(4, seed=4), cloud(4, seed=5)
    assert lmnn(a, b, labels=["x", "y", "x", "y"]) == lmnn(a, b, labels=torch.tensor([0, 1, 0, 1]))


def unrolled(x, y, eps):
    """Sinkhorn by hand, differentiated through its iterations."""
    cost = ((x[:, None] - y[None]) ** 2).sum(2)
    n, m = cost.shape
    g = torch.zeros(m, dtype=cost.dtype)
    for _ in range(300):
        f = -eps * torch.logsumexp((g[None] - cost) / eps - np.log(m), 1)
        g = -eps * torch.logsumexp((f[:, None] - cost) / eps - np.log(n), 0)
    plan = torch.exp((f[:, None] + g[None] - cost) / eps) / (n * m)
    return (plan * cost).sum() + eps * (plan * torch.log(plan * n * m)).sum(), plan * n


def test_the_loop_agrees_with_unrolled_iterations():
    points = [cloud(n, seed=50 + n) for n in (4, 5, 6)]
    costs, plans = zip(*(unrolled(points[k], points[(k + 1) % 3], 0.5) for k in range(3)), strict=True)
    away = plans[0] @ plans[1] @ plans[2] - torch.eye(4, dtype=torch.float64)
    expected = sum(costs) + 0.9 * (away**2).sum() / 4
    found = ot_loop(points, eps=0.5, consistency=0.9, max_iter=5000, tol=1e-14)
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)
    for ours, theirs in zip(torch.autograd.grad(found, points), torch.autograd.grad(expected, points), strict=True):
        assert ours.numpy() == pytest.approx(theirs.numpy(), abs=1e-10)


def test_without_bound_on_eps_the_plan_is_the_product():
    x, y = cloud(5, seed=60), cloud(7, seed=61)
    mean = (torch.cdist(x, y) ** 2).mean().item()
    assert transport_cost(x, y, eps=1e8).item() == pytest.approx(mean, abs=1e-6)
    assert ot_loop([x, y], eps=1e8, consistency=1.0).item() == pytest.approx(2 * mean + 4 / 5, abs=1e-6)
    assert transport_cost(x[:1], y, eps=0.3).item() == pytest.approx(
        (torch.cdist(x[:1], y) ** 2).mean().item(), abs=1e-12
    )


@pytest.mark.parametrize("far", [1e3, 1e6])
def test_clouds_far_from_the_origin_cost_the_same(far):
    x, y = cloud(6, seed=62), cloud(6, seed=63)
    limits = dict(eps=0.3, max_iter=5000)
    assert transport_cost(x + far, y + far, **limits).item() == pytest.approx(
        transport_cost(x, y, **limits).item(), abs=1e-8
    )


def test_lmnn_is_its_definition():
    a, b, labels = cloud(5, seed=4), cloud(5, seed=5), [0, 0, 1, 1, 2]
    pull, push = [], []
    x, y = a.detach().numpy(), b.detach().numpy()
    for left, right in ((x, y), (y, x)):
        for i in range(5):
            for j in range(5):
                if labels[i] == labels[j]:
                    near = np.sum((left[i] - right[j]) ** 2)
                    pull.append(near)
                    push += [
                        max(0, 1.5 + near - np.sum((left[i] - right[k]) ** 2))
                        for k in range(5)
                        if labels[k] != labels[i]
                    ]
    # Both directions have equally many terms, so the mean over all of them is the mean of the two means.
    expected = 0.7 * np.mean(pull) + 0.3 * np.mean(push)
    assert lmnn(a, b, labels=labels, margin=1.5, push=0.3).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_losses(name):
    assert torch.autograd.gradcheck(LOSSES[name], (cloud(5, seed=6), cloud(5, seed=7)))


@pytest.mark.parametrize("sizes", [(3, 4), (3, 4, 3)])
def test_gradient_of_the_loop_with_consistency(sizes):
    points = [cloud(n, seed=10 + k) for k, n in enumerate(sizes)]
    limits = dict(eps=1.0, max_iter=2000, tol=1e-12)
    assert torch.autograd.gradcheck(lambda *x: ot_loop(x, consistency=0.7, **limits), points)
    assert torch.autograd.gradcheck(lambda *x: ot_loop(x, **limits), points)


@pytest.mark.parametrize("eps", [0.5, 50.0])
def test_debiased_regularisers_vanish_for_equal_measures(eps):
    limits = dict(eps=eps, max_iter=5000, tol=1e-12, debias=True)
    x, y = cloud(5, seed=60), cloud(5, seed=61)
    assert ot_loop([x, x.flip(0), x], **limits).item() == pytest.approx(0, abs=1e-9)
    cost = lambda a, b: transport_cost(a, b, eps=eps, max_iter=5000, tol=1e-12)  # noqa: E731
    assert ot_loop([x, y], **limits).item() == pytest.approx(
        (2 * cost(x, y) - cost(x, x) - cost(y, y)).item(), abs=1e-9
    )
    wanted = (cost(x, y) - cost(x, x) / 2) / 3 + 2 * (cost(y, y) / 2) / 3
    assert ot_barycenter([x, y], y, weights=[1, 2], **limits).item() == pytest.approx(wanted.item(), abs=1e-9)
    assert torch.autograd.gradcheck(lambda *z: ot_loop(z, **limits), (x, y))


def test_gradient_of_the_barycenter():
    points, support = [cloud(3, seed=20), cloud(4, seed=21)], cloud(3, seed=22)
    limits = dict(eps=1.0, max_iter=2000, tol=1e-12)
    value = lambda *x: ot_barycenter(x, support, weights=[1, 2], **limits)  # noqa: E731
    assert torch.autograd.gradcheck(value, points)
    value(*points).backward()
    assert support.grad is None


def test_plans_have_the_right_marginals():
    x, y = cloud(9, seed=30), cloud(7, seed=31)
    _, plan = entropic_plan(x, y, eps=0.2, tol=1e-12, max_iter=5000)
    assert plan.sum(1).detach().numpy() == pytest.approx(np.full(9, 1 / 9), abs=1e-10)
    assert plan.sum(0).detach().numpy() == pytest.approx(np.full(7, 1 / 7), abs=1e-10)


def test_transport_cost_is_the_primal_value():
    x, y = cloud(6, seed=32), cloud(8, seed=33)
    value, plan = entropic_plan(x, y, eps=0.3, tol=1e-13, max_iter=20000)
    p, cost = plan.detach().numpy(), torch.cdist(x, y).detach().numpy() ** 2
    primal = (p * cost).sum() + 0.3 * (p * np.log(p * 48)).sum()
    assert value.item() == pytest.approx(primal, rel=1e-9)
    assert transport_cost(x, y, eps=0.3, tol=1e-13, max_iter=20000).item() == pytest.approx(primal, rel=1e-9)


@pytest.mark.filterwarnings("ignore:Sinkhorn did not converge")
def test_transport_cost_tends_to_the_best_assignment():
    x, y = cloud(6, seed=34, scale=2), cloud(6, seed=35, scale=2)
    cost = torch.cdist(x, y).detach().numpy() ** 2
    rows, columns = linear_sum_assignment(cost)
    gaps = [
        abs(transport_cost(x, y, eps=eps, max_iter=3000).item() - cost[rows, columns].mean())
        for eps in (1.0, 1e-1, 1e-2)
    ]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] <= 1e-2 * np.log(6) + 1e-9


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_loop_of_a_measure_with_itself_vanishes(count):
    points = cloud(8, seed=36, scale=3)
    values = [float(ot_loop([points] * count, eps=eps, consistency=1.0).detach()) for eps in (1e-1, 1e-4, 1e-8)]
    assert values[0] > values[1] > values[2] >= -1e-12
    assert values[2] <= 1e-6


@pytest.mark.filterwarnings("ignore:Sinkhorn did not converge")
def test_a_point_sent_round_the_loop_is_home_only_if_the_plans_agree():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.2], [0.1, 1.0], [2.0, 2.0], [-1.0, 1.0]], dtype=torch.float64)
    y = x.flip(0) + 0.1
    away = ot_loop([x, y, x.roll(2, 0)], eps=0.01, consistency=1.0) - ot_loop([x, y, x.roll(2, 0)], eps=0.01)
    assert abs(away.item()) < 1e-6  # plans are permutations that undo one another
    blurred = ot_loop([x, x], eps=50.0, consistency=1.0) - ot_loop([x, x], eps=50.0)
    assert blurred.item() > 0.5


@pytest.mark.filterwarnings("ignore:Sinkhorn did not converge")
def test_the_barycenter_of_equal_measures_is_that_measure():
    points = cloud(6, seed=38, scale=3).detach()
    atoms = barycenter_support(
        [points, points.flip(0), points], points.roll(2, 0) + cloud(6, seed=39, scale=0.2), eps=1e-3
    )
    matched = torch.cdist(atoms, points).min(1)
    assert float(matched.values.max()) <= 1e-6
    assert sorted(matched.indices.tolist()) == list(range(6))
    assert ot_barycenter([points, points], atoms, eps=1e-8).item() <= 1e-6


def test_the_barycenter_of_two_points_lies_between_them():
    left, right = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[3.0, 0.0]], dtype=torch.float64)
    atoms = barycenter_support([left, right], torch.ones(1, 2, dtype=torch.float64), weights=[1, 2], eps=0.1)
    assert atoms.tolist() == [[pytest.approx(2.0), pytest.approx(0.0)]]


@pytest.mark.filterwarnings("ignore:Sinkhorn did not converge")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: info_nce(x[:1], x[:1]), "batch of one pair"),
        (lambda x: info_nce(x, x[:3]), "equal shapes"),
        (lambda x: info_nce(x * float("nan"), x), "NaN"),
        (lambda x: info_nce(x, x, temperature=0.0), "temperature"),
        (lambda x: info_nce(x, x, similarity="dot"), "cosine, distance"),
        (lambda x: cross_clr(x, x, intra_weight=-1), "intra_weight"),
        (lambda x: lmnn(x, x, labels=[1] * len(x)), "one class only"),
        (lambda x: lmnn(x, x, labels=[1, 2]), "one label for each"),
        (lambda x: lmnn(x, x, margin=0), "margin"),
        (lambda x: lmnn(x, x, push=2), "push"),
        (lambda x: ot_loop([x]), "at least two tensors"),
        (lambda x: ot_loop([x, x[:0]]), "at least one row"),
        (lambda x: ot_loop([x, x[:, :1]]), "same number of columns"),
        (lambda x: ot_loop([x, x], eps=0.0), "eps"),
        (lambda x: ot_loop([x, x], consistency=-1), "consistency"),
        (lambda x: ot_loop([x, x], max_iter=0), "max_iter"),
        (lambda x: ot_loop([x, x], tol=float("nan")), "tol=nan"),
        (lambda x: ot_loop([x, x.float()]), "one floating-point type"),
        (lambda x: info_nce(x, x.float()), "one floating-point type"),
        (lambda x: ot_loop([x, x * 1e200]), "smaller latent points"),
        (lambda x: ot_loop([x, x + 1], eps=1e-320), "larger eps"),
        (lambda x: barycenter_support([x, x], x, rounds=0), "rounds=0"),
        (lambda x: ot_barycenter([x, x], x, weights=[0, 0]), "weights"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(cloud(5, seed=40))
