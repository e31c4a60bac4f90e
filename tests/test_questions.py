"""Questions that the works of Table 1 answer: the planted law's facts by hand, certificates that hold, what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.questions.asking import QUESTIONS, ask
from boundcalc.guarantees.questions.contrastive import triplet_losses
from boundcalc.guarantees.questions.missing import shuffled
from boundcalc.guarantees.questions.sample import planted
from boundcalc.trainer import ModalityData


def h2(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


@pytest.fixture(scope="module")
def replies():
    return {question: ask(question) for question in QUESTIONS}


def test_the_planted_law_has_its_stated_facts(replies):
    law = planted()
    cross = law.arrays["a"].T @ law.arrays["b"] / law.n
    assert np.linalg.svd(cross)[1] == pytest.approx([0.75, 0.64, 0], abs=1e-12)
    assert replies["features"].truth["s_r"] == pytest.approx(0.64)
    lost = replies["missing"].truth
    # without a the second bit is unknown, and the first one is turned with chance 1/8
    assert lost["eps_info a"] == pytest.approx(math.log(2) + h2(1 / 8))
    assert lost["eps_X a"] == pytest.approx(1 - (2 * 49 + 2 * 1) / 256)
    assert (lost["eps_info b"], lost["eps_X b"]) == pytest.approx((0, 0), abs=1e-12)
    # what a says beyond b of one label: variance 1/4 3/4 less that of its chance given b, 7/16 or 1/16
    assert replies["landmarks"].truth["eps_Z"] == pytest.approx(0.5 * 7 / 16 * 9 / 16 + 0.5 * 1 / 16 * 15 / 16)
    # the best map takes 3/4 of the first bit and the nuisance; lengths are divided by the largest
    longest = math.sqrt(1 + 0.64 + 0.09)
    left = 7 / 8 * math.hypot(0.25, 0.3) + 1 / 8 * math.hypot(1.75, 0.3)
    assert replies["unlabelled"].truth["conn"] == pytest.approx(left / longest, rel=2e-3)  # a little ridge


def test_a_sample_comes_near_the_truth(replies):
    for question in ("features", "missing", "unlabelled", "contrastive"):
        found = replies[question]
        for name, value in found.truth.items():
            assert found.inputs[name].value == pytest.approx(value, rel=0.15, abs=0.02), (question, name)
        assert "truth" in found.tables()[-1].columns


def recovery(n, found, *, p, delta, s_r):
    """Return the bound of the features by hand."""
    level = math.log((4 + 3) / delta)
    large = 2 * found["B_a"].value * found["B_b"].value * level / (3 * n)
    t = large + math.sqrt(large**2 + 2 * found["v"].value * level / n)
    signal = (1 - p) * s_r
    return math.sqrt(2) * (min(1, t / (signal - t)) if signal > t else 1)


def test_features_are_recovered_from_the_smallest_number_of_pairs(replies):
    ((_, _, s_r, now, *sizes),) = replies["features"].tables()[0].rows
    inputs = replies["features"].inputs
    for p, size in zip((0, 0.25, 0.5), sizes, strict=True):
        assert (
            recovery(size, inputs, p=p, delta=0.05, s_r=s_r)
            <= 0.5
            < recovery(size - 1, inputs, p=p, delta=0.05, s_r=s_r)
        )
    assert now < 0.5  # the sample is larger than what is needed
    law, rng = planted(), np.random.default_rng(1)
    rows = rng.integers(0, law.n, sizes[0])
    left = np.linalg.svd(law.arrays["a"][rows].T @ law.arrays["b"][rows])[0][:, :2]
    assert np.linalg.norm(left[[1, 3]]) <= 0.5


def test_unlabelled_pairs_are_worth_what_the_bound_says(replies):
    inputs = replies["unlabelled"].inputs

    def by_hand(n, n_u):
        radius, conn, level = inputs["radius"].value, inputs["conn"].value, math.log(2 / 0.05)
        head = 2 * math.sqrt(2 / n) + 2 * math.sqrt(level / (2 * n))
        return head + conn + 2 * radius * math.sqrt(2 * 3 / n_u) + 2 * (1 + radius) * math.sqrt(level / (2 * n_u))

    for pairs, value, worth in replies["unlabelled"].tables()[0].rows:
        assert value == pytest.approx(by_hand(2000, pairs))
        assert by_hand(worth, worth) <= value * (1 + 1e-9)
        assert by_hand(worth - 1, worth - 1) > value
    size = int(replies["unlabelled"].sentence.split()[0].replace(",", ""))
    limit = by_hand(2000, 10**15) + 0.1
    assert by_hand(2000, size) <= limit < by_hand(2000, size - 1)


def test_what_is_certified_holds_on_the_planted_law():
    """Over many samples: the mean classifier's true loss, and the true error at half the margin, are not above."""
    for seed in range(12):
        contrastive = ask("contrastive", rng=seed)
        (_, sure, enough), _ = contrastive.tables()[0].rows
        assert contrastive.truth["L_sup"] <= sure < 1
        assert 0 < enough < 200
    for margin, below, _, sure in ask("landmarks").tables()[1].rows:
        assert margin > 0
        assert below <= sure < 1


def test_a_label_without_rows_counts_as_the_largest_loss():
    code, labels, rng = np.eye(4), np.array([0, 0, 1, 1]), np.random.default_rng(0)
    losses = triplet_losses(code, labels, np.array([0, 1]), 50, 9.0, rng)
    assert (losses == 9).sum() >= 49  # each triplet takes three of the four rows
    assert losses.min() <= 1


def test_values_are_shuffled_among_rows_with_equal_rest_only():
    rng = np.random.default_rng(0)
    rest, codes = rng.integers(0, 3, 200), rng.integers(0, 5, 200)
    mixed = shuffled(codes, rest, rng)
    assert (mixed != codes).any()
    for value in range(3):
        assert sorted(mixed[rest == value]) == sorted(codes[rest == value])


def test_rows_of_one_group_count_once():
    rng = np.random.default_rng(0)
    y, groups = np.tile([0, 1], 200), np.repeat(np.arange(40), 10)
    blocks = {"a": rng.normal(size=(400, 2)) + y[:, None], "b": rng.normal(size=(400, 2)) + y[:, None]}
    found = ask("features", ModalityData(blocks, y, groups=groups))
    assert "of 40 rows" in found.sentence.replace("\n", " ")
    with pytest.raises(InvalidInputError, match="at least 20"):
        ask("features", ModalityData(blocks, y, groups=np.repeat(np.arange(10), 40)))


def test_what_cannot_be_asked_is_said():
    with pytest.raises(InvalidInputError, match=r"question='feature'.*features.*missing"):
        ask("feature")
    with pytest.raises(InvalidInputError, match=r"(?s)delta=2.*target=-1.*rank=0"):
        ask("features", delta=2, target=-1, rank=0)
    with pytest.raises(InvalidInputError, match="two are needed"):
        ask("missing", ModalityData({"a": np.eye(8)}, [0, 1] * 4))
    with pytest.raises(InvalidInputError, match="rank = 4"):
        ask("features", rank=4)
    assert ask("contrastive", target=0.1).to_dict()["tables"][0]["rows"][0][2] is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_command_answers(question, capsys, tmp_path):
    path = tmp_path / "reply.html"
    assert main(["ask", question, "--json", "--seed", "3", "--out", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["question"] == question
    assert answer["sentence"] == bc.ask(question, rng=3).sentence
    assert all(key in bc.catalogue for key in answer["keys"])
    assert QUESTIONS[question].words in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["penguins", "digits"])
def test_data_sets_that_ship_are_asked(name, capsys):
    pytest.importorskip("palmerpenguins" if name == "penguins" else "sklearn")
    for question in QUESTIONS:
        assert main(["ask", question, name]) == 0
        out = capsys.readouterr().out
        assert "estimated" in out
        assert max(map(len, out.splitlines())) <= 80
