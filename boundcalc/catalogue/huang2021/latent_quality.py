"""Theorem 2 of Huang et al. 2021: quality of the latent representation, single examples instead of pairs."""

from boundcalc.catalogue.lemmas import bounded_differences, contraction, symmetrisation
from boundcalc.catalogue.sources import huang2021
from boundcalc.catalogue.zhou2026.latent_quality import AGAINST_TRUTH, INSERT_EMPIRICAL, published
from boundcalc.statements.derivation import Derivation, at_most, named
from boundcalc.symbols import C, Edev_m, Phi_m, Rad_loss, eta_M, n, r_M, r_star, rhat_M, rhat_star
from boundcalc.theorems import Form, Provenance, Theorem, by

TRIED = named("learning", context="truth", pairwise=False)

SHARP = Derivation(
    quantity=eta_M,
    steps=(
        *INSERT_EMPIRICAL,
        at_most(
            r_M - rhat_M + rhat_star - r_star,
            Phi_m,
            because="Phi = sup over f in F_M of (r - rhat)(f) + (rhat - r)(h*g*)",
            kind="infimum",
            experiment=TRIED,
        ),
        by(
            bounded_differences.THEOREM,
            Phi_m,
            form="independent",
            c=2 * C,
            EPhi_m=Edev_m,
            m=n,
            event=AGAINST_TRUTH,
            experiment=TRIED,
            because="the n examples are independent; the fixed function's deviation has expectation 0",
        ),
        by(symmetrisation.THEOREM, Edev_m, because="over the n examples"),
        by(contraction.THEOREM, Rad_loss, because="the loss is L-Lipschitz in the score"),
    ),
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
