"""McDiarmid's inequality with a constant of its own for each variable."""

from sympy import log, sqrt

from boundcalc.catalogue.sources import mcdiarmid1989
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, REAL, lam, symbol
from boundcalc.theorems import Form, Theorem

Phi_f = symbol("Phi_f", r"\Phi(Z_1,\dots,Z_n)", "function of independent variables", REAL)
EPhi_f = symbol("EPhi_f", r"\mathbb E\,\Phi", "its expectation", REAL)
cgf_Phi = symbol(
    "cgf_Phi", r"\tfrac1\lambda\log\mathbb E e^{\lambda\Phi}", "its scaled cumulant generating function", REAL
)
c_squares = symbol(
    "c_squares",
    r"\textstyle\sum_ic_i^2",
    "sum of the squares of the changes c_i that one variable alone can make",
    POSITIVE,
    role="fixed",
)

TABLES = named("independent_variables")
CHANGES = Event("bounded changes", "the function exceeds its expectation by at most the stated term")

_x = log(1 / CHANGES.symbol)
_moment = EPhi_f + lam * c_squares / 8

SHARP = Derivation(
    quantity=Phi_f,
    steps=(
        TABLES.at_most(Phi_f, cgf_Phi + _x / lam, because="Markov's inequality for exp(lam Phi)", events=(CHANGES,)),
        TABLES.at_most(
            cgf_Phi,
            _moment,
            because="integrate one variable at a time: given the others, Phi lies in a range of c_i, and a variable in a range of "
            "c has log E exp(lam (X - E X)) <= lam^2 c^2/8 (Hoeffding)",
        ),
        equal(
            _moment + _x / lam,
            EPhi_f + sqrt(c_squares * _x / 2),
            definitions={lam: sqrt(8 * _x / c_squares)},
            because="the best lam is sqrt(8 log(1/delta)/sum c_i^2)",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.mcdiarmid",
    number="-",
    title="Bounded differences (McDiarmid)",
    claim="With probability at least 1 - delta, Phi <= E Phi + sqrt(sum c_i^2 log(1/delta)/2).",
    quantity="function of independent variables",
    source=mcdiarmid1989("Lemma 1.2"),
    domain={c_squares: NONNEGATIVE},  # without changes nothing deviates
    assumptions=(
        "the variables are independent, not necessarily alike",
        "changing variable i alone changes the function by at most c_i",
    ),
    variants={"sharp": Form(SHARP)},
    remarks=("Equal constants c/m for m variables give the independent form of lemmas.bounded_differences.",),
)
