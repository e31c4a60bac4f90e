"""Block-diagonal metrics whose modalities' Frobenius norms sum to at most a radius: whole modalities can be left out."""

from sympy import Interval, Min, sqrt

from boundcalc.catalogue.comparators.frobenius_ball import MEAN, WORST
from boundcalc.catalogue.norm_balls import ASSUMPTIONS, capped, longest, norm_ball_forms, signed_sums
from boundcalc.catalogue.sources import lei2016
from boundcalc.catalogue.zhou2026.metric_complexity import THRESHOLD
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import R_M, B_k, K, S_frobenius, m, radius, symbol, t_max, t_min, u_fourth, u_group
from boundcalc.theorems import Form, Theorem

S_group = symbol(
    "S_group",
    r"\tfrac1m\mathbb E\max_k\|\sum_i\sigma_iu^{(k)}_iu^{(k)\top}_i\|_F",
    "expected largest Frobenius norm of a modality's signed second moment",
)

EXACT = named("norm_ball", norm="group")

#: The largest <A, uu^T> for a matrix of norm 1.
DISTANCE = B_k**2
FREE, BEST, TUNED = longest(K)

LONGEST = EXACT.at_most(
    S_group,
    Min(B_k**2 * sqrt(FREE) / sqrt(m), S_frobenius),
    because="a modality's block is a sum of signed matrices whose squared Frobenius norms sum to at most m B_k^4; with V that "
    "sum E exp(s ||S_k||^2/(2V)) <= (1 - s)^(-1/2), then Jensen over the K modalities, s = lam/(1 + lam); a block is at "
    "most the Frobenius norm of the whole",
)

S_fourth = symbol(
    "S_fourth",
    r"\tfrac1m\mathbb E(\sum_k\|\sum_i\sigma_iu^{(k)}_iu^{(k)\top}_i\|_F^{p^*})^{1/p^*}",
    "expected l(p*)-norm over the modalities of their signed second moments' Frobenius norms, 1/p + 1/p* = 1",
)
p_group = symbol(
    "p_group", r"p", "exponent of the sum over modalities of Frobenius norms", Interval.Lopen(1, 2), group="metric"
)

POWERS = named("norm_ball", norm="fourth")

POWER = Form(
    Derivation(
        R_M,
        (
            *signed_sums(S_fourth, POWERS),
            POWERS.at_most(
                S_fourth,
                K ** (1 - 1 / p_group) * B_k**2 / sqrt(m * (p_group - 1)),
                because="Jensen with the exponent p*; a signed sum of matrices has E||S_k||^p* <= (p* - 1)^(p*/2) "
                "(E||S_k||^2)^(p*/2) (hypercontractivity), E||S_k||^2 <= m B_k^4, and p* - 1 = 1/(p - 1)",
                cites="Bonami 1970; Kahane's inequality for signed sums of vectors",
            ),
            *THRESHOLD,
        ),
    ),
    trivial=radius * B_k**2 + (t_max - t_min) / 2,
    remarks=(
        "Blocks' Frobenius norms with (sum_k ||A_k||_F^p)^(1/p) <= radius, 1 < p <= 2: between all modalities and a few.",
    ),
)

THEOREM = Theorem(
    key="comparators.group_ball",
    number="-",
    title="Group norm over modalities",
    claim="R_M <= radius min(B_k^2 sqrt(1 + 2 sqrt(log K) + 2 log K), B^2)/sqrt(m) + (t_max - t_min)/(2 sqrt(m)) for "
    "block-diagonal metrics whose K blocks' Frobenius norms sum to at most radius.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=lei2016(),
    assumptions=(
        *ASSUMPTIONS,
        "A has one block per modality and no entries across modalities",
        "the modalities' parts of x - x' are at most B_k long",
    ),
    variants=norm_ball_forms(
        S_group,
        exact=EXACT,
        mean=(LONGEST, TUNED, *MEAN),
        worst=(*WORST, capped(B_k**2 * sqrt(BEST))),
        data=Min(sqrt(BEST * u_group), sqrt(u_fourth)),
        data_because="the same given the pairs, the squared norms of modality k summing to sum_i ||u_i^(k)||^4",
        distance=DISTANCE,
        distance_because="the modalities' blocks of uu^T have Frobenius norms ||u^(k)||^2 <= B_k^2",
    )
    | {"p": POWER},
)
