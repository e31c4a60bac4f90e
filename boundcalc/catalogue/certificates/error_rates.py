"""Rates at a fixed threshold: false matches, false non-matches, precision, and the AUC of pairs."""

from sympy import Integer, Symbol, exp

from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import N_h, T_h, fdr, fmr, fnmr, kappa, miss_order, u_test
from boundcalc.theorems import Form, Theorem

ORDER = named("distance_order")

RATE = Event("rate", "the e-value of the true rate is below 1/delta")


def _rate(rate: Symbol, words: str) -> Form:
    step = named("rates", kind=rate.name).at_most(
        rate,
        u_test,
        because=f"Y is {words}, and u where the rate does not speak: its mean is u just at the true rate, so the "
        "matching mean of "
        "1 - kappa Y over (1 - kappa u)^m is an e-value there; all u with a value below 1/delta are kept",
        events=(RATE,),
    )
    return Form(Derivation(quantity=rate, steps=(step,)), trivial=Integer(1))


AUC = Derivation(
    quantity=miss_order,
    steps=(
        ORDER.at_most(
            miss_order,
            (1 - RATE.symbol ** (1 / N_h) * exp(-T_h)) / kappa,
            because="given the labels the same and the different pairs of a random matching are i.i.d. from their "
            "laws; a transport "
            "between them bounds their matching mean from below",
            events=(RATE,),
        ),
    ),
)

THEOREM = Theorem(
    key="certificates.error_rates",
    number="-",
    title="Rates of errors from the hold-out",
    claim="With probability at least 1 - delta: the false-match rate (false-non-match rate, 1 - precision) is at most "
    "the largest u whose "
    "e-value stays below 1/delta; P(D_same >= D_different) <= (1 - delta^(1/N) exp(-T_h))/kappa.",
    quantity="a rate of errors at a fixed threshold",
    source=pairs("section 13"),
    assumptions=(
        "the held-out rows are i.i.d.; model, threshold and kappa were fixed before they were drawn",
        "a tie D = t is an error for both kinds of pair",
    ),
    variants={
        "sharp": _rate(fmr, "1 for a false match, 0 for a true non-match"),
        "fnmr": _rate(fnmr, "1 for a false non-match, 0 for a true match"),
        "precision": _rate(fdr, "1 for a false match, 0 for a true match"),
        "auc": Form(
            AUC,
            trivial=Integer(1),
            remarks=(
                "One split; several are averaged after each was divided by its own factor, as N differs between them.",
            ),
        ),
    },
    remarks=(
        "A threshold chosen on the hold-out: thresholds fixed in advance in the order of growing rates, each tested "
        "at full delta, "
        "stopped at the first that fails; or all thresholds at once by cells at delta/(G + 1).",
    ),
)
