"""The matching identity: averaged over matchings, products over disjoint pairs lose nothing to decoupling.

A = 1 - kappa q/C, and h is the mean of the product of A over the pairs of a matching, over any law on matchings that does not
look at the Z. Pairs of one matching are independent, so E h = (1 - kappa r/C)^m; Markov's inequality does the rest.
"""

from sympy import Rational

from boundcalc.catalogue.sources import finner1992, pairs
from boundcalc.statements.derivation import Derivation, Event, Named, Step, equal, named
from boundcalc.symbols import C, E_match, a_match, h_match, kappa, m, n_h, r_0
from boundcalc.theorems import Form, Theorem

MATCHED = named("matched_rows")
ROWS = named("pair_rows")

MEAN = Event("matching mean", "the matching mean of one fixed kernel is at most 1/delta times its expectation")

_FACTOR = equal(
    r_0,
    C / kappa * (1 - a_match),
    because="definition of the factor of one independent pair",
    definitions={a_match: 1 - kappa * r_0 / C},
)
_HALF = Rational(1, 2)


def _markov(experiment: Named) -> Step:
    return experiment.at_least(
        E_match, MEAN.symbol * h_match, because="Markov's inequality for the nonnegative h", events=(MEAN,)
    )


SHARP = Derivation(
    quantity=r_0,
    steps=(
        _FACTOR,
        MATCHED.equal(
            a_match,
            E_match ** (1 / m),
            because="the m pairs of a matching are independent, so every matching's product has expectation a^m; so has their mean",
        ),
        _markov(MATCHED),
    ),
)
ROWS_FORM = Derivation(
    quantity=r_0,
    steps=(
        _FACTOR,
        ROWS.at_least(
            a_match,
            E_match ** (2 / n_h),
            because="an odd number of rows has one triangle whose factors count by their square roots: "
            "E (A12 A23 A13)^(1/2) <= a^(3/2), as each row lies on two of its sides",
            cites=str(finner1992("generalised Hoelder inequality, fractional matching of a triangle")),
        ),
        _markov(ROWS),
    ),
)

THEOREM = Theorem(
    key="lemmas.matching",
    number="-",
    title="Matching identity",
    claim="With probability at least 1 - delta: r(f_0) <= (C/kappa) (1 - (delta h)^(1/m)), h the mean over matchings of m disjoint "
    "pairs of the product of 1 - kappa q/C.",
    quantity="population risk of one fixed model",
    source=pairs("Theorem M"),
    assumptions=(
        "the rows are i.i.d.",
        "the kernel q with values in [0, C] and kappa are fixed before the rows are drawn",
        "the law of the matchings does not look at the rows",
    ),
    variants={"sharp": Form(SHARP, trivial=C), "rows": Form(ROWS_FORM, trivial=C)},
    remarks=(
        "Any nonnegative unbiased estimate of h given the rows may take its place, and any lower bound of h is valid; symmetry of "
        "q is not needed.",
        "J models, thresholds or subsets: delta/J each. kappa chosen on the rows is not covered.",
    ),
)
