"""What a contrastive loss says of a downstream classifier: the mean classifier of two classes drawn at random.

A triplet is an anchor x, a positive x+ of the same class and a negative x- of a class drawn independently. The same class
is drawn twice with probability tau_c: then x- is no negative at all, and the loss is at least l(0) = 1.

>>> from boundcalc import theorem
>>> bound = theorem("saunshi2019.mean_classifier").bound()
>>> round(float(bound.evaluate(Lhat_un=0.6, s=1, B_x=1, q=2, n_t=10_000, delta=0.05, tau_c=0.1)), 4)
0.6592
"""

from sympy import sqrt

from boundcalc.catalogue.lemmas import bounded_differences, contraction, pac_bayes, symmetrisation
from boundcalc.catalogue.sources import nozawa2020, saunshi2019
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import (
    NONNEGATIVE,
    POSITIVE,
    R_M,
    Edev_m,
    Rad_loss,
    dev_minus,
    n_t,
    q,
    s,
    symbol,
    tau_c,
)
from boundcalc.theorems import Form, Provenance, Theorem, by

L_sup = symbol("L_sup", r"L_{\rm sup}", "risk of the mean classifier of two different classes drawn at random")
L_un = symbol("L_un", r"L_{\rm un}", "contrastive risk over triplets")
Lhat_un = symbol(
    "Lhat_un", r"\hat L_{\rm un}", "empirical contrastive risk over the triplets", NONNEGATIVE, group="risk"
)
B_x = symbol("B_x", r"B_x", "radius of a ball that holds all inputs of the encoder", POSITIVE, group="metric")
B_l = symbol("B_l", r"B_\ell", "largest contrastive loss of a triplet, known in advance", POSITIVE, group="loss")

CONTRAST = named("contrast")
TRIPLETS = named("triplets")
GIBBS = named("gibbs_triplets")

TRIPLET_EVENT = Event("contrastive deviation", "no encoder has a contrastive risk far above its empirical one")

TO_CLASSES = CONTRAST.at_most(
    L_sup,
    (L_un - tau_c) / (1 - tau_c),
    because="for different classes the loss of the means is at most the mean loss over x+ and x- (Jensen); for equal ones, "
    "of share tau_c, the mean loss is at least l(0) = 1",
    cites=str(saunshi2019("Lemma 4.3")),
)

SHARP = Derivation(
    quantity=L_sup,
    steps=(
        TO_CLASSES,
        TRIPLETS.at_most(
            L_un,
            Lhat_un + dev_minus,
            because="a supremum over the class, whatever was trained",
            kind="infimum",
        ),
        by(
            bounded_differences.THEOREM,
            dev_minus,
            form="independent",
            c=1 + 2 * s**2 * B_x**2,
            EPhi_m=Edev_m,
            m=n_t,
            event=TRIPLET_EVENT,
            experiment=TRIPLETS,
            because="f(x).(f(x+) - f(x-)) lies within 2 s^2 B_x^2 of 0, so the hinge loss lies in [0, 1 + 2 s^2 B_x^2]",
        ),
        by(symmetrisation.THEOREM, Edev_m, because="over the n_t triplets", experiment=TRIPLETS),
        by(contraction.THEOREM, Rad_loss, L=1, because="the hinge loss is 1-Lipschitz", experiment=TRIPLETS),
        TRIPLETS.at_most(
            R_M,
            2 * s**2 * B_x**2 * sqrt(q) / sqrt(n_t),
            because="the score is <A, x (x+ - x-)^T> with A = W^T W, ||A||_F <= s^2 sqrt(q), and "
            "E ||sum sigma_i x_i (x+_i - x-_i)^T||_F <= 2 B_x^2 sqrt(n_t)",
        ),
    ),
    where={},
)

PAC_BAYES = Derivation(
    quantity=L_sup,
    steps=(
        TO_CLASSES,
        by(
            pac_bayes.THEOREM,
            L_un,
            form="catoni",
            C=B_l,
            rhat_rho=Lhat_un,
            m=n_t,
            because=f"for the contrastive loss, as {nozawa2020('Theorem 7')}",
            experiment=GIBBS,
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="saunshi2019.mean_classifier",
    number="-",
    title="Contrastive loss and mean classifier",
    claim="With probability at least 1 - delta, for all linear encoders at once: L_sup <= (Lhat_un + 4 s^2 B_x^2 "
    "sqrt(q/n_t) + (1 + 2 s^2 B_x^2) sqrt(log(1/delta)/(2 n_t)) - tau_c)/(1 - tau_c).",
    quantity="risk of the mean classifier between two different classes drawn at random",
    source=saunshi2019("Lemma 4.3 for the first step; constants derived here"),
    assumptions=(
        "the n_t triplets (x, x+, x-) are i.i.d.: x and x+ of one class, x- of a class drawn independently",
        "the encoder is x -> W x, ||W||_op <= s, rank at most q, ||x|| <= B_x; the loss is the hinge",
        "tau_c is the chance that two classes drawn at random are the same",
    ),
    unit="tuples",
    variants={
        "sharp": Form(SHARP),
        "pac_bayes": Form(
            PAC_BAYES,
            provenance=Provenance.QUOTED,
            remarks=(
                "For a model drawn from the posterior, any loss in [0, B_l] that is convex with l(0) = 1; prior, lam and B_l "
                "are fixed in advance; over a grid of lam delta/|grid| each.",
            ),
        ),
    },
    remarks=(
        "With bracket a = (bound on L_un): the right side rises in tau_c where a > 1 and falls where a < 1: put in an upper "
        "value of tau_c in the first case, a lower one in the second. With labels tau_c = P(y = y') is the mean of a "
        "U-statistic and can be certified.",
        "From labelled rows: draw the labels of x, x+ and of x- with chances of one's own, and fresh rows of these labels; tau_c "
        "is known then. All triples of rows with y = y+ are another law, which gives a class the weight rho^2 in place of rho: "
        "with their mean loss the statement is false for unequal classes.",
    ),
)
