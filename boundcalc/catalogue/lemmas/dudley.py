"""Dudley's bound: a Rademacher average by covering numbers at all scales, as a finite chain and as an integral.

With eps_0 the radius of A about one of its members in the norm ||a||/sqrt(m), and N_j members within eps_0/2^j of each of A.
"""

from sympy import Range, oo, sqrt

from boundcalc.catalogue.sources import shalev2014
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import Rad_A, m, symbol
from boundcalc.theorems import Form, Theorem

eps_0 = symbol("eps_0", r"\epsilon_0", "radius of A about one of its members, in the norm ||a||/sqrt(m)", role="fixed")
levels = symbol("levels", r"\ell", "number of scales", Range(1, oo), role="fixed")
Rad_links = symbol("Rad_links", r"\textstyle\sum_j\mathfrak R(\text{links of level }j)", "sum of the links' averages")
chain_sum = symbol(
    "chain_sum",
    r"\textstyle\sum_{j\le\ell}2^{-j}\sqrt{\log N_j}",
    "sum over the scales of 2^-j sqrt(log N_j)",
    role="fixed",
)
entropy_integral = symbol(
    "entropy_integral",
    r"\textstyle\int_{\epsilon_0/2^{\ell+1}}^{\epsilon_0/2}\sqrt{\log N(u)}\,du",
    "integral of sqrt(log N(u)) from eps_0/2^(levels + 1) to eps_0/2",
    role="fixed",
)

CHAINS = named("chains")

_CHAIN = (
    CHAINS.at_most(
        Rad_A,
        eps_0 / 2**levels + Rad_links,
        because="a = a_0 + (a_1 - a_0) + ... + (a - a_l) with a_j the nearest member of level j; a_0 is the same for all a, and "
        "the last term is at most eps_0/2^l by Cauchy-Schwarz",
    ),
    CHAINS.at_most(
        Rad_links,
        6 * eps_0 * chain_sum / sqrt(m),
        because="lemmas.massart at each level: at most N_j N_(j-1) <= N_j^2 links, each no longer than 3 eps_0/2^j sqrt(m)",
    ),
)

THEOREM = Theorem(
    key="lemmas.dudley",
    number="-",
    title="Chaining (Dudley)",
    claim="Rad(A) <= eps_0/2^l + (6 eps_0/sqrt(m)) sum_{j<=l} 2^-j sqrt(log N_j) "
    "<= eps_0/2^l + (12/sqrt(m)) integral of sqrt(log N(u)) from eps_0/2^(l+1) to eps_0/2.",
    quantity="Rademacher average of a set of vectors in R^m",
    source=shalev2014("Lemma 27.4, with a centre in A"),
    assumptions=(
        "the scales are fixed without looking at the signs",
        "covers consist of members of A and are as small as possible",
    ),
    variants={
        "sharp": Form(Derivation(quantity=Rad_A, steps=_CHAIN, where={})),
        "integral": Form(
            Derivation(
                quantity=Rad_A,
                steps=(
                    *_CHAIN,
                    CHAINS.at_most(
                        chain_sum,
                        2 * entropy_integral / eps_0,
                        because="N(u) falls, and eps_0/2^j is twice the distance to the next scale",
                    ),
                ),
                where={},
            ),
        ),
    },
)
