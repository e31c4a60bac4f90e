"""Theorem 3.14: how good is the representation learnt on M, compared with the true one?

>>> from boundcalc import theorem
>>> theorem("zhou2026.latent_quality").bound().compact
sqrt(2)*C*sqrt(log(1/delta))/sqrt(m) + 2*L*R_M + Lhat_M
"""

from typing import Any

from sympy import Expr, log, sqrt

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.sources import huang2021, zhou2026
from boundcalc.statements.derivation import Derivation, Event, Named, Step, equal, named
from boundcalc.symbols import (
    R_M,
    C,
    L,
    Lhat_M,
    Phi_n,
    R_full,
    dev_minus,
    dev_plus,
    eta_M,
    n,
    r_M,
    r_star,
    rhat_M,
    rhat_star,
)
from boundcalc.theorems import Form, Provenance, Theorem

AGAINST_TRUTH = Event(
    "deviation against the truth",
    "the largest (r - rhat)(f) + (rhat - r)(h*g*) over the class is near its expectation",
)
MINUS = Event("deviation below", "no f has a population risk far above its empirical risk")
TRUTH = Event("deviation above", "no f has an empirical risk far above its population risk", subset="full")

TRIED = named("learning", context="truth")

INSERT_EMPIRICAL = (
    TRIED.at_most(
        eta_M, r_M - r_star, kind="infimum", because="eta_M is an infimum over heads, at most its value at hhat_M"
    ),
    equal(
        r_M - r_star,
        r_M - rhat_M + Lhat_M + rhat_star - r_star,
        definitions={Lhat_M: rhat_M - rhat_star},
        because="insert the empirical risks",
    ),
)


def sharp(supremum: Expr, experiment: Named, *, because: str, **options: Any) -> Derivation:
    """Return the sharp form: one event for a supremum over F_M, the truth being fixed; ``options`` of `concentrated`."""
    return Derivation(
        quantity=eta_M,
        steps=(
            *INSERT_EMPIRICAL,
            experiment.at_most(
                r_M - rhat_M + rhat_star - r_star,
                supremum,
                kind="infimum",
                because=f"{supremum} = sup over f in F_M of (r - rhat)(f) + (rhat - r)(h*g*)",
            ),
            *concentrated(supremum, c=2 * C, event=AGAINST_TRUTH, experiment=experiment, because=because, **options),
        ),
    )


SHARP = sharp(
    Phi_n,
    TRIED,
    because="one event, range 2C; h*g* is fixed, so the second part has expectation 0: no complexity is paid",
)


def published(experiment: Named, *, because: str, cites: str = "") -> Derivation:
    """Return the published form: a supremum and a complexity for each sign of the deviation."""

    def side(deviation: Expr, complexity: Expr, event: Event) -> Step:
        return experiment.at_most(
            deviation,
            4 * L * complexity + 3 * C * sqrt(2 * log(1 / event.symbol) / n),
            because=because,
            events=(event,),
            cites=cites,
        )

    largest = "a supremum over F_M", "a supremum over the class on all modalities"
    return Derivation(
        quantity=eta_M,
        steps=(
            *INSERT_EMPIRICAL,
            experiment.at_most(r_M - rhat_M, dev_minus, kind="infimum", because=largest[0]),
            experiment.at_most(rhat_star - r_star, dev_plus, kind="infimum", because=largest[1]),
            side(dev_minus, R_M, MINUS),
            side(dev_plus, R_full, TRUTH),
        ),
    )


PAPER = published(
    named("learning", context="published"),
    because="constants as in the theorem that is extended; Lemmas D, S and T give less",
    cites=str(huang2021("Theorem 2")),
)

THEOREM = Theorem(
    key="zhou2026.latent_quality",
    number="Theorem 3.14",
    title="Quality of the latent representation",
    claim="With probability at least 1 - delta: eta_M <= 2 L R_M + 2 C sqrt(log(1/delta)/(2m)) + Lhat_M.",
    quantity="latent-representation quality of the ERM on M",
    source=zhou2026("Theorem 3.14"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "M is fixed before the sample is drawn",
        "loss L-Lipschitz in the score; C covers F_M and h*g* (Assumption 3.2)",
        "realisable: h* in H, g* in G (Assumption 3.4)",
    ),
    variants={
        "sharp": Form(SHARP, trivial=C),
        "paper": Form(
            PAPER,
            trivial=C,
            provenance=Provenance.RECONSTRUCTED,
            remarks=(
                "The source's displayed formula is not available to us: its structure with the constants of Huang et "
                "al. 2021, Theorem 2.",
            ),
        ),
    },
    remarks=("Lhat_M is not observable; for a nonnegative loss Lhat_M <= rhat_M is sound.",),
)
