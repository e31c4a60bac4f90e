"""Theorem 3.8: with fewer modalities the class of models can only shrink.

p_M keeps the modalities of M and writes "missing" elsewhere; G_M = {g' o p_M : g' in G'}.
"""

from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import R_M, R_N, symbol
from boundcalc.theorems import NESTING, NESTING_NOTE, Form, Provenance, Status, Theorem

R_N_via_M = symbol(
    "R_N_via_M",
    r"\mathfrak R(\{f'\circ p'_{\mathcal N}\circ p_{\mathcal M}\})",
    "complexity of N's class written through M's projection",
)

PROJECTIONS = named("projections")

INCLUSION = (
    PROJECTIONS.equal(
        R_N,
        R_N_via_M,
        kind="inclusion",
        because="N lies in M, so forgetting all but N after forgetting all but M changes nothing: p_N = p'_N o p_M",
    ),
    PROJECTIONS.at_most(
        R_N_via_M,
        R_M,
        kind="inclusion",
        because="g' o p'_N lies in G' by closure under projection (Assumption 3.6), so every g' o p'_N o p_M lies in "
        "G_M: the supremum on the right is over a larger class",
    ),
)

THEOREM = Theorem(
    key="zhou2026.hierarchy",
    number="Theorem 3.8",
    title="Hierarchy of modality subsets",
    claim="N subset of M implies H o G_N subset of H o G_M; so any infimum over M's class is at most that over N's, "
    "and the Rademacher complexity of N's class is at most that of M's.",
    quantity="inclusion of N's class in M's (its consequence for the complexity)",
    source=zhou2026("Theorem 3.8"),
    assumptions=("N is a subset of M", "closure under projection (Assumption 3.6)"),
    domain=NESTING,
    notes={"lam_min": NESTING_NOTE},
    variants={
        "sharp": Form(Derivation(R_N, INCLUSION)),
        "paper": Form(
            Derivation(R_N, INCLUSION),
            provenance=Provenance.RECONSTRUCTED,
            status=Status.REFUTED,
            strict=True,
            remarks=(
                "The source's text says that the inclusion is strict; only inclusion follows. Counterexample in the "
                "metric instance: a modality in M but not in N that is constant on the support.",
            ),
        ),
    },
)
