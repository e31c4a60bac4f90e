"""From a covering number to a Rademacher average, at one scale."""

from sympy import Range, oo

from boundcalc.catalogue.lemmas import massart
from boundcalc.catalogue.sources import shalev2014
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import Rad_A, symbol
from boundcalc.theorems import Form, Theorem, by

N_cover = symbol(
    "N_cover", r"N(\epsilon)", "number of members of A within eps of each of A", Range(1, oo), role="fixed"
)
eps_cover = symbol("eps_cover", r"\epsilon", "scale of the cover, in the norm ||a||/sqrt(m)", role="fixed")
Rad_cover = symbol("Rad_cover", r"\mathfrak R(A_\epsilon)", "Rademacher average of the cover")

COVERS = named("covers")

SHARP = Derivation(
    quantity=Rad_A,
    steps=(
        COVERS.at_most(
            Rad_A,
            Rad_cover + eps_cover,
            because="<sigma, a - b> <= ||sigma|| ||a - b|| <= sqrt(m) sqrt(m) eps (Cauchy-Schwarz)",
        ),
        by(
            massart.THEOREM,
            Rad_cover,
            card_A=N_cover,
            because="the cover is finite, and its members belong to A",
            experiment=COVERS,
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.covering",
    number="-",
    title="Covering number to Rademacher average",
    claim="E_sigma max_{a in A} (1/m) <sigma, a> <= eps + rho_A sqrt(2 log N(eps))/m, N(eps) members of A "
    "within eps sqrt(m) of each of A.",
    quantity="Rademacher average of a set of vectors in R^m",
    source=shalev2014("Section 27.2, one scale; derived here"),
    assumptions=("eps is fixed without looking at the signs", "the cover consists of members of A"),
    variants={"sharp": Form(SHARP)},
    remarks=("lemmas.dudley uses all scales at once.",),
)
