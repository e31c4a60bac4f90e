"""PAC-Bayes for pairs, by transport: one coupling for all models, and a posterior that may look at the rows."""

from sympy import exp, floor, log, sqrt

from boundcalc.catalogue.sources import maurer2004, pairs
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import KL, C, T_h, kappa, n_h, r_rho, rhat_rho
from boundcalc.theorems import Form, Theorem

POSTERIORS = named("posteriors")

PRIOR = Event("prior mean", "the prior mean of h_f/(1 - kappa r_f/C)^m is at most 1/delta")

TRANSPORT = Derivation(
    quantity=r_rho,
    steps=(
        POSTERIORS.at_most(
            r_rho,
            C / kappa * (1 - PRIOR.symbol ** (2 / n_h) * exp(-T_h - 2 * KL / n_h)),
            because="the prior mean of h_f/(1 - kappa r_f/C)^m has expectation 1: Markov, then Donsker and Varadhan; "
            "log h_f >= -m T_f(P) "
            "with one coupling P for all f, and -log(1 - kappa r/C) is convex in r",
            events=(PRIOR,),
        ),
    ),
)

_m = floor(n_h / 2)
ENTROPY = Derivation(
    quantity=r_rho,
    steps=(
        POSTERIORS.at_most(
            r_rho,
            C * kl_inverse(rhat_rho / C, (KL + log(2 * sqrt(_m) / PRIOR.symbol)) / _m),
            because="E exp(m kl(rhat, r)) <= 2 sqrt(m) for every fixed model (kl is convex, Lemma 3.11); Markov, "
            "Donsker and "
            "Varadhan, and kl is convex in both arguments",
            events=(PRIOR,),
            cites=str(maurer2004("Theorem 1, for m >= 8; m < 8 by computation")),
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
