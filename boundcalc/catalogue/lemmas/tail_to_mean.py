"""From a tail to a mean and back: what exceeds a with small probability only is not much larger than a on average."""

from sympy import pi, sqrt

from boundcalc.catalogue.sources import boucheron2013
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, REAL, symbol
from boundcalc.theorems import Form, Theorem

Z_tail = symbol("Z_tail", "Z", "a random variable", REAL)
E_tail = symbol("E_tail", r"\mathbb E Z", "its expectation", REAL)
E_excess = symbol("E_excess", r"\mathbb E(Z-a)_+", "expected excess over a")
a_tail = symbol("a_tail", "a", "where the tail starts", REAL, role="fixed")
b_tail = symbol("b_tail", "b", "scale of a tail P(Z > a + t) <= exp(-(t/b)^2)", POSITIVE, role="fixed")
b_slow = symbol("b_slow", "b", "scale of a tail P(Z > a + t) <= exp(-t/b)", POSITIVE, role="fixed")
E_size = symbol("E_size", r"\mathbb E|Z|", "expectation of a nonnegative variable", NONNEGATIVE)
size = symbol("size", r"|Z|", "a nonnegative random variable", NONNEGATIVE)

TAILS = named("tails")
MARKOV = Event("Markov", "the variable is at most 1/delta times its expectation")

_EXCESS = TAILS.at_most(E_tail, a_tail + E_excess, because="Z <= a + (Z - a)_+")


def _integrated(right, why):
    step = TAILS.at_most(E_excess, right, because=f"E (Z - a)_+ is the integral of P(Z > a + t) over t > 0; {why}")
    return Form(Derivation(quantity=E_tail, steps=(_EXCESS, step)))


THEOREM = Theorem(
    key="lemmas.tail_to_mean",
    number="-",
    title="From a tail to a mean",
    claim="P(Z > a + t) <= exp(-(t/b)^2) for all t >= 0 implies E Z <= a + b sqrt(pi)/2; that is, a bound a + b sqrt(log(1/delta)) "
    "at every delta.",
    quantity="expectation of a variable whose tail is known",
    source=boucheron2013("Section 2.1, integration by parts; derived here"),
    assumptions=("the tail is known for every t >= 0, that is at every delta, with the same a and b",),
    variants={
        "sharp": _integrated(b_tail * sqrt(pi) / 2, "the integral of exp(-(t/b)^2) is b sqrt(pi)/2"),
        "exponential": _integrated(b_slow, "the integral of exp(-t/b) is b"),
        "markov": Form(
            Derivation(
                quantity=size,
                steps=(
                    TAILS.at_most(
                        size, E_size / MARKOV.symbol, because="Markov's inequality: the way back", events=(MARKOV,)
                    ),
                ),
            ),
            remarks=("For a nonnegative variable.",),
        ),
    },
)
