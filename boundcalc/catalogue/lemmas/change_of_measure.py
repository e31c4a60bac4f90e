"""Change of measure: what a mean over a posterior can gain on the prior is at most their divergence."""

from boundcalc.catalogue.sources import boucheron2013, donsker1975
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import KL, REAL, symbol
from boundcalc.theorems import Form, Theorem

G_rho = symbol("G_rho", r"\varrho(g)", "posterior mean of a function g of the model", REAL)
log_prior = symbol("log_prior", r"\log\pi(e^g)", "logarithm of the prior mean of exp(g)", REAL)

SHARP = Derivation(
    quantity=G_rho,
    steps=(
        named("measures").at_most(
            G_rho,
            KL + log_prior,
            because="with the tilted law of density e^g/pi(e^g) to the prior, KL + log pi(e^g) - rho(g) is the posterior's "
            "divergence from it, which is nonnegative",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.change_of_measure",
    number="-",
    title="Change of measure (Donsker-Varadhan)",
    claim="rho(g) <= KL(rho || pi) + log pi(e^g) for all posteriors rho at once, with equality where rho is pi tilted by e^g.",
    quantity="posterior mean of a function of the model",
    source=donsker1975(f"as {boucheron2013('Corollary 4.15')}"),
    assumptions=("the posterior is absolutely continuous with respect to the prior", "pi(e^g) is finite"),
    variants={"sharp": Form(SHARP)},
)
