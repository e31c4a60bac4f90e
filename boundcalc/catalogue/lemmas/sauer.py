"""Sauer's lemma: a class of VC dimension d labels m points in at most (e m/d)^d ways.

>>> from boundcalc import theorem
>>> round(float(theorem("lemmas.sauer").bound("rademacher").evaluate(m=1000, d_vc=3)), 4)
0.2024
"""

from sympy import E, Integer, Range, log, oo, sqrt

from boundcalc.catalogue.lemmas import massart
from boundcalc.catalogue.sources import sauer1972, shalev2014
from boundcalc.statements.derivation import Derivation, equal, named
from boundcalc.symbols import Constraint, Rad_A, m, symbol
from boundcalc.theorems import Form, Theorem, by

d_vc = symbol("d_vc", r"d_{\mathrm{VC}}", "VC dimension of the class", Range(1, oo), role="fixed", group="complexity")
growth = symbol("growth", r"\Pi(m)", "number of ways in which the class labels m points", Range(1, oo), role="fixed")
binomials = symbol(
    "binomials", r"\textstyle\sum_{i\le d}\binom mi", "number of subsets of at most d of m points", Range(1, oo)
)

FAMILIES = named("set_families")

_COUNT = (
    FAMILIES.at_most(
        growth,
        binomials,
        because="a family of subsets of m points shatters at least as many sets as it has members (Pajor), by induction over "
        "the points; and it shatters none of more than d points",
    ),
    FAMILIES.at_most(
        binomials,
        (E * m / d_vc) ** d_vc,
        because="for i <= d <= m, 1 <= (m/d)^(d-i), so the sum is at most (m/d)^d (1 + d/m)^m",
    ),
)
SHARP = Derivation(quantity=growth, steps=_COUNT, where={})

_power = sqrt(2 * log((E * m / d_vc) ** d_vc)) / sqrt(m)
RADEMACHER = Derivation(
    quantity=Rad_A,
    steps=(
        by(
            massart.THEOREM,
            Rad_A,
            rho_A=sqrt(m),
            card_A=growth,
            because="the class takes growth many values in {-1, 1}^m on the points, of Euclidean length sqrt(m) each",
            experiment=FAMILIES,
        ),
        *_COUNT,
        equal(_power, sqrt(2 * d_vc * log(E * m / d_vc)) / sqrt(m), because="the logarithm of a power"),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.sauer",
    number="-",
    title="Sauer's lemma",
    claim="A class of VC dimension d labels m >= d points in at most sum_{i<=d} C(m, i) <= (e m/d)^d ways.",
    quantity="number of ways in which the class labels m points",
    source=sauer1972("Theorem 1"),
    assumptions=("the class has VC dimension at most d",),
    constraints=(Constraint(d_vc, m),),
    variants={
        "sharp": Form(SHARP),
        "rademacher": Form(
            RADEMACHER,
            trivial=Integer(1),
            remarks=(f"Values -1 and 1; {shalev2014('Lemma 6.10')} and Massart's lemma. Values 0 and 1 halve it.",),
        ),
    },
)
