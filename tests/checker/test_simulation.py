"""Continuous populations and the planned guarantee: closed forms against brute force, and false twins that are caught."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import pi

import numpy as np
import pytest
import sympy

import boundcalc as bc
from boundcalc.catalogue.zhou2026.ex_ante import kappa_0
from boundcalc.checker.experiments.evidence import replay
from boundcalc.checker.experiments.experiment import Experiment
from boundcalc.checker.experiments.trial import try_out
from boundcalc.checker.experiments.worlds import continuous, pilot
from boundcalc.checker.experiments.worlds.averages import over_pairs_of_counts
from boundcalc.checker.experiments.worlds.continuous import GaussianMetric, SphereMetric, SpherePairs
from boundcalc.checker.experiments.worlds.pilot import Pilot
from boundcalc.checker.steps import check_step
from boundcalc.errors import InvalidInputError
from boundcalc.symbols import C, J, delta, dev_f, dev_minus, kappa_M, m

WORLDS = [SphereMetric(), GaussianMetric()]


@pytest.mark.parametrize("world", WORLDS, ids=repr)
def test_population_risks_against_a_large_sample(world):
    rng = np.random.default_rng(4)
    for instance in world.draw(rng, 2):
        points, labels = world.examples(instance, (2, 400_000), rng)
        values, similar = world.squares(points[0], points[1]), labels[0] * labels[1]
        rho = float(instance["rho"])
        for weights, t in world.functions(instance):
            score = t / 4 - values @ (np.asarray(weights) / 4)
            loss = np.clip(1 - similar * score / rho, 0, 1)
            risk, error = world.expected(instance, weights, t / 4, rho)
            assert risk == pytest.approx(loss.mean(), abs=6 * 0.5 / 400_000**0.5)
            assert error == pytest.approx((similar * score <= 0).mean(), abs=6 * 0.5 / 400_000**0.5)


@pytest.mark.parametrize("world", WORLDS, ids=repr)
def test_gaussian_and_sphere_complexities_against_a_large_sample(world):
    rng = np.random.default_rng(5)
    instance = world.draw(rng, 1)[0]
    points, _ = world.examples(instance, (2, 300_000, 4), rng)
    sums = (world.squares(points[0], points[1]) * rng.choice([-1, 1], (300_000, 4, 1))).sum(axis=1)
    sample = np.abs(sums).sum(axis=1)
    assert world.spread(instance, 4) == pytest.approx(sample.mean(), abs=6 * sample.std() / 300_000**0.5)


def test_complexities_in_closed_form():
    assert continuous.uniform_walk(1) == Fraction(1, 2)
    assert continuous.uniform_walk(2) == Fraction(2, 3)
    # E u^2 = 2; for two pairs the signs agree or not, and E|a^2 - b^2| = 4/pi for standard Gaussian a, b.
    assert continuous._folded(0, 1) == pytest.approx(2, abs=1e-9)
    assert continuous._folded(0, 2) == pytest.approx(2 + 4 / pi, abs=1e-9)


def test_the_class_holds_the_corners_of_its_box():
    """The Rademacher average of the grid is that of the box: brute force over the class on given pairs."""
    world = GaussianMetric()
    rng = np.random.default_rng(3)
    instance = world.draw(rng, 1)[0]
    points, _ = world.examples(instance, (2, 3), rng)
    values = world.squares(points[0], points[1])
    corners = sum(
        max(np.dot(sign, t / 4 - values @ (np.asarray(weights) / 4)) for weights, t in world.functions(instance))
        for sign in product((-1, 1), repeat=3)
    )
    signs = np.array(list(product((-1, 1), repeat=3)))
    tau = float(instance["t"][1] - instance["t"][0]) / 4
    formula = (np.abs(signs @ values).sum() + tau * np.abs(signs.sum(axis=1)).sum()) / 2
    assert corners == pytest.approx(formula)


def test_false_twins_are_refuted_on_continuous_populations():
    event = sympy.Symbol("delta[x|M]", positive=True)
    x = sympy.log(1 / event)
    for world in WORLDS:
        experiment = Experiment("continuous", (world,))
        for left, share in ((dev_f, sympy.Rational(1, 10)), (dev_minus, sympy.Rational(1, 20))):
            right = share * C * sympy.sqrt(x / (2 * m))
            verdict = try_out(left, "<=", right, experiment, events=[event], rng=np.random.default_rng(0))
            assert verdict.word == "REFUTED", str(verdict)
            assert verdict.witness["interval"][0] > Fraction(verdict.witness["delta"])
    step = bc.theorem("zhou2026.metric_complexity").derivation("data").steps[0]
    verdict = try_out(
        step.left,
        "<=",
        step.right.subs(m, 400 * m),
        Experiment("sphere", (SpherePairs(),)),
        events=[event.symbol for event in step.events],
        rng=np.random.default_rng(0),
    )
    assert verdict.word == "REFUTED"


def test_the_certified_constant_is_tried_with_the_trainers_certificate():
    step = bc.theorem("zhou2026.ex_ante").derivation().steps[-1]
    assert (step.left, step.right) == (kappa_0, kappa_M)
    verdict = check_step(step, budget=60)
    assert verdict.word == "SUPPORTED"
    assert verdict.engine == "exact tail"
    assert verdict.witness["failure probability"] <= Fraction(verdict.witness["delta"])
    assert "2,000 terms, delta down to 1e-60" in verdict.evidence
    assert "median slack" in verdict.evidence
    twin = replace(step, right=sympy.Rational(4, 5) * kappa_M)
    assert check_step(twin, budget=60).word == "REFUTED"
    with pytest.raises(InvalidInputError, match="needs the event"):
        replace(twin, events=())


def test_the_planned_guarantee_holds_and_needs_the_number_of_candidates():
    chain = bc.theorem("zhou2026.ex_ante").derivation()
    events = [event.symbol for event in chain.events]
    assert len(events) == 3
    experiment = Experiment("pilot", (Pilot(),))
    right = chain.result
    for bound, word in ((right, "SUPPORTED"), (right.subs(J, 1), "REFUTED")):
        verdict = try_out(
            chain.quantity, "<=", bound, experiment, events=events, rng=np.random.default_rng(1), budget=60
        )
        assert verdict.word == word, str(verdict)
    again = replay(verdict.witness, seed=5)
    bad = Fraction(verdict.witness["delta"])
    values = {symbol.name: again.get(symbol.name) for symbol in right.free_symbols} | {
        event.name: float(bad) / 3 for event in events
    }
    bound = sympy.lambdify(list(right.free_symbols), right.subs(J, 1))(*(values[s.name] for s in right.free_symbols))
    assert again["probability"][again["r_future"] > bound].sum() > bad


def test_pilot_against_brute_force():
    differs = 0.3
    total = 0.0
    for row in product((0, 1), repeat=3):
        chance = np.prod([differs if item else 1 - differs for item in row])
        total += chance * sum(abs(np.dot(row, sign)) for sign in product((-1, 1), repeat=3)) / 8
    assert pilot._rademacher(3, differs) == pytest.approx(total / 6)
    loss, wrong = pilot._tables()
    cells = [0, 0, 1, 3, 2, 3]
    counts = np.bincount(cells, minlength=4)
    pairs = [(a, b) for i, a in enumerate(cells) for j, b in enumerate(cells) if i != j]
    for table, value in zip(loss, over_pairs_of_counts(loss, counts, 6), strict=True):
        assert value == pytest.approx(np.mean([table[pair] for pair in pairs]))
    label, feature = [-1, -1, 1, 1], [0, 1, 0, 1]
    for f, weight in enumerate((0, 0.5, 1)):
        for a, b in product(range(4), repeat=2):
            s, score = label[a] * label[b], 0.5 - weight * abs(feature[a] - feature[b])
            assert loss[f, a, b] == max(0, 1 - s * score)
            assert wrong[f, a, b] == (s * score <= 0)


def test_evidence_can_be_pasted():
    verdict = bc.check(bc.theorem("zhou2026.risk_reduction"), form="paper").rows[0].verdict
    space: dict = {}
    exec(verdict.witness["import"], space)
    exact = eval(verdict.witness["world"], space).one(verdict.witness["instance"])
    values = replay(verdict.witness)
    assert values["rhat_N"] == exact["rhat_N"] == exact["rhat_M"]
    step = bc.theorem("lemmas.hoeffding_u").derivation().steps[0]
    twin = bc.Step(
        step.left, "<=", step.right / 2, "false", "probability", events=step.events, experiment=step.experiment
    )
    verdict = check_step(twin)
    assert verdict.engine == "exact tail"
    values = replay(verdict.witness)
    bad = Fraction(verdict.witness["delta"])
    bound = float(values["C"]) * (float(np.log(1 / float(bad))) / 2 / float(values["m"])) ** 0.5 / 2
    fails = values["probability"][values["dev_f"].astype(float) > bound].sum()
    assert fails == Fraction(verdict.witness["failure probability"]) > bad


@pytest.mark.parametrize(
    "witness",
    [
        {"n": "3"},
        {"import": "import os", "world": "os", "instance": {}},
        {
            "import": "from boundcalc.checker.experiments.worlds.pilot import Pilot",
            "world": "Pilot(open('x'))",
            "instance": {},
        },
        {"import": "from boundcalc.checker.experiments.worlds.pilot import np", "world": "np()", "instance": {}},
    ],
)
def test_only_worlds_are_replayed(witness):
    with pytest.raises(InvalidInputError, match="no instance to replay"):
        replay(witness)


def test_delta_is_no_symbol_of_the_worlds():
    """A bound in delta itself is tried as one in its only event."""
    verdict = try_out(
        dev_f, "<=", C * sympy.sqrt(sympy.log(1 / delta) / (2 * m)), Experiment("sphere", (SphereMetric(),)),
        events=[delta], rng=np.random.default_rng(0),
    )  # fmt: skip
    assert verdict.word == "SUPPORTED"
