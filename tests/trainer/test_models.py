"""Models of the classes: closed forms, the choice by folds, and what is used in place of the metric."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.certification.sources import of_pair_model
from boundcalc.errors import InvalidInputError
from boundcalc.trainer import Measurements, ModalityData, PairwiseMetricLearner, measure_subsets
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import fit_model, fit_subset
from boundcalc.trainer.models import choosing
from boundcalc.trainer.models.choosing import choose, cut, pair_weights, specs_of
from boundcalc.trainer.models.classes import Gaussians, logistic_regression, shrunk_log_odds
from boundcalc.trainer.models.evidence import Evidence, relevance
from boundcalc.trainer.models.folds import Folds, Spec, blended
from boundcalc.trainer.models.lift import Lift
from boundcalc.trainer.models.low_rank import fit_low_rank, pair_loss
from boundcalc.trainer.models.pair_model import PairModel


def drawn(n=240, *, seed=0, gap=1.2, classes=4):
    """Return three modalities: two that tell the classes, one of noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    blocks = {name: rng.normal(size=(n, 5)) + gap * rng.normal(size=(classes, 5))[y] for name in ("a", "b")}
    return ModalityData({**blocks, "noise": rng.normal(size=(n, 8))}, y)


def prepared(data, **settings):
    return prepare(data, settings=Settings(**{"pair_weights": "balanced", **settings}), rng=np.random.default_rng(0))


def standardised(n, d, classes=3, seed=1):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % classes
    x = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 0.4 + rng.normal(size=(classes, d))[codes]
    return (x - x.mean(axis=0)) / x.std(axis=0), codes


@pytest.mark.parametrize(("n", "d"), [(60, 4), (12, 30)])
def test_gaussians_are_those_of_the_definition_in_few_and_in_many_columns(n, d):
    x, codes = standardised(n, d)
    model = Gaussians.fit(x, codes)
    within = x - np.stack([x[codes == c].mean(axis=0) for c in range(3)])[codes]
    covariance = within.T @ within / (n - 3)
    shrunk = 0.7 * covariance + 0.3 * np.trace(covariance) / d * np.eye(d)
    inverse = np.linalg.inv(shrunk)
    factor, bias = model.log_odds(0.3)
    means = np.stack([x[codes == c].mean(axis=0) for c in range(3)])
    expected = x @ inverse @ means.T - 0.5 * np.einsum("cd,de,ce->c", means, inverse, means)
    found = x @ factor + bias
    np.testing.assert_allclose(found - found[:, :1], expected - expected[:, :1], rtol=1e-8, atol=1e-8)
    assert 0 < model.ledoit_wolf <= 1
    white = within @ model.whitener(0.0)
    if d < n:
        np.testing.assert_allclose(white.T @ white / (n - 3), np.eye(d), atol=1e-8)


def test_discriminant_separates_what_noise_does_not():
    x, codes = standardised(300, 6)
    z = x @ Gaussians.fit(x, codes).discriminant(0.01)
    assert z.shape[1] == 2
    means = np.stack([z[codes == c].mean(axis=0) for c in range(3)])
    spread = np.mean([np.square(z[codes == c] - means[c]).sum(axis=1).mean() for c in range(3)])
    apart = np.square(means[:, None] - means).sum(axis=2)[np.triu_indices(3, 1)].min()
    assert apart > spread


@pytest.mark.parametrize(("n", "d"), [(90, 5), (20, 40)])
def test_logistic_regression_is_that_of_scikit_learn(monkeypatch, n, d):
    linear = pytest.importorskip("sklearn.linear_model")
    x, codes = standardised(n, d)
    usual = logistic_regression(x, codes, penalty=0.5)
    monkeypatch.setattr("boundcalc.trainer.models.classes._CHANGE", (1e-6, 0.0))
    factor, bias = logistic_regression(x, codes, penalty=0.5)
    known = linear.LogisticRegression(C=2.0, tol=1e-8, max_iter=5000).fit(x, codes)
    scores = x @ factor + bias
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(p / p.sum(axis=1, keepdims=True), known.predict_proba(x), atol=1e-3)
    p = np.exp(x @ usual[0] + usual[1])
    np.testing.assert_allclose(p / p.sum(axis=1, keepdims=True), known.predict_proba(x), atol=0.05)
    again = logistic_regression(x, codes, penalty=0.5, start=(factor, bias))
    np.testing.assert_allclose(again[0], factor, atol=5e-3)


def test_log_odds_at_one_shrinkage_need_no_eigenvectors():
    x, codes = standardised(60, 5)
    for found, expected in zip(shrunk_log_odds(x, codes, 0.3), Gaussians.fit(x, codes).log_odds(0.3), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_few_rows_choose_among_kinds():
    default = Settings()
    many, few = (specs_of(default, several=True, few=some) for some in (False, True))
    assert set(few) < set(many)
    assert {spec.kind for spec in few} == {spec.kind for spec in many}
    assert {spec.columns for spec in few} == {spec.columns for spec in many}
    assert {spec.joint for spec in few} == {True, False}
    fixed = specs_of(replace(default, shrinkage=0.2, penalty=3.0), several=False, by_class=True, few=True)
    assert {spec.strength for spec in fixed if spec.structure == "discriminant"} == {0.2}
    fixed = specs_of(replace(default, shrinkage=0.2, penalty=3.0), several=False, few=True)
    assert {spec.strength for spec in fixed if spec.kind == "logistic"} == {3.0}


def test_of_few_rows_too_all_is_judged_that_was_asked_for(monkeypatch):
    seen, judged = set(), choosing._judged
    monkeypatch.setattr(
        choosing, "_judged", lambda f, spec, some, *rest: seen.add((spec, some)) or judged(f, spec, some, *rest)
    )
    ready = prepared(drawn(200), structure="discriminant", calibration=0.1, holdout=0.1)
    choose(Folds(ready), ("a", "b", "noise"), ready.settings)
    assert {spec for spec, some in seen if some == (0, 1)} == set(specs_of(ready.settings, several=True))
    assert {spec for spec, some in seen if some == (0, 1, 2)} == set(specs_of(ready.settings, several=False))


def test_classes_that_a_fold_has_not_met_are_impossible_there():
    y = np.repeat([0, 1, 2, 3], [40, 40, 40, 1])
    rows = np.random.default_rng(0).normal(size=(121, 3)) + 2.0 * np.eye(4, 3)[y]
    folds = Folds(prepared(ModalityData({"a": rows}, y), calibration=0.1, holdout=0.1))
    maps = [folds.map(Spec("posterior", "gaussian", True), (0,), fold) for fold in range(folds.count)]
    found = Evidence(folds, [lambda k: folds.evidence(maps[k], (0,), k)]).losses(np.array([0.7]))
    expected = []
    for fold in range(folds.count):
        said, prior, own = folds.evidence(maps[fold], (0,), fold)
        scores = 0.7 * said + prior
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        expected += [-np.log(chances[row, own[row]]) for row in np.flatnonzero(own >= 0)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert len({folds.prior(fold).size for fold in range(folds.count)}) == 2


def test_the_threshold_is_the_best_of_all_by_hand():
    rng = np.random.default_rng(3)
    for _ in range(20):
        similar = rng.random(40) < 0.4
        distances = np.round(rng.exponential(size=40) + 0.5 * ~similar, 1)
        weights = (float(rng.uniform(0.5, 3)), float(rng.uniform(0.5, 3)))
        threshold, error = cut(distances, similar, weights)
        wrong = (similar & (distances >= threshold), ~similar & (distances < threshold))
        assert error[0] == pytest.approx((wrong[0] | wrong[1]).mean())
        assert error[1] == pytest.approx((weights[0] * wrong[0] + weights[1] * wrong[1]).mean())
        costs = [
            (weights[0] * (similar & (distances >= t)) + weights[1] * (~similar & (distances < t))).mean()
            for t in np.arange(-0.05, 9, 0.1)
        ]
        assert error[1] == pytest.approx(min(costs))


@pytest.mark.parametrize("name", ["fmr", "fnmr"])
def test_the_threshold_for_a_rate_by_hand(name):
    rng = np.random.default_rng(4)
    for _ in range(20):
        similar = rng.random(60) < 0.4
        distances = 0.1 + np.round(rng.exponential(size=60) + 0.5 * ~similar, 1)
        rate = float(rng.uniform(0.05, 0.9))
        threshold, error = cut(distances, similar, (1.0, 1.0), {name: rate})
        kept = []  # of both rates at all thresholds, those that keep to it
        for t in (*np.arange(0.05, 9, 0.1), threshold):
            rates = {"fmr": (distances[~similar] < t).mean(), "fnmr": (distances[similar] >= t).mean()}
            kept.append((rates.pop(name), *rates.values()))
        assert kept[-1][0] <= rate
        assert kept[-1][1] == min(other for own, other in kept if own <= rate)
        assert error[0] == pytest.approx((similar == (distances >= threshold)).mean())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"threshold_for": {"far": 0.1}}, "expected {'fmr': rate}"),
        ({"threshold_for": {"fmr": 1.5}}, "threshold_for"),
        ({"threshold_for": {"fmr": 0.1, "fnmr": 0.1}}, "expected {'fmr': rate}"),
        ({"threshold_for": {"fmr": 0.1}, "structure": "full"}, "structure='full' trains its threshold"),
    ],
)
def test_a_rate_that_no_threshold_is_chosen_for(settings, says):
    with pytest.raises(InvalidInputError, match=says):
        Settings(**settings)


def test_the_rate_of_a_chosen_threshold_is_certified_and_stored():
    data, settings = drawn(400), {"structure": "posterior", "shrinkage": 0.01, "holdout": 0.4}
    strict, usual = (
        bc.train(data, subsets="a+b", rng=0, **settings, **one) for one in ({"threshold_for": {"fmr": 0.05}}, {})
    )
    (line,) = (line for line in strict.certificates if line.certificate.kind == "rate")
    assert not any(line.certificate.kind == "rate" for line in usual.certificates)
    assert line.certificate.error < 0.07
    assert line.certificate.error < line.certificate.value < 0.15
    ready = prepare(data, settings=Settings.from_dict(strict.measured.settings), rng=np.random.default_rng(0))
    model, part = strict.measured["a+b"].model, ready.split.holdout
    found = of_pair_model(model, *ready.encoded_rows(("a", "b"), part)).between(
        np.arange(part.size), np.arange(part.size)
    )
    apart = data.codes[part][:, None] != data.codes[part]
    assert line.certificate.error == pytest.approx((found[apart] < model.threshold).mean())
    again = Measurements.from_json(strict.measured.to_json())
    assert again.settings == strict.measured.settings
    assert "threshold_for" not in usual.measured.settings
    assert "false-match rate, a statement of its own" in strict.text()


def test_pair_loss_is_the_double_loop_and_its_slopes_are_differences():
    rng = np.random.default_rng(4)
    z, codes, weights = rng.normal(size=(9, 2)), np.arange(9) % 3, (2.0, 0.7)

    def literal(z, scale, threshold):
        total = 0.0
        for i in range(9):
            for j in range(9):
                if i != j:
                    same = codes[i] == codes[j]
                    margin = (1 if same else -1) * scale * (threshold - np.square(z[i] - z[j]).sum())
                    total += (weights[0] if same else weights[1]) * np.logaddexp(0.0, -margin)
        return total / 72

    value, by_rows, by_threshold, by_scale = pair_loss(z, codes, 1.3, 0.8, weights)
    assert value == pytest.approx(literal(z, 1.3, 0.8), rel=1e-5)
    step = 1e-5
    for place in [(0, 0), (5, 1)]:
        moved = z.copy()
        moved[place] += step
        assert by_rows[place] == pytest.approx(
            (literal(moved, 1.3, 0.8) - literal(z, 1.3, 0.8)) / step, rel=2e-3, abs=1e-4
        )
    assert by_threshold == pytest.approx((literal(z, 1.3, 0.8 + step) - literal(z, 1.3, 0.8)) / step, rel=1e-3)
    assert by_scale == pytest.approx((literal(z, 1.3 + step, 0.8) - literal(z, 1.3, 0.8)) / step, rel=1e-3)


def test_low_rank_lowers_the_pair_loss_of_its_start():
    x, codes = standardised(200, 8)
    start = np.random.default_rng(0).normal(size=(8, 2))
    found = fit_low_rank(x, codes, start=start, rank=2, weights=(1.5, 0.75))
    assert found.shape == (8, 2)

    def best(factor):
        z = x @ factor
        d = np.square(z[:, None] - z).sum(axis=2)[np.triu_indices(200, 1)]
        return cut(d, (codes[:, None] == codes)[np.triu_indices(200, 1)], (1.5, 0.75))[1][1]

    assert best(found) < 0.8 * best(start)


def test_modalities_that_do_not_help_end_at_zero_and_cost_nothing():
    data = drawn(600)
    rng = np.random.default_rng(9)
    more = {
        **data.arrays,
        "copy": data.arrays["a"].copy(),
        "constant": np.ones((600, 2)),
        "wide": rng.normal(size=(600, 40)),
    }
    given = prepared(ModalityData(more, data.y))
    model = fit_model(given, given.data.names)
    weights = dict(zip(given.data.names, model.weights, strict=True))
    assert max(weights[name] for name in ("noise", "wide", "constant")) < 0.01
    assert min(weights["a"], weights["copy"]) < 0.1 < max(weights["a"], weights["copy"])
    assert relevance(Folds(prepared(ring_data())), (0, 1))[0].tolist() == [1.0, 0.0]  # of rings no linear model tells
    alone = prepared(ModalityData({name: data.arrays[name] for name in ("a", "b")}, data.y))
    assert model.error[1] <= fit_model(alone, ("a", "b")).error[1] + 0.01
    folds = Folds(given)
    assert [one.tolist() for one in relevance(folds, (0,))] == [[1.0], [1.0]]


def test_fusion_weights_find_the_distance_that_tells():
    rng = np.random.default_rng(5)
    similar = rng.random(4000) < 0.5
    parts = np.column_stack([rng.exponential(size=4000) + 2.0 * ~similar, rng.exponential(size=4000)])
    weights = pair_weights(parts, similar)
    assert weights[0] == 1.0
    assert weights[1] < 0.05


@pytest.mark.parametrize("structure", ["auto", "discriminant", "posterior", "low_rank"])
def test_every_structure_is_fitted_and_its_distances_agree_everywhere(structure):
    data = drawn(160)
    learner = PairwiseMetricLearner(structure=structure, random_state=0, pair_weights="balanced").fit(data)
    assert learner.structure_ in ("modality", "discriminant", "posterior", "low_rank")
    assert structure in ("auto", learner.structure_)
    blocks = dict(data.arrays)
    z = learner.transform(blocks)
    left, right = {k: v[:80] for k, v in blocks.items()}, {k: v[80:] for k, v in blocks.items()}
    squared = np.square(learner.pair_distance((left, right)))
    np.testing.assert_allclose(np.square(z[:80] - z[80:]).sum(axis=1), squared, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(learner.pair_score((left, right)), learner.threshold_ - squared)
    model, rows = learner.model_, np.hstack(list(blocks.values()))
    here = np.ones((160, 3), dtype=bool)
    some = np.arange(80)
    np.testing.assert_allclose(np.diag(model.between(rows, here)(some, some + 80)), squared, rtol=1e-6, atol=1e-8)
    certified = of_pair_model(model, rows, here)
    np.testing.assert_allclose(
        np.diag(certified.between(some, some + 80)), squared, rtol=1e-6, atol=max(certified.tie, 1e-8)
    )
    near = np.triu(model.between(rows, here)(np.arange(160), np.arange(160)) < model.threshold, 1)
    same = np.triu(data.codes[:, None] == data.codes, 1)
    assert learner.score(data) == pytest.approx(1 - (near != same).sum() / (160 * 159 / 2))
    if model.bias is None:
        difference = rows[:80] - rows[80:]
        np.testing.assert_allclose(
            np.einsum("pi,ij,pj->p", difference, learner.get_mahalanobis_matrix(), difference), squared
        )
    else:
        with pytest.raises(InvalidInputError, match="have no matrix"):
            learner.get_mahalanobis_matrix()
    assert model.certified_optimum == (structure != "low_rank")
    assert learner.estimates()["g_M"].value == 18  # of the diagonal metric on the same rows


@pytest.mark.parametrize("structure", ["modality", "discriminant", "posterior"])
def test_what_is_missing_in_either_row_adds_nothing(structure):
    data = drawn(160)
    mask = np.random.default_rng(2).random((160, 3)) < 0.2
    mask[mask.all(axis=1)] = False
    gaps = ModalityData(data.arrays, data.y, mask=mask)
    given = prepared(gaps, structure="auto" if structure == "modality" else structure)
    model = fit_model(given, gaps.names)
    rows, here = given.encoded_rows(gaps.names, np.arange(160))
    if model.bias is None:
        both = np.repeat(here[:80] & here[80:], model.widths, axis=1)
        expected = np.square(np.where(both, rows[:80] - rows[80:], 0.0) @ model.factor).sum(axis=1)
        np.testing.assert_allclose(model.squared(rows[:80], rows[80:], here[:80], here[80:]), expected)
    squared = model.squared(rows[:80], rows[80:], here[:80], here[80:])
    some = np.arange(80)
    np.testing.assert_allclose(np.diag(model.between(rows, here)(some, some + 80)), squared, atol=1e-9)
    found = of_pair_model(model, rows, here)
    np.testing.assert_allclose(np.diag(found.between(some, some + 80)), squared, atol=max(found.tie, 1e-9))
    junk = np.where(np.repeat(here, model.widths, axis=1), rows, 1e6)
    np.testing.assert_allclose(model.embed(junk, here), model.embed(rows, here))


@pytest.mark.parametrize(("joint", "columns"), [(True, "rows"), (True, "bent"), (False, "rows")])
def test_a_missing_modality_says_nothing_of_the_classes(joint, columns):
    """Independent modalities: the chances without one are those of a model that never had it."""
    rng = np.random.default_rng(4)
    n, shares = 60_000, np.array([0.6, 0.3, 0.1])
    y = rng.choice(3, n, p=shares)
    centres = {"a": np.array([[0.0, 0], [1, 0], [0, 2]]), "b": np.array([[2.0, 0], [0, 0], [0, 1]])}
    mask = np.column_stack([np.zeros(n, dtype=bool), rng.random(n) < 0.3])
    data = ModalityData({k: c[y] + rng.normal(size=(n, 2)) for k, c in centres.items()}, y, mask=mask)
    folds = Folds(prepared(data, calibration=0.3, holdout=0.3))
    spec = Spec("posterior", "gaussian", joint, 0.01, columns)
    both = folds.fused(spec, (0, 1), 0, np.ones(2))
    alone = folds.map(spec._replace(joint=True), (0,), 0)
    rows = folds.judged(0)
    gone = ~folds.here[rows][:, 1]
    assert gone.sum() > 100
    told, prior, _ = folds.evidence(both, (0, 1), 0)
    expected = folds.evidence(alone, (0,), 0)[0]
    p, q = (np.exp(one[gone] + prior) for one in (told, expected))
    p, q = (one / one.sum(axis=1, keepdims=True) for one in (p, q))
    np.testing.assert_allclose(p, q, atol=0.05 if joint else 1e-9)
    # What the mean of the missing modality would have said is not that.
    imputed = folds.evidence(both._replace(offsets=np.zeros((2, 3))), (0, 1), 0)[0]
    wrong = np.exp(imputed[gone] + prior)
    assert np.abs(wrong / wrong.sum(axis=1, keepdims=True) - q).max() > 0.1


def test_a_row_without_any_modality_has_the_chances_of_the_classes():
    data = drawn(300)
    given = prepared(data, structure="posterior")
    model = fit_model(given, data.names)
    odds = np.exp(model.prior)
    nothing = model.embed(np.zeros((1, 18)), np.zeros((1, 3), dtype=bool))
    np.testing.assert_allclose(nothing[0], odds / np.linalg.norm(odds))
    assert PairModel.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    with pytest.raises(InvalidInputError, match="do not fit"):
        PairModel.from_dict({**model.to_dict(), "offsets": [[0.0] * 4]})


@pytest.mark.parametrize("structure", ["auto", "discriminant", "posterior", "low_rank", "diagonal"])
def test_moving_a_held_out_row_changes_nothing_but_what_is_tested(structure):
    data = drawn(200)
    given = prepared(data, structure=structure)

    def trained(part):
        blocks = {name: block.copy() for name, block in data.arrays.items()}
        for block in blocks.values():
            block[part[0]] += 50.0
        other = prepared(ModalityData(blocks, data.y), structure=structure)
        assert np.array_equal(other.split.holdout, given.split.holdout)
        return outcome(other)

    def outcome(one):
        if structure == "diagonal":
            fit = fit_subset(one, data.names)
            return fit.params.tolist(), fit.threshold
        return fit_model(one, data.names)

    assert trained(given.split.holdout) == outcome(given)
    assert trained(given.split.train) != outcome(given)


def test_the_size_of_held_out_rows_decides_no_precision():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1000)
    x = 0.05 * rng.normal(size=(1000, 3)) + 0.1 * y[:, None]
    found = []
    for far in (0.0, 1e3):
        holdout = prepared(ModalityData({"a": x}, y), holdout=0.1).split.holdout
        moved = x.copy()
        moved[holdout[0]] += far
        given = prepared(
            ModalityData({"a": moved}, y), holdout=0.1, structure="full", normalise="none", standardise=False
        )
        fit = fit_subset(given, ("a",))
        found.append((fit.params.tolist(), fit.threshold))
    assert found[0] == found[1]


def test_results_keep_their_model_and_speak_of_the_metric_class():
    data = drawn(200)
    measured = measure_subsets(data, rng=0, pair_weights="balanced", subsets=["a", "a+b"])
    plain = measure_subsets(data, rng=0, pair_weights="balanced", subsets=["a", "a+b"], structure="diagonal")
    again = Measurements.from_json(measured.to_json())
    assert again == measured
    for label, one in measured.items():
        assert one.params == plain[label].params
        assert one.estimates.values == plain[label].estimates.values
        assert one.model_holdout is not None
        assert one.weighted_holdout_error == one.model_holdout[1]
        assert (one.decision, one.expected_error) == (one.model.threshold, one.model.error[1])
        assert plain[label].model is None
    record = json.loads(measured.to_json())
    record["results"][0]["model"]["widths"] = [4]
    with pytest.raises(InvalidInputError, match="do not fit"):
        Measurements.from_json(json.dumps(record))


def test_the_model_errs_as_counted_by_hand_over_all_and_over_sampled_pairs():
    data = drawn(200)
    for settings in ({}, {"exact_rows": 10, "sampled_pairs": 40_000}):
        one = measure_subsets(data, rng=0, pair_weights="balanced", subsets=["a+b"], **settings)["a+b"]
        given = prepare(data, settings=Settings(pair_weights="balanced"), rng=np.random.default_rng(0))
        part = given.split.holdout
        z = one.model.embed(*given.encoded_rows(("a", "b"), part))
        upper = np.triu_indices(part.size, 1)
        near = np.square(z[:, None] - z).sum(axis=2)[upper] < one.model.threshold
        same = (data.codes[part][:, None] == data.codes[part])[upper]
        assert one.holdout_error == pytest.approx((near != same).mean(), abs=0.02 if settings else 1e-12)
        weights = np.where(same, *given.weights)
        assert one.weighted_holdout_error == pytest.approx(
            ((near != same) * weights).mean(), abs=0.03 if settings else 1e-12
        )


def test_folds_keep_groups_whole_and_judge_pairs_of_different_ones():
    data = drawn(240)
    groups = np.repeat(np.arange(80), 3)
    folds = Folds(prepared(data.with_groups(groups), holdout=0.2))
    for k in range(folds.count):
        assert not set(folds.groups[folds.fold == k]) & set(folds.groups[folds.fitted_rows(k)])
        rows = folds.judged(k)
        keep, _ = folds.pairs(k)
        assert (folds.groups[rows][:, None] != folds.groups[rows])[keep].all()


def ring_data(n=400, seed=0):
    """Return a modality whose classes are rings, and one with heavy tails: no linear map tells the classes of the first."""
    rng = np.random.default_rng(seed)
    y, turn = rng.integers(0, 3, n), rng.uniform(0, 2 * np.pi, n)
    rings = np.column_stack([np.cos(turn), np.sin(turn)]) * (y[:, None] + 1) + 0.12 * rng.normal(size=(n, 2))
    return ModalityData({"rings": rings, "tails": np.sinh(rng.normal(size=(n, 2)) + 0.3 * y[:, None])}, y)


def test_classes_that_no_linear_map_tells_are_told():
    data = ring_data()
    given = prepared(data)
    model = fit_model(given, data.names)
    assert model.lift is not None
    assert model.error[1] < 0.1
    rows, here = given.encoded_rows(data.names, given.split.holdout)
    wrong = model.wrong_pairs(rows, here, data.codes[given.split.holdout], threshold=model.threshold)
    pairs = given.split.holdout.size * (given.split.holdout.size - 1) / 2
    assert np.dot(wrong, given.weights) / pairs < 0.1
    assert PairModel.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    record = model.to_dict()
    del record["lift"]
    with pytest.raises(InvalidInputError, match="do not fit"):
        PairModel.from_dict(record)
    record = model.to_dict()
    record["lift"]["scale"].append(1.0)
    with pytest.raises(InvalidInputError, match="do not fit"):
        PairModel.from_dict(record)


def test_a_lift_is_its_columns_one_by_one():
    rng = np.random.default_rng(0)
    x, landmarks = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    lift = Lift(np.array([1.0, 0.0, 2.0]), landmarks * [1, 0, 1], 1.7)
    found = lift(x)
    assert found.shape == (5, lift.width)
    for row, made in zip(x, found, strict=True):
        z = row * lift.scale
        bumps = [np.exp(-sum((z - one) ** 2) / 1.7) for one in lift.landmarks]
        np.testing.assert_allclose(made, [*row, *np.arcsinh(3 * z), *bumps])


def test_evidence_of_maps_that_are_blended_adds_up():
    folds = Folds(prepared(drawn(200)))
    specs = [
        Spec("posterior", "gaussian", True),
        Spec("posterior", "logistic", True, 1.0, "bent"),
        Spec("posterior", "gaussian", True, 1.0, "bumps"),
    ]
    maps, shares = [folds.map(spec, (0, 2), 0) for spec in specs], [0.5, 1.5, 0.25]
    parts = [folds.evidence(one, (0, 2), 0)[0] for one in maps]
    together = folds.evidence(blended(maps, shares, folds.prior(0)), (0, 2), 0)[0]
    np.testing.assert_allclose(together, sum(w * one for w, one in zip(shares, parts, strict=True)), atol=1e-8)


def none_similar(data, seed, **settings):
    folds = Folds(prepare(data, settings=Settings(**settings), rng=np.random.default_rng(seed)))
    return not any(folds.pairs(k)[1].any() for k in range(folds.count))


def test_bad_settings_and_too_few_rows_are_refused():
    with pytest.raises(InvalidInputError, match=r"structure='nothing'"):
        Settings(structure="nothing")
    with pytest.raises(InvalidInputError, match="shrinkage"):
        Settings(shrinkage=1.5)
    with pytest.raises(InvalidInputError, match="penalty"):
        Settings(penalty=0)
    with pytest.raises(InvalidInputError, match="rank"):
        Settings(rank=0)
    y = np.array([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    few = ModalityData({"a": np.arange(10.0)[:, None]}, y)
    asked = {"calibration": 0.0, "holdout": 0.0}
    apart = next(
        seed for seed in range(20) if none_similar(few, seed, **asked)
    )  # both rows of class 0 in different folds
    for structure in ("posterior", "auto"):
        given = prepare(few, settings=Settings(structure=structure, **asked), rng=np.random.default_rng(apart))
        if structure == "auto":
            assert fit_model(given, ("a",)) is None
            continue
        with pytest.raises(InvalidInputError, match="pairs of one kind only"):
            fit_model(given, ("a",))
    fixed = fit_model(prepared(drawn(160), structure="discriminant", shrinkage=0.25), ("a",))
    assert fixed.options["shrinkage"] == 0.25
    assert replace(fixed, threshold=2.0) != fixed
    assert PairModel.from_dict(fixed.to_dict()) == fixed


def test_blas_has_one_thread_where_products_are_small():
    pools = pytest.importorskip("threadpoolctl")
    from boundcalc.trainer.risk.threads import one_blas_thread

    def blas():
        return [one["num_threads"] for one in pools.threadpool_info() if one["user_api"] == "blas"]

    with pools.threadpool_limits(2, "blas"):
        before = blas()
        with one_blas_thread(numbers=1_000_001):
            assert blas() == before
        with one_blas_thread(numbers=1_000_000):
            assert set(blas()) == {1}
        assert blas() == before
