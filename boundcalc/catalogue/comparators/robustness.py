"""Algorithmic robustness: losses that vary little within pairs of cells, and cells that the sample fills as expected."""

from sympy import Interval, log, sqrt

from boundcalc.catalogue.sources import bellet2015
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import B, C, L, cover, d_M, eps_osc, kc, labels, lam_max, n, r_M, rhat_M, symbol, x_radius
from boundcalc.theorems import Form, Theorem

cell_distance = symbol(
    "cell_distance", r"\sum_c|p_c-n_c/n|", "distance of the cells' frequencies from their probabilities"
)

COVER = named("cover")

FILLED = Event("frequencies of the cells", "the cells' frequencies are near their probabilities")

STEPS = (
    named("cells").at_most(
        r_M,
        rhat_M + eps_osc + C * cell_distance + C / n,
        kind="infimum",
        because="the risk and the V-statistic are averages over pairs of cells up to the oscillation; their weights differ by "
        "the cells' distance twice, but deviations sum to 0 and losses lie in a range of C, so each counts half; the last "
        "term makes a U-statistic of the V-statistic",
    ),
    named("cell_counts").at_most(
        cell_distance,
        sqrt((2 * kc * log(2) + 2 * log(1 / FILLED.symbol)) / n),
        because="Hoeffding for each of the 2^kc unions of cells",
        events=(FILLED,),
        cites="van der Vaart, Wellner 1996, Proposition A.6.6 (Bretagnolle, Huber, Carol)",
    ),
)

COVERING = (
    COVER.at_most(
        eps_osc,
        8 * L * lam_max * B * cover,
        kind="infimum",
        because="two points of a cell are at most 2 cover apart, so two differences u, v at most 4 cover, and "
        "|u'Au - v'Av| = |(u - v)'A(u + v)| <= lam_max 4 cover 2B",
    ),
    COVER.at_most(
        kc,
        labels * (1 + 2 * x_radius / cover) ** d_M,
        kind="infimum",
        because="a largest set of points more than cover apart covers; balls of half that radius around them are disjoint and "
        "lie in a ball of radius x_radius + cover/2; one such cover for each label",
    ),
)

THEOREM = Theorem(
    key="comparators.robustness",
    number="-",
    title="Algorithmic robustness",
    claim="With probability at least 1 - delta, r <= rhat + eps_osc + C sqrt((2 kc log 2 + 2 log(1/delta))/n) + C/n for whatever "
    "was learnt, if its loss varies by at most eps_osc within each pair of kc cells.",
    quantity="population risk of whatever was learnt",
    source=bellet2015(),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "the kc cells are fixed before the sample is drawn; the loss lies in a range of length C",
        "two pairs in the same pair of cells have losses that differ by at most eps_osc",
    ),
    variants={
        "sharp": Form(
            Derivation(quantity=r_M, steps=STEPS, where={}, domains={FILLED.symbol: Interval.open(0, 1)}),
            trivial=C,
            remarks=("The same holds for rhat - r on the same event.",),
        ),
        "covering": Form(
            Derivation(quantity=r_M, steps=(*STEPS, *COVERING), where={}, domains={FILLED.symbol: Interval.open(0, 1)}),
            trivial=C,
            remarks=(
                "Metrics with eigenvalues in [0, lam_max], one threshold, L-Lipschitz loss, inputs in a ball of radius x_radius; "
                "cover is fixed in advance. The number of cells grows like a power d of 1/cover, so that beyond a few "
                "dimensions no sample of a realistic size is large enough.",
            ),
        ),
    },
)
