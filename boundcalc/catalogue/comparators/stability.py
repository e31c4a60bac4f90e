"""Uniform stability: a strongly convex penalty lets no single example move the learnt metric far.

For the exact minimiser of the empirical risk plus mu ||A - A_0||_F^2 with A_0 = 0; comparators.source_stability takes a
source metric instead.

>>> from boundcalc import theorem
>>> print(theorem("comparators.stability").bound().rate("n"))
2*B**2*L*sqrt(eps_opt)/sqrt(mu) + rhat_M + O(1/sqrt(n))
"""

from sympy import Interval, Min, log, sqrt

from boundcalc.catalogue.sources import jin2009, mcdiarmid1989
from boundcalc.statements.derivation import Derivation, Event, Named, Step, named
from boundcalc.symbols import REAL, B, C, L, ell_0, eps_opt, mu, n, r_M, rhat_M, symbol
from boundcalc.theorems import Form, Theorem

beta = symbol("beta", r"\beta", "uniform stability: largest change of a pair's loss when one example is replaced")
dev_model = symbol("dev_model", r"(r-\hat r)(\hat A_S)", "population minus empirical risk of the exact minimiser", REAL)
Edev_model = symbol("Edev_model", r"\mathbb E(r-\hat r)(\hat A_S)", "its expectation", REAL)

STABLE = Event("deviation of the minimiser", "the risk of the exact minimiser is not far above its empirical risk")

#: The largest loss of any minimiser: the loss at A_0, and how far from it the penalty lets the metric go.
LARGEST = ell_0 + L * B**2 * Min(sqrt(ell_0 / (2 * mu)), L * B**2 / (2 * mu))


def on_average(tried: Named) -> tuple[Step, Step]:
    """Return what the deviation is in expectation, and how stable the minimiser is, tried on one kind of anchor."""
    return (
        tried.at_most(
            Edev_model,
            2 * beta,
            because="exchange the two examples of a new pair with two of the sample: each exchange costs at most beta",
        ),
        tried.at_most(
            beta,
            2 * L**2 * B**4 / (mu * n),
            kind="infimum",
            because="add the two strong convexity inequalities: 2 mu ||A - A'||^2 is at most the difference of the two "
            "empirical risks' differences, (4 L B^2/n) ||A - A'||; then a pair's loss is L B^2-Lipschitz in A",
        ),
    )


def chain(tried: Named) -> Derivation:
    """Return the steps, tried on minimisers with one kind of anchor."""
    bias, stable = on_average(tried)
    return Derivation(
        quantity=r_M,
        steps=(
            tried.at_most(
                r_M,
                rhat_M + dev_model + 2 * L * B**2 * sqrt(eps_opt / mu),
                kind="infimum",
                because="the objective is 2 mu-strongly convex, so what is returned is within sqrt(eps_opt/mu) of the exact "
                "minimiser, and a pair's loss changes by at most L B^2 times that, in both risks",
            ),
            tried.at_most(
                dev_model,
                Edev_model + (n * beta + C) * sqrt(2 * log(1 / STABLE.symbol) / n),
                because="replacing one example moves the risk by at most beta and the empirical risk by at most beta + 2C/n: "
                "2(n-1) of the n(n-1) ordered pairs change",
                events=(STABLE,),
                cites=str(mcdiarmid1989("Lemma 1.2")),
            ),
            bias,
            tried.at_most(
                C,
                LARGEST,
                kind="infimum",
                because="losses are nonnegative, and by strong convexity 2 mu ||A - A_0||^2 is at most the gain in empirical "
                "risk, itself at most ell_0 and at most L B^2 ||A - A_0||",
            ),
            stable,
        ),
        where={},
        domains={STABLE.symbol: Interval.open(0, 1)},
    )


ASSUMPTIONS = (
    "Z_1..Z_n i.i.d.",
    "the loss is nonnegative, convex and L-Lipschitz in the score; the threshold and mu are fixed in advance",
    "the model minimises empirical risk + mu ||A - A_0||_F^2 over a convex set of metrics, up to eps_opt",
    "||x - x'|| <= B on the subset, known before the data are seen",
)

THEOREM = Theorem(
    key="comparators.stability",
    number="-",
    title="Uniform stability",
    claim="With probability at least 1 - delta the minimiser of rhat + mu ||A||_F^2 has r <= rhat + 2 beta + (n beta + C) "
    "sqrt(2 log(1/delta)/n), beta = 2 L^2 B^4/(mu n), C = ell_0 + L B^2 min(sqrt(ell_0/(2 mu)), L B^2/(2 mu)).",
    quantity="population risk of the regularised minimiser",
    source=jin2009(),
    assumptions=(*ASSUMPTIONS, "A_0 = 0 lies in that set; ell_0 is the largest loss at the metric 0"),
    variants={"sharp": Form(chain(named("regularised", source=False)), trivial=LARGEST)},
    remarks=("The rate in n is that of a fixed mu; mu is not chosen after seeing the data, or delta is shared out.",),
)
