"""The true claims of the prover's list that speak of rational functions, roots, exp and log; ``python -m tests.kernel.claims`` asks.

The last column of what it prints is how many Coq's kernel accepts; twins are the list's false claims of the same kinds.
"""

from __future__ import annotations

import sys
import time

import sympy

from boundcalc.kernel import prove
from boundcalc.kernel.exporting import Exported
from tests.checker.claims import CALCULUS, CALCULUS_FALSE, FAR, ORDER, ORDER_FALSE, SETS, TWO, TWO_FALSE, Claim

_ELSEWHERE = (
    sympy.factorial,
    sympy.binomial,
    sympy.harmonic,
    sympy.gamma,
    sympy.loggamma,
    sympy.floor,
    sympy.ceiling,
    sympy.atan,
)


def _elementary(claim: Claim) -> bool:
    return not any(sympy.sympify(side).has(*_ELSEWHERE) for side in (claim.left, claim.right))


TRUE = [claim for claim in [*CALCULUS, *TWO, *ORDER, *SETS] if claim.true and _elementary(claim)]
FALSE = [
    claim for claim in [*CALCULUS_FALSE, *TWO_FALSE, *ORDER_FALSE, *FAR, *SETS] if not claim.true and _elementary(claim)
]


def ask(claim: Claim, *, seconds: float = 120.0) -> Exported:
    """Return what the kernel says of a claim."""
    return prove(
        claim.left,
        claim.relation,
        claim.right,
        domain=claim.domain,
        constraints=claim.constraints,
        seconds=seconds,
    )


def main(words: list[str]) -> None:
    """Print each claim that is not as it should be, and how many true ones are accepted."""
    for name, claims in (("true", TRUE), ("false", FALSE)):
        accepted = 0
        for number, claim in enumerate(claims if name in words or not words else []):
            start = time.monotonic()
            try:
                file = ask(claim, seconds=120.0 if claim.true else 20.0)
            except Exception as error:
                print(f"{name} {number}: {type(error).__name__}: {error} | {claim}", flush=True)
                continue
            accepted += file.accepted
            if file.accepted is not claim.true:
                reason = file.outcome.reason[-200:]
                print(f"{name} {number}: {time.monotonic() - start:.0f} s, {claim}: {reason}", flush=True)
        print(f"{name}: {accepted} of {len(claims)} accepted", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
