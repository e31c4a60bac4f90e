"""Theorem 11 of Tosh, Krishnamurthy, Hsu 2021: what inexact contrastive training costs, from its excess log loss.

A pair (x, z) is a true one or has independent partners, with equal chances; f(x, z) is the probability that it is a true one
and g = f/(1 - f) the density ratio. The head is muhat(x) = E[ghat(x, Z') E[Y|Z']], Z' drawn from Z's law.
"""

from boundcalc.catalogue.sources import tosh2021
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import eps_opt, gmax, symbol
from boundcalc.theorems import Form, Provenance, Theorem

eps_direct = symbol(
    "eps_direct", r"\mathbb E(\hat\mu(X)-\mu(X))^2", "squared distance of the learnt from the exact head"
)
Y_square = symbol("Y_square", r"\mathbb E Y^2", "mean square of what is predicted", group="approximation")
gap_ratio = symbol(
    "gap_ratio", r"\mathbb E(\hat g-g)^2", "mean squared error of the density ratio, independent partners"
)
gap_chance = symbol(
    "gap_chance", r"\mathbb E(\hat f-f)^2", "mean squared error of the pair's probability, independent partners"
)

CONTRAST = named("pair_classifiers")

PAPER = Derivation(
    quantity=eps_direct,
    steps=(
        CONTRAST.at_most(
            eps_direct,
            Y_square * gap_ratio,
            because="Cauchy-Schwarz over Z' for each x, and E E[Y|Z]^2 <= E Y^2",
        ),
        CONTRAST.at_most(
            gap_ratio,
            (1 + gmax) ** 4 * gap_chance,
            because="g = f/(1 - f) has the slope (1 + g)^2 <= (1 + gmax)^2",
        ),
        CONTRAST.at_most(
            gap_chance,
            eps_opt,
            because="half of the pairs have independent partners, and the excess log loss is a mean of relative entropies, each "
            "at least 2 (fhat - f)^2 (Pinsker)",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="tosh2021.direct",
    number="-",
    title="Inexact contrastive training",
    claim="E(muhat(X) - mu(X))^2 <= E[Y^2] (1 + gmax)^4 eps_opt.",
    quantity="squared distance of the head on learnt density ratios from the exact one",
    source=tosh2021("Theorem 11"),
    assumptions=(
        "eps_opt is the excess log loss, in nats, of telling true pairs from independent ones (half of each)",
        "true and learnt density ratios are at most gmax",
    ),
    unit="examples",
    variants={"paper": Form(PAPER, provenance=Provenance.QUOTED)},
    remarks=("The steps are ours, and prove the work's constant.",),
)
