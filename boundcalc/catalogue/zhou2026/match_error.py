"""Which item of one modality belongs to which of another: the match error of whatever encoders were trained.

f(x, x') = t - ||W_a x - W_b x'||^2 says "match" when it is positive. The match risk omega_pos E loss(f(x^a, x^b), +1) +
omega_neg E loss(f(x^a, x'^b), -1) over n aligned items is a U-statistic with the kernel (omega_pos/2)(loss_+(z) +
loss_+(z')) + omega_neg loss_-(z, z').

>>> from boundcalc import theorem
>>> theorem("zhou2026.match_error").bound("fixed").compact
rhat_holdout + sqrt(2)*(omega_neg + omega_pos)*sqrt(log(1/delta))/(2*sqrt(floor(n_h/2)))
"""

from dataclasses import replace
from typing import Any

from sympy import Min, floor

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.lemmas import hoeffding_u
from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, Event, Named, Step, named
from boundcalc.symbols import (
    R_M,
    C,
    L,
    Rad_loss,
    dev_f,
    dev_minus,
    err_match,
    n_h,
    omega_neg,
    omega_pos,
    r_match,
    rhat_holdout,
    rhat_match,
    rho,
)
from boundcalc.theorems import Form, Theorem, by

MATCH = Event(
    "uniform deviation of the match risk", "no encoder of the class matches far worse than on the aligned items"
)
HELD_OUT = Event("fixed encoders", "the match error of the fixed encoders is near its value on the held-out items")

TRIED = named("matching", context="any")
TRIED_RAMP = named("matching", context="any", unit_range=True)
TRIED_FIXED = named("matching", context="single")

_weight = omega_pos + omega_neg


def _deviation(*, scale: Any, lipschitz: Any, experiment: Named) -> tuple[Step, ...]:
    """Return the steps from the match risk to the complexity, for a loss of range ``scale``."""
    return (
        experiment.at_most(
            r_match, rhat_match + dev_minus, kind="infimum", because="the supremum is at least the value at f"
        ),
        *concentrated(
            dev_minus,
            c=_weight * scale,
            event=MATCH,
            experiment=experiment,
            because="on one pair of items the kernel varies by at most the sum of the weights times the loss's range",
            over="m independent pairs of items",
        )[:-1],  # the kernel has three parts: contraction for each
        experiment.at_most(
            Rad_loss,
            lipschitz * _weight * R_M,
            because="the supremum of a sum of three is at most the sum of the suprema; contraction for each; R_M bounds the "
            "complexity over m independent matched items as over m independent unmatched pairs",
            cites="lemmas.contraction",
        ),
    )


SHARP = Derivation(
    quantity=err_match,
    steps=(
        TRIED_RAMP.at_most(
            err_match,
            r_match,
            kind="infimum",
            because="the ramp loss min(1, max(0, 1 - s f/rho)) is 1 wherever s f <= 0 and never negative",
        ),
        *_deviation(scale=1, lipschitz=1 / rho, experiment=TRIED_RAMP),
    ),
)

UNIFORM = Derivation(quantity=r_match, steps=_deviation(scale=C, lipschitz=L, experiment=TRIED))

FIXED = Derivation(
    quantity=err_match,
    steps=(
        TRIED_FIXED.at_most(
            err_match,
            rhat_holdout + dev_f,
            kind="infimum",
            because="definition of the deviation of the fixed encoders on the held-out items",
        ),
        by(
            hoeffding_u.THEOREM,
            dev_f,
            C=_weight,
            m=floor(n_h / 2),
            event=HELD_OUT,
            experiment=TRIED_FIXED,
            because="encoders and threshold are fixed when the held-out items are drawn; on one pair of items the weighted "
            "number of mistakes lies between 0 and the sum of the weights",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.match_error",
    number="-",
    title="Certificate of cross-modal matching",
    claim="With probability at least 1 - delta, for all encoders of the class at once: the match error is at most its empirical "
    "ramp value + (2/rho)(omega_pos + omega_neg) R_M + (omega_pos + omega_neg) sqrt(log(1/delta)/(2m)).",
    quantity="match error omega_pos P(f(x^a, x^b) <= 0) + omega_neg P(f(x^a, x'^b) >= 0)",
    source=replace(
        zhou2026("the one-sided half of the proof of Theorem 3.13"),
        place="the one-sided half of the proof of Theorem 3.13, carried over to matching (ours)",
    ),
    assumptions=(
        "the n aligned items are i.i.d.; unaligned ones may have been used in any way",
        "the class, the margin and the weights are fixed before the aligned items are drawn",
        "R_M bounds the complexity over m independent differences of matched items, and of unmatched ones",
    ),
    variants={
        "sharp": Form(SHARP, trivial=Min(omega_pos, omega_neg)),
        "uniform": Form(
            UNIFORM,
            trivial=_weight * C,
            remarks=("For any L-Lipschitz loss in a range of length C; rhat_match is its empirical match risk.",),
        ),
        "fixed": Form(
            FIXED,
            trivial=Min(omega_pos, omega_neg),
            remarks=(
                "For encoders of any kind; rhat_holdout is their match error on n_h aligned items not used before.",
            ),
        ),
    },
    remarks=(
        "No empirical risk minimisation is needed: the statement holds however the encoders were trained.",
        "A complexity measured on unmatched pairs alone is not enough: a class may vary on matched items only. The worst-case "
        "form of zhou2026.latent_encoders, with d_M = d_a + d_b and B^2 = B_a^2 + B_b^2, covers both.",
        "The rule that always, or never, says match errs on omega_neg, or omega_pos.",
    ),
)
