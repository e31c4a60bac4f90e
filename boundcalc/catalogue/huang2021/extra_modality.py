"""Proposition 1 of Huang et al. 2021, as a public review words it: one modality more never makes the representation worse.

For linear encoders g(x) = A^T x and heads h(z) = beta^T z, gamma(M, N) <= 0 with N one modality less than M. As worded this is
refuted: with latent dimension 1 and an added modality of pure noise the learnt direction leans into the noise. What holds needs
that N cannot express the truth, and enough examples.

>>> from boundcalc import theorem
>>> theorem("huang2021.extra_modality").bound().compact
sqrt(2)*C*sqrt(log(1/delta))/sqrt(n) + 2*L*R_M + Lhat_M - eta_star_N
"""

from sympy import Integer

from boundcalc.catalogue.huang2021 import latent_quality
from boundcalc.catalogue.sources import huang2021
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import eta_M, eta_N, eta_star_N, gamma
from boundcalc.theorems import Form, Provenance, Status, Theorem

LEARNING = named("learning", context="truth", pairwise=False)

SHARP = Derivation(
    quantity=gamma,
    steps=(
        LEARNING.equal(gamma, eta_M - eta_N, because="definition of the gap", kind="infimum"),
        LEARNING.at_least(
            eta_N,
            eta_star_N,
            because="eta*_N is the smallest risk on N above r*: no representation and head of N does better",
            kind="infimum",
        ),
        *latent_quality.SHARP.steps,
    ),
    where={},
)

PAPER = Derivation(
    quantity=gamma,
    steps=(
        named("noise_modality").at_most(
            gamma,
            Integer(0),
            because="as claimed: more modalities, at least as good a representation",
            kind="claim",
            cites=str(huang2021("Proposition 1")),
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="huang2021.extra_modality",
    number="Proposition 1",
    title="One modality more, linear encoders",
    claim="With probability at least 1 - delta: gamma <= 2 L R_M + 2 C sqrt(log(1/delta)/(2n)) + Lhat_M - eta*_N, which is at most "
    "0 from some n on if N cannot express the truth (eta*_N > 0).",
    quantity="quality gap eta_M - eta_N",
    source=huang2021("Proposition 1, as a public review words it"),
    assumptions=(*latent_quality.THEOREM.assumptions, "eta*_N, the smallest risk on N above r*, is positive"),
    unit="examples",
    variants={
        "sharp": Form(SHARP),
        "paper": Form(
            PAPER,
            provenance=Provenance.SECONDARY,
            status=Status.REFUTED,
            remarks=("Known to us from a public review of the work, whose wording is what is refuted.",),
        ),
    },
    remarks=(
        "Lhat_M is at most eps_opt where h*g* lies in F_M, as for M = [K].",
        "zhou2026.nonpositive_gap solves the same condition for n, over pairs.",
    ),
)
