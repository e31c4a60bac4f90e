"""Theorem 3.20: how much lower is the risk with the extra modalities?

Delta = inf over F_N of r, minus inf over F_M of r, is what M can express and N cannot. The source claims that
the training risk falls by a multiple of the difference of complexities; that is refuted (form ``paper``). What holds:

>>> from boundcalc import theorem
>>> theorem("zhou2026.risk_reduction").bound().compact
-sqrt(2)*C*sqrt(log(1/delta))/sqrt(m) + Delta - 2*L*R_N - eps_opt_M
>>> theorem("zhou2026.risk_reduction").bound("population").compact
-sqrt(2)*C*sqrt(log(1/delta))/sqrt(m) + Delta - 2*L*R_M - eps_opt_M
"""

from boundcalc.catalogue.chains import concentrated
from boundcalc.catalogue.sources import zhou2026
from boundcalc.catalogue.zhou2026 import metric_complexity
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import (
    R_M,
    R_N,
    REAL,
    C,
    Constraint,
    Delta,
    Phi_n,
    c_claim,
    d_M,
    d_N,
    eps_opt_M,
    eps_opt_N,
    r_M,
    r_N,
    rhat_M,
    rhat_N,
    symbol,
)
from boundcalc.theorems import NESTING, NESTING_NOTE, Form, Provenance, Status, Theorem

inf_M = symbol("inf_M", r"\inf_{\mathcal F_{\mathcal M}}r", "smallest population risk in M's class")
inf_N = symbol("inf_N", r"\inf_{\mathcal F_{\mathcal N}}r", "smallest population risk in N's class")
rhat_best_M = symbol("rhat_best_M", r"\hat r(f^\ast_{\mathcal M})", "empirical risk of the best function of M's class")
rhat_best_N = symbol("rhat_best_N", r"\hat r(f^\ast_{\mathcal N})", "empirical risk of the best function of N's class")
dev_M = symbol("dev_M", r"(r-\hat r)(\hat f_{\mathcal M})", "population minus empirical risk of the ERM on M", REAL)
dev_N = symbol("dev_N", r"(r-\hat r)(\hat f_{\mathcal N})", "population minus empirical risk of the ERM on N", REAL)
dev_best_M = symbol(
    "dev_best_M",
    r"(\hat r-r)(f^\ast_{\mathcal M})",
    "empirical minus population risk of the best function of M's class",
    REAL,
)
dev_best_N = symbol(
    "dev_best_N",
    r"(\hat r-r)(f^\ast_{\mathcal N})",
    "empirical minus population risk of the best function of N's class",
    REAL,
)

WITNESSES = named("claim")

LOWER_EVENT = Event(
    "deviation on N against the best of M", "(r - rhat)(f) + (rhat - r)(f*_M) over f in F_N", subset="N"
)
UPPER_EVENT = Event("deviation on M against the best of N", "(r - rhat)(f) + (rhat - r)(f*_N) over f in F_M")
POPULATION_EVENT = Event("deviation on M against the best of M", "(r - rhat)(f) + (rhat - r)(f*_M) over f in F_M")

TRIED_LOWER = named("learning", context="lower")
TRIED_UPPER = named("learning", context="upper")
TRIED_POPULATION = named("learning", context="population")

GAIN = equal(inf_N - inf_M, Delta, definitions={Delta: inf_N - inf_M}, because="definition of the approximation gain")
BEST_M = (
    TRIED_POPULATION.at_most(
        rhat_M,
        rhat_best_M + eps_opt_M,
        kind="infimum",
        because="ERM: the model on M is within eps_opt_M of the best of its class, f*_M included",
    ),
    equal(
        rhat_best_M,
        inf_M + dev_best_M,
        definitions={dev_best_M: rhat_best_M - inf_M},
        because="f*_M attains inf_M (else approximately)",
    ),
)


def _one_event(deviations, event, complexity, experiment):
    """Return the steps that bound two deviations, one of them at a fixed function, by one event."""
    return (
        experiment.at_most(
            deviations, Phi_n, kind="infimum", because="a supremum over the class, the second function fixed"
        ),
        *concentrated(
            Phi_n,
            c=2 * C,
            event=event,
            experiment=experiment,
            because="one event, range 2C; the fixed function's deviation has expectation 0",
            complexity=complexity,
        ),
    )


LOWER = Derivation(
    quantity=rhat_N - rhat_M,
    steps=(
        equal(rhat_N, r_N - dev_N, definitions={dev_N: r_N - rhat_N}, because="definition of the deviation"),
        TRIED_POPULATION.at_least(r_N, inf_N, kind="infimum", because="an infimum is at most a member's value"),
        *BEST_M,
        GAIN,
        *_one_event(dev_N + dev_best_M, LOWER_EVENT, R_N, TRIED_LOWER),
    ),
)

UPPER = Derivation(
    quantity=rhat_N - rhat_M,
    steps=(
        TRIED_UPPER.at_most(
            rhat_N,
            rhat_best_N + eps_opt_N,
            kind="infimum",
            because="ERM: the model on N is within eps_opt_N of the best of its class",
        ),
        equal(
            rhat_best_N,
            inf_N + dev_best_N,
            definitions={dev_best_N: rhat_best_N - inf_N},
            because="f*_N attains inf_N (else approximately)",
        ),
        equal(rhat_M, r_M - dev_M, definitions={dev_M: r_M - rhat_M}, because="definition of the deviation"),
        TRIED_POPULATION.at_least(r_M, inf_M, kind="infimum", because="an infimum is at most a member's value"),
        GAIN,
        *_one_event(dev_M + dev_best_N, UPPER_EVENT, R_M, TRIED_UPPER),
    ),
)

POPULATION = Derivation(
    quantity=r_N - r_M,
    steps=(
        TRIED_POPULATION.at_least(r_N, inf_N, kind="infimum", because="an infimum is at most a member's value"),
        equal(r_M, rhat_M + dev_M, definitions={dev_M: r_M - rhat_M}, because="definition of the deviation"),
        *BEST_M,
        GAIN,
        *_one_event(dev_M + dev_best_M, POPULATION_EVENT, R_M, TRIED_POPULATION),
    ),
)

_massart = metric_complexity.THEOREM.derivation("paper").result
_massart_N = metric_complexity.THEOREM.bound("paper").on_subset("N")
CLAIM = Derivation(
    quantity=rhat_N - rhat_M,
    steps=(
        WITNESSES.at_least(
            rhat_N - rhat_M,
            c_claim * (R_M - R_N),
            kind="claim",
            because="claimed by the source for some positive constant; refuted",
        ),
        WITNESSES.equal(R_M, _massart, kind="claim", because="R stands for the dimension formula of Theorem 3.18"),
        WITNESSES.equal(
            R_N,
            sum(part for _, part in _massart_N.parts),
            kind="claim",
            because="R stands for the dimension formula of Theorem 3.18",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.risk_reduction",
    number="Theorem 3.20",
    title="Risk reduction by more modalities",
    claim="With probability at least 1 - delta: rhat_N - rhat_M >= Delta - 2 L R_N - 2 C sqrt(log(1/delta)/(2m)) - eps_opt_M.",
    quantity="empirical risk of the ERM on N minus that on M (form population: of the population risks)",
    source=zhou2026("Theorem 3.20"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "N is a proper subset of M, both fixed before the sample is drawn",
        "loss L-Lipschitz in the score, in a range of length C over the larger class (Assumption 3.2)",
        "closure under projection (Assumption 3.6)",
        "the models minimise the empirical risk up to eps_opt_M and eps_opt_N",
    ),
    domain=NESTING,
    notes={"lam_min": NESTING_NOTE},
    constraints=(Constraint(d_N, d_M, strict=True),),
    variants={
        "sharp": Form(LOWER, trivial=-eps_opt_M, remarks=("Lower side; certifies only a lower training risk.",)),
        "upper": Form(UPPER, trivial=C, remarks=("Upper side; with the lower side it holds jointly at 1 - 2 delta.",)),
        "population": Form(
            POPULATION, trivial=-C, remarks=("Lower side for the population risks: the extra modality is worth it.",)
        ),
        "paper": Form(
            CLAIM,
            provenance=Provenance.RECONSTRUCTED,
            status=Status.REFUTED,
            remarks=(
                "Refuted for every positive constant. First witness: the modalities in M but not in N are constant on "
                "the support, so every f in F_M equals some f in F_N on the data and rhat_N = rhat_M, while the right "
                "side is positive. Second witness, which also refutes it with the exact complexities: hinge loss and "
                "an N that separates all pairs with margin, rhat_N = 0.",
            ),
        ),
    },
    remarks=(
        "Nesting is asked for because Delta >= 0 and the comparison with Proposition 3.19 rest on it; the proofs of the three "
        "bounds use the ERM property on each class only.",
        "Delta is not observable. Read the bound backwards: which Delta would be needed for the right side to be positive?",
    ),
)
