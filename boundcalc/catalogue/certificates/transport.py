"""The transport certificate of one fixed model: reweight the pairs towards those it gets right, at the price of a divergence.

>>> from boundcalc import theorem
>>> theorem("certificates.transport").bound().expr
C*(-delta**(2/n_h)*exp(-T_h) + 1)/kappa
"""

from sympy import exp, log, sqrt

from boundcalc.catalogue.lemmas import finite_class, matching, permanent
from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, Event, Named, Step, equal, named
from boundcalc.symbols import C, T_h, cost_mean, cost_spread, h_match, n_h, r_0, rhat_holdout, theta
from boundcalc.theorems import Form, Theorem, by

MATCHED = named("matched_rows")
CENTRED = named("centred_costs")
ROWS = named("pair_rows")

HOLDOUT = Event("matched hold-out", "the matching mean of the held-out rows is at most 1/delta times its expectation")


def transported(
    quantity: object = r_0, *, union: object = 1, span: object = C, experiment: Named = ROWS
) -> tuple[Step, ...]:
    """Return the steps from the risk of a fixed model to its hold-out rows' transport value, for a union at once."""
    share = HOLDOUT.symbol / union
    one = union == 1
    return (
        by(
            matching.THEOREM if one else finite_class.THEOREM,
            quantity,
            form="rows" if one else "matching",
            C=span,
            event=HOLDOUT,
            because="the model is fixed when the held-out rows are drawn" + ("" if one else ", one of several"),
            experiment=experiment,
            **({} if one else {"J": union}),
        ),
        ROWS.at_least(
            h_match,
            exp(-n_h * T_h / 2),
            because="the transport form of lemmas.permanent on two halves of the rows; a triangle's factors enter T_h "
            "as they are",
            cites=permanent.THEOREM.key,
        ),
        equal(
            (share * exp(-n_h * T_h / 2)) ** (2 / n_h),
            share ** (2 / n_h) * exp(-T_h),
            because="the root of a product of positive numbers",
        ),
    )


CLOSED = Derivation(
    quantity=r_0,
    steps=(
        *transported(experiment=MATCHED),
        CENTRED.at_most(
            T_h,
            cost_mean - theta * cost_spread + theta**2 * cost_spread,
            because="the coupling (1 - theta R)/m^2, R the doubly centred costs: its cost is the mean cost minus "
            "theta V, and "
            "(1 - u) log(1 - u) <= -u + u^2",
        ),
    ),
)


def by_entropy(*, union: object = 1, experiment: Named = ROWS) -> Derivation:
    """Return the derivation of the kl form: uniform weights on all pairs, so n_h/2 pairs count."""
    step = by(
        finite_class.THEOREM,
        r_0,
        form="kl",
        J=union,
        M_w=n_h / 2,
        event=HOLDOUT,
        because="uniform weights on all pairs of n_h rows have D = 2/n_h",
        experiment=experiment,
    )
    return Derivation(quantity=r_0, steps=(step,))


HOEFFDING = Derivation(
    quantity=r_0,
    steps=(
        ROWS.at_most(
            r_0,
            rhat_holdout + C * sqrt(log(1 / HOLDOUT.symbol) / n_h),
            because="the kl form, and kl(q, p) >= 2 (p - q)^2",
            events=(HOLDOUT,),
            cites="lemmas.finner",
        ),
    ),
)

THEOREM = Theorem(
    key="certificates.transport",
    number="-",
    title="Transport certificate",
    claim="With probability at least 1 - delta: r(f_0) <= (C/kappa) (1 - delta^(2/n_h) exp(-T_h)), T_h the least cost "
    "plus divergence "
    "of a coupling of two halves of the hold-out rows, costs -log(1 - kappa q/C).",
    quantity="population risk of a model fixed in advance",
    source=pairs("Theorem T"),
    assumptions=(
        "the n_h held-out rows are i.i.d. and the model was fixed before they were drawn",
        "the loss q of a pair lies in [0, C]",
        "kappa and the halves of the rows are fixed without looking at the rows",
    ),
    variants={
        "sharp": Form(Derivation(quantity=r_0, steps=transported()), trivial=C),
        "closed": Form(
            CLOSED,
            trivial=C,
            remarks=("No optimisation: an empirical Bernstein inequality for pairs in elementary terms. n_h even.",),
        ),
        "kl": Form(
            by_entropy(), trivial=C, remarks=("Nothing but the held-out risk is needed; odd n_h counts whole.",)
        ),
        "hoeffding": Form(HOEFFDING, trivial=C),
    },
    remarks=(
        "It holds for all couplings at once: a coupling that is not optimal gives a larger, valid bound.",
        "With several splits of the rows exp(-n_h T_h/2) is the mean over them; with batches the exponents add up.",
        "The uniform coupling gives Chernoff's bound; q = 0 gives (C/kappa) (1 - delta^(2/n_h)).",
        "The rows of one subject are not independent: then subjects are the unit, and q is the mean over their row "
        "pairs.",
    ),
)
