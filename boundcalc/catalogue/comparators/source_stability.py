"""Uniform stability around a source metric: what is already known there need not be paid for again."""

from boundcalc.catalogue.comparators.stability import ASSUMPTIONS, LARGEST, chain
from boundcalc.catalogue.sources import perrot2015
from boundcalc.statements.derivation import named
from boundcalc.theorems import Form, Theorem

THEOREM = Theorem(
    key="comparators.source_stability",
    number="-",
    title="Uniform stability around a source metric",
    claim="With probability at least 1 - delta the minimiser of rhat + mu ||A - A_0||_F^2 has r <= rhat + 2 beta + (n beta + C) "
    "sqrt(2 log(1/delta)/n), beta = 2 L^2 B^4/(mu n), C = ell_0 + L B^2 min(sqrt(ell_0/(2 mu)), L B^2/(2 mu)).",
    quantity="population risk of the regularised minimiser",
    source=perrot2015(),
    assumptions=(
        *ASSUMPTIONS,
        "the source metric A_0 lies in that set and does not depend on the sample; ell_0 is the largest loss there",
    ),
    variants={"sharp": Form(chain(named("regularised", source=True)), trivial=LARGEST)},
    remarks=("A source metric learnt on a calibration split is fixed in advance, conditionally on that split.",),
)
