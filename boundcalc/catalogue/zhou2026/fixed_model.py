"""The certificate of a model that is fixed before the examples it is tested on are drawn.

>>> from boundcalc import theorem
>>> theorem("zhou2026.fixed_model").bound().expr
sqrt(2)*C*sqrt(log(1/delta))/(2*sqrt(floor(n_h/2))) + rhat_holdout
"""

from typing import Any

from sympy import floor

from boundcalc.catalogue.lemmas import chernoff_u, hoeffding_u
from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, Event, Step, named
from boundcalc.symbols import C, dev_f, n_h, r_0, rhat_holdout
from boundcalc.theorems import Form, Theorem, by

HOLDOUT = Event("hold-out", "each candidate's risk is at most its hold-out risk plus the stated term")


def held_out(*, relative: bool = False, union: Any = 1) -> tuple[Step, ...]:
    """Return the steps from the risk of a fixed f_0 to its hold-out risk, for ``union`` candidates at once."""
    tried, unions = (
        (named("holdout", alone=True), "") if union == 1 else (named("holdout"), "; union over the J candidates")
    )
    shared: dict[str, Any] = {"m": floor(n_h / 2), "event": HOLDOUT, "experiment": tried, "union": union}
    because = "f_0 is fixed when the held-out examples are drawn" + unions
    return (
        tried.at_most(
            r_0,
            rhat_holdout + dev_f,
            kind="infimum",
            because="definition of the deviation of f_0 on the held-out examples",
        ),
        by(chernoff_u.THEOREM, dev_f, because=because, rhat_0=rhat_holdout, **shared)
        if relative
        else by(hoeffding_u.THEOREM, dev_f, because=because, **shared),
    )


THEOREM = Theorem(
    key="zhou2026.fixed_model",
    number="-",
    title="Certificate of a fixed model",
    claim="With probability at least 1 - delta: r(f_0) <= rhat_holdout + C sqrt(log(1/delta)/(2 floor(n_h/2))).",
    quantity="population risk of a model fixed in advance",
    source=zhou2026("the one-sided half of the proof of Theorem 3.13, for a class of one function"),
    assumptions=(
        "the n_h held-out examples are i.i.d. and f_0 was fixed before they were drawn",
        "the loss of f_0 lies in a range of length C",
    ),
    variants={
        "sharp": Form(Derivation(quantity=r_0, steps=held_out()), trivial=C),
        "relative": Form(
            Derivation(quantity=r_0, steps=held_out(relative=True)),
            trivial=C,
            remarks=("For nonnegative losses; never worse than the default, and far better where the risk is small.",),
        ),
    },
    remarks=(
        "Nothing is claimed about the class that f_0 was chosen from.",
        "For the best of J models tested on the same examples give each delta/J.",
    ),
)
