"""The empirical Bernstein inequality of Maurer and Pontil: Bernstein's with the variance of the sample."""

from sympy import Integer, Rational, log, sqrt

from boundcalc.catalogue.lemmas import bernstein
from boundcalc.catalogue.lemmas.bennett import FIXED, TERMS
from boundcalc.catalogue.sources import maurer2009
from boundcalc.statements.derivation import Derivation, Event, at_most
from boundcalc.symbols import C, Constraint, dev_f, m, symbol, var_f
from boundcalc.theorems import Form, Theorem, by

var_hat = symbol(
    "var_hat", r"\hat V", "sample variance: sum of squared distances to the mean, over m - 1", role="observed"
)

VARIANCE = Event("sample variance", "the standard deviation is not far above that of the sample")

_x, _y = log(1 / FIXED.symbol), log(1 / VARIANCE.symbol)
_spread = sqrt(var_hat) + C * sqrt(2 * _y / (m - 1))

_STEPS = (
    by(bernstein.THEOREM, dev_f, event=FIXED, because="one function fixed in advance", experiment=TERMS),
    TERMS.at_most(
        sqrt(var_f),
        _spread,
        because="the sample variance is self-bounding: its lower deviations are at most those of a sum of that mean",
        events=(VARIANCE,),
        cites=str(maurer2009("Theorem 10")),
    ),
)

_root = sqrt(2 * var_hat * _x / m)
_CLOSED = at_most(
    sqrt(2 * _x / m) * _spread + C * _x / (3 * m),
    _root + C * (Rational(4, 3) * _x + _y) / (m - 1),
    because="2 sqrt(x y) <= x + y, and m - 1 < m",
)

THEOREM = Theorem(
    key="lemmas.empirical_bernstein",
    number="-",
    title="Empirical Bernstein inequality",
    claim="With probability at least 1 - delta, with x = log(2/delta): r - rhat <= sqrt(2 x/m) (sqrt(Vhat) + C sqrt(2x/(m-1))) "
    "+ C x/(3m) for one fixed f.",
    quantity="deviation of one fixed f, one side",
    source=maurer2009("Theorem 4, before its last inequality"),
    constraints=(Constraint(Integer(2), m),),  # a sample variance needs two terms
    assumptions=("the m terms are i.i.d. and lie in a range of length C", "f is fixed before they are drawn"),
    variants={
        "sharp": Form(Derivation(quantity=dev_f, steps=_STEPS, where={}), trivial=C),
        "paper": Form(Derivation(quantity=dev_f, steps=(*_STEPS, _CLOSED), where={}), trivial=C),
    },
)
