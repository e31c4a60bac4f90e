"""Lemma 1 of Tosh, Krishnamurthy, Hsu 2021: what is lost by predicting Y from X through Z, mu(x) = E[E[Y|Z] | X=x].

Sharper here than in the work: mu(X) - E[Y|X] is a function of X and E[Y|X] - E[Y|X,Z] has mean 0 given X, so that their
squares add up without a cross term.

>>> from boundcalc import theorem
>>> entry = theorem("tosh2021.redundancy")
>>> entry.bound().expr, entry.bound("paper").expr
(eps_X + eps_Z, 2*sqrt(eps_X)*sqrt(eps_Z) + eps_X + eps_Z)
"""

from sympy import sqrt

from boundcalc.catalogue.sources import tosh2021
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import eps_X, eps_Z, symbol
from boundcalc.theorems import Form, Provenance, Theorem

eps_mu = symbol("eps_mu", r"\varepsilon_\mu", "squared error of mu(X): E(mu(X) - E[Y|X,Z])^2", group="approximation")
gap_mu = symbol("gap_mu", r"\mathbb E(\mu(X)-\mathbb E[Y|X])^2", "squared distance of mu(X) from E[Y|X]")

JOINT = named("two_views")

THROUGH_Z = JOINT.at_most(
    gap_mu,
    eps_Z,
    because="mu(X) - E[Y|X] = E[E[Y|Z] - E[Y|X,Z] | X], and a squared conditional mean is at most the mean square",
)

SHARP = Derivation(
    quantity=eps_mu,
    steps=(
        JOINT.equal(
            eps_mu,
            eps_X + gap_mu,
            because="E[Y|X] - E[Y|X,Z] has mean 0 given X, and mu(X) - E[Y|X] is a function of X: they are orthogonal",
        ),
        THROUGH_Z,
    ),
)

PAPER = Derivation(
    quantity=eps_mu,
    steps=(
        JOINT.at_most(
            eps_mu,
            eps_X + 2 * sqrt(eps_X) * sqrt(gap_mu) + gap_mu,
            because="the triangle inequality in the space of square-integrable functions",
        ),
        THROUGH_Z,
    ),
)

THEOREM = Theorem(
    key="tosh2021.redundancy",
    number="-",
    title="Redundancy of two views",
    claim="E(mu(X) - E[Y|X,Z])^2 <= eps_X + eps_Z, where mu(x) = E[E[Y|Z] | X=x].",
    quantity="squared error of mu(X)",
    source=tosh2021("Lemma 1"),
    assumptions=("Y is square-integrable", "mu is exact: the law of Z given X is known, as from infinitely many pairs"),
    unit="examples",
    variants={
        "sharp": Form(SHARP, remarks=("Up to half of the work's own form.",)),
        "paper": Form(PAPER, provenance=Provenance.QUOTED),
    },
    remarks=("eps_X is the price in squared error of leaving modality Z out.",),
)
