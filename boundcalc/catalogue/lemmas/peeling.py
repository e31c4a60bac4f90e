"""Peeling: a bound for each radius fixed in advance becomes one for the radius that was seen, at the price of a factor 2.

The class grows with a radius, such as a norm or an inverse margin. The radii r_0, 2 r_0, .., 2^(K-1) r_0 are fixed in advance.
"""

from sympy import Range, oo

from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import boucheron2013
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import REAL, symbol
from boundcalc.theorems import Form, Theorem, by

dev_seen = symbol(
    "dev_seen", r"(r-\hat r)(\hat f)", "deviation of a function of any radius, chosen on the sample", REAL
)
dev_shell = symbol(
    "dev_shell", r"\sup_{f\in F_k}(r-\hat r)(f)", "largest deviation up to the next radius of the grid", REAL
)
E_shell = symbol("E_shell", r"\mathbb E\sup_{f\in F_k}(r-\hat r)(f)", "its expectation")
r_shell = symbol("r_shell", r"r_k", "next radius of the grid")
r_seen = symbol(
    "r_seen", r"r(\hat f)", "radius of the chosen function, at least half the first of the grid", role="observed"
)
a_rate = symbol("a_rate", "a", "expected largest deviation per unit of radius", role="fixed")
K_grid = symbol("K_grid", "K", "number of radii in the grid, each twice the one before", Range(1, oo), role="fixed")

SHELLS = named("shells")
SHELL = Event("every shell", "at every radius of the grid the largest deviation is not far above its expectation")

SHARP = Derivation(
    quantity=dev_seen,
    steps=(
        SHELLS.at_most(
            dev_seen, dev_shell, because="the chosen function belongs to the class of the next radius", kind="infimum"
        ),
        by(
            bounded_differences.THEOREM,
            dev_shell,
            form="independent",
            EPhi_m=E_shell,
            event=SHELL,
            union=K_grid,
            because="for each radius of the grid at delta/K",
            experiment=SHELLS,
        ),
        SHELLS.at_most(E_shell, a_rate * r_shell, because="the expectation grows at most in proportion to the radius"),
        SHELLS.at_most(r_shell, 2 * r_seen, because="each radius of the grid is twice the one before", kind="infimum"),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.peeling",
    number="-",
    title="Peeling",
    claim="With probability at least 1 - delta, for all functions with a radius in (r_0/2, 2^(K-1) r_0] at once: "
    "(r - rhat)(f) <= 2 a r(f) + c sqrt(log(K/delta)/(2m)).",
    quantity="deviation of a function whose radius was not fixed in advance",
    source=boucheron2013("Section 13.7, the peeling device; derived here"),
    assumptions=(
        "the m terms are i.i.d., and the grid of radii was fixed before they were drawn",
        "E sup (r - rhat)(f) over the functions up to radius r is at most a r, for each radius of the grid",
        "on one term the functions vary by at most c",
    ),
    variants={"sharp": Form(SHARP)},
    remarks=("With weights delta/(k (k + 1)) instead of delta/K no largest radius is needed: put K = k (k + 1).",),
)
