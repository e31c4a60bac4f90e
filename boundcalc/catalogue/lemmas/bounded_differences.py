"""Deviation of a supremum over all pairs: exponential moments decouple it, McDiarmid bounds them.

Phi_n is a supremum over a class of an average over all pairs of functions whose values vary by at most c.
"""

from sympy import log, sqrt

from boundcalc.catalogue.sources import mcdiarmid1989
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import REAL, EPhi_m, Phi_m, Phi_n, c, lam, m, n, symbol
from boundcalc.theorems import Form, Theorem

EPhi_n = symbol("EPhi_n", r"\mathbb E\,\Phi_n", "expectation of the supremum over all pairs", REAL)
cgf_n = symbol(
    "cgf_n",
    r"\tfrac1\lambda\log\mathbb E e^{\lambda\Phi_n}",
    "scaled cumulant generating function of the supremum over all pairs",
    REAL,
)
cgf_m = symbol(
    "cgf_m",
    r"\tfrac1\lambda\log\mathbb E e^{\lambda\Phi_m}",
    "scaled cumulant generating function of the supremum over m independent pairs",
    REAL,
)

CHERNOFF = named("chernoff")
DECOUPLING = named("u_statistics")

DEVIATION = Event("deviation", "the supremum exceeds its decoupled expectation by at most the stated term")

_x = log(1 / DEVIATION.symbol)

_chernoff = CHERNOFF.at_most(
    Phi_n,
    cgf_n + _x / lam,
    because="Markov's inequality for exp(lam Phi_n), lam > 0 fixed in advance",
    events=(DEVIATION,),
)
_decouple = DECOUPLING.at_most(cgf_n, cgf_m, because="Lemma 3.11 with psi(x) = exp(lam x)", cites="lemmas.decoupling")
_mcdiarmid = named("independent_pairs").at_most(
    cgf_m,
    EPhi_m + lam * c**2 / (8 * m),
    because="replacing one of the m independent pairs moves the supremum by at most c/m",
    cites=str(mcdiarmid1989("Lemma 1.2, moment bound")),
)
_optimise = equal(
    EPhi_m + lam * c**2 / (8 * m) + _x / lam,
    EPhi_m + c * sqrt(_x / (2 * m)),
    definitions={lam: sqrt(8 * m * _x) / c},
    because="the best lam is sqrt(8 m log(1/delta))/c",
)

SHARP = Derivation(quantity=Phi_n, steps=(_chernoff, _decouple, _mcdiarmid, _optimise))

INDEPENDENT = Derivation(
    quantity=Phi_m,
    steps=(
        CHERNOFF.at_most(
            Phi_m, cgf_m + _x / lam, because="Markov's inequality for exp(lam Phi_m)", events=(DEVIATION,)
        ),
        _mcdiarmid,
        _optimise,
    ),
    where={},
)

DIRECT = Derivation(
    quantity=Phi_n,
    steps=(
        named("learning", context="any").at_most(
            Phi_n,
            EPhi_n + c * sqrt(2 * _x / n),
            because="replacing one example changes 2(n-1) of the n(n-1) ordered pairs, so moves the average by at most 2c/n",
            events=(DEVIATION,),
            cites=str(mcdiarmid1989("Lemma 1.2")),
        ),
        DECOUPLING.at_most(EPhi_n, EPhi_m, because="Lemma 3.11 with psi the identity", cites="lemmas.decoupling"),
    ),
)

THEOREM = Theorem(
    key="lemmas.bounded_differences",
    number="-",
    title="Deviation of a supremum over all pairs",
    claim="With probability at least 1 - delta, Phi_n <= E Phi_m + c sqrt(log(1/delta)/(2m)), m = floor(n/2).",
    quantity="supremum over a class of an average over all pairs",
    source=mcdiarmid1989("Lemma 1.2"),
    assumptions=("Z_1..Z_n i.i.d.", "on one pair the functions under the supremum vary by at most c"),
    variants={
        "sharp": Form(SHARP),
        "direct": Form(
            DIRECT,
            remarks=(
                "McDiarmid on the U-statistic itself: larger than the sharp form by up to sqrt(2), never smaller since n <= 4m.",
            ),
        ),
        "independent": Form(INDEPENDENT, remarks=("The same for an average over m independent terms.",)),
    },
)
