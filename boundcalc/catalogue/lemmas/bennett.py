"""Bennett's inequality: the mean of bounded terms of small variance deviates little."""

from sympy import exp, log

from boundcalc.catalogue.sources import bennett1962, boucheron2013
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, REAL, C, dev_f, lam, m, symbol, var_f
from boundcalc.theorems import Form, Theorem

cgf_f = symbol(
    "cgf_f",
    r"\tfrac1\lambda\log\mathbb E e^{\lambda(r-\hat r)(f_0)}",
    "scaled cumulant generating function of a fixed f_0's deviation",
    REAL,
)

TERMS = named("fixed_functions", alone=True)
FIXED = Event("bounded variance", "the risk of one fixed f is not far above the mean of its terms")

CHERNOFF = TERMS.at_most(
    dev_f,
    cgf_f + log(1 / FIXED.symbol) / lam,
    because="Markov's inequality for exp(lam (r - rhat)), lam > 0 fixed in advance",
    events=(FIXED,),
)
_u = lam * C / m

SHARP = Derivation(
    quantity=dev_f,
    steps=(
        CHERNOFF,
        TERMS.at_most(
            cgf_f,
            m * var_f * (exp(_u) - 1 - _u) / (lam * C**2),
            because="the m terms are independent; (exp(u) - 1 - u)/u^2 rises, so E exp(s X) <= 1 + E X^2 (exp(s C) - 1 - s C)/C^2 "
            "for X = r - f <= C of mean 0, and log(1 + v) <= v",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.bennett",
    number="-",
    title="Bennett's inequality",
    claim="With probability at least 1 - delta, with u = lam C/m: "
    "r - rhat <= m var (exp(u) - 1 - u)/(lam C^2) + log(1/delta)/lam for one fixed f.",
    quantity="deviation of one fixed f, one side",
    source=bennett1962(f"in the form of {boucheron2013('Theorem 2.9')}"),
    domain={var_f: NONNEGATIVE},
    assumptions=(
        "the m terms are independent and identically distributed, of variance at most var_f",
        "f and lam are fixed before they are drawn",
        "no term lies more than C below the mean",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=("lam may be chosen freely, but in advance; lemmas.bernstein has a value that is near the best.",),
)
