"""A step that fails with probability 1.3 delta is refuted, one that fails with probability delta is not: in every kind of world."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
import sympy

from boundcalc.checker.experiments.experiment import Experiment, SampleSpace
from boundcalc.checker.experiments.trial import try_out
from boundcalc.symbols import dev_f, kappa_M
from tests.coverage import assert_covers

SHARE = sympy.Symbol("delta[event|M]", positive=True)
POINTS = 400


@dataclass(frozen=True)
class Listed(SampleSpace):
    """dev_f is uniform on the multiples of 1/400 below 1, all of them listed."""

    def draw(self, rng, size):
        return [{"points": np.asarray(POINTS)}] * size

    def outcomes(self, instance, *, exact=False, rng=None):
        one = Fraction(1) if exact else 1.0
        kind = object if exact else float
        values = np.array([one * k / POINTS for k in range(POINTS)], dtype=kind)
        return {"dev_f": values}, np.full(POINTS, one / POINTS, dtype=kind)


@dataclass(frozen=True)
class Drawn(SampleSpace):
    """dev_f is uniform on [0, 1], in 4,000 replicates."""

    exhaustive: ClassVar[bool] = False

    def draw(self, rng, size):
        return [{"points": np.asarray(POINTS)}] * 2

    def outcomes(self, instance, *, exact=False, rng=None):
        return {"dev_f": rng.random(4000)}, np.full(4000, 1 / 4000)


@dataclass(frozen=True)
class Certified(Drawn):
    """The same, against a certificate that is made at the share of delta and is too small ``factor`` times too often."""

    factor: float = 1.0
    levels: ClassVar[tuple[Fraction, ...]] = (Fraction(1, 20), Fraction(3, 10))

    def outcomes(self, instance, *, exact=False, rng=None):
        share = float(Fraction(*(int(item) for item in instance["share"])))
        certificate = np.full(4000, 1 - self.factor * share)
        return {"dev_f": rng.random(4000), "kappa_M": certificate}, np.full(4000, 1 / 4000)


def word(world, right, events=(SHARE,)):
    experiment = Experiment("uniform deviations", (world,))
    return try_out(dev_f, "<=", right, experiment, events=events, rng=np.random.default_rng(3)).word


@pytest.mark.parametrize(("factor", "verdict"), [(1, "SUPPORTED"), (sympy.Rational(13, 10), "REFUTED")])
@pytest.mark.parametrize("world", [Listed(), Drawn()], ids=repr)
def test_a_tail(world, factor, verdict):
    assert word(world, 1 - factor * SHARE) == verdict


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "SUPPORTED"), (1.3, "REFUTED")])
def test_a_certificate_made_in_the_world(factor, verdict):
    assert word(Certified(factor=factor), kappa_M) == verdict


def test_two_events_share_delta_equally():
    """With two events each has half of delta: a step that takes all of it for one of them fails twice as often."""
    other = sympy.Symbol("delta[other|M]", positive=True)
    assert word(Listed(), 1 - SHARE - other, events=(SHARE, other)) == "SUPPORTED"
    assert word(Listed(), 1 - SHARE - sympy.Rational(16, 10) * other, events=(SHARE, other)) == "REFUTED"


@pytest.mark.parametrize(("runs", "delta"), [(60, 0.3), (400, 0.3), (2000, 0.1), (2000, 0.05)])
def test_coverage_tests_notice_a_rate_of_thirteen_tenths_of_delta(runs, delta):
    rng, caught = np.random.default_rng(0), 0
    for failures in rng.binomial(runs, 1.3 * delta, 400):
        try:
            assert_covers(failures, runs, delta)
        except AssertionError:
            caught += 1
    assert caught >= 0.86 * 400
    assert_covers(int(delta * runs), runs, delta)


def test_too_few_runs_are_no_coverage_test():
    with pytest.raises(AssertionError, match=r"30 runs notice the rate 1\.3 delta with chance 0\.79 only"):
        assert_covers(0, 30, 0.3)
