"""Theorem 3 of Tosh, Krishnamurthy, Hsu 2021: a linear head on density ratios at m_L landmarks of the other modality.

mu(x) = E[g(x, Z') E[Y|Z']] over a landmark Z' drawn from Z's law, with g(x, z) = p(x, z)/(p(x) p(z)): the mean over landmarks
is an unbiased linear function of the features g(x, z_1), ..., of variance V/m_L.

>>> from boundcalc import theorem
>>> bound = theorem("tosh2021.landmarks").bound()
>>> int(bound.solve_for("m_L", target=0.1, eps_X=0.02, eps_Z=0.01, V=1, delta=0.05).values)
300
"""

from sympy import Max, ceiling, floor, log, sqrt

from boundcalc.catalogue.sources import tosh2021
from boundcalc.catalogue.tosh2021.redundancy import eps_mu
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import eps_lm, eps_X, eps_Z, m_L, symbol
from boundcalc.theorems import Form, Provenance, Theorem

err_lm = symbol(
    "err_lm",
    r"\min_w\mathbb E(w\cdot\varphi(X)-\mathbb E[Y|X,Z])^2",
    "squared error of the best linear head on the landmarks",
)
V = symbol("V", r"V", "E Var(g(X, Z') E[Y|Z'] | X), Z' a landmark", group="approximation")

LANDMARKS = named("landmarks")

FOUND = Event("landmarks", "some weights of the landmarks represent mu")
_bits = log(1 / FOUND.symbol) / log(2)

TOGETHER = (
    LANDMARKS.at_most(
        err_lm,
        eps_X + (sqrt(eps_Z) + sqrt(eps_lm)) ** 2,
        because="a head is a function of X, so its error is eps_X and its squared distance from E[Y|X], which is at most the "
        "distance of mu (tosh2021.redundancy) and that of the head from mu",
    ),
)


def _found(value, because, **more):
    return LANDMARKS.at_most(eps_lm, value, because=because, events=(FOUND,), **more)


_BLOCKS = "among blocks of landmarks one has twice its expected squared error or less, except with chance 1/2 each (Markov): with "

SHARP = Derivation(
    quantity=err_lm,
    steps=(
        *TOGETHER,
        _found(2 * V / floor(m_L / ceiling(_bits)), _BLOCKS + "ceil(log2(1/delta)) blocks all fail with delta"),
    ),
    where={},
)
MARKOV = Derivation(
    quantity=err_lm,
    steps=(*TOGETHER, _found(V / (m_L * FOUND.symbol), "Markov's inequality for the mean over all landmarks")),
    where={},
)
PAPER = Derivation(
    quantity=err_lm,
    steps=(
        LANDMARKS.at_most(
            err_lm,
            eps_mu + 2 * sqrt(eps_mu) * sqrt(eps_lm) + eps_lm,
            because="the triangle inequality in the space of square-integrable functions",
        ),
        _found(
            2 * V / floor(m_L / Max(1, _bits)),
            _BLOCKS
            + "log2(1/delta) blocks, as printed; where that is no whole number the number of whole blocks is smaller",
            cites=str(tosh2021("Lemma 2")),
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="tosh2021.landmarks",
    number="-",
    title="Landmarks of the other modality",
    claim="With probability at least 1 - delta over the m_L landmarks some linear head on them has squared error at most "
    "eps_X + (sqrt(eps_Z) + sqrt(eps_lm))^2, eps_lm = 2 V/floor(m_L/ceil(log2(1/delta))).",
    quantity="squared error of the best linear head on the landmarks",
    source=tosh2021("Lemma 2 and Theorem 3"),
    assumptions=(
        "the landmarks are i.i.d. from Z's law, and the density ratios are exact",
        "V is the expected variance over a landmark",
    ),
    unit="landmarks",
    variants={
        "sharp": Form(SHARP),
        "paper": Form(
            PAPER,
            provenance=Provenance.QUOTED,
            remarks=(
                "Printed without the maximum: for delta > 1/2 that claims less than the mean error V/m_L, and is refuted.",
                "The proof as printed gives delta only where log2(1/delta) is whole: with m_L = 5 and delta = 2^-2.5 blocks "
                "of 2 make 2 whole blocks, which fail with chance 1/4 > delta. For delta <= 1/2 the "
                "statement itself is not refuted.",
            ),
        ),
        "markov": Form(MARKOV, remarks=("No blocks: never larger than the sharp form for delta >= 1/6.",)),
    },
    remarks=("With fewer landmarks than blocks nothing is claimed: the bound is infinite.",),
)
