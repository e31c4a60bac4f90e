"""The error at a stated mix of class pairs: false non-matches and false matches, each weighted as declared.

The rows' labels may be as they are: everything is conditional on them, so stratified and class-balanced collections do.
"""

from sympy import Integer, exp, log

from boundcalc.catalogue.sources import pairs
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import E_match, M_w, N_h, T_h, a_match, h_match, kappa, r_mix, rhat_mix
from boundcalc.theorems import Form, Theorem

STRATIFIED = named("stratified_pairs")

MIX = Event(
    "stratified hold-out", "the mean over assignments of the held-out rows is at most 1/delta times its expectation"
)

SHARP = Derivation(
    quantity=r_mix,
    steps=(
        equal(
            r_mix,
            (1 - a_match) / kappa,
            because="definition of a = 1 - kappa r",
            definitions={a_match: 1 - kappa * r_mix},
        ),
        STRATIFIED.at_least(
            a_match,
            E_match ** (1 / N_h),
            because="given the labels the N pairs of an assignment are independent: sum_t N_t log(1 - kappa_t a_t) <= "
            "N log(1 - kappa r) "
            "with kappa_t = kappa N W_t/N_t, as the logarithm is concave",
        ),
        STRATIFIED.at_least(E_match, MIX.symbol * h_match, because="Markov's inequality", events=(MIX,)),
        STRATIFIED.at_least(
            h_match,
            exp(-N_h * T_h),
            because="the transport form of lemmas.permanent in every combination of classes: log h_s >= -sum_t N_t "
            "T_t, then the mean "
            "over assignments",
            cites="lemmas.permanent",
        ),
        equal(
            (MIX.symbol * exp(-N_h * T_h)) ** (1 / N_h),
            MIX.symbol ** (1 / N_h) * exp(-T_h),
            because="the root of a product of positive numbers",
        ),
    ),
)

KL = Derivation(
    quantity=r_mix,
    steps=(
        STRATIFIED.at_most(
            r_mix,
            kl_inverse(rhat_mix, log(1 / MIX.symbol) / M_w),
            because="lemmas.finner given the labels, each class pair's weight spread over its pairs: "
            "M = min_c n_c/(2 W_cc + sum_{c' != c} W_cc'); then Chernoff",
            events=(MIX,),
            cites="lemmas.finner",
        ),
    ),
)

THEOREM = Theorem(
    key="certificates.mix",
    number="-",
    title="Error at a declared mix of class pairs",
    claim="With probability at least 1 - delta, given the labels: r_W <= (1 - delta^(1/N) exp(-T_h))/kappa for the "
    "mix W of class pairs.",
    quantity="error at a declared mix of class pairs",
    source=pairs("sections 3 and 12"),
    assumptions=(
        "given the labels the rows are independent, each from its class's law",
        "the mix W and the numbers N_t of matched pairs are functions of the labels only",
        "kappa < min_t N_t/(N W_t), fixed without looking at the rows; no single kappa_t is clipped",
        "the kernel lies in [0, 1] and was fixed before the rows were drawn",
    ),
    variants={"sharp": Form(SHARP, trivial=Integer(1)), "kl": Form(KL, trivial=Integer(1))},
    remarks=(
        "It certifies the error at the mix that is written in W (the hold-out's own, equal, or a declared one), not "
        "at the unknown "
        "mix of the population.",
    ),
)
