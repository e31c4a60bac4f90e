"""All weights and thresholds at once: a lattice with slack covers every metric of the box, each point paid for."""

from boundcalc.catalogue.certificates.transport import transported
from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import C, J, r_M, symbol
from boundcalc.theorems import Form, Theorem

err_slack = symbol("err_slack", r"P(s f'\le\epsilon)", "risk of the nearest lattice point with the lattice's slack")

LATTICE = named("lattice")

SHARP = Derivation(
    quantity=r_M,
    steps=(
        LATTICE.at_most(
            r_M,
            err_slack,
            kind="infimum",
            because="|f - f'| <= eps for the nearest lattice point f', so s f <= 0 implies s f' <= eps",
        ),
        *transported(err_slack, union=J, experiment=LATTICE),
    ),
)

THEOREM = Theorem(
    key="certificates.cover",
    number="-",
    title="All weights and thresholds at once",
    claim="With probability at least 1 - delta, for every metric of the box at once: r(f) <= (C/kappa) (1 - "
    "(delta/J)^(2/n_h) exp(-T_h)), "
    "T_h of the nearest lattice point's kernel omega 1{s f' <= eps}, J the number of lattice points.",
    quantity="population pair error of any metric of the class",
    source=pairs("section 6 I"),
    assumptions=(
        "the n_h rows are i.i.d.; they may be the training rows",
        "normaliser, weights, radii and the lattice do not come from these rows; kappa is fixed in advance",
        "eps is the largest |f - f'| over all admissible pairs, not those of the sample",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=("log J = sum_k log(ceil(1/step_k) + 1) + the threshold's share.",),
)
