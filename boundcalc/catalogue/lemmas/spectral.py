"""Lemma 3.16: a symmetric matrix is diagonal in its own eigenbasis; distances are then weighted sums of squares."""

from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import B, distance, lam_max, symbol
from boundcalc.theorems import Form, Theorem

u_square = symbol("u_square", r"\|x-x'\|^2", "squared Euclidean distance of a pair")
eigen_sum = symbol("eigen_sum", r"\textstyle\sum_k a_k\,(q_k^\top(x-x'))^2", "the same distance in the eigenbasis of A")

MATRIX = named("matrix")

SHARP = Derivation(
    quantity=distance,
    steps=(
        MATRIX.equal(
            distance, eigen_sum, because="A = Q diag(a) Q^T with Q orthogonal, so u^T A u = sum_k a_k (q_k^T u)^2"
        ),
        MATRIX.at_most(eigen_sum, lam_max * u_square, because="a_k <= lam_max, and Q keeps lengths"),
        MATRIX.at_most(u_square, B**2, kind="infimum", because="B is the pair radius"),
    ),
)

THEOREM = Theorem(
    key="lemmas.spectral",
    number="Lemma 3.16",
    title="Spectral theorem",
    claim="A symmetric: A = Q diag(a) Q^T, so D_A(x, x') = sum_k a_k (q_k^T (x - x'))^2, at most lam_max B^2.",
    quantity="squared Mahalanobis pseudo-distance in the eigenbasis of A",
    source=zhou2026("Lemma 3.16"),
    assumptions=("A symmetric with eigenvalues in [lam_min, lam_max]", "||x - x'|| <= B"),
    variants={"sharp": Form(SHARP)},
    remarks=(
        "Gap in the source: Q depends on A, so this diagonalises one matrix and not a class. The class-level statement "
        "for full matrices needs the nuclear norm; see zhou2026.metric_complexity.",
    ),
)
