"""Proposition 3.19: with more modalities the smallest empirical risk never rises."""

from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import eps_opt_M, rhat_M, rhat_N, symbol
from boundcalc.theorems import NESTING, NESTING_NOTE, Form, Theorem

infhat_M = symbol("infhat_M", r"\inf_{\mathcal F_{\mathcal M}}\hat r", "smallest empirical risk in M's class")
infhat_N = symbol("infhat_N", r"\inf_{\mathcal F_{\mathcal N}}\hat r", "smallest empirical risk in N's class")

PROJECTIONS = named("projections")

SHARP = Derivation(
    quantity=rhat_M,
    steps=(
        PROJECTIONS.at_most(
            rhat_M, infhat_M + eps_opt_M, kind="infimum", because="what eps_opt_M says of the model on M"
        ),
        PROJECTIONS.at_most(
            infhat_M, infhat_N, kind="inclusion", because="N's class lies in M's", cites="zhou2026.hierarchy"
        ),
        PROJECTIONS.at_most(infhat_N, rhat_N, kind="infimum", because="an infimum is at most a member's value"),
    ),
)

THEOREM = Theorem(
    key="zhou2026.monotone_risk",
    number="Proposition 3.19",
    title="Monotone empirical risk",
    claim="N subset of M implies rhat_M <= rhat_N + eps_opt_M.",
    quantity="empirical risk of the ERM on M",
    source=zhou2026("Proposition 3.19"),
    assumptions=("N is a subset of M", "closure under projection (Assumption 3.6)"),
    domain=NESTING,
    notes={"lam_min": NESTING_NOTE},
    variants={"sharp": Form(SHARP)},
)
