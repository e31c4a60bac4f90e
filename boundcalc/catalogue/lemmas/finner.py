"""Exponential moments of weighted sums over pairs of independent rows: a fractional matching decouples the pairs."""

from sympy import Interval, exp

from boundcalc.catalogue.sources import finner1992
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import D_w, E_weighted, lam, r_mix, symbol
from boundcalc.theorems import Form, Theorem

E_fractional = symbol(
    "E_fractional",
    r"\prod_e(\mathbb E e^{-\lambda D q_e})^{w_e/D}",
    "the same with every pair on its own, to the powers of a fractional matching",
    Interval.Lopen(0, 1),
)
E_bernoulli = symbol(
    "E_bernoulli",
    r"\prod_e(1-r_e+r_e e^{-\lambda D})^{w_e/D}",
    "the same for 0-1 variables of the same means",
    Interval.Lopen(0, 1),
)

FINNER = named("weighted_sums")

SHARP = Derivation(
    quantity=E_weighted,
    steps=(
        FINNER.at_most(
            E_weighted,
            E_fractional,
            because="w/D is a fractional matching (its sum at each row is at most 1): integrate one row at a time with Hoelder",
            cites=str(finner1992("generalised Hoelder inequality")),
        ),
        FINNER.at_most(
            E_fractional, E_bernoulli, because="exp(-lam D q) lies below its chord on [0, 1], as it is convex"
        ),
        FINNER.at_most(
            E_bernoulli,
            (1 - r_mix + r_mix * exp(-lam * D_w)) ** (1 / D_w),
            because="the logarithm is concave and the weights sum to 1: the mean of the logarithms is at most that of the mean",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.finner",
    number="-",
    title="Weighted sums over pairs",
    claim="E exp(-lam sum w q) <= (1 - r + r exp(-lam D))^(1/D), D = max_i sum_j w_ij, r = sum w E q, sum w = 1.",
    quantity="exponential moment of a weighted sum over pairs",
    source=finner1992("generalised Hoelder inequality"),
    assumptions=(
        "the rows are independent, not necessarily alike",
        "q_ij depends on rows i and j and lies in [0, 1]",
        "the weights w_ij >= 0 sum to 1 over the pairs i < j",
    ),
    variants={"sharp": Form(SHARP)},
    remarks=("Uniform weights have D = 2/n, for odd n too: n/2 pairs count, not floor(n/2).",),
)
