"""PAC-Bayes for pairs, by transport: one coupling for all models, and a posterior that may look at the rows."""

from sympy import Integer, exp, floor

from boundcalc.catalogue.lemmas import pac_bayes
from boundcalc.catalogue.lemmas.change_of_measure import log_prior
from boundcalc.catalogue.lemmas.pac_bayes import E_tilt, all_posteriors, tilt_rho
from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import C, T_h, kappa, n_h, r_rho
from boundcalc.theorems import Form, Theorem, by

POSTERIORS = named("posteriors")

TRANSPORT = Derivation(
    quantity=r_rho,
    steps=(
        POSTERIORS.at_most(
            r_rho,
            C / kappa * (1 - exp(-T_h - 2 * tilt_rho / n_h)),
            because="h = log(h_f/(1 - kappa r_f/C)^m): log h_f >= -m T_f(P) with one coupling P for all f, and "
            "-log(1 - kappa r/C) is convex in r",
        ),
        *all_posteriors(tilt_rho, log_prior, E_tilt, POSTERIORS),
        POSTERIORS.at_most(
            E_tilt, Integer(1), because="lemmas.matching: E h_f = (1 - kappa r_f/C)^m, and the prior does not look"
        ),
    ),
)

ENTROPY = Derivation(
    quantity=r_rho,
    steps=(
        by(
            pac_bayes.THEOREM,
            r_rho,
            form="kl",
            m=floor(n_h / 2),
            because="exp(m kl(., r)) is convex in the mean, so its expectation over all pairs is at most that over m = "
            "floor(n_h/2) independent ones (Lemma 3.11)",
            experiment=POSTERIORS,
        ),
    ),
)

THEOREM = Theorem(
    key="certificates.pac_bayes",
    number="-",
    title="PAC-Bayes for pairs",
    claim="With probability at least 1 - delta, for all posteriors at once: r(rho) <= (C/kappa) (1 - delta^(2/n_h) "
    "exp(-T_h - 2 KL/n_h)), "
    "T_h with the posterior mean of the costs.",
    quantity="population risk of a model drawn from the posterior",
    source=pairs("section 6 B"),
    assumptions=(
        "the n_h rows are i.i.d. (n_h even) and the prior was fixed before they were drawn; they may be the training "
        "rows",
        "the loss lies in [0, C]; kappa and the halves are fixed without looking at the rows",
    ),
    variants={"kl": Form(ENTROPY, trivial=C), "transport": Form(TRANSPORT, trivial=C)},
    remarks=(
        "It speaks of a model drawn from the posterior; the posterior's centre costs a factor 2.",
        "For completeness: a hold-out does better with fewer rows.",
    ),
)
