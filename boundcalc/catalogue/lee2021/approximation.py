"""Predicting one view from the other: how well a linear head on psi(x1) = E[X2|X1=x1] does.

If the views are independent given the label, E[Y|X1] is linear in psi. eps_CI says how far they are from that, and s_k how
well the classes' means of X2 tell the classes apart.

>>> from boundcalc import theorem
>>> theorem("lee2021.approximation").bound().expr
eps_CI**2/s_k**2
"""

from sympy import Range, oo, sqrt

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.sources import lee2021
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import POSITIVE, R_M, C, Phi_m, eps_CI, eps_opt, radius, s_k, symbol
from boundcalc.theorems import Form, Theorem

approx = symbol(
    "approx", r"\min_W\mathbb E\|W\psi(X_1)-\mathbb E[Y|X_1]\|^2", "squared error of the best linear head on psi"
)
excess_head = symbol("excess_head", r"r(\hat w)-r^\ast", "squared risk of the trained head above that of E[Y|X1]")
n_2 = symbol("n_2", r"n_2", "number of labelled examples that train the head", Range(1, oo), group="sample")
B_psi = symbol("B_psi", r"B_\psi", "radius of a ball that holds psi(x1)", POSITIVE, group="metric")

VIEWS = named("predicted_view")
HEAD = named("linear_head")

HEAD_EVENT = Event("deviation of the head", "(r - rhat)(w) + (rhat - r)(w*) over heads w, w* the pseudo-inverse's")

LINEAR = VIEWS.at_most(
    approx,
    eps_CI**2 / s_k**2,
    because="W = A^+ gives W psi - E[Y|X1] = A^+(psi - A E[Y|X1]), as A^+ A = 1, and the norm of A^+ is 1/s_k",
)

DOWNSTREAM = Derivation(
    quantity=excess_head,
    steps=(
        HEAD.at_most(
            excess_head,
            approx + Phi_m + eps_opt,
            because="ERM: the empirical risk of the trained head is at most that of A^+'s row, up to eps_opt; squared risk above "
            "r* is the squared distance from E[Y|X1]",
            kind="infimum",
        ),
        *concentrated(
            Phi_m,
            form="independent",
            c=2 * C,
            m=n_2,
            event=HEAD_EVENT,
            experiment=HEAD,
            because="one event: on one example the difference of two losses varies by at most 2C",
            over="the n_2 examples; the fixed head's deviation has expectation 0",
        ),
        HEAD.at_most(
            R_M,
            radius * B_psi / sqrt(n_2),
            because="E||sum sigma_i psi_i|| <= sqrt(sum ||psi_i||^2)",
        ),
        LINEAR,
    ),
    where={},
)

THEOREM = Theorem(
    key="lee2021.approximation",
    number="-",
    title="Linear heads on a predicted view",
    claim="min_W E||W psi(X1) - E[Y|X1]||^2 <= eps_CI^2/s_k^2, and 0 where the views are independent given the label.",
    quantity="squared error of a linear head on the predicted view",
    source=lee2021("the role of conditional independence; constants derived here"),
    assumptions=(
        "Y is a one-hot label of k classes, A the matrix of the classes' means E[X2|Y], of rank k",
        "psi(x1) = E[X2|X1=x1] is exact, as from infinitely many unlabelled pairs",
    ),
    unit="examples",
    variants={
        "sharp": Form(Derivation(quantity=approx, steps=(LINEAR,))),
        "downstream": Form(
            DOWNSTREAM,
            trivial=C,
            remarks=(
                "One scalar output trained by least squares on n_2 labelled examples over ||w|| <= radius, radius at least the "
                "norm of A^+'s row; C is the range of the squared loss there.",
            ),
        ),
    },
)
