"""A new row against the stored rows: the scores of new rows are independent, and one may bet on their mean."""

from boundcalc.catalogue.sources import ramdas2023
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, mu_bet, r_gallery
from boundcalc.theorems import Form, Theorem

GALLERY = named("gallery")

BET = Event("bet on new rows", "a mixture of bets that the mean score lies below its true value wins less than 1/delta")

SHARP = Derivation(
    quantity=r_gallery,
    steps=(
        GALLERY.at_most(
            r_gallery,
            C * mu_bet,
            because="each factor 1 + theta (mu - g/C)/(1 - mu) has mean at most 1 if E g/C >= mu; so has the mean "
            "over theta of the "
            "products; Markov; and every factor is nondecreasing in mu",
            cites=str(ramdas2023("betting on a bounded mean, mixture over theta")),
            events=(BET,),
        ),
    ),
)

THEOREM = Theorem(
    key="certificates.gallery",
    number="-",
    title="New rows against stored ones",
    claim="With probability at least 1 - delta: E g <= C sup{mu : mean_theta prod_i (1 + theta (mu - g_i/C)/(1 - mu)) "
    "< 1/delta}, "
    "g(z) the weighted share of the stored rows that z is misjudged against.",
    quantity="risk of a new row against the stored rows",
    source=ramdas2023("derived here for a gallery"),
    assumptions=(
        "the stored rows and the model are fixed; the n_h new rows are i.i.d.",
        "C bounds g over every label that a new row may carry, also one absent from the gallery",
        "the grid of theta in (0, 1) is fixed in advance",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=(
        "n_h independent scores, each nearly constant, instead of n_h/2 pairs: it speaks of these reference rows only.",
    ),
)
