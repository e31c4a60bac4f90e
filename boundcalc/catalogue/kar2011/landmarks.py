"""How many landmark pairs a good similarity needs: the classifier that averages over them, at half the margin.

>>> from boundcalc import minimal_n, theorem
>>> bound = theorem("kar2011.landmarks").bound()
>>> int(minimal_n(bound, target=0.15, name="d_L", eps_good=0.1, gamma_K=0.3, B_w=1, delta=0.1))
471
"""

from sympy import Integer, exp

from boundcalc.catalogue.sources import kar2011
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, d_L, gamma_K, symbol
from boundcalc.theorems import Form, Theorem

err_half = symbol("err_half", r"P(\text{margin}<\gamma_K/2)", "error of the landmarks' mean at half the margin")
far = symbol(
    "far", r"P_x(\text{mean far})", "share of inputs of margin gamma_K that the landmarks' mean puts below half of it"
)
E_far = symbol("E_far", r"\mathbb E\,P_x(\text{mean far})", "its expectation over the landmarks")
eps_good = symbol(
    "eps_good", r"\varepsilon_0", "share of inputs without the margin: the similarity is (eps, gamma, B)-good",
    NONNEGATIVE, group="approximation",
)  # fmt: skip
B_w = symbol("B_w", r"B_w", "largest absolute value of a landmark pair's weighted similarity", POSITIVE, group="loss")

LANDMARKS = named("landmark_pairs")
DRAWN = Event("landmark pairs", "few inputs of margin gamma_K fall below half of it")

SHARP = Derivation(
    quantity=err_half,
    steps=(
        LANDMARKS.at_most(
            err_half,
            eps_good + far,
            because="an input below half the margin has no margin in expectation, or the landmarks' mean is far from it",
            kind="infimum",
        ),
        LANDMARKS.at_most(far, E_far / DRAWN.symbol, because="Markov", events=(DRAWN,)),
        LANDMARKS.at_most(
            E_far,
            exp(-d_L * gamma_K**2 / (8 * B_w**2)),
            because="Hoeffding for each input: d_L independent terms in [-B_w, B_w] whose mean is gamma_K/2 too small; then Fubini",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="kar2011.landmarks",
    number="-",
    title="Landmark pairs of a good similarity",
    claim="With probability at least 1 - delta over the d_L landmark pairs, the error at margin gamma_K/2 of their mean is at most "
    "eps_good + exp(-d_L gamma_K^2/(8 B_w^2))/delta.",
    quantity="error of the landmarks' classifier at half the margin",
    source=kar2011("landmarks of a good similarity; constants derived here"),
    assumptions=(
        "all inputs but a share eps_good have margin gamma_K: the expected weighted similarity to a landmark pair, times the label",
        "the landmark pairs are i.i.d., each term lies in [-B_w, B_w]",
    ),
    unit="landmarks",
    variants={"sharp": Form(SHARP, trivial=Integer(1))},
    remarks=(
        "Solved for d_L: (8 B_w^2/gamma_K^2) log(1/(delta eps_1)) landmark pairs cost eps_1 more than eps_good; the work's own "
        "form has log(2/(delta eps_1)), from memory.",
        "The goodness of a learnt metric is a mean over triples, so that a hold-out certifies it (lemmas.decoupling, order 3).",
    ),
)
