"""How many landmark pairs a good similarity needs: the classifier that averages over them, at half the margin.

>>> from boundcalc import minimal_n, theorem
>>> bound = theorem("kar2011.landmarks").bound()
>>> int(minimal_n(bound, target=0.15, name="d_L", eps_good=0.1, gamma_K=0.3, B_w=1, delta=0.1))
471
"""

from sympy import Integer, Range, exp, oo

from boundcalc.catalogue.chains import held_out_tuples
from boundcalc.catalogue.sources import kar2011
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, C, Constraint, d_L, gamma_K, n_h, r_0, symbol
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

room = symbol(
    "room", r"\kappa", "how far below gamma_K + room a single term counts as a shortfall", POSITIVE, group="loss"
)
LANDMARKS = named("landmark_pairs")
DRAWN = Event("landmark pairs", "few inputs of margin gamma_K fall below half of it")

TRIPLES = Event("goodness of the similarity", "the expected shortfall is near its mean over triples of held-out rows")

STEPS = (
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
)

SHARP = Derivation(quantity=err_half, steps=STEPS, where={})

DATA = Derivation(
    quantity=err_half,
    steps=(
        *STEPS,
        LANDMARKS.at_most(
            eps_good,
            r_0 / room,
            because="Markov for the shortfall of an input's mean term below gamma_K + room, which is at most the mean shortfall "
            "of its terms, r_0 (Jensen)",
        ),
        *held_out_tuples(
            order=3,
            event=TRIPLES,
            because="the mean over all triples of rows is a U-statistic; the similarity was fixed before",
            experiment=named("tuples", order=3),
        ),
        LANDMARKS.at_most(
            C, gamma_K + room + B_w, kind="infimum", because="a term is at least -B_w, and a shortfall at least 0"
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
    domain={n_h: Range(3, oo)},
    notes={"n_h": "a triple needs three rows"},
    constraints=(Constraint(Integer(3), n_h),),
    unit="landmarks",
    variants={
        "sharp": Form(SHARP, trivial=Integer(1)),
        "data": Form(
            DATA,
            trivial=Integer(1),
            remarks=(
                "The share without the margin is certified by n_h rows that the similarity has not seen. The loss of an input and "
                "a landmark pair, two other rows, is how far the term falls below gamma_K + room, fixed in advance. This ties what "
                "a learnt metric is certified for to a classifier.",
            ),
        ),
    },
    remarks=(
        "Solved for d_L: (8 B_w^2/gamma_K^2) log(1/(delta eps_1)) landmark pairs cost eps_1 more than eps_good; the work's own "
        "form has log(2/(delta eps_1)), from memory.",
    ),
)
