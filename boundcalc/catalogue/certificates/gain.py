"""Does a modality help? A lower bound of the risk of N minus the risk of M, from the same hold-out rows.

The observable side of Theorem 3.13: both models are fixed, and what is certified is the mean of a difference.
"""

from sympy import Interval, Rational

from boundcalc.catalogue.certificates.transport import transported
from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, equal, named
from boundcalc.symbols import C, r_M, r_N, symbol
from boundcalc.theorems import Form, Theorem

y_gain = symbol("y_gain", r"\mathbb E\,Y", "mean of (1 - (loss of N - loss of M)/C)/2", Interval(0, 1))

PAIR_GAIN = named("pair_gain")

_HALF = Rational(1, 2)

SHARP = Derivation(
    quantity=r_N - r_M,
    steps=(
        equal(
            r_N - r_M,
            C * (1 - 2 * y_gain),
            because="Y = (1 - (loss of N - loss of M)/C)/2 lies in [0, 1]",
            definitions={y_gain: _HALF - (r_N - r_M) / (2 * C)},
        ),
        *transported(y_gain, span=1, experiment=PAIR_GAIN),
    ),
)

THEOREM = Theorem(
    key="certificates.gain",
    number="-",
    title="Certified gain of a modality",
    claim="With probability at least 1 - delta: r(f_N) - r(f_M) >= C (1 - 2 U), U the transport certificate of "
    "Y = (1 - (loss of N - loss of M)/C)/2 in [0, 1].",
    quantity="risk of the model on N minus risk of the model on M",
    source=pairs("section 5"),
    assumptions=(
        "both models were fixed before the n_h held-out rows were drawn, and the rows are i.i.d.",
        "the losses lie in [0, C]",
        "kappa and the halves of the rows are fixed without looking at the rows",
    ),
    variants={"sharp": Form(SHARP, trivial=-C)},
    remarks=(
        "T_h is the transport value of Y, not of either loss.",
        "All pairs (M, N): delta/J each; claims in an order fixed in advance, stopped at the first that fails, cost "
        "nothing.",
    ),
)
