"""The lemmas of the field: their worlds against literal slow twins, and false twins that a reader would try first."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
import sympy

from boundcalc import theorem
from boundcalc.checker.experiments.worlds.chains import Chains, Martingales, Shells
from boundcalc.checker.experiments.worlds.measures import PosteriorMeans, Tails
from boundcalc.checker.experiments.worlds.terms import CoinTosses, FixedFunctions, SetFamilies
from boundcalc.checker.steps import check_step
from boundcalc.symbols import C, J, lam, m, var_f


def one(world, number=1):
    """Return an instance of an enumerable world, and its values."""
    drawn = world.draw(np.random.default_rng(number), 4)
    instance = {name: value[1] for name, value in drawn.items()}
    return instance, world.one(instance)


def law_of(weights):
    total = int(sum(weights))
    return [Fraction(int(weight), total) for weight in weights]


def test_fixed_functions_by_hand():
    world = FixedFunctions(3, 3, 2)
    for number, instance in enumerate(world.draw(np.random.default_rng(2), 4)):
        atoms, chance = world.outcomes(instance, exact=True)
        shares, q = law_of(instance["weights"]), instance["q"].tolist()
        risks = [sum(p * value for p, value in zip(shares, row, strict=True)) for row in q]
        for place, word in enumerate(product(range(3), repeat=3)):
            gaps = [risk - Fraction(sum(row[z] for z in word), 3) for risk, row in zip(risks, q, strict=True)]
            assert atoms["dev_J"][place] == max(gaps), number
            assert chance[place] == math.prod(shares[z] for z in word)
            mean = Fraction(sum(q[0][z] for z in word), 3)
            assert atoms["var_hat"][place] == sum((q[0][z] - mean) ** 2 for z in word) / 2
        moment = (
            sum(p * math.exp(float(atoms["lam"]) * float(risks[0] - q[0][z]) / 3) for z, p in enumerate(shares)) ** 3
        )
        assert float(atoms["cgf_f"]) == pytest.approx(math.log(moment) / float(atoms["lam"]))
        assert atoms["var_f"] == sum(p * (value - risks[0]) ** 2 for p, value in zip(shares, q[0], strict=True))


def test_coin_tosses_are_fixed_functions_of_two_letters():
    coins, chance = CoinTosses().outcomes({"m": np.array(3), "percent": np.array(50), "k": np.array(2)})
    words, each = FixedFunctions(3, 2).outcomes(
        {"weights": np.ones(2, int), "q": np.array([[0, 1]]), "prior": np.ones(1, int), "k": np.array(2)}
    )
    for name in ("cgf_f", "var_f", "lam"):
        assert coins[name] == pytest.approx(words[name])
    for name in ("dev_f", "var_hat"):
        assert (chance * coins[name] ** 2).sum() == pytest.approx((each * words[name] ** 2).sum())


def test_set_families_by_hand():
    for seed in range(5):
        instance, exact = one(SetFamilies(4, 6), seed)
        rows = {tuple(row) for row in instance["inside"].tolist()}
        dimension = max(
            k
            for k in range(5)
            for some in combinations(range(4), k)
            if len({tuple(row[i] for i in some) for row in rows}) == 2**k
        )
        assert (exact["growth"], exact["d_vc"]) == (len(rows), max(dimension, 1))
        assert exact["binomials"] == sum(math.comb(4, k) for k in range(max(dimension, 1) + 1))


@pytest.mark.parametrize("of", ["kl", "catoni"])
def test_posterior_means_by_hand(of):
    world = PosteriorMeans(of, 2, 3)
    for instance in world.draw(np.random.default_rng(3), 4):
        atoms, _ = world.outcomes(instance)
        shares, prior = ([float(p) for p in law_of(instance[name])] for name in ("weights", "prior"))
        q, growth, expected = instance["q"] / 2, math.log(int(instance["base"])), 0.0
        risks = q @ shares

        def g(f, seen, risks=risks, growth=growth):
            r = risks[f]
            if of == "catoni":
                return -2 * math.log(1 - (1 - math.exp(-growth)) * r) - growth * 2 * seen
            parts = ((seen, r), (1 - seen, 1 - r))
            return 2 * sum(a * math.log(a / b) for a, b in parts if a > 0)

        for place, word in enumerate(product(range(3), repeat=2)):
            means = [float(np.mean([q[f][z] for z in word])) for f in range(3)]
            mean = sum(p * math.exp(g(f, means[f])) for f, p in enumerate(prior))
            assert atoms["log_prior"][place] == pytest.approx(math.log(mean))
            expected += math.prod(shares[z] for z in word) * mean
        assert float(atoms["E_gain"]) == pytest.approx(expected)


def test_tails_have_the_least_scales():
    world = Tails(6)
    for instance in world.draw(np.random.default_rng(4), 6):
        atoms, chance = world.outcomes(instance)
        start = float(atoms["a_tail"])

        def kept(shape, atoms=atoms, chance=chance, start=start):
            later = [(z - start, chance[atoms["Z_tail"] >= z].sum()) for z in atoms["Z_tail"] if z > start]
            return all(p <= shape(t) * (1 + 1e-9) for t, p in later)

        fast, slow = float(atoms["b_tail"]), float(atoms["b_slow"])
        assert kept(lambda t: math.exp(-((t / fast) ** 2)))  # noqa: B023
        assert not kept(lambda t: math.exp(-((t / (0.99 * fast)) ** 2)))  # noqa: B023
        assert kept(lambda t: math.exp(-t / slow))  # noqa: B023
        assert not kept(lambda t: math.exp(-t / (0.99 * slow)))  # noqa: B023


def test_martingales_by_hand():
    world = Martingales(3)
    for instance in world.draw(np.random.default_rng(5), 4):
        atoms, chance = world.outcomes(instance, exact=True)
        assert sum(chance) == 1
        for place, path in enumerate(product((0, 1), repeat=3)):
            total, variance, most, history = 0, 0, 0, 1
            for step in path:
                up, down = (int(item) for item in instance["moves"][history])
                variance += Fraction(down, up + down) * up**2 + Fraction(up, up + down) * down**2
                total += up if step else -down
                most = max(most, total) if variance <= int(instance["v"]) else most
                history = 2 * history + step
            assert atoms["S_most"][place] == most


def test_shells_hold_their_functions():
    world = Shells(2, 3)
    for instance in world.draw(np.random.default_rng(6), 5):
        atoms, _ = world.outcomes(instance, exact=True)
        assert (atoms["dev_seen"] <= atoms["dev_shell"]).all()
        assert all(2 * low >= high >= low for low, high in zip(atoms["r_seen"], atoms["r_shell"], strict=True))


def test_chains_of_two_points_by_hand():
    """Two vectors at distance 4 in R^2: one member covers both at the radius, none but both below it."""
    world = Chains(2, 2, levels=2)
    exact = world.one({"entries": np.array([[0, 0], [4, 0]]), "k": np.array(1)})
    root = sympy.sqrt(sympy.log(2))
    assert exact["eps_0"] == sympy.sqrt(8)
    assert sympy.simplify(exact["chain_sum"] - root * sympy.Rational(3, 4)) == 0
    assert sympy.simplify(exact["entropy_integral"] - root * sympy.sqrt(8) * sympy.Rational(3, 8)) == 0


def step_of(key, number, form=None):
    return theorem(key).derivation(form).steps[number - 1]


def share(step):
    return step.events[0].symbol


FALSE = {
    "a union of J events costs no more than one": lambda: replace(
        step_of("lemmas.finite_class", 1), right=step_of("lemmas.finite_class", 1).right.subs(J, 1)
    ),
    "Bernstein needs no variance": lambda: replace(
        step_of("lemmas.bernstein", 2), right=step_of("lemmas.bernstein", 2).right.subs(var_f, var_f / 2)
    ),
    "Bernstein without the range": lambda: replace(step_of("lemmas.bernstein", 2), right=lam * var_f / (2 * m)),
    "Bennett with half the range": lambda: replace(
        step_of("lemmas.bennett", 2), right=step_of("lemmas.bennett", 2).right.subs(C, C / 2)
    ),
    "the sample's variance is that of the population": lambda: replace(
        step_of("lemmas.empirical_bernstein", 2),
        right=step_of("lemmas.empirical_bernstein", 2).right.subs(C, 0),
    ),
    "Sauer with d - 1": lambda: replace(
        step_of("lemmas.sauer", 2), right=step_of("lemmas.sauer", 2).right.subs(sympy.E, 1)
    ),
    "a posterior is free": lambda: replace(
        step_of("lemmas.change_of_measure", 1),
        right=next(s for s in step_of("lemmas.change_of_measure", 1).right.free_symbols if s.name == "log_prior"),
    ),
    "the prior mean of exp(m kl) is at most 1": lambda: replace(step_of("lemmas.pac_bayes", 4), right=sympy.S.One),
    "McDiarmid with a sixteenth": lambda: replace(
        step_of("lemmas.mcdiarmid", 2), right=step_of("lemmas.mcdiarmid", 2).right.subs(lam, lam / 2)
    ),
    "vectors contract like numbers divided by two": lambda: replace(
        step_of("lemmas.vector_contraction", 1), right=step_of("lemmas.vector_contraction", 1).right / 2
    ),
    "a cover without its scale": lambda: replace(
        step_of("lemmas.covering", 1), right=step_of("lemmas.covering", 1).right.subs({s: 0 for s in
            step_of("lemmas.covering", 1).right.free_symbols if s.name == "eps_cover"})
    ),
    "an integral without its factor": lambda: replace(
        step_of("lemmas.dudley", 3, "integral"), right=step_of("lemmas.dudley", 3, "integral").right / 2
    ),
    "a radius that was seen as if fixed": lambda: replace(
        step_of("lemmas.peeling", 4), right=step_of("lemmas.peeling", 4).right / 2
    ),
    "Freedman without Ville": lambda: replace(
        step_of("lemmas.freedman", 1),
        right=step_of("lemmas.freedman", 1).right.subs(share(step_of("lemmas.freedman", 1)), 1),
    ),
    "a mean without the integral": lambda: replace(
        step_of("lemmas.tail_to_mean", 2), right=step_of("lemmas.tail_to_mean", 2).right.subs(sympy.pi, 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", FALSE)
def test_what_a_reader_would_get_wrong_is_refuted(said):
    verdict = check_step(FALSE[said](), budget=8)
    assert verdict.word == "REFUTED", verdict
