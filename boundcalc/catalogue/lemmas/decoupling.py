"""Lemma 3.11: a supremum of U-statistics is no larger, in expectation, than one over independent tuples.

For i.i.d. Z_1..Z_n, real functions q_tau of ``order`` arguments (symmetric or not), psi convex and nondecreasing, and
m = floor(n/order), whether that leaves examples over or not. Pairs have order 2, triplets order 3.

>>> from boundcalc import theorem
>>> bound = theorem("lemmas.decoupling").bound("deviation")
>>> [round(float(bound.evaluate(EPhi_m=0, c=1, n=300, order=k, delta=0.05)), 4) for k in (2, 3)]
[0.0999, 0.1224]
"""

from sympy import Range, floor, oo

from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import clemencon2008
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import REAL, Constraint, E_psi_m, E_psi_U, Phi_n, n, order, symbol
from boundcalc.theorems import Form, Theorem, by

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
            because="a U-statistic is the average over permutations of averages over m disjoint tuples, for pairs "
            "(pi(i), pi(m+i)): every ordered tuple occurs equally often",
        ),
        DECOUPLING.at_most(
            E_psi_perm,
            E_psi_mean_sup,
            because="the supremum of an average is at most the average of the suprema, and psi is nondecreasing",
        ),
        DECOUPLING.at_most(E_psi_mean_sup, E_mean_psi, because="Jensen: psi is convex"),
        DECOUPLING.equal(
            E_mean_psi,
            E_psi_m,
            because="the Z_i are exchangeable: every permutation has the same expectation",
        ),
    ),
)

TUPLES = Event("deviation over tuples", "the supremum exceeds its decoupled expectation by at most the stated term")

DEVIATION = Derivation(
    quantity=Phi_n,
    steps=(
        by(
            bounded_differences.THEOREM,
            Phi_n,
            form="independent",
            m=floor(n / order),
            event=TUPLES,
            because="exponential moments decouple (the sharp form with psi(x) = exp(lam x)); then as for independent terms",
            experiment=named("tuples"),
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.decoupling",
    number="Lemma 3.11",
    title="Decoupling of U-statistics",
    claim="E psi(sup_tau U_n(q_tau)) <= E psi(sup_tau (1/m) sum_{i<=m} q_tau(Z_i, Z_{m+i}, ...)), m = floor(n/order), order 2 "
    "for pairs.",
    quantity="expectation of psi of a supremum of U-statistics",
    source=clemencon2008("Lemma A.1, for pairs; the same proof for tuples"),
    assumptions=("Z_1..Z_n i.i.d.", "psi convex and nondecreasing", "suprema measurable"),
    domain={order: Range(2, oo)},
    notes={"order": "2 for pairs, 3 for triplets"},
    constraints=(Constraint(order, n),),
    variants={
        "sharp": Form(SHARP),
        "deviation": Form(
            DEVIATION,
            remarks=("On one tuple the functions under the supremum vary by at most c; n is at least the order.",),
        ),
    },
)
