"""Norm balls by brute force: dual norms of signed second moments over all signs, and the bounds written once more."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np

#: Coordinates of each modality.
Widths = tuple[int, ...]

KEYS = ("frobenius_ball", "l1_ball", "trace_ball", "l21_ball", "group_ball", "kernel_ball")


def blocks(widths: Widths) -> list[slice]:
    ends = np.cumsum([0, *widths])
    return [slice(a, b) for a, b in pairwise(ends.tolist())]


def dual_norm(matrix: np.ndarray, key: str, widths: Widths) -> float:
    parts = [float(np.linalg.norm(matrix[block, block])) for block in blocks(widths)]
    return {
        "frobenius_ball": lambda: float(np.linalg.norm(matrix)),
        "l1_ball": lambda: float(np.abs(matrix).max()),
        "trace_ball": lambda: float(np.linalg.norm(matrix, 2)),
        "l21_ball": lambda: float(np.linalg.norm(matrix, axis=0).max()),
        "group_ball": lambda: max(parts),
        "kernel_ball": lambda: math.hypot(*parts),
    }[key]()


def norm(matrix: np.ndarray, key: str, widths: Widths) -> float:
    parts = [float(np.linalg.norm(matrix[block, block])) for block in blocks(widths)]
    return {
        "frobenius_ball": lambda: float(np.linalg.norm(matrix)),
        "l1_ball": lambda: float(np.abs(matrix).sum()),
        "trace_ball": lambda: float(np.linalg.norm(matrix, "nuc")),
        "l21_ball": lambda: float(np.linalg.norm(matrix, axis=0).sum()),
        "group_ball": lambda: sum(parts),
        "kernel_ball": lambda: math.hypot(*parts),
    }[key]()


def exact_complexity(u: np.ndarray, key: str, widths: Widths) -> float:
    """Return the empirical complexity at radius 1 without the threshold's share, over all 2^m signs."""
    m = len(u)
    total = 0.0
    for tail in product((-1.0, 1.0), repeat=m - 1):  # a sign vector and its negative give the same norm
        total += dual_norm((u.T * np.array((1.0, *tail))) @ u, key, widths)
    return total / 2 ** (m - 1) / m


def statistics(u: np.ndarray, widths: Widths) -> dict[str, float]:
    """Return what the bounds read off the pairs, by loops."""
    d = u.shape[1]
    lengths = [float(row @ row) for row in u]
    parts = [[float(row[block] @ row[block]) for block in blocks(widths)] for row in u]
    return {
        "u_fourth": sum(length**2 for length in lengths),
        "u_operator": float(
            np.linalg.norm(sum(length * np.outer(row, row) for length, row in zip(lengths, u, strict=True)), 2)
        ),
        "u_coordinate": max(sum(float(row[j]) ** 4 for row in u) for j in range(d)),
        "u_column": max(sum(float(row[j]) ** 2 * lengths[i] for i, row in enumerate(u)) for j in range(d)),
        "u_group": max(sum(part[k] ** 2 for part in parts) for k in range(len(widths))),
        "gram_trace": sum(value**2 for part in parts for value in part),
    }


def radii(u: np.ndarray, widths: Widths) -> dict[str, float]:
    parts = np.stack([np.square(u[:, block]).sum(axis=1) for block in blocks(widths)], axis=1)
    tiny = 1 + 1e-12
    return {
        "B": math.sqrt(parts.sum(axis=1).max()) * tiny,
        "b_k": float(np.abs(u).max()),
        "B_k": math.sqrt(parts.max()),
        "kap": math.sqrt(np.square(parts).sum(axis=1).max()) * tiny,
    }


def worst_case(key: str, v: dict[str, float], d: int, k: int, m: int) -> float:
    """Return the complexity's worst-case bound at radius 1, by hand."""

    def longest(count: int) -> float:
        return math.sqrt(1 + 2 * math.sqrt(math.log(count)) + 2 * math.log(count))

    value = {
        "frobenius_ball": v["B"] ** 2,
        "trace_ball": v["B"] ** 2,
        "l1_ball": min(v["b_k"] ** 2 * math.sqrt(2 * math.log(d * (d + 1))), v["B"] ** 2),
        "l21_ball": min(v["b_k"] * v["B"] * longest(d), v["B"] ** 2),
        "group_ball": min(v["B_k"] ** 2 * longest(k), v["B"] ** 2),
        "kernel_ball": v["kap"],
    }[key]
    return value / math.sqrt(m)


def given_pairs(key: str, v: dict[str, float], d: int, k: int, m: int) -> float:
    """Return the bound of the empirical complexity at radius 1, by hand."""
    longest = [1 + 2 * math.sqrt(math.log(count)) + 2 * math.log(count) for count in (d, k)]
    plain = math.sqrt(v["u_fourth"])
    value = {
        "frobenius_ball": plain,
        "trace_ball": min(math.sqrt(2 * math.log(2 * d) * v["u_operator"]), plain),
        "l1_ball": min(math.sqrt(2 * math.log(d * (d + 1)) * v["u_coordinate"]), plain),
        "l21_ball": min(math.sqrt(longest[0] * v["u_column"]), plain),
        "group_ball": min(math.sqrt(longest[1] * v["u_group"]), plain),
        "kernel_ball": math.sqrt(v["gram_trace"]),
    }[key]
    return value / m
