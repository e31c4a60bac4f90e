"""The plan of pairs: held-out numbers against the assurance asked directly, coverage of the plan, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from boundcalc.certification import certify_matching
from boundcalc.planner import assurance, plan_matching


class Noisy(BaseEstimator):
    """Encoders that are right up to noise, less the more pairs they were given."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, rows, pairs):
        self.noise = 0.2 + 6.0 / len(pairs)
        self.sizes = [len(block) for block in rows.values()]
        return self

    def similarity(self, a, b):
        (left,), (right,) = a.values(), b.values()
        shift = self.noise * np.random.default_rng(0).normal(size=left.shape)
        return -np.square(left[:, None] - right - shift[:, None]).sum(axis=2)


def items(n, rng):
    x = rng.normal(size=(n, 2))
    return {"a": x, "b": x.copy()}


def test_how_far_it_is_is_told():
    rng, said = np.random.default_rng(0), []
    plan_matching(
        Noisy(), items(80, rng), np.arange(80) < 60, target=0.3, folds=3, rng=1,
        progress=lambda done, total, what: said.append((done, total, what)),
    )  # fmt: skip
    done = [one[0] for one in said]
    assert (len(said), said[0][:2], said[-1][:2]) == (1 + 2 * 3 * 3, (0, 12), (12, 12))
    assert done == sorted(done)
    assert said[1][2] == "13 pairs"


def test_a_plan_is_met_by_new_pairs():
    """The certificate of so many new pairs meets the target about as often as planned."""
    rng = np.random.default_rng(0)
    plan = plan_matching(Noisy(), items(400, rng), np.arange(400) < 200, target=0.15, unaligned=(1.0,), rng=1)
    offer = next(one for one in plan.offers if one.train == 150)
    assert offer.measured
    assert offer.unaligned == 200
    model, met = Noisy().fit({}, np.zeros((150, 2))), 0
    for _ in range(40):
        new = items(offer.holdout, rng)
        distance = -model.similarity({"a": new["a"]}, {"b": new["b"]})
        met += certify_matching(distance=distance, quantity="recall", splits=3).value <= 0.15
    assert met >= 30


def test_offers_are_what_the_assurance_says_and_the_best_takes_the_fewest_pairs():
    plan = plan_matching(Noisy(), items(120, np.random.default_rng(1)), np.arange(120) < 80, target=0.3, k=3, power=0.8)
    assert [one.train for one in plan.offers[:6]] == [20, 40, 60, 160, 320, 640]
    assert [one.unaligned for one in plan.offers] == [20] * 6 + [40] * 6
    errors = [one.error for one in plan.offers[:6]]
    assert errors == sorted(errors, reverse=True)
    least = min(one.train + one.holdout for one in plan.offers if one.holdout)
    assert plan.best.train + plan.best.holdout == least
    known = {"error": plan.best.error / 2, "uncertainty": plan.best.uncertainty / 2, "target": 0.15}
    # The provable assurance of this error alone, without its uncertainty, is a cross-check of the order.
    assert assurance(10 * plan.best.holdout, error=known["error"], target=known["target"]) > 0.5
    assert f"{plan.best.holdout:,} further pairs" in plan.sentence
    assert plan.to_dict()["offers"][0]["train"] == 20
    assert "power law" in plan.text()
    never = plan_matching(Noisy(), items(120, np.random.default_rng(1)), np.arange(120) < 80, target=0.001)
    assert never.best is None
    assert "No number of pairs" in never.sentence


def test_pairs_of_a_fold_are_not_trained_on():
    seen = []

    class Watch(Noisy):
        def fit(self, rows, pairs):
            seen.append(rows["a"])
            return super().fit(rows, pairs)

        def similarity(self, a, b):
            (left,) = a.values()
            assert not np.isin(left[:, 0], seen[-1][:, 0]).any()
            return super().similarity(a, b)

    plan_matching(Watch(), items(60, np.random.default_rng(2)), np.arange(60) < 40, target=0.3, unaligned=(1.0,))
    assert len(seen) == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": 1.0}, "target=1.0"),
        ({"k": 1}, "k=1"),
        ({"power": 0.2}, "power=0.2"),
        ({"folds": 1}, "folds=1"),
        ({"unaligned": ()}, "unaligned is empty"),
        ({"unaligned": (2.0,)}, "unaligned=2.0"),
        ({"aligned": np.arange(40) < 9}, "9 aligned pairs"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        plan_matching(**{"model": Noisy(), "X": items(40, np.random.default_rng(3)), "aligned": np.ones(40, bool),
                         "target": 0.2, **change})  # fmt: skip
