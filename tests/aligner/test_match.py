"""The certificate of cross-modal matching: what is measured, coverage by simulation, the plan, the fixed model."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "torch", reason="torch is not installed: `make test-align` installs the extra align and runs these tests"
)
pytest.importorskip(
    "ot", reason="POT is not installed: `make test-align` installs the extra align and runs these tests"
)

from fractions import Fraction

import numpy as np
import torch
from scipy.stats import binomtest

import boundcalc as bc
from boundcalc.aligner import AlignedEncoders, match_estimates, planted_latent
from tests.coverage import assert_covers

QUICK = dict(q=4, steps=15, random_state=0)


def certificate():
    return bc.theorem("zhou2026.match_error").bound().substitute(R_M=bc.theorem("zhou2026.latent_encoders").bound())


@pytest.fixture(scope="module")
def fitted():
    X, _ = planted_latent(200, latent=3, noise=0.05, rng=0)
    rows = {name: block[:80] for name, block in X.items()}
    return (
        AlignedEncoders(**QUICK | {"steps": 100}).fit(rows, np.ones(80, bool)),
        rows,
        {k: v[80:] for k, v in X.items()},
    )


def test_the_estimates_are_what_brute_force_says(fitted):
    model, rows, _ = fitted
    record = match_estimates(model, rows, rho=0.2, weights=(1.0, 2.0), threshold=0.3)
    a, b = model.transform(rows).values()
    own, others, mistakes = [], [], []
    for i in range(80):
        for j in range(80):
            f = 0.3 - ((a[i] - b[j]) ** 2).sum()
            loss = min(1, max(0, 1 - (f if i == j else -f) / 0.2))
            (own if i == j else others).append(loss)
            mistakes.append((f <= 0) / 80 if i == j else 2 * (f >= 0) / (80 * 79))
    assert record["rhat_match"].value == pytest.approx(np.mean(own) + 2 * np.mean(others), abs=1e-10)
    assert record["rhat_match"].value >= np.mean(own) + 2 * np.mean(others)
    assert record["match_error"].value == pytest.approx(sum(mistakes), abs=1e-10)
    assert record["match_error"].value <= record["rhat_match"].value
    assert record["trivial_match_error"].value == 1.0
    assert record["d_M"].value == 40
    assert record["B"].value >= 2**0.5


def test_the_certificate_evaluates_and_says_when_it_is_vacuous(fitted):
    model, rows, _ = fitted
    values = match_estimates(model, rows).values
    bound = certificate()
    value = bound.evaluate(**values, delta=0.05)
    m, r = 40, 2 * min(2 / np.sqrt(40), np.sqrt(40) / (2 * np.sqrt(40)), 0.5) + 1 / np.sqrt(40)
    expected = values["rhat_match"] + 2 / 0.25 * r + np.sqrt(np.log(20) / (2 * m))
    assert float(value) == pytest.approx(expected, rel=1e-9)
    assert bool(bound.vacuous(value, **values, delta=0.05))


def test_the_planned_number_of_pairs_is_the_smallest(fitted):
    model, rows, _ = fitted
    values = match_estimates(model, rows).values | {"rhat_match": 0.1, "delta": 0.05}
    values.pop("n")
    n = int(bc.minimal_n(certificate(), target=0.3, **values))
    assert float(certificate().evaluate(n=n, **values)) <= 0.3 < float(certificate().evaluate(n=n - 1, **values))


def test_fixed_form_is_hoeffding(fitted):
    model, rows, fresh = fitted
    threshold = match_estimates(model, rows).facts["threshold"]
    record = match_estimates(model, fresh, threshold=threshold, held_out=True)
    value = float(bc.theorem("zhou2026.match_error").bound("fixed").evaluate(**record.values, delta=0.1))
    assert value == pytest.approx(record["match_error"].value + np.sqrt(np.log(10) / (2 * 60)), abs=1e-9)
    assert value < 0.5  # says something at 120 held-out items
    with pytest.raises(ValueError, match="fixed before these held-out items"):
        match_estimates(model, fresh, held_out=True)


def test_items_trained_on_are_not_held_out(fitted):
    model, rows, fresh = fitted
    mixed = {name: np.concatenate([rows[name][:3], fresh[name]]) for name in rows}
    with pytest.raises(ValueError, match="both rows of 3 of these 123 items"):
        match_estimates(model, mixed, threshold=0.3, held_out=True)
    assert match_estimates(model, mixed, threshold=0.3, held_out=True, repeats=True)["n_h"].value == 123


@pytest.mark.parametrize("s", [1e-6, 1e4])
def test_rounding_is_allowed_for_at_any_scale(fitted, s):
    """The same encoders, scaled: the same match error, and a ramp risk that is never too low."""
    _, rows, _ = fitted
    small = {name: block[:12] for name, block in rows.items()}
    other = AlignedEncoders(**QUICK | {"s": s}).fit(small, np.ones(12, bool))
    t, rho = 0.3 * s**2, 1e-6 * s**2
    record = match_estimates(other, small, threshold=t, rho=rho, weights=(3.0, 5.0))
    points = list(other.transform(small).values())
    exact = 0
    for i in range(12):
        for j in range(12):
            near = sum(
                (Fraction(float(x)) - Fraction(float(y))) ** 2 for x, y in zip(points[0][i], points[1][j], strict=True)
            )
            margin = (Fraction(t) - near) * (1 if i == j else -1) / Fraction(rho)
            loss = min(1, max(0, 1 - margin))
            exact += loss * Fraction(3, 12) if i == j else loss * Fraction(5, 12 * 11)
    assert record["rhat_match"].value >= exact
    assert record["rhat_match"].value == pytest.approx(float(exact), abs=1e-4)
    assert 0 < record["match_error"].value < 8


def test_a_module_that_is_not_linear_gets_the_fixed_certificate_and_is_told_why():
    X, _ = planted_latent(60, rng=1)
    modules = {name: torch.nn.Sequential(torch.nn.Linear(20, 4), torch.nn.Tanh()) for name in X}
    seen = {name: block[:30] for name, block in X.items()}
    model = AlignedEncoders(encoders=modules, **QUICK).fit(seen, np.arange(30) < 20)
    with pytest.raises(ValueError, match="complexity of their class is unknown"):
        match_estimates(model, {k: v[:20] for k, v in X.items()})
    record = match_estimates(model, {k: v[30:] for k, v in X.items()}, threshold=0.5, held_out=True)
    assert record["n_h"].value == 30
    with pytest.raises(ValueError, match="complexity of their class is unknown"):
        record["R_M"]
    raw = AlignedEncoders(normalise="none", **QUICK).fit(X, np.arange(60) < 20)
    with pytest.raises(ValueError, match="no radius is known"):
        match_estimates(raw, {k: v[:20] for k, v in X.items()})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rho": 0.0}, "rho"),
        ({"weights": (0.5, 0.0)}, "omega_neg"),
        ({"weights": (1, 2, 3)}, "expected two numbers"),
        ({"weights": None}, "expected two numbers"),
        ({"threshold_range": (0,)}, "expected two numbers"),
        ({"threshold": 7.0}, "threshold=7.0"),
        ({"threshold_range": (1.0, 0.0)}, "t_min <= t_max"),
    ],
)
def test_bad_arguments_are_named(fitted, change, message):
    with pytest.raises(ValueError, match=message):
        match_estimates(fitted[0], fitted[1], **change)


def test_bad_items_are_named(fitted):
    rows = fitted[1]
    with pytest.raises(ValueError, match="expected two"):
        match_estimates(fitted[0], {"m0": rows["m0"]})
    with pytest.raises(ValueError, match="equal lengths"):
        match_estimates(fitted[0], {"m0": rows["m0"], "m1": rows["m1"][:9]})


def exact_match_error(a, b, chance, threshold):
    """Population match error over finitely many items: matched pairs, and independent pairs of items."""
    near = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    return 0.5 * chance @ (np.diagonal(near) >= threshold) + 0.5 * chance @ (near <= threshold) @ chance


@pytest.fixture(scope="module")
def finite():
    """A population of 40 items, so that match errors are sums."""
    X, _ = planted_latent(40, d=6, latent=2, rng=3)
    rng = np.random.default_rng(4)
    weights = rng.uniform(0.5, 2, 40)
    return {
        name: block / np.linalg.norm(block, axis=1, keepdims=True) for name, block in X.items()
    }, weights / weights.sum()


def test_coverage_of_the_fixed_certificate(finite):
    X, chance = finite
    model = AlignedEncoders(**QUICK | {"steps": 60}).fit(X, np.arange(40) < 10)
    latents = model.transform(X)
    a, b = latents.values()
    bound = bc.theorem("zhou2026.match_error").bound("fixed")
    threshold, delta, rng, failures, runs = 0.3, 0.3, np.random.default_rng(0), 0, 400
    truth = exact_match_error(a, b, chance, threshold)
    margin = float(bound.evaluate(rhat_holdout=0.0, n_h=30, omega_pos=0.5, omega_neg=0.5, delta=delta))
    for _ in range(runs):
        drawn = rng.choice(40, 30, p=chance)
        record = match_estimates(
            model, {k: v[drawn] for k, v in X.items()}, threshold=threshold, held_out=True, repeats=True
        )
        failures += truth > record["rhat_holdout"].value + margin
    assert_covers(failures, runs, delta)


def test_coverage_of_the_uniform_certificate(finite):
    """Encoders trained on the very items that the certificate is computed from."""
    X, chance = finite
    rng, delta, failures, runs = np.random.default_rng(1), 0.3, 0, 30
    bound = certificate()
    for seed in range(runs):
        drawn = rng.choice(40, 24, p=chance)
        rows = {name: block[drawn] for name, block in X.items()}
        model = AlignedEncoders(q=2, steps=15, random_state=seed).fit(rows, np.ones(24, bool))
        record = match_estimates(model, rows, rho=0.5)
        a, b = model.transform(X).values()
        truth = exact_match_error(a, b, chance, record.facts["threshold"])
        failures += truth > float(bound.evaluate(**record.values, delta=delta))
    assert binomtest(failures, runs).proportion_ci(0.99).low <= delta


def test_largest_deviation_over_linear_encoders_is_below_the_price_of_the_class():
    """The supremum itself, by search over many encoders and thresholds, against complexity and confidence."""
    rng, delta = np.random.default_rng(2), 0.3
    items = rng.normal(size=(12, 2, 2))
    items /= np.linalg.norm(items, axis=2, keepdims=True)
    n, rho, failures, runs = 40, 0.5, 0, 100
    values = dict(
        n=n, rho=rho, omega_pos=0.5, omega_neg=0.5, rhat_match=0.0, s=1.0, q=1, B=2**0.5, d_M=4, t_min=0.0, t_max=2.0
    )
    allowed = float(certificate().evaluate(**values, delta=delta))
    W = rng.normal(size=(300, 4))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    left, right = items[:, 0] @ W[:, :2].T, items[:, 1] @ W[:, 2:].T
    near = (left[:, None] - right[None]) ** 2
    worst = []
    for t in np.linspace(0, 2, 9):
        own = np.clip(1 - (t - np.einsum("iik->ik", near)) / rho, 0, 1)
        apart = np.clip(1 + (t - near) / rho, 0, 1)
        population = 0.5 * own.mean(0) + 0.5 * apart.mean((0, 1))
        deviations = []
        for run in range(runs):
            counts = np.bincount(np.random.default_rng(run).integers(0, 12, n), minlength=12).astype(float)
            matched = counts @ own / n
            pairs = np.einsum("i,ijk,j->k", counts, apart, counts) - counts @ np.einsum("iik->ik", apart)
            deviations.append((population - 0.5 * matched - 0.5 * pairs / (n * (n - 1))).max())
        worst.append(deviations)
    largest = np.max(worst, axis=0)
    failures = int((largest > allowed).sum())
    assert largest.max() > 0.02  # the search finds something
    assert_covers(failures, runs, delta)
