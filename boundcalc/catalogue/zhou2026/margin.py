"""The bound that practitioners read: the error on a new pair, from the ramp risk at a margin rho fixed in advance.

>>> from boundcalc import theorem
>>> theorem("zhou2026.margin").bound().compact
2*R_M/rho + rhat_ramp + sqrt(2)*sqrt(log(1/delta))/(2*sqrt(m))
"""

from sympy import Integer, Max

from boundcalc.catalogue.sources import zhou2026
from boundcalc.catalogue.zhou2026 import uniform_deviation
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import err_M, err_weighted, omega_neg, omega_pos, r_M, rhat_ramp, rhat_ramp_w, rho
from boundcalc.theorems import Form, Theorem, by

RAMP = Event(
    "uniform deviation of the ramp risk", "no f of the class has a ramp risk far above its empirical ramp risk"
)

TRIED = named("learning", context="any", unit_range=True)
TRIED_WEIGHTED = named("learning", context="any", unit_range=True, weighted=True)

SHARP = Derivation(
    quantity=err_M,
    steps=(
        TRIED.at_most(
            err_M,
            r_M,
            kind="infimum",
            because="the ramp loss min(1, max(0, 1 - s f/rho)) is 1 wherever s f <= 0 and never negative",
        ),
        by(
            uniform_deviation.THEOREM,
            r_M,
            L=1 / rho,
            C=1,
            rhat_M=rhat_ramp,
            event=RAMP,
            experiment=TRIED,
            because="the ramp loss is 1/rho-Lipschitz and lies in [0, 1]",
        ),
    ),
)

_heavier = Max(omega_pos, omega_neg)

WEIGHTED = Derivation(
    quantity=err_weighted,
    steps=(
        TRIED_WEIGHTED.at_most(
            err_weighted,
            r_M,
            kind="infimum",
            because="the ramp loss times the pair's weight is at least the weighted indicator of s f <= 0",
        ),
        by(
            uniform_deviation.THEOREM,
            r_M,
            L=_heavier / rho,
            C=_heavier,
            rhat_M=rhat_ramp_w,
            event=RAMP,
            experiment=TRIED_WEIGHTED,
            because="weights fixed in advance multiply the loss, so its Lipschitz constant and its range",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.margin",
    number="-",
    title="Margin bound on the pair error",
    claim="With probability at least 1 - delta, for all f in F_M at once: "
    "P(s f <= 0) <= rhat_ramp + (2/rho) R_M + sqrt(log(1/delta)/(2m)), rho fixed in advance.",
    quantity="pair error of any f of M's class",
    source=zhou2026("the one-sided half of the proof of Theorem 3.13, with the ramp loss"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "the class and the margin rho are fixed before the sample is drawn",
    ),
    variants={
        "sharp": Form(SHARP, trivial=Integer(1)),
        "weighted": Form(
            WEIGHTED,
            trivial=_heavier,
            remarks=("With balanced weights the constant rules err on about half of the weight.",),
        ),
    },
    remarks=(
        "Over a finite grid of margins give each delta/|grid|.",
        "Classes of pairs are unbalanced: read the bound beside the error of the constant rule.",
    ),
)
