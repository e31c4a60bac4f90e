"""Losses that compare similar with dissimilar pairs, against their definitions."""

from itertools import product

import numpy as np
import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.trainer import ModalityData, Settings
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.subset import SubsetResult, measure_subset
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.risk.erm import Problem, certify
from boundcalc.trainer.risk.losses import Hinge, SmoothedHinge
from boundcalc.trainer.risk.ranking import AUC, Comparisons, Triplets, best_threshold, training_loss
from boundcalc.trainer.risk.structures import make_structure

WIDTHS = (2, 3)


def made(*, gaps, n=14, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    rows = rng.normal(size=(n, sum(WIDTHS))) * 0.4 + np.eye(3)[codes][:, [0, 1, 2, 0, 1]] * 0.6
    present = rng.random((n, 2)) > 0.3 if gaps else np.ones((n, 2), dtype=bool)
    return np.where(present.repeat(WIDTHS, axis=1), rows, 0.0), codes, present


def literal(rows, codes, present, *, anchored, groups=None):
    """All comparisons as (x_near - x'_near, x_far - x'_far), by loops."""
    n, both = len(rows), []
    groups = np.arange(n) if groups is None else groups

    def difference(i, j):
        return (rows[i] - rows[j]) * (present[i] & present[j]).repeat(WIDTHS)

    ordered = [(i, j) for i, j in product(range(n), repeat=2) if groups[i] != groups[j] and (anchored or i < j)]
    near = [(i, j) for i, j in ordered if codes[i] == codes[j]]
    far = [(i, j) for i, j in ordered if codes[i] != codes[j]]
    for (i, j), (k, m) in product(near, far):
        if not anchored or i == k:
            both.append((difference(i, j), difference(k, m)))
    return tuple(map(np.array, zip(*both, strict=True)))


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_sorted_sums_are_the_means_over_all_comparisons(anchored, gaps, grouped):
    rows, codes, present = made(gaps=gaps)
    groups = np.arange(len(rows)) // 4 if grouped else None
    pairs = Comparisons(rows, codes, widths=WIDTHS, present=present, anchored=anchored, groups=groups)
    near, far = literal(rows, codes, present, anchored=anchored, groups=groups)
    assert pairs.count == len(near)
    root = np.random.default_rng(1).normal(size=(5, 5)) * 0.5
    for operator in (np.array([0.9, 0.2, 0.6, 0.1, 0.4]), root @ root.T):
        matrix = np.diag(operator) if operator.ndim == 1 else operator
        z = np.einsum("pi,ij,pj->p", far, matrix, far) - np.einsum("pi,ij,pj->p", near, matrix, near)
        found = np.concatenate([part for part, _ in pairs.margins(operator, 0.0)])
        assert np.sort(found) == pytest.approx(np.sort(z), abs=1e-12)
        for loss in (Hinge(), SmoothedHinge(0.5), Hinge().surrogate(0.3)):
            values, slopes = loss.block(z[:, None].copy(), similar=False)
            outer = np.einsum("p,pi,pj->ij", slopes[:, 0], far, far) - np.einsum(
                "p,pi,pj->ij", slopes[:, 0], near, near
            )
            gradient = (np.diag(outer) if operator.ndim == 1 else outer) / len(z)
            risk = pairs.evaluate(operator, 0.0, loss=loss, weights=(1.0, 2.0))
            assert risk.value == pytest.approx(2 * values.mean(), abs=1e-12)
            assert risk.gradient == pytest.approx(2 * gradient, abs=1e-12)
            assert risk.slack == pytest.approx(2 * loss.slack(slopes) / len(z), abs=1e-12)
        mean = np.einsum("pi,pj->ij", near, near) / len(z)
        assert pairs.near_gradient(operator) == pytest.approx(np.diag(mean) if operator.ndim == 1 else mean, abs=1e-12)


def test_ties_at_the_kink_are_counted_alike_on_both_sides():
    rows = np.array([[0.0], [1.0], [0.0], [2.0]])
    pairs = Comparisons(rows, np.array([0, 0, 1, 1]), widths=(1,), present=np.ones((4, 1), dtype=bool), anchored=True)
    risk = pairs.evaluate(np.array([1.0]), 0.0, loss=Hinge())
    # Any subgradient: the line through the point stays below the loss.
    for weight in np.linspace(0.0, 2.0, 9):
        there = pairs.evaluate(np.array([weight]), 0.0, loss=Hinge(), gradient=False).value
        assert there >= risk.value - risk.slack + risk.gradient[0] * (weight - 1.0) - 1e-12


def test_the_sample_speaks_of_the_same_comparisons():
    rows, codes, present = made(gaps=True, n=40)
    pairs = Comparisons(rows, codes, widths=WIDTHS, present=present, anchored=True)
    near, far = literal(rows, codes, present, anchored=True)
    parts, similar = pairs.sampled_parts(make_structure("diagonal", dims={"a": 2, "b": 3}), 40_000)
    assert not similar.any()
    assert parts.mean(axis=0) == pytest.approx((np.square(far) - np.square(near)).mean(axis=0), abs=0.02)


@pytest.mark.parametrize("structure", ["diagonal", "modality", "full"])
@pytest.mark.parametrize("loss", ["auc", "triplet"])
def test_training_reaches_the_certified_optimum(structure, loss):
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 90)
    data = ModalityData({"a": rng.normal(size=(90, 3)) + 2 * np.eye(3)[y], "b": rng.normal(size=(90, 2))}, y)
    settings = Settings(structure=structure, loss=loss, pair_weights="balanced", tolerance=1e-4)
    prepared = prepare(data, settings=settings, rng=np.random.default_rng(0))
    names = ("a", "b")
    fit = fit_subset(prepared, names)
    assert fit.converged
    assert fit.ranked.eps_opt <= 2e-4 * max(fit.ranked.risk, 1e-3) + 1e-6
    train = prepared.split.train
    (rows, present), codes = prepared.rows(names, train), prepared.data.codes[train]
    pairs = Comparisons(rows, codes, widths=(3, 2), present=present, anchored=loss == "triplet")
    form, kind = settings.ranking, prepared.structure(names)

    def objective(params):
        operator = kind.operator(params)
        pull = form.pull * np.sum(pairs.near_gradient(operator) * operator)
        return form.push * pairs.evaluate(operator, 0.0, loss=form.margin_loss, gradient=False).value + pull

    assert objective(fit.params) == pytest.approx(fit.ranked.risk, rel=1e-9)
    for _ in range(60):
        other = kind.project(fit.params + rng.normal(size=kind.shape) * rng.choice([0.01, 0.1, 1.0]), 0.0, 1.0)
        assert objective(other) >= fit.ranked.risk - fit.ranked.eps_opt
    # What is said of pairs is said of the hinge at this metric, whose error is certified, if not small.
    problem = Problem(prepared.all_pairs(names, train), kind, Hinge(), (0.0, 1.0), (-1.0, 2.0), prepared.weights)
    assert fit.risk == pytest.approx(problem.objective(fit.params, fit.threshold))
    assert fit.eps_opt == pytest.approx(certify(problem, fit.params, fit.threshold))
    best = fit_subset(
        prepare(data, settings=Settings(structure=structure, pair_weights="balanced"), rng=np.random.default_rng(0)),
        names,
    )
    assert fit.risk - fit.eps_opt <= best.risk <= fit.risk


def test_the_threshold_is_the_best_for_the_hinge():
    rng = np.random.default_rng(2)
    near, far = rng.gamma(2.0, 0.3, 40), rng.gamma(4.0, 0.5, 70)

    def risk(t):
        return 1.5 * np.maximum(0, 1 - t + near).sum() + 0.7 * np.maximum(0, 1 + t - far).sum()

    least = min(map(risk, np.linspace(-1, 4, 5001)))
    found = best_threshold(near, far, weights=(1.5, 0.7), within=(-1.0, 4.0))
    assert risk(found) <= least + 1e-9
    assert best_threshold(near, far, weights=(1.5, 0.7), within=(-1.0, 0.1)) == 0.1


@pytest.mark.parametrize("loss", ["auc", "triplet"])
def test_a_result_is_stored_and_read(loss):
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 80)
    data = ModalityData({"a": rng.normal(size=(80, 3)) + 2 * np.eye(3)[y]}, y)
    prepared = prepare(data, settings=Settings(structure="diagonal", loss=loss), rng=np.random.default_rng(0))
    result = measure_subset(prepared, ("a",), rng=np.random.default_rng(1))
    assert result.ranked.loss == loss
    again = SubsetResult.from_dict(result.to_dict())
    assert again.to_dict() == result.to_dict()
    assert again.frame.settings.ranking == prepared.settings.ranking


def test_bad_losses_are_refused():
    with pytest.raises(InvalidInputError, match="triplets: pull=-1"):
        Triplets(pull=-1)
    with pytest.raises(InvalidInputError, match="width=2"):
        AUC(2)
    with pytest.raises(InvalidInputError, match=r"loss='cosine': expected one of hinge.*ramp, auc, triplet"):
        training_loss("cosine")
    with pytest.raises(InvalidInputError, match="2 training rows make no comparison"):
        Comparisons(np.zeros((2, 1)), np.array([0, 1]), widths=(1,), present=np.ones((2, 1), dtype=bool), anchored=True)


def test_the_learner_takes_comparisons_of_labelled_rows_only():
    pytest.importorskip("sklearn")
    from boundcalc.trainer import PairwiseMetricLearner

    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 20)
    x = rng.normal(size=(60, 4)) + 2 * np.eye(4)[y]
    learner = PairwiseMetricLearner(structure="diagonal", loss=Triplets(pull=0.0, push=1.0), random_state=0).fit(x, y)
    assert learner.ranked_.loss == "triplet"
    assert learner.ranked_.eps_opt < 0.01 * learner.ranked_.risk < learner.risk_
    assert learner.result().ranked == learner.ranked_
    assert PairwiseMetricLearner(structure="diagonal", random_state=0).fit(x, y).ranked_ is None
    with pytest.raises(InvalidInputError, match="loss='triplet' compares pairs of rows: it needs labelled examples"):
        learner.fit_pairs(np.stack([x[:-1], x[1:]], axis=1), np.where(y[:-1] == y[1:], 1, -1))


def test_groups_and_many_rows_are_sampled(monkeypatch):
    rng = np.random.default_rng(4)
    y = np.arange(120) // 4 % 3
    data = ModalityData({"a": rng.normal(size=(120, 3)) + 2 * np.eye(3)[y]}, y).with_groups(np.arange(120) // 2)
    prepared = prepare(data, settings=Settings(structure="diagonal", loss="triplet"), rng=np.random.default_rng(0))
    fit = fit_subset(prepared, ("a",), rng=np.random.default_rng(1))
    assert fit.ranked.rows == prepared.split.train.size
    assert 0 < fit.ranked.eps_opt < 1e-2 < fit.eps_opt < 5
    monkeypatch.setattr("boundcalc.trainer.measure.subset_fit.RANKED_ROWS", 30)
    assert fit_subset(prepared, ("a",), rng=np.random.default_rng(1)).ranked.rows == 30


def test_the_command_says_what_chose_the_metric(capsys):
    from boundcalc import cli

    assert cli.main(["train", "penguins", "--loss", "triplet", "--structure", "modality"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "The triplet loss over" in told
    assert "risk and eps_opt are the hinge's of pairs at these metrics" in told
