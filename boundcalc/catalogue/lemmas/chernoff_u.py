"""Chernoff's inequality for a U-statistic of nonnegative losses: one fixed f, sharper where its risk is small."""

from sympy import Min, Rational, log, sqrt

from boundcalc.catalogue.sources import hoeffding1963
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, dev_f, m, rhat_0
from boundcalc.theorems import Form, Theorem

FIXED = Event("fixed function", "the population risk of one fixed f is not far above its empirical risk")

_x = C * log(1 / FIXED.symbol) / m
_two_thirds = Rational(2, 3) * _x

SHARP = Derivation(
    quantity=dev_f,
    steps=(
        named("learning", context="single").at_most(
            dev_f,
            Min(sqrt(C * _x / 2), _two_thirds + sqrt(_two_thirds**2 + 2 * _x * rhat_0)),
            because="exponential moments decouple (Lemma 3.11) and are at most a Bernoulli variable's by convexity, so "
            "m kl(rhat/C, r/C) <= log(1/delta) if rhat <= r; and for q <= p, kl(q, p) >= 2 (p - q)^2, and >= u^2/(2q + 4u/3) "
            "with u = p - q, as log(1 + v) <= v (6 + v)/(6 + 4v)",
            events=(FIXED,),
            cites=str(hoeffding1963("Theorem 1, inequality 2.1, and Section 5b")),
        ),
    ),
)

KL = Derivation(
    quantity=dev_f,
    steps=(
        named("learning", context="single").at_most(
            dev_f,
            C * kl_inverse(rhat_0 / C, log(1 / FIXED.symbol) / m) - rhat_0,
            because="exponential moments decouple (Lemma 3.11) and are at most a Bernoulli variable's by convexity: "
            "m kl(rhat/C, r/C) <= log(1/delta) if rhat <= r",
            events=(FIXED,),
            cites=str(hoeffding1963("Theorem 1, inequality 2.1, and Section 5b")),
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.chernoff_u",
    number="-",
    title="Chernoff's inequality for U-statistics",
    claim="With probability at least 1 - delta, with x = C log(1/delta)/m: r(f) - rhat(f) <= "
    "min(sqrt(C x/2), 2x/3 + sqrt((2x/3)^2 + 2 x rhat(f))) for one fixed f.",
    quantity="deviation of one fixed f, one side",
    source=hoeffding1963("Theorem 1 and Section 5b"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "f is fixed before the sample is drawn",
        "the loss of f is nonnegative and lies in a range of length C",
    ),
    variants={
        "sharp": Form(SHARP, trivial=C),
        "kl": Form(KL, trivial=C, remarks=("The exact inverse, of which the default is a closed upper value.",)),
    },
    remarks=("Both terms of the minimum hold on the same event, so that taking the smaller one costs nothing.",),
)
