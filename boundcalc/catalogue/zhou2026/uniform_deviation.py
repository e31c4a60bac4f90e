"""A certificate for whatever was trained: its risk is at most its empirical risk plus the price of the class.

>>> from boundcalc import theorem
>>> theorem("zhou2026.uniform_deviation").bound().compact
sqrt(2)*C*sqrt(log(1/delta))/(2*sqrt(m)) + 2*L*R_M + rhat_M
"""

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, dev_minus, r_M, rhat_M
from boundcalc.theorems import Form, Theorem

UNIFORM = Event("uniform deviation", "no f of the class has a population risk far above its empirical risk")

TRIED = named("learning", context="any")

SHARP = Derivation(
    quantity=r_M,
    steps=(
        TRIED.at_most(r_M, rhat_M + dev_minus, kind="infimum", because="the supremum is at least the value at f"),
        *concentrated(
            dev_minus,
            c=C,
            event=UNIFORM,
            experiment=TRIED,
            because="r(f) - l_f varies by at most C on one pair",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.uniform_deviation",
    number="-",
    title="Certificate for whatever was trained",
    claim="With probability at least 1 - delta, for all f in F_M at once: r(f) <= rhat(f) + 2 L R_M + C sqrt(log(1/delta)/(2m)).",
    quantity="population risk of any f of M's class",
    source=zhou2026("the one-sided half of the proof of Theorem 3.13"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "the class is fixed before the sample is drawn",
        "loss L-Lipschitz in the score, in a range of length C (Assumption 3.2)",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=("No empirical risk minimisation is needed; rhat_M is the empirical risk of the f that is spoken of.",),
)
