"""Van der Waerden's bound on permanents, and through it a lower bound of any permanent by an optimal transport."""

from sympy import log, loggamma

from boundcalc.catalogue.sources import egorychev1981, pairs
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import POSITIVE, T_h, h_match, m, perm_S, symbol
from boundcalc.theorems import Form, Theorem

perm_A = symbol("perm_A", r"\operatorname{perm}A", "permanent of the matrix of factors between two halves", POSITIVE)
diagonals = symbol(
    "diagonals", r"\det D_1\det D_2", "product of the diagonals that scale A to a doubly stochastic matrix", POSITIVE
)

SCALINGS = named("scalings")

VAN_DER_WAERDEN = SCALINGS.at_least(
    log(perm_S),
    loggamma(m + 1) - m * log(m),
    kind="claim",
    because="van der Waerden's conjecture, m!/m^m: the permanent of a doubly stochastic matrix is least where all entries are "
    "equal",
    cites=str(egorychev1981("the theorem")),
)
TRANSPORT = Derivation(
    quantity=log(h_match),
    steps=(
        SCALINGS.equal(
            log(h_match),
            log(perm_A) - loggamma(m + 1),
            because="definition: the mean over all m! bijections of two halves of the product of A",
        ),
        SCALINGS.equal(
            log(perm_A),
            log(diagonals) + log(perm_S),
            because="Sinkhorn: a positive A is D1 S D2 with S doubly stochastic, and a permanent is linear in every "
            "row and column",
        ),
        VAN_DER_WAERDEN,
        SCALINGS.at_least(
            log(diagonals),
            m * log(m) - m * T_h,
            because="for a doubly stochastic W = m P: sum W log(A/W) = log det D1 + log det D2 + sum W log(S/W), and "
            "the last sum is "
            "<= 0 by Jensen in each row, since the rows of S sum to 1; the left side is m log m - m T(P)",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.permanent",
    number="-",
    title="Permanents from below",
    claim="perm(S) >= m!/m^m for doubly stochastic S; hence for every coupling P of two halves of m rows, with "
    "T(P) = sum P (-log A) + sum P log(m^2 P): perm(A)/m! >= exp(-m T(P)).",
    quantity="logarithm of the permanent of a nonnegative matrix",
    source=egorychev1981("the theorem; the second form is derived here"),
    assumptions=("S doubly stochastic", "0 < A <= 1", "P nonnegative with all row and column sums 1/m"),
    variants={"sharp": Form(Derivation(quantity=log(perm_S), steps=(VAN_DER_WAERDEN,))), "transport": Form(TRANSPORT)},
    remarks=(f"The second form: {pairs('Theorem T, steps 2 to 5')}.",),
)
