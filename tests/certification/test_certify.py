"""The public function: its contract, its twins, what it refuses and what it says."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.certification import Certificate, certify, certify_looks
from boundcalc.errors import InfeasibleError, InvalidInputError


def embedded(n=120, *, classes=3, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, size=n)
    x = rng.normal(size=(n, 4)) * noise
    x[np.arange(n), y] += 3.0
    return x, y


def squared(x):
    return np.square(x[:, None] - x).sum(axis=-1)


def said(certificate):
    """The text without its line breaks."""
    return " ".join(certificate.text().split())


def independent_value(distances, y, t, weights, *, kappa, delta, rng):
    """Theorem T with one split, from the words of the contract; plain Sinkhorn with 5,000 sweeps."""
    n = len(y)
    order = np.random.default_rng(rng).permutation(n)
    a, b = order[: n // 2], order[n // 2 :]
    d, c = distances[np.ix_(a, b)], max(weights)
    q = np.where(y[a][:, None] == y[b], weights[0] * (d >= t), weights[1] * (d <= t))
    matrix = 1.0 - kappa * q / c
    u = np.ones(n // 2)
    for _ in range(5_000):
        v = 1.0 / (matrix.T @ u)
        u = 1.0 / (matrix @ v)
    plan = u[:, None] * matrix * v
    cost = (plan * np.log(plan / matrix)).sum() / (n // 2) + math.log(n // 2)
    return min(c, c / kappa * (1.0 - delta ** (2 / n) * math.exp(-cost)))


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 0.6), (0.0, 1.0)])
@pytest.mark.parametrize(("kappa", "delta", "rng"), [(0.9, 0.05, 0), (0.5, 0.2, 5), (0.98, 0.01, 9)])
def test_the_contract_with_one_split(weights, kappa, delta, rng):
    x, y = embedded(noise=1.5)
    distances = squared(x)
    found = certify(
        distance=distances, y=y, threshold=9.0, delta=delta, weights=weights, kappa=kappa, splits=1, rng=rng
    )
    twin = independent_value(distances, y, 9.0, weights, kappa=kappa, delta=delta, rng=rng)
    assert found.value == pytest.approx(twin, abs=1e-8)
    assert found.value >= twin - 1e-13


def test_an_asymmetric_matrix_is_about_ordered_pairs():
    x, y = embedded()
    distances = squared(x) + np.random.default_rng(1).random((120, 120))
    found = certify(distance=distances, y=y, threshold=9.0, weights=(2.0, 1.0), kappa=0.9, splits=1)
    assert found.value == pytest.approx(
        independent_value(distances, y, 9.0, (2.0, 1.0), kappa=0.9, delta=0.05, rng=0), abs=1e-8
    )
    assert "ordered" in said(found)
    assert certify(distance=distances, y=y, threshold=9.0).value < 0.5


def plain_error(distances, y, t):
    same = y[:, None] == y
    off = ~np.eye(len(y), dtype=bool)
    missed, matched = distances >= t, distances <= t
    return missed[same & off].mean(), matched[~same].mean(), same[off].mean()


def test_error_and_constant_are_the_plain_means():
    x, y = embedded(noise=1.5)
    distances = squared(x)
    distances[3, 5] = distances[5, 3] = 9.0  # a tie
    missed, matched, share = plain_error(distances, y, 9.0)
    balanced = certify(distance=distances, y=y, threshold=9.0)
    assert balanced.error == pytest.approx(0.5 * missed + 0.5 * matched, rel=1e-12)
    assert balanced.constant == pytest.approx(0.5)
    weighted = certify(distance=distances, y=y, threshold=9.0, weights=(2.0, 0.5))
    assert weighted.error == pytest.approx(2.0 * missed * share + 0.5 * matched * (1 - share), rel=1e-12)
    assert weighted.constant == pytest.approx(min(2.0 * share, 0.5 * (1 - share)))
    plain = certify(distance=distances, y=y, threshold=9.0, weights=None)
    assert plain.error == pytest.approx(missed * share + matched * (1 - share), rel=1e-12)
    assert balanced.error < balanced.value


def test_a_tie_is_an_error_for_both_kinds():
    distances = np.full((12, 12), 1.0)
    y = np.repeat([0, 1], 6)
    for weights in ((1.0, 0.0), (0.0, 1.0)):
        found = certify(distance=distances, y=y, threshold=1.0, weights=weights)
        assert found.error == pytest.approx(found.recipe["scale"] * {(1.0, 0.0): 10 / 22, (0.0, 1.0): 12 / 22}[weights])
    scored = certify(scores=-distances, y=y, threshold=-1.0, weights=None)
    assert scored.error == 1.0
    same_rows = certify(embeddings=np.ones((12, 3)), y=y, threshold=0.0, weights=None)
    assert same_rows.error == 1.0


def test_sources_agree():
    x, y = embedded()
    distances = squared(x)
    values = {
        certify(distance=distances, y=y, threshold=9.0).value,
        certify(scores=-distances, y=y, threshold=-9.0).value,
        certify(distance=distances.tolist(), y=y.tolist(), threshold=9).value,
        certify(embeddings=x, y=y, threshold=9.0).value,
        certify(embeddings=x + 100.0, y=y.astype(str), threshold=9.0).value,
        certify(model=lambda rows: rows * 2.0, data=(x / 2.0, y), threshold=9.0).value,
    }
    assert max(values) - min(values) < 1e-12
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosine = certify(embeddings=x, y=y, threshold=0.4, metric="cosine")
    assert cosine.value == pytest.approx(
        certify(distance=np.clip(1.0 - unit @ unit.T, 0, None), y=y, threshold=0.4).value
    )


def test_a_trained_metric_certifies_its_own_holdout():
    pytest.importorskip("sklearn")
    from boundcalc.trainer import PairwiseMetricLearner

    x, y = embedded(200)
    learner = PairwiseMetricLearner(random_state=0, holdout=0.4).fit(x, y)
    own = certify(model=learner)
    assert own.rows == 80
    assert own.threshold == learner.threshold_
    held = learner._prepared.split.holdout
    given = certify(model=learner, data=(x[held], y[held]))
    assert given.value == pytest.approx(own.value, abs=1e-9)
    assert given.error == pytest.approx(own.error)
    with pytest.raises(InvalidInputError, match="trained on"):
        certify(model=learner, data=(x, y))
    new, labels = embedded(100, seed=9)
    assert certify(model=learner, data=(new, labels)).error == pytest.approx(
        1.0 - np.mean([_hits(learner, new, labels, kind) for kind in (True, False)]), abs=1e-12
    )


def _hits(learner, x, y, same):
    i, j = np.triu_indices(len(y), 1)
    kind = (y[i] == y[j]) == same
    called = learner.predict_pairs((x[i[kind]], x[j[kind]])) > 0
    return np.mean(called == same)


def test_calibration_rows_choose_and_do_not_count():
    x, y = embedded(300, noise=1.5)
    found = certify(embeddings=x, y=y, calibration=0.2)
    assert found.rows == 240
    assert found.kind == "transport"
    assert "60 calibration rows" in said(found)
    assert found.value < found.constant
    fixed = certify(embeddings=x, y=y, calibration=0.2, threshold=9.0, weights=(1.0, 1.0))
    assert fixed.threshold == 9.0
    assert fixed.rows == 240
    groups = np.arange(300) // 3
    grouped = certify(embeddings=x, y=y, calibration=0.2, groups=groups)
    assert (grouped.rows, grouped.units) == (240, 80)


def test_own_weights_stay_those_of_the_counted_rows():
    """A threshold from calibration rows, the mix of the others: weights for the population are too large for many classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 40, size=500)
    x = 3.0 * rng.normal(size=(40, 8))[y] + rng.normal(size=(500, 8))
    own, population = (certify(embeddings=x, y=y, calibration=0.2, weights=w) for w in ("own", "balanced"))
    assert own.threshold == population.threshold
    assert own.rows == population.rows == 400
    assert (own.kind, population.kind) == ("mix", "transport")
    assert own.value < 0.2 < population.value


def test_a_gain_between_two_models():
    x, y = embedded(300)
    noisy = x + np.random.default_rng(1).normal(size=x.shape) * 2.0
    for weights in ("balanced", None, (2.0, 0.7)):
        found = certify(embeddings=x, against=noisy, y=y, threshold=9.0, weights=weights)
        assert found.kind == "gain"
        assert 0.0 < found.value < found.error
        assert not found.vacuous
        reverse = certify(embeddings=noisy, against=x, y=y, threshold=9.0, weights=weights)
        assert reverse.error == pytest.approx(-found.error)
        assert reverse.value < -found.error
        assert reverse.vacuous
    # The same model twice: nothing is measured, and only the price remains.
    nothing = certify(embeddings=x, against=x, y=y, threshold=9.0, weights=None, kappa=0.9)
    assert nothing.error == 0.0
    assert nothing.value == pytest.approx(1.0 - 2.0 / 0.9 * (1.0 - 0.05 ** (1 / 150) * (1.0 - 0.45)), abs=1e-9)


def test_groups_are_the_units():
    x, y = embedded(240)
    groups = np.arange(240) // 2
    y = y[2 * (np.arange(240) // 2)]
    x, _ = embedded(240)
    found = certify(embeddings=x, y=y, threshold=9.0, groups=groups, weights=None)
    assert (found.rows, found.units) == (240, 120)
    # A twin: the mean over the four row pairs of two groups, from the plain matrix.
    distances, same = squared(x), y[:, None] == y
    wrong = np.where(same, distances >= 9.0, distances <= 9.0).astype(float)
    between = wrong.reshape(120, 2, 120, 2).mean(axis=(1, 3))
    assert found.error == pytest.approx(between[~np.eye(120, dtype=bool)].mean())
    assert certify(embeddings=x, y=y, threshold=9.0, groups=groups).units == 120


def test_labels_that_are_the_groups():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(60), 4)
    x = 3.0 * rng.normal(size=(60, 6))[y] + rng.normal(size=(240, 6))
    found = certify(embeddings=x, y=y, threshold=25.0, groups=y)
    assert found.kind == "verification"
    assert found.units == 60
    assert found.error < found.value < found.constant
    inside = [squared(x[y == k])[~np.eye(4, dtype=bool)] >= 25.0 for k in range(60)]
    outside = (squared(x) <= 25.0)[y[:, None] != y]
    assert found.error == pytest.approx(0.5 * np.mean(inside) + 0.5 * np.mean(outside))


def test_listed_pairs():
    rng = np.random.default_rng(0)
    pairs = rng.permutation(400).reshape(200, 2)
    same = rng.random(200) < 0.5
    distances = np.where(same, 0.2, 0.8) + 0.2 * rng.normal(size=200)
    found = certify(distance=distances, pairs=pairs, y=same, threshold=0.5, weights=None)
    wrong = np.where(same, distances >= 0.5, distances <= 0.5).mean()
    assert found.error == pytest.approx(wrong)
    assert found.recipe["exponent"] == pytest.approx(200.0)
    twice = certify(
        distance=np.tile(distances, 2), pairs=np.vstack([pairs, pairs]), y=np.tile(same, 2), threshold=0.5, weights=None
    )
    assert twice.value == pytest.approx(found.value, abs=1e-9)  # the same pairs again are no new rows
    x, y = embedded(100)
    from_rows = certify(embeddings=x, y=y, pairs=rng.permutation(100).reshape(50, 2), threshold=9.0)
    assert from_rows.error < from_rows.value


def test_a_share_of_delta_is_what_the_statement_consumes():
    x, y = embedded()
    half = certify(embeddings=x, y=y, threshold=9.0, share=0.5)
    assert half.delta == 0.025
    assert half.value == certify(embeddings=x, y=y, threshold=9.0, delta=0.025).value
    assert half.value > certify(embeddings=x, y=y, threshold=9.0).value


def test_one_seed_one_value_and_other_seeds_are_near():
    x, y = embedded(200, noise=1.5)
    values = [certify(embeddings=x, y=y, threshold=9.0, rng=seed).value for seed in (0, 0, 1, 2)]
    assert values[0] == values[1]
    assert max(values) - min(values) < 0.01


def test_many_rows_come_in_batches():
    x, y = embedded(1_500, noise=1.5)
    for weights in ("balanced", (2.0, 0.7)):
        found = certify(embeddings=x, y=y, threshold=9.0, weights=weights, splits=5)
        assert found.recipe["batches"] > 3
        assert found.value - found.error < 0.04


def test_more_rows_are_needed_for_less():
    x, y = embedded(200, noise=1.5)
    found = certify(embeddings=x, y=y, threshold=9.0)
    slack = found.value - found.error
    assert found.needed(found.value) == pytest.approx(200, abs=1)
    assert found.needed(found.error + 0.5 * slack) > 2 * 200
    with pytest.raises(InfeasibleError, match="not above the measured"):
        found.needed(found.error)
    with pytest.raises(InvalidInputError, match="target"):
        found.needed(math.nan)
    assert f"about {found.needed(0.99 * found.value):,} rows would be needed" in said(found.aimed(0.99 * found.value))
    assert "no number of rows would do" in said(found.aimed(0.0))
    assert found.aimed(0.0).value == found.value


def test_the_estimate_of_needed_rows_is_about_right():
    x, y = embedded(1_000, noise=1.5, seed=3)
    few = certify(embeddings=x[:150], y=y[:150], threshold=9.0, weights=None)
    many = certify(embeddings=x, y=y, threshold=9.0, weights=None)
    assert few.needed(few.error + many.value - many.error) == pytest.approx(1_000, rel=0.5)


def test_what_it_says():
    x, y = embedded(150)
    found = certify(embeddings=x, y=y, threshold=9.0)
    assert found.sentence.startswith("On new pairs of this kind the balanced pair error is at most 0.")
    assert "(95 %), measured 0." in found.sentence
    assert "on 150 held-out rows; a constant rule has 0.5." in found.sentence
    assert float(found.sentence.split("at most ")[1].split()[0]) >= found.value
    for words in ("independent", "Fixed in advance", "the seed", "the threshold 9"):
        assert words in said(found)
    record = json.loads(json.dumps(found.to_dict()))
    assert {"kind", "error", "bound", "constant", "rows", "delta", "vacuous", "theorem", "units"} <= set(record)
    assert record["bound"] == found.value
    assert found.recipe["events"] == (("the bound fails", 0.05),)
    assert found._repr_html_().startswith("<p><strong>On new pairs")
    assert max(map(len, found.text().split("\n"))) <= 80
    assert pickle.loads(pickle.dumps(found)).to_dict() == found.to_dict()
    with pytest.raises(TypeError):
        found.recipe["kappa"] = 1
    assert "no more than the constant rule" in certify(embeddings=x[:6], y=y[:6], threshold=9.0).sentence
    assert bc.certify is certify
    assert isinstance(found, Certificate)


def test_copies_are_cautioned():
    x, y = embedded(60)
    assert not certify(embeddings=x, y=y, threshold=9.0).cautions
    found = certify(embeddings=np.vstack([x, x[:5]]), y=np.append(y, y[:5]), threshold=9.0)
    assert found.cautions[0].startswith("5 rows are at distance 0")


def test_copied_scores_are_cautioned():
    x, y = embedded(60)
    scores = -squared(np.vstack([x, x[:5]]))
    assert not certify(scores=-squared(x), y=y, threshold=-9.0).cautions
    found = certify(scores=scores, y=np.append(y, y[:5]), threshold=-9.0)
    assert found.cautions[0].startswith("5 rows are scored with all rows as an earlier one is")


def test_a_diagonal_that_is_not_zero_is_told_and_not_used():
    x, y = embedded(60)
    plain = certify(distance=squared(x), y=y, threshold=9.0)
    found = certify(distance=squared(x) + 5.0 * np.eye(60), y=y, threshold=9.0)
    assert found.value == plain.value
    assert "the diagonal is not used" in said(found)
    assert "diagonal" not in said(plain)


def test_what_cannot_be_seen_is_said():
    """A seed, a model or a kappa picked on the held-out rows cannot be told from one that was not."""
    x, y = embedded(60)
    words = said(certify(embeddings=x, y=y, threshold=9.0, kappa=0.5))
    for claim in ("one, not the best of several", "needs share=1/J", "kappa = 0.5", "the threshold 9"):
        assert claim in words.split("Fixed in advance:")[1]


@pytest.mark.parametrize("sort", [False, True])
def test_groups_hidden_in_the_order_of_rows_are_cautioned(sort):
    """Rows of one group that follow each other are told from independent rows, sorted by class or not."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(50), 4)
        y = rng.integers(0, 3, size=50)[groups]
        x = rng.normal(size=(50, 3))[groups] + 3.0 * np.eye(3)[y] + 0.3 * rng.normal(size=(200, 3))
        order = np.argsort(y, kind="stable") if sort else np.arange(200)
        options = {"embeddings": x[order], "y": y[order], "threshold": 9.0, "kappa": 0.9, "splits": 1}
        assert "follow each other" in certify(**options).cautions[0]
        assert not certify(**options, groups=groups[order], weights=None).cautions
        scored = {**options, "embeddings": None, "scores": -squared(x[order]), "threshold": -9.0}
        assert "follow each other" in certify(**scored).cautions[0]
        mixed = rng.permutation(200)
        assert not certify(**{**options, "embeddings": x[mixed], "y": y[mixed]}).cautions


def test_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    x, y = embedded(60)
    found = certify(embeddings=x, y=y, threshold=9.0)
    axes = found.draw(tmp_path / "picture.png")
    assert axes.get_xlabel() == "balanced pair error"
    assert (tmp_path / "picture.png").stat().st_size > 1_000


GOOD = {"distance": squared(embedded(40)[0]), "y": embedded(40)[1], "threshold": 9.0}
BAD = [
    ({"delta": 0.0}, "delta=0.0"),
    ({"delta": 1.0}, "delta=1.0"),
    ({"delta": "x"}, "delta='x'"),
    ({"delta": math.nan}, "delta=nan"),
    ({"kappa": 1.0}, "kappa=1.0"),
    ({"kappa": 0.0}, "kappa=0.0"),
    ({"share": 0.0}, "share=0.0"),
    ({"share": 1.5}, "share=1.5"),
    ({"splits": 0}, "splits=0"),
    ({"progress": 3}, "progress=3: expected a function"),
    ({"splits": 2.5}, "splits=2.5"),
    ({"calibration": 1.0}, "calibration=1.0"),
    ({"rng": -1}, "rng=-1"),
    ({"rng": "x"}, "rng='x'"),
    ({"weights": "equal"}, "weights='equal'"),
    ({"y": np.arange(40) // 2, "threshold": {"fmr": math.inf}}, "fmr=inf"),
    ({"weights": (1.0,)}, "weights="),
    ({"weights": (1.0, -1.0)}, "w_neg=-1.0"),
    ({"weights": (0.0, 0.0)}, "one must be above 0"),
    ({"weights": (math.inf, 1.0)}, "w_pos=inf"),
    ({"threshold": math.nan}, "threshold=nan"),
    ({"threshold": None}, "chosen on the held-out rows certifies nothing"),
    ({"threshold": {"recall": 0.5}}, "expected one of"),
    ({"threshold": {"fmr": 1.0}}, "fmr=1.0"),
    ({"threshold": {"fmr": 0.1, "precision": 0.9}}, "expected one of"),
    ({"threshold": {"precision": 0.9}}, "calibration=0.2"),
    ({"distance": None}, "expected exactly one of"),
    ({"scores": np.zeros((40, 40))}, "distance and scores given"),
    ({"y": None}, "y=None"),
    ({"y": np.zeros(40)}, "one class only"),
    ({"y": np.arange(40)}, "no pair is the same"),
    ({"y": np.zeros(39)}, "y has 39 labels"),
    ({"y": np.random.default_rng(0).random(40)}, "continuous"),
    ({"y": [None] * 40}, "missing labels"),
    ({"groups": np.zeros(40)}, "at least 2"),
    ({"groups": np.zeros(3)}, "groups has 3"),
    ({"groups": np.arange(40) // 2}, "change within a group"),
    ({"distance": np.zeros((40, 39))}, "shape"),
    ({"distance": np.zeros(40)}, "axes"),
    ({"distance": np.full((40, 40), np.nan)}, "NaN"),
    ({"distance": -np.ones((40, 40))}, "negative"),
    ({"distance": np.full((40, 40), "a")}, "real numbers"),
    ({"distance": None, "embeddings": np.full((40, 2), np.inf)}, "infinite"),
    ({"distance": None, "embeddings": np.zeros((40, 2)), "metric": "cosine"}, "no direction"),
    ({"distance": None, "embeddings": np.ones((40, 2)), "metric": "manhattan"}, "metric='manhattan'"),
    ({"distance": None, "embeddings": np.full((40, 2), 1e200)}, "rescale"),
    ({"against": np.zeros((39, 39))}, "against has 39 rows"),
    ({"data": (1, 2)}, "data= goes with model="),
    ({"pairs": [[0, 0]]}, "paired with itself"),
    ({"pairs": [[0, 40]]}, "row numbers in 0..39"),
    ({"pairs": [[0, 1]], "kappa": 0.5}, "kappa= does not go with pairs="),
    ({"pairs": [0, 1]}, "shape"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message for _, message in BAD])
def test_misuse_is_one_clear_error(change, message):
    with pytest.raises(InvalidInputError) as caught:
        certify(**{**GOOD, **change})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_rows_are_enough_to_ask():
    found = certify(distance=[[0.0, 2.0, 2.0], [2.0, 0.0, 0.1], [2.0, 0.1, 0.0]], y=[0, 1, 1], threshold=1.0)
    assert found.vacuous
    assert found.error == 0.0
    assert 0.5 <= found.value <= 1.0


def test_the_running_maximum_needs_a_fresh_seed():
    x, y = embedded(100, noise=1.5)
    found = certify(embeddings=x, y=y, threshold=9.0, rng=None, running=True)
    entropy = int(said(found).split("which is ")[1].split(";")[0])
    mean = certify(embeddings=x, y=y, threshold=9.0, rng=entropy)
    assert found.value <= mean.value + 1e-12
    assert found.value > mean.value - 0.1
    with pytest.raises(InvalidInputError, match="rng=None"):
        certify(embeddings=x, y=y, threshold=9.0, rng=0, running=True)


class TestLooks:
    def batches(self, *, count=5, n=60):
        parts = [embedded(n, seed=10 + k, noise=1.5) for k in range(count)]
        return [{"embeddings": x, "y": y} for x, y in parts]

    def test_bounds_never_rise_and_approach_the_error(self):
        looks = certify_looks(self.batches(), threshold=14.0, weights=None)
        values = [look.value for look in looks]
        assert values == sorted(values, reverse=True)
        assert [look.rows for look in looks] == [60, 120, 180, 240, 300]
        assert looks[-1].error < looks[-1].value
        whole = certify(
            embeddings=np.vstack([b["embeddings"] for b in self.batches()]),
            y=np.concatenate([b["y"] for b in self.batches()]),
            threshold=14.0,
            weights=None,
        )
        assert looks[-1].value - whole.value < 0.03
        assert "all batches" in said(looks[0])

    def test_one_look_is_theorem_t(self):
        (look,) = certify_looks(self.batches(count=1), threshold=14.0, weights=(2.0, 0.7))
        (batch,) = self.batches(count=1)
        (kappa,) = look.recipe["kappa"]
        plain = certify(**batch, threshold=14.0, weights=(2.0, 0.7), kappa=kappa)
        assert look.value == pytest.approx(plain.value, abs=1e-9)
        assert look.error == pytest.approx(plain.error)

    def test_later_batches_do_not_change_earlier_looks(self):
        few = certify_looks(self.batches(count=2), threshold=14.0, weights=None)
        many = certify_looks(self.batches(count=3), threshold=14.0, weights=None)
        assert [look.value for look in few] == [look.value for look in many[:2]]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"threshold": 9.0}, "weights being numbers or None"),
            ({"threshold": 9.0, "weights": None, "kappa": 0.5}, "expected threshold, weights"),
            ({"weights": None}, "chosen on the held-out"),
            ({"threshold": {"fmr": 0.1}, "weights": None}, "fixed in advance"),
        ],
    )
    def test_misuse(self, options, message):
        with pytest.raises(InvalidInputError, match=message):
            certify_looks(self.batches(count=1), **options)


def test_a_gain_over_a_model_with_another_holdout_is_refused():
    """Rows of one split are no rows of another: what was compared would be distances of different pairs."""
    from boundcalc.trainer import PairwiseMetricLearner

    x, y = embedded(200)
    first, twin, other = (
        PairwiseMetricLearner(random_state=seed, holdout=0.4, reg=reg).fit(x, y)
        for seed, reg in ((0, 1e-3), (0, 1e-1), (1, 1e-3))
    )
    assert certify(model=first, against=twin).kind == "gain"
    with pytest.raises(InvalidInputError, match="held out other rows"):
        certify(model=first, against=other)
    new = embedded(60, seed=4)
    assert certify(model=first, against=other, data=new).kind == "gain"


def test_a_gain_names_both_thresholds_and_orders():
    x, y = embedded(80)
    ordered = squared(x)
    ordered[np.triu_indices(80, 1)] *= 1.3
    for weights in ("own", (1.0, 1.0)):
        found = certify(distance=squared(x), against=ordered, y=y, threshold=(9.0, 7.5), weights=weights)
        assert "the threshold 7.5 of the other model" in said(found)
        assert "Pairs are ordered" in said(found)


def test_listed_scores_keep_their_sign_and_say_what_was_fixed():
    x, y = embedded(60)
    pairs = np.column_stack([np.arange(0, 60, 2), np.arange(1, 60, 2)])
    found = certify(scores=-squared(x), y=y, pairs=pairs, threshold=-9.0, weights=(1.0, 0.5), share=0.5)
    assert found.threshold == -9.0
    for part in ("this model's share of delta, 0.5", "the weights 1 for same and 0.5 for different pairs"):
        assert part in said(found)


def test_a_listed_pair_that_rounding_leaves_undecided_is_an_error():
    x, below = np.array([[0.0], [0.6], [0.0], [5.0]]), 0.35999999999999993
    pairs = [[0, 1], [0, 3], [2, 3]]
    found = certify(embeddings=x, y=[0, 0, 1, 1], pairs=pairs, threshold=below, weights=None)
    assert found.error == pytest.approx(2 / 3)  # the first pair is no closer than the threshold, the last is missed


class TestBatchesSayWhatTheyAre:
    @pytest.mark.parametrize(
        "extra",
        [{"threshold": 3.0}, {"share": 0.5}, {"calibration": 0.3}, {"kappa": 0.5}],
    )
    def test_a_batch_has_scores_and_labels_only(self, extra):
        x, y = embedded(60)
        given = {"weights": None} if "threshold" in extra else {"weights": None, "threshold": 14.0}
        with pytest.raises(InvalidInputError, match=next(iter(extra))):
            certify_looks([{"embeddings": x, "y": y, **extra}], **given)

    def test_groups_are_counted_and_come_in_one_batch(self):
        x, y = embedded(60)
        batch = {"embeddings": np.repeat(x, 3, axis=0), "y": np.repeat(y, 3)}
        single = certify_looks([{"embeddings": x, "y": y}], threshold=14.0, weights=None)
        grouped = certify_looks([{**batch, "groups": np.repeat(np.arange(60), 3)}], threshold=14.0, weights=None)
        assert grouped[0].units == single[0].units == 60
        assert grouped[0].value == pytest.approx(single[0].value, abs=1e-9)
        with pytest.raises(InvalidInputError, match="in an earlier batch already"):
            certify_looks([{**batch, "groups": np.repeat(np.arange(60), 3)}] * 2, threshold=14.0, weights=None)

    def test_copies_are_cautioned_and_exponents_are_those_used(self):
        x, y = embedded(33)
        x[1], y[1] = x[0], y[0]
        first, second = certify_looks([{"embeddings": x, "y": y}] * 2, threshold=14.0, weights=None)
        assert first.recipe["exponent"] == 16.0
        assert second.recipe["exponent"] == 32.0
        assert "at distance 0" in said(second)
