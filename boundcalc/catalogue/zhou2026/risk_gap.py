"""Theorem 3.13: how much riskier than the model on N can the model on M be?

M is fixed in advance; N may be any subset. gamma = eta_M - eta_N says how much worse M's learnt representation is
than N's (Definition 3.9); everything else is the price of learning the head on M from n examples.

>>> from boundcalc import theorem
>>> theorem("zhou2026.risk_gap").bound().compact
sqrt(2)*C*sqrt(log(1/delta))/sqrt(m) + 4*L*R_M + eps_opt + gamma
>>> theorem("zhou2026.risk_gap").bound("paper").compact
2*sqrt(2)*C*sqrt(log(2/delta))/sqrt(n) + 4*C/sqrt(m) + 8*L*R_M + gamma

Here m = floor(n/2) is the number of independent pairs. The proof of the sharp form: insert the best heads on the two
representations; the ERM on M is close to its best head up to one supremum of deviations of both signs; that supremum
concentrates around its expectation over m independent pairs (one event), which the Rademacher complexity bounds.
"""

from sympy import sqrt

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import bartlett2002, zhou2026
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import (
    R_M,
    REAL,
    C,
    Edev_m,
    Edev_plus,
    EPhi_m,
    L,
    Phi_n,
    dev_minus,
    dev_plus,
    eps_opt,
    eta_M,
    eta_N,
    gamma,
    m,
    r_M,
    r_N,
    r_star,
    symbol,
)
from boundcalc.theorems import Form, Provenance, Theorem, by

excess_M = symbol(
    "excess_M",
    r"\bigl[r_{\mathcal M}-\inf_h r(h\circ\hat g_{\mathcal M})\bigr]",
    "how far the ERM's head is from the best head on its own representation (M)",
    REAL,
)
excess_N = symbol(
    "excess_N",
    r"\bigl[r_{\mathcal N}-\inf_h r(h\circ\hat g_{\mathcal N})\bigr]",
    "how far the ERM's head is from the best head on its own representation (N)",
    REAL,
)
best_head_M = symbol(
    "best_head_M", r"\inf_h r(h\circ\hat g_{\mathcal M})", "risk of the best head on the learnt representation of M"
)
best_head_N = symbol(
    "best_head_N", r"\inf_h r(h\circ\hat g_{\mathcal N})", "risk of the best head on the learnt representation of N"
)

BOTH_SIDES = Event("two-sided deviation", "the largest sum of two deviations of opposite signs is near its expectation")
MINUS = Event("deviation below", "no f has a population risk far above its empirical risk")
PLUS = Event("deviation above", "no f has an empirical risk far above its population risk")

TRIED = named("learning", context="both")
EXACT = named("learning", context="both", exact=True)

INSERT_BEST_HEADS = (
    equal(
        r_M - r_N,
        excess_M + gamma - excess_N,
        definitions={
            excess_M: r_M - best_head_M,
            excess_N: r_N - best_head_N,
            gamma: eta_M - eta_N,
            eta_M: best_head_M - r_star,
            eta_N: best_head_N - r_star,
        },
        because="insert inf_h r(h o ghat) for both subsets, and the risk r* of the true composition",
    ),
    TRIED.at_least(excess_N, 0, kind="infimum", because="an infimum over heads is at most its value at hhat_N"),
)

SHARP = Derivation(
    quantity=r_M - r_N,
    steps=(
        *INSERT_BEST_HEADS,
        TRIED.at_most(
            excess_M,
            Phi_n + eps_opt,
            kind="infimum",
            because="ERM: the empirical risk of (hhat, ghat_M) exceeds that of (h, ghat_M) by at most eps_opt for every "
            "head h; Phi_n = sup over f, f' in F_M of (r - rhat)(f) + (rhat - r)(f')",
        ),
        *concentrated(
            Phi_n,
            c=2 * C,
            event=BOTH_SIDES,
            experiment=TRIED,
            because="one event: on one pair, l_f' - l_f varies by at most 2C",
            halves=named("two_sided_pairs").at_most(
                EPhi_m,
                Edev_m + Edev_plus,
                because="the supremum of a sum is at most the sum of the suprema (the decoupled halves of Theorem 3.12)",
                cites="zhou2026.decoupled_deviation",
            ),
        ),
    ),
)


def _side(deviation, expectation, event):
    """Return the steps of the paper form for one sign of the deviation."""
    return (
        by(
            bounded_differences.THEOREM,
            deviation,
            form="direct",
            c=C,
            EPhi_m=expectation,
            event=event,
            experiment=TRIED,
            because="McDiarmid for the U-statistic, then Theorem 3.12",
        ),
        named("independent_pairs").at_most(
            expectation,
            4 * L * R_M + 2 * C / sqrt(m),
            because="constants as in the theorem that is extended: contraction for averages with absolute value and a "
            "loss centred at 0. Lemmas S and T give the smaller 2 L R_M",
            cites=str(bartlett2002("Theorem 12")),
        ),
    )


PAPER = Derivation(
    quantity=r_M - r_N,
    steps=(
        *INSERT_BEST_HEADS,
        EXACT.at_most(
            excess_M, dev_minus + dev_plus, kind="infimum", because="exact ERM on M, and a supremum for each sign"
        ),
        *_side(dev_minus, Edev_m, MINUS),
        *_side(dev_plus, Edev_plus, PLUS),
    ),
)

THEOREM = Theorem(
    key="zhou2026.risk_gap",
    number="Theorem 3.13",
    title="Risk gap of two modality subsets",
    claim="With probability at least 1 - delta, for M fixed in advance and all N at once: "
    "r_M - r_N <= gamma + 4 L R_M + 2 C sqrt(log(1/delta)/(2m)) + eps_opt.",
    quantity="risk of the ERM on M minus risk of the ERM on N",
    source=zhou2026("Theorem 3.13"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "M is fixed before the sample is drawn",
        "loss L-Lipschitz in the score, in a range of length C (Assumption 3.2)",
        "realisable: h* in H, g* in G (Assumption 3.4)",
        "the model on M minimises the empirical risk up to eps_opt",
    ),
    variants={
        "sharp": Form(SHARP, trivial=C),
        "paper": Form(
            PAPER,
            trivial=C,
            provenance=Provenance.RECONSTRUCTED,
            remarks=(
                "The source's displayed formula is not available to us: its structure with the constants of Huang et "
                "al. 2021, Theorem 1, the sample size replaced by the number of independent pairs where decoupling "
                "needs it. For exact ERM (eps_opt = 0). Never below the sharp form.",
            ),
        ),
    },
    remarks=(
        "gamma is not observable: with gamma = 0 the bound reads as the excess over gamma.",
        "One sample serves every N: only M's deviations enter.",
    ),
)
