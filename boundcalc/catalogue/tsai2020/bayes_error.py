"""What a self-supervised representation keeps of a task T: entropy in nats, and the error of the best classifier.

X is one modality, S the other, Z = Z(X) a representation that has all information of X about S. What X knows of T beyond S
is eps_info = I(X;T|S): that much may be lost, and no more.

>>> from boundcalc import theorem
>>> bound = theorem("tsai2020.bayes_error").bound()
>>> [round(float(bound.evaluate(P_sup=0.05, labels=10, eps_info=eps)), 4) for eps in (0, 0.1)]
[0.2654, 0.3353]
"""

from sympy import Interval, Range, Rational, exp, log, oo

from boundcalc.catalogue.sources import tsai2020
from boundcalc.language.entropy import kl
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import eps_info, labels, symbol
from boundcalc.theorems import Form, Provenance, Theorem

P_ssl = symbol("P_ssl", r"P_{\rm ssl}", "error of the best classifier on the representation Z", Interval(0, 1))
P_sup = symbol("P_sup", r"P_{\rm sup}", "error of the best classifier on X", Interval(0, 1), group="risk")
H_Z = symbol("H_Z", r"H(T|Z)", "entropy in nats of the task given the representation")
H_X = symbol("H_X", r"H(T|X)", "entropy in nats of the task given X", group="approximation")

JOINT = named("task_and_views")

_TO_ERROR = JOINT.at_most(
    P_ssl,
    1 - exp(-H_Z),
    because="the best guess is right with chance E max_t P(t|Z) >= E exp(-H(T|Z=z)) >= exp(-H(T|Z)): a largest probability is at "
    "least the exponential of a mean logarithm, then Jensen",
)
_KEPT = JOINT.at_most(
    H_Z,
    H_X + eps_info,
    because="I(Z;T) >= I(Z;S) - I(Z;S|T) >= I(X;S) - I(X;S|T) = I(X;T) - I(X;T|S): Z is a function of X that has all of its "
    "information about S",
)


def _fano(value, because):
    return Derivation(
        quantity=P_ssl,
        steps=(_TO_ERROR, _KEPT, JOINT.at_most(H_X, value, because=because)),
        where={},
    )


THEOREM = Theorem(
    key="tsai2020.bayes_error",
    number="-",
    title="Bayes error of a self-supervised representation",
    claim="P_ssl <= 1 - exp(-(h2(P_sup) + P_sup log(labels - 1) + eps_info)), h2 the binary entropy in nats.",
    quantity="error of the best classifier on the representation",
    source=tsai2020("the chain of informations; constants derived here"),
    assumptions=(
        "Z is a function of X with I(Z;S) = I(X;S), S the other modality",
        "eps_info >= I(X;T|S), in nats; the task has the stated number of labels",
    ),
    domain={labels: Range(2, oo)},
    notes={"labels": "a task has at least two labels"},
    unit="examples",
    variants={
        "sharp": Form(
            _fano(
                log(2) - kl(P_sup, Rational(1, 2)) + P_sup * log(labels - 1),
                "Fano: given whether the guess is right, which has entropy h2(P_sup) = log 2 - kl(P_sup, 1/2), only errors "
                "leave labels - 1 choices",
            ),
            trivial=1 - 1 / labels,
        ),
        "paper": Form(
            _fano(log(2) + P_sup * log(labels), "Fano with log 2 for the binary entropy and all labels"),
            trivial=1 - 1 / labels,
            provenance=Provenance.RECONSTRUCTED,
            remarks=("The work's form from memory; never below the sharp one.",),
        ),
        "information": Form(Derivation(quantity=H_Z, steps=(_KEPT,), where={}), trivial=log(labels)),
    },
    remarks=(
        "An upper value of P_sup may be put in up to 1 - 1/labels, where the sharp form rises.",
        "Plug-in entropies of a sample are biased: values put in from data are estimates, and the bound with them.",
    ),
)
