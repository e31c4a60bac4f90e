"""Incomplete U-statistics: a certified error given the data, against the exact value over all pairs."""

import numpy as np
import pytest
from scipy.stats import beta

from boundcalc.trainer import ModalityData, PairwiseMetricLearner, measure_subsets
from boundcalc.trainer.complexity.bernstein import BoundedMean
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.risk.erm import minimise_risk
from boundcalc.trainer.risk.incomplete import SampledPairs, measure_gap
from boundcalc.trainer.risk.losses import Contrastive, Hinge, Logistic


def example(n=90, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    a = rng.normal(size=(n, 3)) + 1.5 * y[:, None]
    a[rng.random(n) < 0.2] = np.nan
    return ModalityData({"a": a, "b": rng.normal(size=(n, 2))}, y)


def lower_end(failures, runs):
    return 0.0 if failures == 0 else float(beta.ppf(0.005, failures, runs - failures + 1))


def prepared_example(**changes):
    return prepare(example(), settings=Settings(**changes), rng=np.random.default_rng(0))


def test_pairs_are_uniform_and_never_a_row_with_itself():
    prepared = prepared_example()
    part = prepared.split.train[:5]
    sample = SampledPairs(prepared, ("a", "b"), part, count=40_000, rng=np.random.default_rng(0))
    assert (sample._pairs[:, 0] != sample._pairs[:, 1]).all()
    counts = np.bincount(sample._pairs @ [5, 1], minlength=25).reshape(5, 5)
    assert np.diag(counts).sum() == 0
    assert abs(counts[~np.eye(5, dtype=bool)] / 40_000 - 1 / 20).max() < 5e-3


def test_the_mean_tends_to_the_exact_risk():
    prepared = prepared_example(pair_weights=(3.0, 0.5))
    subset, part = ("a", "b"), prepared.split.train
    exact, weights = prepared.all_pairs(subset, part), np.array([0.9, 0.1, 0.4, 0.7, 0.2])
    sample = SampledPairs(prepared, subset, part, count=200_000, rng=np.random.default_rng(1))
    for operator in (weights, np.diag(weights) + 0.05):
        ours = sample.evaluate(operator, 0.8, loss=Logistic(), weights=(3.0, 0.5))
        truth = exact.evaluate(operator, 0.8, loss=Logistic(), weights=(3.0, 0.5))
        assert ours.value == pytest.approx(truth.value, rel=0.01)
        assert ours.gradient == pytest.approx(truth.gradient, rel=0.05, abs=0.01)


def test_a_mean_from_sums_is_the_one_from_values():
    values = np.random.default_rng(3).uniform(0.5, 1.5, 40)
    ours = BoundedMean.from_sums(values.mean(), np.square(values).mean(), count=40, span=2.0)
    assert ours.upper(0.1) == pytest.approx(BoundedMean.of(values, span=2.0).upper(0.1), rel=1e-9)
    assert ours.upper(0.1) >= BoundedMean.of(values, span=2.0).upper(0.1) * (1 - 1e-15)


def test_a_mean_covers_and_an_exact_one_is_itself():
    rng = np.random.default_rng(0)
    values = (rng.random((2000, 50)) < 0.1).astype(float)
    failures = sum(
        BoundedMean.from_sums(row.mean(), np.square(row).mean(), count=50, span=1.0).upper(0.3) < 0.1 for row in values
    )
    assert lower_end(failures, 2000) <= 0.3
    assert BoundedMean(0.25).upper(1e-9) == 0.25


@pytest.mark.parametrize("structure", ["diagonal", "modality", "full"])
@pytest.mark.parametrize("loss", [Hinge(), Logistic(), Contrastive(1.0)], ids=lambda loss: loss.name)
def test_the_gap_over_a_sample_covers_the_exact_one(structure, loss):
    prepared = prepared_example(structure=structure, loss=loss, reg=0.01)
    subset, part = ("a", "b"), prepared.split.train
    problem = prepared.problem(subset, prepared.all_pairs(subset, part))
    best = minimise_risk(problem, tolerance=1e-3)
    params, threshold = problem.structure.constant(0.3), 0.5 if loss.has_threshold else 0.0
    truth = problem.objective(params, threshold) - best.objective
    rng, gaps, delta = np.random.default_rng(2), [], 0.3
    for _ in range(40):
        sample = SampledPairs(prepared, subset, part, count=5000, rng=rng)
        gaps.append(measure_gap(prepared.problem(subset, sample), params, threshold, width=0.05).at(delta))
    assert lower_end(sum(gap < truth for gap in gaps), 40) <= delta
    # The error shrinks with the sample: near the optimum little but it is left.
    few, many = (
        measure_gap(
            prepared.problem(subset, SampledPairs(prepared, subset, part, count=count, rng=rng)),
            best.params, best.threshold, width=best.width,
        ).at(delta)
        for count in (2000, 200_000)
    )  # fmt: skip
    assert best.eps_opt / 10 < many < few / 3


@pytest.mark.parametrize("structure", ["diagonal", "full"])
def test_the_gap_is_the_sum_of_its_coordinates_errors(structure):
    """A literal twin: an empirical Bernstein error for each coordinate of the gradient and for the threshold."""
    prepared = prepared_example(structure=structure, loss=Logistic(), pair_weights=(2.0, 0.5))
    subset, count, delta = ("a", "b"), 4000, 0.2
    sample = SampledPairs(prepared, subset, prepared.split.train, count=count, rng=np.random.default_rng(5))
    problem = prepared.problem(subset, sample)
    params, threshold = problem.structure.constant(0.4), 0.3
    u, _ = sample.sample(count)
    s = np.where(np.arange(count) < sample.n_similar, 1.0, -1.0)
    distance = 0.4 * np.square(u).sum(axis=1)
    slope = -np.where(s > 0, 2.0, 0.5) / (1 + np.exp(s * (threshold - distance)))
    outer = np.square(u) if structure == "diagonal" else np.einsum("pi,pj->pij", u, u).reshape(count, -1)
    parts, by_threshold = (-s * slope)[:, None] * outer, s * slope
    g = parts.shape[1]
    log = np.log(2 * 2 * (g + 2) / delta)

    def error(values, span):
        return np.sqrt(2 * values.var(axis=0, ddof=1) * log / count) + 7 * span * log / (3 * (count - 1))

    errors = error(parts, 4.0 * sample.squared_radius)
    spread = errors.sum() if structure == "diagonal" else np.sqrt(5) * np.linalg.norm(errors)
    gradient = parts.mean(axis=0).reshape(params.shape)
    gap = (gradient * params).sum() - problem.structure.linear_minimum(gradient, 0.0, 1.0)
    d_t = by_threshold.mean()
    gap += d_t * threshold - min(-d_t, 2 * d_t)
    expected = gap + spread + 3.0 * error(by_threshold, 4.0)
    assert measure_gap(problem, params, threshold, width=0.1).at(delta) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("runs", [30, pytest.param(2000, marks=pytest.mark.slow)])
def test_values_beyond_exact_rows_are_upper_confidence_values(runs):
    delta, counts = 0.3, dict.fromkeys(("rhat_M", "rhat_ramp", "rhat_ramp_w", "eps_opt", "rhat_holdout"), 0)
    for seed in range(runs):
        data = example(seed=seed)
        changes = {"exact_rows": 10, "sampled_pairs": 3000, "delta": delta}
        prepared = prepare(data, settings=Settings(**changes), rng=np.random.default_rng(seed))
        one = measure_subsets(data, subsets=["a+b"], rng=seed, **changes)["a+b"]
        record = one.estimates
        assert dict(record["rhat_M"].events) == dict(record["eps_opt"].events) == {"pairs[a+b]": delta}
        assert dict(record["rhat_holdout"].events) == {"holdout_pairs[a+b]": delta}
        assert record["rhat_M"].status == "certified"
        assert record["rhat_sampled"].status == "estimated"
        assert record["rhat_M"].value == pytest.approx(record["rhat_sampled"].value + record["sampling_error"].value)
        subset = ("a", "b")
        train, held = (prepared.all_pairs(subset, p) for p in (prepared.split.train, prepared.split.holdout))
        problem = prepared.problem(subset, train)
        risk = problem.objective(one.array(), one.threshold)
        truth = {
            "rhat_M": risk,
            "rhat_ramp": train.profile(one.array(), one.threshold, rhos=(1.0,))[1][0],
            "eps_opt": risk - minimise_risk(problem, tolerance=1e-3).objective,
            "rhat_holdout": held.evaluate(one.array(), one.threshold, loss=Hinge(), gradient=False).value,
        }
        truth["rhat_ramp_w"] = truth["rhat_ramp"]
        for name in counts:
            counts[name] += record[name].value < truth[name] - 1e-12
        assert record["rhat_M"].value < truth["rhat_M"] + 0.5
    for name, failures in counts.items():
        assert lower_end(failures, runs) <= delta, (name, failures)


def test_up_to_exact_rows_nothing_is_sampled():
    data = example()
    record = measure_subsets(data, subsets=["a"], rng=0)["a"].estimates
    assert record["rhat_M"].events == ()
    assert "rhat_sampled" not in record


def test_learner_passes_the_rule_on():
    data = example()
    learner = PairwiseMetricLearner(exact_rows=10, sampled_pairs=2000, random_state=0).fit(data)
    record = learner.estimates(delta=0.1)
    assert record["rhat_M"].events == (("pairs[a+b]", 0.1),)
    assert record["rhat_M"].value > learner.risk_


def test_fit_beyond_exact_rows_holds_against_the_exact_optimum():
    prepared = prepared_example(exact_rows=10, sampled_pairs=20_000)
    fit = fit_subset(prepared, ("a", "b"), rng=np.random.default_rng(0))
    problem = prepared.problem(("a", "b"), prepared.all_pairs(("a", "b"), prepared.split.train))
    best = minimise_risk(problem, tolerance=1e-4)
    assert problem.objective(fit.params, fit.threshold) - best.objective <= fit.eps_opt
    assert problem.objective(fit.params, fit.threshold) <= 1.02 * best.objective


def test_rounding_of_the_kink_is_paid_where_no_sampled_pair_shows_it():
    # All distances are 0 and the margins 2 and -2: no pair of the sample lies in a window about the kink at 1.
    data = ModalityData({"a": np.zeros((40, 2))}, np.arange(40) % 2)
    prepared = prepare(data, settings=Settings(), rng=np.random.default_rng(0))
    sample = SampledPairs(prepared, ("a",), prepared.split.train, count=100, rng=np.random.default_rng(0))
    problem, params = prepared.problem(("a",), sample), np.zeros(2)
    narrow, wide = (measure_gap(problem, params, 2.0, width=width).at(0.1) for width in (1e-9, 0.5))
    assert wide - narrow > 0.5 / 8 * np.sqrt(np.log(1 / 0.1) / 200)
