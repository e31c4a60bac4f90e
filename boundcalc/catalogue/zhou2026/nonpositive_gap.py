"""The source's closing remark: from which sample size on is gamma <= 0?

If N cannot express the truth (eta*_N = inf over F_N of r, minus r*, is positive), then gamma <= 0 as soon as the
upper bound of Theorem 3.14 on eta_M has fallen to eta*_N.

>>> from boundcalc import theorem
>>> theorem("zhou2026.nonpositive_gap").bound().compact
2*Max(1, ceiling((sqrt(2)*C*sqrt(-log(delta)) + 2*L*kappa_M)**2/(-Lhat_M + eta_star_N)**2))
"""

from sympy import Max, Range, ceiling, expand, oo, sqrt

from boundcalc.catalogue.sources import zhou2026
from boundcalc.catalogue.zhou2026 import latent_quality, metric_complexity
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import R_M, Constraint, Lhat_M, eta_star_N, m, n_nonpositive, symbol
from boundcalc.theorems import Form, Theorem

m_0 = symbol("m_0", r"m_0", "number of independent pairs from which an inequality holds", Range(1, oo))

SAMPLE_SIZE = named("sample_size")

_quality = latent_quality.THEOREM.derivation()
_complexity = metric_complexity.THEOREM.derivation("kappa").result
#: Theorem 3.14 reads eta_M <= Lhat_M + PRICE/sqrt(m).
PRICE = expand((_quality.result.subs(R_M, _complexity) - Lhat_M) * sqrt(m))

SHARP = Derivation(
    quantity=n_nonpositive,
    steps=(
        SAMPLE_SIZE.equal(n_nonpositive, 2 * m_0, kind="infimum", because="floor(n/2) >= m_0 from n = 2 m_0 on"),
        SAMPLE_SIZE.at_most(
            m_0,
            Max(1, ceiling((PRICE / (eta_star_N - Lhat_M)) ** 2)),
            because="gamma = eta_M - eta_N <= eta_M - eta*_N; Theorem 3.14 with R_M <= kappa_M/sqrt(m), solved for m",
            events=_quality.events,
            cites="zhou2026.latent_quality",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.nonpositive_gap",
    number="closing remark",
    title="Sample size from which the gap is not positive",
    claim="If eta*_N > Lhat_M, then with probability at least 1 - delta gamma <= 0 for the stated n (and each larger n).",
    quantity="sample size n from which gamma <= 0",
    source=zhou2026("closing remark of Section 3"),
    assumptions=(
        *latent_quality.THEOREM.assumptions,
        "N's class is biased: eta*_N = inf over F_N of r, minus r*, is positive",
        "kappa_M holds for every m",
    ),
    constraints=(Constraint(Lhat_M, eta_star_N, strict=True),),
    variants={"sharp": Form(SHARP)},
    remarks=(
        "Lhat_M is random; it is at most eps_opt when h*g* lies in F_M (M = [K] under Assumption 3.4): state that "
        "condition, or take Lhat_M as an input.",
        "Each n has its own event: the statement is for one n fixed in advance.",
    ),
)
