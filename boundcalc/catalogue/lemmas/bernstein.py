"""Bernstein's inequality: Bennett's in a closed form.

>>> from boundcalc import theorem
>>> round(float(theorem("lemmas.bernstein").bound().evaluate(C=1, var_f=0.01, m=1000, delta=0.05)), 5)
0.00874
"""

from sympy import log, sqrt

from boundcalc.catalogue.lemmas.bennett import CHERNOFF, FIXED, TERMS, cgf_f
from boundcalc.catalogue.sources import boucheron2013
from boundcalc.statements.derivation import Derivation, equal
from boundcalc.symbols import NONNEGATIVE, C, dev_f, lam, m, var_f
from boundcalc.theorems import Form, Theorem

_x = log(1 / FIXED.symbol)
_s = sqrt(2 * _x / m)
_quadratic = lam * var_f / (2 * m * (1 - lam * C / (3 * m)))

SHARP = Derivation(
    quantity=dev_f,
    steps=(
        CHERNOFF,
        TERMS.at_most(
            cgf_f,
            _quadratic,
            because="as in Bennett's inequality, and exp(u) - 1 - u <= u^2/(2 (1 - u/3)) for 0 < u < 3, as k! >= 2 3^(k-2); "
            "here u = lam C/m < 3",
        ),
        equal(
            _quadratic + _x / lam,
            sqrt(var_f) * _s + C * _x / (3 * m),
            definitions={lam: m * _s / (sqrt(var_f) + C * _s / 3)},
            because="the best lam; lam C/m < 3",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.bernstein",
    number="-",
    title="Bernstein's inequality",
    claim="With probability at least 1 - delta, r - rhat <= sqrt(2 var log(1/delta)/m) + C log(1/delta)/(3m) for one fixed f.",
    quantity="deviation of one fixed f, one side",
    source=boucheron2013("Theorem 2.10, with c = C/3"),
    domain={var_f: NONNEGATIVE},  # without variance nothing deviates
    assumptions=(
        "the m terms are independent and identically distributed, of variance at most var_f",
        "f is fixed before they are drawn",
        "no term lies more than C below the mean",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
)
