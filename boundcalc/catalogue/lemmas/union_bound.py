"""The union bound: one of several things goes wrong with at most the sum of their chances."""

from sympy import Integer, Interval

from boundcalc.catalogue.sources import boucheron2013
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import NONNEGATIVE, J, symbol
from boundcalc.theorems import Form, Theorem

P_any = symbol("P_any", r"P(\bigcup_jA_j)", "chance that at least one of J events occurs", Interval(0, 1))
P_sum = symbol("P_sum", r"\textstyle\sum_jP(A_j)", "sum of the chances of J events", NONNEGATIVE)
P_most = symbol("P_most", r"\max_jP(A_j)", "largest chance of any of J events", Interval(0, 1))

EVENTS = named("events")

_BOOLE = EVENTS.at_most(P_any, P_sum, because="the indicator of a union is at most the sum of the indicators")

THEOREM = Theorem(
    key="lemmas.union_bound",
    number="-",
    title="Union bound",
    claim="P(A_1 or ... or A_J) <= P(A_1) + ... + P(A_J) <= J max_j P(A_j).",
    quantity="chance that at least one of J events occurs",
    source=boucheron2013("Section 2.5, maximal inequalities; Boole's inequality is derived here"),
    assumptions=(
        "the events A_1..A_J do not depend on what is seen; nothing is asked of how they depend on each other",
    ),
    variants={
        "sharp": Form(Derivation(quantity=P_any, steps=(_BOOLE,)), trivial=Integer(1)),
        "equal": Form(
            Derivation(
                quantity=P_any,
                steps=(_BOOLE, EVENTS.at_most(P_sum, J * P_most, because="none of J terms exceeds the largest")),
            ),
            trivial=Integer(1),
        ),
    },
    remarks=("`by(..., union=J)` applies it: a statement with chance delta/J each holds for J instances at once.",),
)
