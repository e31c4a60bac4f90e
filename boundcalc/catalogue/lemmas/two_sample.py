"""Averages over all pairs of two samples, n_pos of one law and n_neg of another: min(n_pos, n_neg) independent pairs count.

Conditionally on the labels the positive and the negative examples are two such samples; the order of a positive and a negative
score (AUC) is one such average.

>>> from boundcalc import theorem
>>> round(float(theorem("lemmas.two_sample").bound("fixed").evaluate(C=1, n_pos=40, n_neg=500, delta=0.05)), 4)
0.1935
"""

from sympy import Min, Range, oo

from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import clemencon2008
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, Phi_n, dev_f, symbol
from boundcalc.theorems import Form, Theorem, by

n_pos = symbol("n_pos", r"n_+", "number of examples of the first law", Range(1, oo), group="sample")
n_neg = symbol("n_neg", r"n_-", "number of examples of the second law", Range(1, oo), group="sample")

TWO_SAMPLES = named("two_samples")
PRODUCT_PAIRS = Event("deviation over product pairs", "the supremum exceeds its expectation by at most the stated term")


def _paired(quantity, **values):
    step = by(
        bounded_differences.THEOREM,
        quantity,
        form="independent",
        m=Min(n_pos, n_neg),
        event=PRODUCT_PAIRS,
        because="the average over all product pairs is the average, over the ways to give each example of the smaller sample a "
        "partner of its own, of averages over min(n_pos, n_neg) independent pairs; Jensen for exponential moments",
        experiment=TWO_SAMPLES,
        **values,
    )
    return Derivation(quantity=quantity, steps=(step,), where={})


THEOREM = Theorem(
    key="lemmas.two_sample",
    number="-",
    title="Two-sample U-statistics",
    claim="With probability at least 1 - delta, a supremum of averages over all product pairs exceeds its expectation over "
    "m = min(n_pos, n_neg) independent pairs by at most c sqrt(log(1/delta)/(2m)).",
    quantity="supremum over a class of an average over all product pairs",
    source=clemencon2008("the technique of Lemma A.1, for two samples"),
    assumptions=(
        "two independent samples, each i.i.d.: the statement is conditional on the labels",
        "on one pair the functions under the supremum vary by at most c",
    ),
    variants={
        "sharp": Form(_paired(Phi_n)),
        "fixed": Form(
            _paired(dev_f, c=C, EPhi_m=0), trivial=C, remarks=("One fixed function with values in a range of C.",)
        ),
    },
    remarks=(
        "A threshold is certified by testing thresholds fixed in advance in order, each at full delta, up to the first failure.",
        "Same pairs within a class of n_c examples: floor(n_c/2) independent ones count (lemmas.decoupling).",
    ),
)
