"""The simulation of Huang et al. 2021, in closed form: what a subset of modalities leaves unexplained.

Four modalities m_1, ..., m_4 of independent standard normal coordinates; m_j is replaced by (1 - w) m_j + w m_1 for j > 1, and
y = sum_j beta_j . m_j is predicted by least squares from a subset that has m_1. ``huang2021_tables`` has the published numbers.
"""

from sympy import Interval

from boundcalc.catalogue.sources import huang2021
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import symbol
from boundcalc.theorems import Form, Theorem

mse = symbol("mse", r"\mathrm{MSE}", "mean squared error of the best linear prediction from a subset that has m_1")
w_shared = symbol(
    "w_shared", r"w", "share of m_1 that is mixed into each other modality", Interval(0, 1), group="approximation"
)
missing = symbol(
    "missing", r"\textstyle\sum_{\rm missing}\|\beta_j\|^2", "squared length of the missing modalities' weights",
    group="approximation",
)  # fmt: skip

SHARP = Derivation(
    quantity=mse,
    steps=(
        named("shared_modalities").equal(
            mse,
            (1 - w_shared) ** 2 * missing,
            because="what m_1 and the subset's modalities do not span of beta_j . m_j is (1 - w) beta_j . m_j, of variance "
            "(1 - w)^2 ||beta_j||^2, independent over j",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="huang2021.simulation",
    number="-",
    title="Simulation with a shared modality",
    claim="MSE = (1 - w)^2 times the sum over the missing modalities of ||beta_j||^2.",
    quantity="mean squared error of the best linear prediction from a subset that has m_1",
    source=huang2021("its simulation; closed form derived here"),
    assumptions=(
        "the coordinates of all modalities are independent with mean 0 and variance 1 before they are mixed",
        "the subset has m_1; infinitely many examples",
    ),
    unit="examples",
    variants={"sharp": Form(SHARP)},
)
