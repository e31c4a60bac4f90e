"""Lemma 3.11: a supremum of U-statistics is no larger, in expectation, than one over independent pairs.

For i.i.d. Z_1..Z_n, real functions q_tau of two arguments (symmetric or not), psi convex and nondecreasing, and
m = floor(n/2), n odd or even.
"""

from boundcalc.catalogue.sources import clemencon2008
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import REAL, E_psi_m, E_psi_U, symbol
from boundcalc.theorems import Form, Theorem

E_psi_perm = symbol(
    "E_psi_perm",
    r"\mathbb E\,\psi(\sup_\tau\tfrac1{n!}\sum_\pi A_\pi(q_\tau))",
    "the same with the U-statistic written as an average of block averages over permutations",
    REAL,
)
E_psi_mean_sup = symbol(
    "E_psi_mean_sup",
    r"\mathbb E\,\psi(\tfrac1{n!}\sum_\pi\sup_\tau A_\pi(q_\tau))",
    "the same with the supremum taken inside the average over permutations",
    REAL,
)
E_mean_psi = symbol(
    "E_mean_psi",
    r"\tfrac1{n!}\sum_\pi\mathbb E\,\psi(\sup_\tau A_\pi(q_\tau))",
    "the same with psi taken inside the average over permutations",
    REAL,
)

DECOUPLING = named("u_statistics")

SHARP = Derivation(
    quantity=E_psi_U,
    steps=(
        DECOUPLING.equal(
            E_psi_U,
            E_psi_perm,
            because="a U-statistic is the average over permutations of averages over the m disjoint pairs "
            "(pi(i), pi(m+i)): every ordered pair occurs equally often",
        ),
        DECOUPLING.at_most(
            E_psi_perm,
            E_psi_mean_sup,
            because="the supremum of an average is at most the average of the suprema, and psi is nondecreasing",
        ),
        DECOUPLING.at_most(E_psi_mean_sup, E_mean_psi, because="Jensen: psi is convex"),
        DECOUPLING.equal(
            E_mean_psi, E_psi_m, because="the Z_i are exchangeable: every permutation has the same expectation"
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.decoupling",
    number="Lemma 3.11",
    title="Decoupling of U-statistics",
    claim="E psi(sup_tau U_n(q_tau)) <= E psi(sup_tau (1/m) sum_{i<=m} q_tau(Z_i, Z_{m+i})), m = floor(n/2).",
    quantity="expectation of psi of a supremum of U-statistics of order 2",
    source=clemencon2008("Lemma A.1"),
    assumptions=("Z_1..Z_n i.i.d.", "psi convex and nondecreasing", "suprema measurable"),
    variants={"sharp": Form(SHARP)},
)
