"""Other people's models, fitted to the rows that are not held out and certified like our own."""

from __future__ import annotations

import sys
import types
from typing import ClassVar

import numpy as np
import pytest

import boundcalc as bc
from boundcalc import cli
from boundcalc.certification.foreign import contender, imported
from boundcalc.errors import InvalidInputError
from boundcalc.trainer import ModalityData
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.settings import Settings


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 200)
    return ModalityData({"a": rng.normal(size=(200, 3)) + 2.5 * np.eye(3)[y], "b": rng.normal(size=(200, 2))}, y)


@pytest.fixture(scope="module")
def given(data):
    return prepare(data, settings=Settings(pair_weights="balanced", holdout=0.4), rng=np.random.default_rng(0))


class Means:
    """A transformer that remembers what it was fitted to."""

    seen: ClassVar[list] = []

    def fit(self, x, y):
        type(self).seen = [x, y]
        self.means = np.stack([x[y == c].mean(axis=0) for c in np.unique(y)])
        return self

    def transform(self, x):
        return -np.square(x[:, None] - self.means).sum(axis=2)


class Likely(Means):
    def transform(self, x):
        raise AttributeError

    def __getattribute__(self, name):
        if name == "transform":
            raise AttributeError(name)
        return super().__getattribute__(name)

    def predict_proba(self, x):
        p = np.exp(-np.square(x[:, None] - self.means).sum(axis=2))
        return p / p.sum(axis=1, keepdims=True)


class Scores:
    def pair_score(self, pairs):
        assert pairs.shape[1:] == (2, 5)
        return -np.square(pairs[:, 0, :3] - pairs[:, 1, :3]).sum(axis=1)


def scores(left, right):
    return -np.square(left[:, :3] - right[:, :3]).sum(axis=1)


def embeds(x):
    return x[:, :3]


def test_a_model_sees_the_training_rows_only(given):
    contender(Means, given, ("a", "b"))
    x, y = Means.seen
    rows, _ = given.encoded_rows(("a", "b"), given.split.train)
    np.testing.assert_array_equal(x, rows)
    np.testing.assert_array_equal(y, given.data.y[given.split.train])


def test_equal_models_of_every_kind_get_equal_distances(data, given):
    part, everyone = given.split.holdout, np.arange(given.split.holdout.size)
    x = given.encoded_rows(("a", "b"), part)[0][:, :3]
    expected = np.square(x[:, None] - x).sum(axis=2)
    arrays = {"a": data.arrays["a"], "b": np.zeros((200, 1))}
    found = {}
    for name, model in {"scores": scores, "embeds": embeds, "object": Scores(), "class": Scores, "arrays": arrays,
                        "array": data.arrays["a"]}.items():  # fmt: skip
        one = contender(model, given, ("a", "b"))
        distances = one.distances(part)
        np.testing.assert_allclose(distances.between(everyone, everyone), expected, atol=1e-9)
        assert not distances.ordered
        found[name] = (round(one.threshold, 6), round(one.error, 9))
    assert len(set(found.values())) == 1


def test_probabilities_count_by_their_inner_products(given):
    one = contender(Likely(), given, ("a",))
    part = given.split.holdout
    model = Likely().fit(given.encoded_rows(("a",), given.split.train)[0], given.data.y[given.split.train])
    p = model.predict_proba(given.encoded_rows(("a",), part)[0])
    everyone = np.arange(part.size)
    np.testing.assert_allclose(one.distances(part).between(everyone, everyone), 1 - p @ p.T)
    assert 0 < one.threshold < 1


def test_a_score_that_is_not_symmetric_is_about_ordered_pairs(given):
    one = contender(lambda left, right: left[:, 0] - right[:, 0], given, ("a",))
    distances = one.distances(given.split.holdout)
    assert (distances.symmetric, distances.ordered) == (False, True)


def test_torch_modules_give_embeddings(given):
    torch = pytest.importorskip("torch")
    one = contender(torch.nn.Linear(5, 4), given, ("a", "b"))
    assert one.distances(given.split.holdout).n == given.split.holdout.size


def test_train_certifies_what_is_named(data, monkeypatch):
    module = types.ModuleType("somebody")
    module.Means, module.broken = Means, 7
    monkeypatch.setitem(sys.modules, "somebody", module)
    answer = bc.train(data, model="somebody:Means", rng=0, subsets=["a", "a+b"])
    errors = [line for line in answer.certificates if line.certificate.kind == "transport"]
    assert {line.subset for line in errors} == {"a", "a+b"}
    part = prepare(data, settings=Settings.from_dict(answer.measured.settings), rng=np.random.default_rng(0))
    one = contender(Means, part, ("a",))
    everyone = np.arange(part.split.holdout.size)
    near = one.distances(part.split.holdout).between(everyone, everyone) < one.threshold
    codes = data.codes[part.split.holdout]
    upper = np.triu_indices(everyone.size, 1)
    same = (codes[:, None] == codes)[upper]
    weighted = np.where(same, *part.weights) * (near[upper] != same)
    found = next(line.certificate for line in errors if line.subset == "a")
    assert found.error == pytest.approx(weighted.mean(), abs=1e-9)
    assert found.error < found.value < found.constant
    assert any("Means on a (training part)" in line for line in found.recipe["fixed"])
    for name, said in {
        "somebody": "module:object",
        "somebody:x": "has no 'x'",
        "nowhere:x": "importing 'nowhere'",
    }.items():
        with pytest.raises(InvalidInputError, match=said):
            imported(name)
    with pytest.raises(InvalidInputError, match="expected an object with"):
        bc.train(data, model="somebody:broken", rng=0)


def test_bad_models_are_refused_in_one_line(given, capsys):
    class Fails:
        def fit(self, x, y):
            raise ValueError("no")

    for model, said in [
        (Fails, "fitting failed"),
        (lambda x: x[:5], "embeddings of shape"),
        (lambda a, b: np.full(3, np.nan), "a finite number for each"),
        ({"c": np.ones((200, 2))}, "one for each of a"),
        (np.ones((3, 2)), "a row each"),
    ]:
        with pytest.raises(InvalidInputError, match=said):
            contender(model, given, ("a",))
    assert cli.main(["train", "penguins", "--model", "math"]) == 2
    assert "module:object" in capsys.readouterr().err
