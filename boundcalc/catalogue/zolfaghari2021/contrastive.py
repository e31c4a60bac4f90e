"""Contrastive loss with negatives of both modalities (CrossCLR): held-out value of one fixed pair of encoders.

The loss of an item (x, y) among order - 1 others is -log[d(x,y)/(d(x,y) + sum d(x,y') + w_intra sum d(x,x'))], d = exp of the
cosine over the temperature. The code published with the work differs from its formula: it multiplies the intra-modal logits by 0.8
inside the exponential and keeps the sample itself with logit 0.

>>> from boundcalc import theorem
>>> bound = theorem("zolfaghari2021.contrastive").bound()
>>> round(float(bound.evaluate(rhat_holdout=0.3, n_h=1000, order=3, w_intra=0.8, temperature=1, delta=0.05)), 4)
0.4959
"""

from sympy import exp, log

from boundcalc.catalogue.chains import held_out_tuples
from boundcalc.catalogue.sources import zolfaghari2021
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, C, Constraint, n_h, order, r_0, symbol
from boundcalc.theorems import Form, Theorem

w_intra = symbol(
    "w_intra", r"\lambda_{\rm intra}", "weight of the negatives of the same modality", NONNEGATIVE, group="loss"
)
temperature = symbol("temperature", r"\tau_0", "temperature of the cosines, fixed in advance", POSITIVE, group="loss")

LOSSES = named("contrastive_losses")
FIXED = Event("fixed encoders on tuples", "the contrastive risk of fixed encoders is near its held-out value")

_negatives = (order - 1) * (1 + w_intra)

SHARP = Derivation(
    quantity=r_0,
    steps=(
        *held_out_tuples(
            event=FIXED,
            experiment=LOSSES,
            because="the mean over all tuples of an item and order - 1 others is a U-statistic; one fixed pair of encoders",
        ),
        LOSSES.at_most(
            C,
            log((1 + _negatives * exp(2 / temperature)) / (1 + _negatives * exp(-2 / temperature))),
            because="cosines lie in [-1, 1]: each ratio d'/d lies in [exp(-2/temperature), exp(2/temperature)]",
            kind="infimum",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="zolfaghari2021.contrastive",
    number="-",
    title="Contrastive loss with negatives of both modalities",
    claim="With probability at least 1 - delta: r(f_0) <= rhat + log((1 + b e^(2/T))/(1 + b e^(-2/T))) sqrt(log(1/delta)/(2m)), "
    "b = (order - 1)(1 + w_intra), m = floor(n_h/order).",
    quantity="population contrastive risk of encoders fixed in advance",
    source=zolfaghari2021("the loss; the work has no bound, this one is derived here"),
    assumptions=(
        "the n_h held-out items are i.i.d.; the encoders and the temperature T were fixed before",
        "the held-out risk is the mean over all tuples of an item and order - 1 others as its negatives",
    ),
    constraints=(Constraint(order, n_h),),
    unit="tuples",
    variants={"sharp": Form(SHARP)},
    remarks=(
        "A queue of past batches as negatives makes the loss depend on training: put in the risk with fresh negatives.",
    ),
)
