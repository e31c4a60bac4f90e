"""Certificates as scikit-learn scores, and models of others as `certify` takes them."""

import numpy as np
import pytest

from boundcalc.certification import certified_score, certify
from boundcalc.errors import InvalidInputError

sklearn = pytest.importorskip("sklearn")

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: E402
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from boundcalc.trainer import PairwiseMetricLearner  # noqa: E402


@pytest.fixture(scope="module")
def halves():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 3
    X = rng.normal(size=(400, 4)) + 3.0 * np.eye(3, 4)[y]
    return X[:200], y[:200], X[200:], y[200:]


class Posterior:
    """A classifier without `transform`: class probabilities by the nearest of three centres."""

    def predict_proba(self, X):
        gap = -np.square(np.asarray(X)[:, None, :] - 3.0 * np.eye(3, 4)).sum(axis=2)
        odds = np.exp(gap - gap.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


def test_every_kind_of_model_certifies_as_its_matrix_does(halves):
    *_, X, y = halves
    inner = 1.0 - Posterior().predict_proba(X) @ Posterior().predict_proba(X).T
    squared = np.square(X[:, None, :] - X[None, :, :]).sum(axis=2)
    same = {
        "probabilities": (Posterior(), inner, 0.5),
        "embeddings": (lambda x: x, squared, 8.0),
        "scores": (lambda a, b: -np.square(a - b).sum(axis=1), squared, 8.0),
    }
    for name, (model, matrix, threshold) in same.items():
        told = -threshold if name == "scores" else threshold
        ours, expected = (
            certify(model=model, data=(X, y), threshold=told),
            certify(distance=matrix, y=y, threshold=threshold),
        )
        assert ours.error == expected.error, name
        assert ours.value == pytest.approx(expected.value, abs=1e-12), name


def test_frames_and_lists_are_rows_as_arrays_are(halves):
    pandas = pytest.importorskip("pandas")
    *_, X, y = halves
    expected = certify(model=Posterior(), data=(X, y), threshold=0.5)
    for rows in (pandas.DataFrame(X, columns=list("abcd")), X.tolist()):
        assert certify(model=Posterior(), data=(rows, y), threshold=0.5).value == expected.value


def test_a_pipeline_keeps_its_learners_threshold(halves):
    A, a, X, y = halves
    pipeline = make_pipeline(StandardScaler(), PairwiseMetricLearner(random_state=0)).fit(A, a)
    learner, rows = pipeline[-1], pipeline[:-1].transform(X)
    assert certified_score(pipeline, X, y) == 1.0 - certify(model=learner, data=(rows, y)).value
    assert certified_score(make_pipeline(learner), rows, y) == certified_score(learner, rows, y)


def test_without_a_threshold_some_rows_choose_one(halves):
    A, a, X, y = halves
    model = LinearDiscriminantAnalysis().fit(A, a)
    assert certified_score(model, X, y) == 1.0 - certify(model=model, data=(X, y), calibration=0.2).value
    assert certified_score(model, X, y, calibration=0.4) != certified_score(model, X, y)
    with pytest.raises(InvalidInputError, match="expected one for each of 200 rows"):
        certified_score(model, X, y[:7])
    with pytest.raises(InvalidInputError, match="expected an object with transform, predict_proba"):
        certified_score(object(), X, y)


def test_a_vacuous_certificate_scores_zero():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(12, 2)), np.arange(12) % 2
    assert certified_score(lambda x: x, X, y, threshold=1.0) >= 0.0


def test_it_scores_folds_and_searches_with_groups_routed(halves):
    A, a, *_ = halves
    scores = cross_val_score(
        make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()), A, a, scoring=certified_score, cv=2
    )
    assert np.isfinite(scores).all()
    assert (scores > 0.5).all()
    before = sklearn.get_config()["enable_metadata_routing"]
    sklearn.set_config(enable_metadata_routing=True)
    try:
        pipeline = make_pipeline(StandardScaler(), PairwiseMetricLearner(random_state=0).set_fit_request(groups=True))
        grid = {"pairwisemetriclearner__structure": ["modality", "discriminant"]}
        search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), scoring=certified_score)
        search.fit(A, a, groups=np.arange(200) // 2)
    finally:
        sklearn.set_config(enable_metadata_routing=before)
    assert search.best_params_ == {"pairwisemetriclearner__structure": "discriminant"}
    assert 0 < certified_score(search, *halves[2:]) < 1


class _Pairs:
    """A metric as metric-learn has them: its threshold is one of its own distance, which embeddings do not square."""

    threshold_ = 2.5

    def transform(self, X):
        return np.asarray(X)

    def pair_distance(self, pairs):
        return np.sqrt(np.square(pairs[:, 0] - pairs[:, 1]).sum(axis=1))


class _Selecting:
    """A transformer whose threshold is one of the features' importance."""

    threshold_ = 2.5

    def transform(self, X):
        return np.asarray(X)[:, :2]


def test_a_threshold_is_one_of_the_distance_that_it_belongs_to(halves):
    *_, X, y = halves
    plain = np.sqrt(np.square(X[:, None, :] - X[None, :, :]).sum(axis=2))
    expected = certify(distance=plain, y=y, threshold=2.5)
    ours = certify(model=_Pairs(), data=(X, y))
    assert (ours.error, ours.threshold) == (expected.error, 2.5)
    assert ours.value == pytest.approx(expected.value, abs=1e-12)
    assert certified_score(_Pairs(), X, y) == 1.0 - ours.value
    alone = type("Alone", (), {"pair_distance": _Pairs.pair_distance})()
    assert certify(model=alone, data=(X, y), threshold=2.5).error == expected.error
    with pytest.raises(InvalidInputError, match="threshold=None"):
        certify(model=_Selecting(), data=(X, y))
    assert certified_score(_Selecting(), X, y) == certified_score(lambda x: x[:, :2], X, y)


def test_scores_that_are_symmetric_among_a_few_rows_are_asked_in_both_orders():
    y = np.repeat([0, 1], 60)
    X = np.column_stack([np.arange(120), y])

    def score(a, b):
        return np.where((a[:, 1] == b[:, 1]) | ((a[:, 0] == 100) & (b[:, 1] == 0)), 1.0, 0.0)

    everyone = np.arange(120)
    matrix = score(X[np.repeat(everyone, 120)], X[np.tile(everyone, 120)]).reshape(120, 120)
    ours, expected = certify(model=score, data=(X, y), threshold=0.5), certify(scores=matrix, y=y, threshold=0.5)
    assert (ours.error, ours.value) == (expected.error, expected.value)
