"""Norm balls: the bounds against the exact supremum over all signs, and the numbers against formulas written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.trainer.complexity.norms import NORMS, largest_norms, matrix_norms, pair_statistics
from tests.comparators import balls

SHAPES = [(4, (1,)), (6, (2, 1)), (8, (3, 2)), (9, (1, 1, 1))]


def draw_pairs(rng: np.random.Generator, m: int, widths: balls.Widths) -> np.ndarray:
    """Return pair differences: spread out, along one axis each, or all equal."""
    d = sum(widths)
    kind = rng.integers(3)
    if kind == 0:
        return rng.normal(size=(m, d))
    if kind == 1:
        return np.eye(d)[rng.integers(0, d, m)]
    return np.repeat(rng.normal(size=(1, d)), m, axis=0)


def symbols_of(u: np.ndarray, widths: balls.Widths) -> dict[str, float]:
    m, d = u.shape
    fixed = {"n": 2 * m, "d_M": d, "K": len(widths), "radius": 1.0, "t_min": 0.0, "t_max": 0.0}
    return {**fixed, **balls.radii(u, widths), **balls.statistics(u, widths)}


@pytest.mark.parametrize("key", balls.KEYS)
def test_never_below_the_exact_supremum(key, capsys):
    rng = np.random.default_rng(7)
    worst_bound, data_bound = (bc.theorem(f"comparators.{key}").bound(form) for form in ("sharp", "data"))
    ratios = []
    for m, widths in SHAPES:
        for _ in range(4):
            u = draw_pairs(rng, m, widths)
            values = symbols_of(u, widths)
            exact = balls.exact_complexity(u, key, widths)
            worst = float(worst_bound.evaluate(**values))
            # delta -> 1 leaves the bound of the empirical complexity itself.
            data = float(data_bound.evaluate(**values, delta=math.nextafter(1, 0)))
            slack = values["B"] ** 2 * 1e-7
            assert exact <= worst * (1 + 1e-12)
            assert exact <= data + slack
            assert worst == pytest.approx(balls.worst_case(key, values, sum(widths), len(widths), m), rel=1e-12)
            assert data == pytest.approx(balls.given_pairs(key, values, sum(widths), len(widths), m), abs=slack)
            ratios.append(data / exact)
    with capsys.disabled():
        print(f"\n{key}: bound given the pairs over the exact value, {min(ratios):.3f} to {max(ratios):.3f}", end="")
    assert min(ratios) < 2.2  # a bound that is never near the truth would pass everything above


def test_frobenius_is_right_to_a_factor_root_two():
    rng = np.random.default_rng(3)
    for m, widths in SHAPES:
        u = draw_pairs(rng, m, widths)
        exact = balls.exact_complexity(u, "frobenius_ball", widths)
        assert exact >= math.sqrt(balls.statistics(u, widths)["u_fourth"] / 2) / m * (1 - 1e-12)


@pytest.mark.parametrize("key", balls.KEYS)
def test_dual_norm_is_the_supremum_over_the_ball(key):
    """Random members of the ball never exceed the dual norm, and a member found by ascent comes near it."""
    rng = np.random.default_rng(11)
    widths = (2, 1)
    u = rng.normal(size=(5, 3))
    signed = (u.T * rng.choice([-1.0, 1.0], 5)) @ u
    target = balls.dual_norm(signed, key, widths)
    best = 0.0
    diagonal_blocks = np.zeros((3, 3))
    for block in balls.blocks(widths):
        diagonal_blocks[block, block] = 1
    for place in range(4000):
        member = rng.normal(size=(3, 3))
        if place % 4 == 1:  # extreme points: one entry, one column, one direction, the matrix itself
            member = np.zeros((3, 3))
            member[rng.integers(3), rng.integers(3)] = rng.choice([-1.0, 1.0])
        elif place % 4 == 2:
            values, vectors = np.linalg.eigh(signed)
            k = rng.integers(3)
            member = np.sign(values[k]) * np.outer(vectors[:, k], vectors[:, k])
        elif place % 4 == 3:
            mask = np.zeros((3, 3))
            if rng.random() < 0.5:
                mask[:, rng.integers(3)] = 1
            else:
                block = balls.blocks(widths)[rng.integers(2)]
                mask[block, block] = 1
            member = signed * (mask if rng.random() < 0.8 else diagonal_blocks if key != "frobenius_ball" else 1)
        if key in ("group_ball", "kernel_ball"):
            member = member * diagonal_blocks
        size = balls.norm(member, key, widths)
        if size > 0:
            best = max(best, float((member * signed).sum()) / size)
    assert best <= target * (1 + 1e-12)
    assert best >= target * (1 - 1e-9)


@pytest.mark.parametrize("key", balls.KEYS)
def test_forms_hold_on_average_over_samples(key):
    """The data and self-bounding forms at delta = 0.2 against the exact complexity of a population of four letters."""
    rng = np.random.default_rng(23)
    widths, m = (2, 1), 6
    letters = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1.5], [0, 0, 0]])
    draws = rng.integers(0, 4, (400, m))
    exact = {tuple(sorted(row)): 0.0 for row in draws.tolist()}
    exact = {row: balls.exact_complexity(letters[list(row)], key, widths) for row in exact}
    mean = np.mean([exact[tuple(sorted(row))] for row in draws.tolist()])
    for form in ("data", "self_bounding"):
        bound = bc.theorem(f"comparators.{key}").bound(form)
        names = tuple(bound.symbols)
        function = bound.compile(*names)
        fails = 0
        for row in draws[:60]:
            values = symbols_of(letters[row], widths) | balls.radii(letters, widths) | {"delta": 0.2}
            fails += float(function(*(values[name] for name in names))) < mean * 0.999
        assert fails <= 0.2 * 60


def test_the_measured_statistics_equal_loops():
    rng = np.random.default_rng(5)
    widths = (2, 3)
    u = rng.normal(size=(7, 5)) * 0.3
    sums, moments = pair_statistics(u, widths, squared_radii=(4.0, 4.0), status="certified")
    entries = {entry.name: entry for entry in (*sums, *(moment.entry(0.05) for moment in moments))}
    for name, value in balls.statistics(u, widths).items():
        assert entries[name].value == pytest.approx(value, rel=1e-9)
        assert entries[name].value >= value * (1 - 1e-15)
    weighted = sum(float(row @ row) * np.outer(row, row) for row in u)
    assert entries["u_root_trace"].value == pytest.approx(np.sqrt(np.linalg.eigvalsh(weighted)).sum(), rel=1e-6)
    assert entries["u4_mean"].value >= np.mean(np.square(u).sum(axis=1) ** 2)


def test_norms_are_the_textbook_ones_and_bounded_by_the_largest():
    rng = np.random.default_rng(9)
    widths = (2, 3)
    names = dict(zip(NORMS, balls.KEYS, strict=True))
    for diagonal in (True, False):
        largest = largest_norms(widths, 1.0, diagonal=diagonal)
        for _ in range(20):
            matrix = np.diag(rng.uniform(0, 1, 5))
            if not diagonal:
                basis = np.linalg.qr(rng.normal(size=(5, 5)))[0]
                matrix = basis @ matrix @ basis.T
            found = matrix_norms(matrix, widths)
            assert ("group" in found) == diagonal
            for name, value in found.items():
                known = {"frobenius": "frobenius", "l1": "l1", "trace": "trace"}.get(name, name)
                key = {"frobenius": "frobenius_ball", "l1": "l1_ball", "trace": "trace_ball", "l21": "l21_ball",
                       "group": "group_ball", "kernel": "kernel_ball"}[known]  # fmt: skip
                assert names[name] == key
                assert value == pytest.approx(balls.norm(matrix, key, widths), rel=1e-9)
                assert value <= largest[name]


def test_a_metric_is_in_the_range_that_its_ball_allows():
    """The hinge form's range covers the hinge loss of every metric of the ball, and is nearly met."""
    rng = np.random.default_rng(13)
    widths = (1, 1)
    for key in balls.KEYS[:5]:
        bound = bc.theorem(f"comparators.{key}").bound("hinge")
        u = rng.uniform(-1, 1, (30, 2))
        values = symbols_of(u, widths) | {"t_min": -0.5, "t_max": 1.5}
        span = float(bound.trivial.subs({s: values[s.name] for s in bound.trivial.free_symbols}))
        largest = 0.0
        for _ in range(500):
            root = rng.normal(size=(2, 2)) * rng.integers(0, 2, (2, 1))
            member = root.T @ root
            if key == "group_ball":
                member = np.diag(np.diag(member))
            size = balls.norm(member, key, widths)
            if size > 0:
                distances = np.einsum("ij,jk,ik->i", u, member / size, u)
                largest = max(largest, 1 + max(distances.max() + 0.5, 1.5))
        assert largest <= span * (1 + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("key", balls.KEYS)
def test_many_shapes_and_more_signs(key):
    rng = np.random.default_rng(17)
    bound = bc.theorem(f"comparators.{key}").bound("data")
    for m, widths in [(12, (4, 3)), (13, (2, 2, 2, 2)), (11, (1,) * 6)]:
        for _ in range(8):
            u = draw_pairs(rng, m, widths)
            exact = balls.exact_complexity(u, key, widths)
            assert exact <= float(bound.evaluate(**symbols_of(u, widths), delta=math.nextafter(1, 0))) * (1 + 1e-7)
