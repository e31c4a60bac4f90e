"""A guarantee given beforehand: the risk of the model that will be trained on n future examples.

Pilot: for each of J candidate subsets a fixed f_0 trained on a part and tested on n_h held-out examples, and a
certified complexity constant kappa_M. M and n may be chosen after seeing the pilot.

>>> from boundcalc import theorem
>>> theorem("zhou2026.ex_ante").bound().terms["confidence"]
sqrt(2)*C*sqrt(log(3/delta))/sqrt(floor(n/2)) + sqrt(2)*C*sqrt(log(3*J/delta))/(2*sqrt(floor(n_h/2)))
"""

from sympy import Expr

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.sources import zhou2026
from boundcalc.catalogue.zhou2026 import metric_complexity
from boundcalc.catalogue.zhou2026.fixed_model import held_out
from boundcalc.statements.derivation import Derivation, Event, Named, Step, equal, named
from boundcalc.symbols import (
    R_M,
    REAL,
    C,
    J,
    L,
    eps_opt,
    err_weighted,
    kappa_M,
    r_0,
    r_future,
    rhat_0,
    symbol,
)
from boundcalc.theorems import Form, Theorem, by

kappa_0 = symbol(
    "kappa_0", r"\kappa^{\circ}_{\mathcal M}", "true complexity constant, of which kappa_M is an upper value"
)
dev_future = symbol(
    "dev_future", r"\sup_f(r-\hat r)(f)+(\hat r-r)(f_0)", "largest deviation on the future sample, against f_0", REAL
)
dev_fixed = symbol(
    "dev_fixed", r"(\hat r-r)(f_0)", "empirical minus population risk of f_0 on the planned sample", REAL
)
dev_ramp = symbol(
    "dev_ramp",
    r"\sup_f(r_{\rm ramp}-\hat r_{\rm ramp})(f)",
    "largest deviation of the ramp risk on the planned sample",
    REAL,
)

HINGE = named("hinge")

KAPPA = Event("kappa", "each candidate's certified kappa is at least the true one")
FUTURE = Event("future sample", "the deviations on the planned sample, against f_0, are near their expectation")

TRIED = named("learning", context="future")


def _planned(*, c: Expr, experiment: Named, because: str) -> tuple[Step, ...]:
    """Return the steps from the deviation on the planned sample, against f_0, to the pilot's constant."""
    return (
        *concentrated(
            dev_future,
            c=c,
            event=FUTURE,
            experiment=experiment,
            because=f"{because}; f_0's deviation has expectation 0",
            over="the m independent future pairs",
        ),
        by(
            metric_complexity.THEOREM,
            R_M,
            form="kappa",
            kappa_M=kappa_0,
            because="with the true complexity constant kappa_0, for every m",
        ),
        named("pilot").at_most(
            kappa_0,
            kappa_M,
            because="empirical Bernstein's inequality on the second half of the pilot's independent pairs; kappa_M is "
            "certified at delta_kappa/J for each candidate",
            cites="Maurer, Pontil 2009, Empirical Bernstein bounds and sample variance penalization, Theorem 4",
            events=(KAPPA,),
        ),
    )


def _risk(*, relative: bool) -> Derivation:
    """Return the guarantee on the risk, with either form of the hold-out term."""
    return Derivation(
        quantity=r_future,
        steps=(
            TRIED.at_most(
                r_future,
                r_0 + dev_future + eps_opt,
                kind="infimum",
                because="ERM on the future sample does not do worse there than f_0, up to eps_opt; dev_future = sup over f "
                "of (r - rhat)(f) + (rhat - r)(f_0)",
            ),
            *held_out(relative=relative, union=J),
            *_planned(
                c=2 * C,
                experiment=TRIED,
                because="M, n and f_0 are fixed by then, so no union; one event, range 2C",
            ),
        ),
    )


PAIR_ERROR = Derivation(
    quantity=err_weighted,
    steps=(
        HINGE.at_most(
            err_weighted,
            rhat_0 + dev_ramp + eps_opt,
            kind="infimum",
            because="the weighted pair error is at most the weighted ramp risk at margin 1; its empirical value on the "
            "future sample is at most the hinge risk there, which exceeds f_0's by at most eps_opt; dev_ramp = sup over f "
            "of (r - rhat)(f) for the ramp loss",
        ),
        equal(rhat_0, r_0 + dev_fixed, definitions={dev_fixed: rhat_0 - r_0}, because="definition of f_0's deviation"),
        HINGE.at_most(dev_ramp + dev_fixed, dev_future, kind="infimum", because="one supremum, f_0 being fixed"),
        *held_out(relative=True, union=J),
        *_planned(
            c=L + C,
            experiment=HINGE,
            because="on one pair the weighted ramp loss varies by at most its largest weight L, f_0's hinge loss by at most C",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.ex_ante",
    number="-",
    title="Guarantee for a planned budget",
    claim="With probability at least 1 - delta, even when M and n were chosen after seeing the pilot: r(fhat_n) <= rhat_holdout + "
    "C sqrt(log(3J/delta)/(2 floor(n_h/2))) + 2 L kappa_M/sqrt(m) + 2 C sqrt(log(3/delta)/(2m)) + eps_opt.",
    quantity="population risk of the ERM on n future examples",
    source=zhou2026("Theorems 3.13 and 3.18, combined with a pilot sample"),
    assumptions=(
        "pilot and future examples i.i.d. from one distribution",
        "f_0 belongs to the class that will be trained, with the same preprocessing fixed before the future sample",
        "for each of the J candidates, f_0 and kappa_M come from the pilot; kappa_M is certified at its share of delta over J",
        "loss L-Lipschitz in the score, in a range of length C over every candidate's class",
        "the future model minimises the empirical risk up to eps_opt",
    ),
    variants={
        "sharp": Form(_risk(relative=False), trivial=C),
        "relative": Form(
            _risk(relative=True),
            trivial=C,
            remarks=(
                "For nonnegative losses; never worse than the default, and far better where the hold-out risk is small.",
            ),
        ),
        "pair_error": Form(
            PAIR_ERROR,
            trivial=L,
            remarks=(
                "For the hinge loss, so that L is the larger pair weight: the guarantee on the weighted pair error, whose "
                "future deviation pays the ramp loss's range L instead of a second C. A margin other than 1 gains nothing: "
                "below 1 the complexity grows, above 1 the hinge risk no longer covers the ramp risk.",
            ),
        ),
    },
    remarks=(
        "Without J the statement is false: the best of many equal candidates looks better than it is.",
        "The kappa event takes its share of delta although delta does not show in its term: certify kappa_M at that share.",
    ),
)
