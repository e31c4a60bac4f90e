import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.trainer import ModalityData, PairwiseMetricLearner


def scikit_learn_checks(estimators):
    try:
        from sklearn.utils.estimator_checks import parametrize_with_checks
    except RuntimeError as error:  # scikit-learn 1.6 beside array_api_compat
        return pytest.mark.skip(reason=str(error))
    return parametrize_with_checks(estimators)


@scikit_learn_checks([PairwiseMetricLearner(), PairwiseMetricLearner(structure="full", loss="logistic")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    y = np.repeat(["u", "v", "w"], 20)
    X = rng.normal(size=(60, 5)) + 2.0 * np.repeat([0, 1, 2], 20)[:, None] * (np.arange(5) < 2)
    return X, y


def test_three_forms_of_the_same_modalities_agree(sample):
    X, y = sample
    columns = {"a": [0, 1], "b": slice(2, 5)}
    one = PairwiseMetricLearner(modalities=columns, random_state=0).fit(X, y)
    two = PairwiseMetricLearner(random_state=0).fit({"a": X[:, :2], "b": X[:, 2:]}, y)
    three = PairwiseMetricLearner(random_state=0).fit([X[:, :2], X[:, 2:]], y)
    four = PairwiseMetricLearner(random_state=0).fit(ModalityData({"a": X[:, :2], "b": X[:, 2:]}, y))
    for other in (two, three, four):
        np.testing.assert_array_equal(one.params_, other.params_)
        assert one.threshold_ == other.threshold_
    assert one.modalities_ == two.modalities_ == ("a", "b")
    assert three.modalities_ == ("m0", "m1")


@pytest.mark.parametrize("structure", ["diagonal", "modality", "blocks", "full"])
def test_distances_scores_and_transform_agree(sample, structure):
    X, y = sample
    learner = PairwiseMetricLearner(structure=structure, random_state=0).fit(X, y)
    pairs = np.stack([X[:20], X[20:40]], axis=1)
    distance = learner.pair_distance(pairs)
    Z = learner.transform(X)
    np.testing.assert_allclose(distance, np.linalg.norm(Z[:20] - Z[20:40], axis=1), atol=1e-10)
    np.testing.assert_allclose(learner.pair_score(pairs), learner.threshold_ - distance**2, atol=1e-12)
    np.testing.assert_array_equal(
        learner.predict_pairs((X[:20], X[20:40])), np.where(distance**2 < learner.threshold_, 1, -1)
    )
    metric = learner.get_metric()
    assert metric(X[0], X[20]) == pytest.approx(distance[0], abs=1e-10)
    matrix = learner.get_mahalanobis_matrix()
    assert matrix.shape == (5, 5)
    np.testing.assert_allclose(matrix, matrix.T)
    assert learner.get_feature_names_out().tolist()[0] == "pairwisemetriclearner0"


def test_score_is_one_minus_the_pair_error(sample):
    X, y = sample
    learner = PairwiseMetricLearner(random_state=0).fit(X, y)
    left, right = np.triu_indices(60, 1)
    s = np.where(y[left] == y[right], 1, -1)
    predicted = learner.predict_pairs((X[left], X[right]))
    assert learner.score(X, y) == pytest.approx((predicted == s).mean())


def test_works_in_pipelines_searches_clones_and_pickles(sample):
    X, y = sample
    pipeline = make_pipeline(StandardScaler(), PairwiseMetricLearner(random_state=0), KNeighborsClassifier(3))
    assert pipeline.fit(X, y).score(X, y) > 0.8
    search = GridSearchCV(PairwiseMetricLearner(random_state=0), {"structure": ["diagonal", "full"]}, cv=2)
    order = np.random.default_rng(0).permutation(60)
    assert search.fit(X[order], y[order]).best_score_ > 0.65
    columns = {"a": [0, 1], "b": [2, 3, 4]}
    learner = PairwiseMetricLearner(structure="diagonal", modalities=columns, subset="a", random_state=0).fit(X, y)
    again = pickle.loads(pickle.dumps(learner))
    np.testing.assert_array_equal(again.transform(X), learner.transform(X))
    assert again.estimates(delta=0.1).values == learner.estimates(delta=0.1).values
    assert clone(learner).get_params()["subset"] == "a"
    assert learner.transform(X).shape == (60, 2)
    KNeighborsClassifier(3, metric=learner.get_metric()).fit(X, y)


def test_estimates_follow_delta(sample):
    X, y = sample
    learner = PairwiseMetricLearner(random_state=0).fit(X, y)
    loose, tight = learner.estimates(delta=0.3), learner.estimates(delta=0.001)
    assert loose["R_self_bounding"].value < tight["R_self_bounding"].value
    assert loose["kappa_bernstein"].value < tight["kappa_bernstein"].value
    assert loose["rhat_M"].value == tight["rhat_M"].value == pytest.approx(learner.risk_)
    assert {"rhat_holdout", "n_h", "rho", "rhat_ramp"} <= set(loose.values)
    assert "delta" not in loose.values
    for bad in (0.0, 1.0, "x", 2.0):
        with pytest.raises(InvalidInputError, match="delta"):
            learner.estimates(delta=bad)


def test_missing_modalities(sample):
    X, y = sample
    blocks = {"a": X[:, :2].copy(), "b": X[:, 2:].copy()}
    blocks["b"][::3] = np.nan
    learner = PairwiseMetricLearner(random_state=0).fit(blocks, y)
    whole = {"a": X[:, :2], "b": X[:, 2:]}
    pairs = ({k: v[:10] for k, v in whole.items()}, {k: v[10:20] for k, v in whole.items()})
    only_a = ({"a": X[:10, :2]}, {"a": X[10:20, :2]})
    weights = learner.params_
    near = learner.pair_distance(only_a)
    assert (near <= learner.pair_distance(pairs) + 1e-12).all()
    Z = learner.transform({"a": X[:20, :2]})
    np.testing.assert_allclose(near, np.linalg.norm((Z[:10] - Z[10:20])[:, :2], axis=1), atol=1e-12)
    assert weights.shape == (5,)
    assert learner.score({"a": X[:, :2]}, y) > 0.3


def test_fit_pairs(sample):
    X, y = sample
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 60, 400), rng.integers(0, 60, 400)
    s = np.where(y[left] == y[right], 1, -1)
    learner = PairwiseMetricLearner(random_state=0).fit_pairs(np.stack([X[left], X[right]], axis=1), s)
    assert (learner.predict_pairs((X[left], X[right])) == s).mean() > 0.75
    assert learner.eps_opt_ < 0.01
    with pytest.raises(InvalidInputError, match="fit_pairs"):
        learner.estimates()
    for bad in (s[:5], s * 2):
        with pytest.raises(InvalidInputError, match=r"\+1 or -1"):
            PairwiseMetricLearner().fit_pairs((X[left], X[right]), bad)
    with pytest.raises(InvalidInputError, match="expected"):
        PairwiseMetricLearner().fit_pairs(X, np.ones(60))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"modalities": {"a": [9]}}, "columns of X"),
        ({"modalities": {}}, "mapping"),
        ({"subset": "z"}, "unknown"),
        ({"loss": "nonsense"}, "loss"),
        ({"eig_range": (2.0, 1.0)}, "eig_range"),
    ],
)
def test_bad_options(sample, options, says):
    X, y = sample
    with pytest.raises(InvalidInputError, match=says):
        PairwiseMetricLearner(**options).fit(X, y)


def test_bad_data(sample):
    X, y = sample
    with pytest.raises(ValueError, match="at least 8"):
        PairwiseMetricLearner().fit(X[:7], np.arange(7) % 2)
    with pytest.raises(ValueError, match="one class"):
        PairwiseMetricLearner().fit(X, np.zeros(60))
    broken = X.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        PairwiseMetricLearner(modalities={"a": [0, 1], "b": [2, 3, 4]}).fit(broken, y)
    learner = PairwiseMetricLearner(random_state=0).fit({"a": X[:, :2], "b": X[:, 2:]}, y)
    for wrong in ({"z": X}, {"a": X}, {"a": X[:5, :2], "b": X[:, 2:]}):
        with pytest.raises(InvalidInputError, match="expected"):
            learner.transform(wrong)


def test_labels_and_pairs_of_the_wrong_kind():
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    learner = PairwiseMetricLearner(random_state=0).fit(X, y)
    with pytest.raises(InvalidInputError, match="1d array"):
        learner.score(X)
    with pytest.raises(InvalidInputError, match="29 labels for 30 rows"):
        PairwiseMetricLearner().fit(X, y[:-1])
    with pytest.raises(InvalidInputError, match="cannot be used to seed"):
        PairwiseMetricLearner(random_state="a").fit(X, y)
    with pytest.raises(InvalidInputError, match="no pair is dissimilar"):
        learner.fit_pairs(np.stack([X, X[::-1]], axis=1), np.ones(30))
    with pytest.raises(InvalidInputError, match="X is sparse"):
        PairwiseMetricLearner().fit(csr_matrix(X), y)


def test_a_misspelt_modality_is_not_a_missing_one(sample):
    blocks, y = {"a": np.asarray(sample[0])[:, :2], "b": np.asarray(sample[0])[:, 2:]}, sample[1]
    learner = PairwiseMetricLearner(random_state=0).fit(blocks, y)
    assert 0 <= learner.score({"a": blocks["a"]}, y) <= 1
    with pytest.raises(InvalidInputError, match=r"'B' that fit did not see: expected some of a, b"):
        learner.score({"a": blocks["a"], "B": blocks["b"]}, y)


def test_numbers_of_numpy_are_numbers(sample):
    X, y = sample
    plain = PairwiseMetricLearner(random_state=0, max_evaluations=50, eig_range=(0.0, 2.0)).fit(X, y)
    same = PairwiseMetricLearner(random_state=0, max_evaluations=np.int64(50), eig_range=np.array([0, 2])).fit(X, y)
    assert np.array_equal(plain.params_, same.params_)
    assert same.estimates().to_json() == plain.estimates().to_json()


def test_pairs_of_unusual_form_are_understood_or_refused(sample):
    blocks, y = {"a": sample[0][:, :2], "b": sample[0][:, 2:]}, sample[1]
    learner = PairwiseMetricLearner(random_state=0).fit(blocks, y)
    left, right = ({name: block[part] for name, block in blocks.items()} for part in (slice(0, 9), slice(9, 18)))
    assert np.array_equal(learner.pair_distance([left, right]), learner.pair_distance((left, right)))
    for wrong in ([left], [left, right, left], (left,), left):
        with pytest.raises(InvalidInputError, match="both sides"):
            learner.pair_distance(wrong)
    raw = PairwiseMetricLearner(normalise="none", standardise=False)
    with pytest.raises(InvalidInputError, match="rescale"):
        raw.fit_pairs((sample[0][:8] * 1e200, sample[0][8:16]), [1, -1] * 4)


def test_the_threshold_for_a_rate_is_a_parameter_and_its_rate_is_certified():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    X = rng.normal(size=(300, 5)) + 2.0 * np.eye(3, 5)[y]
    usual = PairwiseMetricLearner(structure="posterior", shrinkage=0.01, holdout=0.4, random_state=0)
    strict = clone(usual).set_params(threshold_for={"fmr": 0.05})
    assert (usual.get_params()["threshold_for"], clone(strict).threshold_for) == (None, {"fmr": 0.05})
    assert strict.fit(X, y).threshold_ < usual.fit(X, y).threshold_
    rate = bc.certify(model=strict, quantity="fmr")
    assert 0.03 < rate.error < 0.08 < rate.value < 0.15
    trained = bc.train(
        ModalityData({"X": X}, y),
        structure="posterior",
        shrinkage=0.01,
        holdout=0.4,
        threshold_for={"fmr": 0.05},
        rng=0,
    )
    (told,) = (line.certificate for line in trained.certificates if line.certificate.kind == "rate")
    assert (told.value, told.error, told.threshold) == (rate.value, rate.error, rate.threshold)
    missed = bc.certify(model=strict, quantity="fnmr")
    assert missed.error < missed.value < 1
    assert (rate.error + missed.error) / 2 == pytest.approx(bc.certify(model=strict, weights="own").error)


@pytest.mark.parametrize(
    ("threshold_for", "structure", "says"),
    [
        ({"far": 0.1}, "auto", "expected {'fmr': rate} or {'fnmr': rate}"),
        ({"fmr": 2}, "auto", "threshold_for=2"),
        ({"fmr": 0.1}, "full", "structure='full' trains its threshold"),
    ],
)
def test_a_rate_that_no_threshold_is_for_is_refused_by_fit(sample, threshold_for, structure, says):
    learner = PairwiseMetricLearner(threshold_for=threshold_for, structure=structure)
    with pytest.raises(InvalidInputError, match=says):
        learner.fit(*sample)


def test_listed_pairs_have_no_threshold_for_a_rate(sample):
    X, y = sample
    learner = PairwiseMetricLearner(threshold_for={"fmr": 0.1})
    with pytest.raises(InvalidInputError, match="fit_pairs trains the threshold of a metric"):
        learner.fit_pairs((X[:30], X[30:]), np.where(y[:30] == y[30:], 1, -1))
