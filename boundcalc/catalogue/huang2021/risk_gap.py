"""Theorem 1 of Huang et al. 2021: the risk gap of two modality subsets, single examples instead of pairs.

The steps are those of Theorem 3.13 of Zhou, Zhang, Liu 2026, which extends it, with n examples in place of m pairs.
"""

from sympy import log, sqrt

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.sources import huang2021
from boundcalc.catalogue.zhou2026.risk_gap import BOTH_SIDES, INSERT_BEST_HEADS, MINUS, PLUS, excess_M
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import (
    R_M,
    C,
    Edev_m,
    Edev_plus,
    EPhi_m,
    L,
    Phi_m,
    dev_minus,
    dev_plus,
    eps_opt,
    n,
    r_M,
    r_N,
)
from boundcalc.theorems import Form, Provenance, Theorem

TRIED = named("learning", context="both", pairwise=False)
EXACT = named("learning", context="both", pairwise=False, exact=True)

SHARP = Derivation(
    quantity=r_M - r_N,
    steps=(
        *INSERT_BEST_HEADS,
        TRIED.at_most(
            excess_M,
            Phi_m + eps_opt,
            kind="infimum",
            because="ERM on M; Phi = sup over f, f' in F_M of (r - rhat)(f) + (rhat - r)(f')",
        ),
        *concentrated(
            Phi_m,
            form="independent",
            c=2 * C,
            m=n,
            event=BOTH_SIDES,
            experiment=TRIED,
            because="the n examples are independent: no decoupling is needed",
            over="the n examples",
            halves=named("two_sided_pairs").at_most(
                EPhi_m, Edev_m + Edev_plus, because="the supremum of a sum is at most the sum of the suprema"
            ),
        ),
    ),
)


def _side(deviation, event):
    """Return the step of the published form for one sign of the deviation."""
    return TRIED.at_most(
        deviation,
        4 * L * R_M + 2 * C / sqrt(n) + C * sqrt(2 * log(1 / event.symbol) / n),
        because="constants as published; McDiarmid's inequality, symmetrisation and contraction give less",
        events=(event,),
    )


PAPER = Derivation(
    quantity=r_M - r_N,
    steps=(
        *INSERT_BEST_HEADS,
        EXACT.at_most(
            excess_M, dev_minus + dev_plus, kind="infimum", because="exact ERM on M, and a supremum for each sign"
        ),
        _side(dev_minus, MINUS),
        _side(dev_plus, PLUS),
    ),
)

THEOREM = Theorem(
    key="huang2021.risk_gap",
    number="Theorem 1",
    title="Risk gap of two modality subsets, single examples",
    claim="With probability at least 1 - delta: r_M - r_N <= gamma + 8 L R_M + 4 C/sqrt(n) + 2 C sqrt(2 log(2/delta)/n), "
    "R_M over n examples.",
    quantity="risk of the ERM on M minus risk of the ERM on N, pointwise loss",
    source=huang2021("Theorem 1"),
    assumptions=(
        "the n examples are i.i.d. and the loss is of single examples",
        "M is fixed before the sample is drawn",
        "loss L-Lipschitz in the score, in a range of length C",
        "realisable: h* in H, g* in G",
        "the model on M minimises the empirical risk up to eps_opt",
    ),
    unit="examples",
    variants={
        "paper": Form(
            PAPER,
            trivial=C,
            provenance=Provenance.SECONDARY,
            remarks=("As a public review quotes it; stated there at 1 - delta/2.",),
        ),
        "sharp": Form(
            SHARP, trivial=C, remarks=("The sharp form of Theorem 3.13 of Zhou, Zhang, Liu 2026 with n in place of m.",)
        ),
    },
    remarks=("R_M is the Rademacher complexity over n single examples here, not over pairs.",),
)
