"""Vector contraction: a Lipschitz loss of several outputs costs a factor L sqrt(2), and a sign for each output."""

from sympy import sqrt

from boundcalc.catalogue.sources import maurer2016
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import L, Rad_loss, symbol
from boundcalc.theorems import Form, Theorem

R_vec = symbol(
    "R_vec",
    r"\tfrac1m\mathbb E\sup_f\sum_{i,k}\sigma_{ik}f_k(Z_i)",
    "Rademacher complexity of vector-valued functions, a sign for each output of each term",
    group="complexity",
)

SHARP = Derivation(
    quantity=Rad_loss,
    steps=(
        named("vector_functions").at_most(
            Rad_loss,
            sqrt(2) * L * R_vec,
            because="term by term: |h(v) - h(v')| <= L ||v - v'|| <= L sqrt(2) E |sum_k sigma_k (v_k - v'_k)| by Khinchin's "
            "inequality, and a supremum over f and f' is symmetric in them",
            cites=str(maurer2016("Corollary 4")),
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.vector_contraction",
    number="-",
    title="Vector contraction (Maurer)",
    claim="Rad_m(h o F) <= sqrt(2) L (1/m) E sup_f sum_{i,k} sigma_ik f_k(Z_i) for a loss h that is L-Lipschitz in the vector of "
    "outputs.",
    quantity="Rademacher complexity of the loss class",
    source=maurer2016("Corollary 4"),
    assumptions=("the loss is L-Lipschitz in the Euclidean norm of the outputs; it may depend on the term's label",),
    variants={"sharp": Form(SHARP)},
    remarks=("With one output lemmas.contraction does without the factor sqrt(2).",),
)
