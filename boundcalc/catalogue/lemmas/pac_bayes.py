"""PAC-Bayes: one event for all posteriors; the price of a posterior is its divergence from a prior fixed in advance.

>>> from boundcalc import theorem
>>> values = dict(rhat_rho=0.1, KL=5, m=1000, delta=0.05)
>>> [round(float(theorem("lemmas.pac_bayes").bound(form).evaluate(C=1, **values)), 4) for form in ("kl", "mcallester")]
[0.1502, 0.1789]
"""

from sympy import Integer, Interval, Symbol, exp, log, oo, sqrt

from boundcalc.catalogue.lemmas import change_of_measure
from boundcalc.catalogue.lemmas.change_of_measure import log_prior
from boundcalc.catalogue.sources import catoni2007, maurer2004, mcallester2003
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.derivation import Derivation, Event, Named, Step, named
from boundcalc.symbols import POSITIVE, REAL, C, lam, m, r_rho, rhat_rho, symbol
from boundcalc.theorems import Form, Theorem, by

gain_rho = symbol("gain_rho", r"\varrho(g)", "posterior mean of g = m kl(rhat/C, r/C)")
tilt_rho = symbol(
    "tilt_rho", r"\varrho(h)", "posterior mean of h = -m log(1 - (1 - exp(-lam)) r/C) - lam m rhat/C", REAL
)
log_gain = symbol("log_gain", r"\log\pi(e^g)", "logarithm of the prior mean of exp(g), g >= 0")
E_gain = symbol("E_gain", r"\mathbb E\,\pi(e^g)", "expectation of the prior mean of exp(g), g >= 0", Interval(1, oo))
E_tilt = symbol("E_tilt", r"\mathbb E\,\pi(e^h)", "expectation of the prior mean of exp(h)", POSITIVE)

BERNOULLI = named("posterior_means", of="kl")
LINEAR = named("posterior_means", of="catoni")

PRIOR = Event(
    "prior mean of exponentials", "the prior mean of the exponential is at most 1/delta times its expectation"
)


def all_posteriors(mean: Symbol, log_mean: Symbol, expected: Symbol, experiment: Named) -> tuple[Step, ...]:
    """Return the steps from a posterior mean to the divergence and the expected prior mean of the exponential."""
    return (
        by(
            change_of_measure.THEOREM,
            mean,
            log_prior=log_mean,
            because="for all posteriors at once",
            experiment=experiment,
        ),
        experiment.at_most(
            log_mean,
            log(expected / PRIOR.symbol),
            because="Markov's inequality for the prior mean of the exponential",
            events=(PRIOR,),
        ),
    )


_KL_STEPS = (
    *all_posteriors(gain_rho, log_gain, E_gain, BERNOULLI),
    BERNOULLI.at_most(
        E_gain,
        2 * sqrt(m),
        because="the prior does not look at the terms, so both means may be exchanged (Fubini); for one model a convex function "
        "of the mean has the largest expectation for 0-1 variables, and sum_k P(k) exp(m kl(k/m, r)) <= 2 sqrt(m)",
        cites=str(maurer2004("Theorem 1, for m >= 8; m < 8 by computation")),
    ),
)
ENTROPY = Derivation(
    quantity=r_rho,
    steps=(
        BERNOULLI.at_most(
            r_rho, C * kl_inverse(rhat_rho / C, gain_rho / m), because="Jensen: kl is convex in both arguments at once"
        ),
        *_KL_STEPS,
    ),
    where={},
)
MCALLESTER = Derivation(
    quantity=r_rho,
    steps=(
        BERNOULLI.at_most(
            r_rho, rhat_rho + C * sqrt(gain_rho / (2 * m)), because="Jensen, and Pinsker: kl(q, p) >= 2 (p - q)^2"
        ),
        *_KL_STEPS,
    ),
    where={},
)
CATONI = Derivation(
    quantity=r_rho,
    steps=(
        LINEAR.at_most(
            r_rho,
            C * (1 - exp(-lam * rhat_rho / C - tilt_rho / m)) / (1 - exp(-lam)),
            because="Jensen: -log(1 - (1 - exp(-lam)) u) is convex in u",
        ),
        *all_posteriors(tilt_rho, log_prior, E_tilt, LINEAR),
        LINEAR.at_most(
            E_tilt,
            Integer(1),
            because="for x in [0, 1] exp(-lam x) lies below its chord, so E exp(-lam x) <= 1 - (1 - exp(-lam)) E x; the terms are "
            "independent, and the prior does not look at them",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.pac_bayes",
    number="-",
    title="PAC-Bayes",
    claim="With probability at least 1 - delta, for all posteriors at once: "
    "m kl(rhat(rho)/C, r(rho)/C) <= KL(rho || pi) + log(2 sqrt(m)/delta) if rhat(rho) <= r(rho).",
    quantity="population risk of a model drawn from the posterior",
    source=maurer2004("Theorem 1 and the PAC-Bayesian theorem that follows from it"),
    assumptions=(
        "the m terms are i.i.d. (or their exponential moments are at most those of m i.i.d. terms)",
        "the prior was fixed before they were drawn",
        "the loss lies in [0, C]",
    ),
    variants={
        "kl": Form(ENTROPY, trivial=C),
        "mcallester": Form(MCALLESTER, trivial=C, remarks=(f"{mcallester2003('Theorem 1')}, with Maurer's constant.",)),
        "catoni": Form(
            CATONI,
            trivial=C,
            remarks=(
                f"{catoni2007('Theorem 1.2.6')}. lam is fixed in advance; over a grid of values each pays its part of delta.",
            ),
        ),
    },
)
