"""Theorem 2 of Huang et al. 2021: quality of the latent representation, single examples instead of pairs."""

from boundcalc.catalogue.sources import huang2021
from boundcalc.catalogue.zhou2026.latent_quality import published, sharp
from boundcalc.statements.derivation import named
from boundcalc.symbols import C, Phi_m, n
from boundcalc.theorems import Form, Provenance, Theorem

SHARP = sharp(
    Phi_m,
    named("learning", context="truth", pairwise=False),
    form="independent",
    m=n,
    because="the n examples are independent; the fixed function's deviation has expectation 0",
    over="the n examples",
)
PAPER = published(
    named("learning", context="published", pairwise=False),
    because="constants as published; McDiarmid's inequality, symmetrisation and contraction give less",
)

THEOREM = Theorem(
    key="huang2021.latent_quality",
    number="Theorem 2",
    title="Quality of the latent representation, single examples",
    claim="With probability at least 1 - delta: eta_M <= 4 L R_M + 4 L R_full + 6 C sqrt(2 log(2/delta)/n) + Lhat_M, "
    "complexities over n examples.",
    quantity="latent-representation quality of the ERM on M, pointwise loss",
    source=huang2021("Theorem 2"),
    assumptions=(
        "the n examples are i.i.d. and the loss is of single examples",
        "M is fixed before the sample is drawn",
        "loss L-Lipschitz in the score, in a range of length C that covers F_M and h*g*",
        "realisable: h* in H, g* in G",
    ),
    unit="examples",
    variants={
        "paper": Form(PAPER, trivial=C, provenance=Provenance.SECONDARY, remarks=("As a public review quotes it.",)),
        "sharp": Form(
            SHARP, trivial=C, remarks=("The sharp form of Theorem 3.14 of Zhou, Zhang, Liu 2026 with n in place of m.",)
        ),
    },
    remarks=(
        "R_M and R_full are Rademacher complexities over n single examples here, not over pairs.",
        "Lhat_M is not observable; for a nonnegative loss Lhat_M <= rhat_M is sound.",
    ),
)
