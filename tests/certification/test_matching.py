"""Certificates of cross-modal matching: kernels against brute force, coverage on a finite population, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from boundcalc.certification import certify_matching


def items(n, *, noise, rng):
    x = rng.normal(size=(n, 2))
    return np.square(x[:, None] - x - noise * rng.normal(size=(n, 2))).sum(axis=2)


def test_what_is_measured_is_what_brute_force_says():
    table = items(30, noise=0.5, rng=np.random.default_rng(0))
    t, off = 0.4, ~np.eye(30, dtype=bool)
    miss, false = np.mean(np.diagonal(table) >= t), np.mean(table[off] <= t)
    assert certify_matching(distance=table, quantity="miss_rate", threshold=t).error == pytest.approx(miss)
    assert certify_matching(distance=table, quantity="false_match_rate", threshold=t).error == pytest.approx(false)
    both = certify_matching(distance=table, threshold=t, weights=(2.0, 0.5))
    assert both.error == pytest.approx(2.0 * miss + 0.5 * false)
    assert both.constant == 0.5
    own = np.diagonal(table)
    confused = 0.5 * np.mean((table <= own[:, None])[off]) + 0.5 * np.mean((table <= own)[off])
    recall = certify_matching(distance=table, quantity="recall", k=4)
    assert recall.error == pytest.approx(3 * confused)
    assert recall.constant == 0.75


def test_a_query_misses_its_partner_no_more_often_than_said():
    """1 - recall@1 among k, all galleries enumerated by their number, is at most what the kernel's mean says."""
    table, k = items(40, noise=0.3, rng=np.random.default_rng(1)), 5
    closer = np.concatenate([(one <= np.diagonal(one)[:, None]).sum(axis=1) - 1 for one in (table, table.T)])
    none = np.prod([(39 - closer - j) / (39 - j) for j in range(k - 1)], axis=0)
    assert 1.0 - none.mean() <= certify_matching(distance=table, quantity="recall", k=k).error + 1e-12


@pytest.mark.parametrize("quantity", ["match_error", "false_match_rate", "miss_rate", "recall"])
def test_the_certificate_covers_a_finite_population(quantity):
    rng = np.random.default_rng(2)
    table, delta, runs = items(60, noise=0.4, rng=rng), 0.3, 40
    options = {"quantity": quantity, "threshold": 0.3, "delta": delta, "splits": 2, "k": 3}
    own = np.diagonal(table)
    miss, false = np.mean(own >= 0.3), np.mean(table <= 0.3)  # two draws of one item confuse it with itself
    confused = 0.5 * np.mean(table <= own[:, None]) + 0.5 * np.mean(table <= own)
    truth = {"match_error": 0.5 * (miss + false), "false_match_rate": false, "miss_rate": miss, "recall": 2 * confused}
    values = []
    for _ in range(runs):
        drawn = rng.integers(0, 60, 40)
        values.append(certify_matching(distance=table[np.ix_(drawn, drawn)], **options).value)
    assert np.mean(np.array(values) < truth[quantity]) <= delta
    assert np.median(values) < truth[quantity] + 0.35 * (2 if quantity == "recall" else 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance": np.zeros((3, 3))}, r"\(n, n\), n >= 4"),
        ({"threshold": None}, "needs a threshold"),
        ({"quantity": "auc"}, "match_error"),
        ({"k": 1}, "k=1"),
        ({"weights": (0.0, 1.0)}, "w_pos"),
        ({"delta": 1.0}, "delta=1.0"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        certify_matching(**{"distance": np.eye(6), "threshold": 0.5, **change})
