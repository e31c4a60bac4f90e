"""A claim refuted by the kernel: a point at which the hypotheses hold, and the conclusion does not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from mpmath import mp

from boundcalc.kernel.claim import Claim, random_point, value_at
from boundcalc.kernel.reading import read_statement
from boundcalc.kernel.terms import printed
from boundcalc.symbols import Constraint

__all__ = ["refutation"]

_TRIES = 60
_PROOF = """intro H. pose proof (H VALUES) as G.
  repeat match type of G with ?A -> _ =>
    let X := fresh in assert (X : A) by (first [reflexivity | lra | lia | split; (lra || lia) | enclosed]);
    specialize (G X); clear X
  end.
  let apart l r := (first [assert (l < r) by enclosed | assert (r < l) by enclosed]; lra) in
  match type of G with ?l <= ?r => apart l r | ?l < ?r => apart l r | ?l >= ?r => apart l r | ?l > ?r => apart l r
    | ?l = ?r => apart l r end."""


def refutation(claim: Claim, constraints: Iterable[Constraint] = (), *, seed: int = 0) -> tuple[str, str] | None:
    """Return the negation of a claim and a proof to try, or None where no point is found at which the claim fails."""
    read, rng, rules = read_statement(claim.statement()), np.random.default_rng(seed), tuple(constraints)
    with mp.workdps(50):
        for _ in range(_TRIES):
            drawn = random_point(claim, rules, rng)
            if drawn is None or not read.admits(drawn[1]):
                continue
            if None in (value_at(claim.left, drawn[0]), value_at(claim.right, drawn[0])):
                continue
            left, relation, right = read.sides(drawn[1])
            room = {"<": right - left, ">": left - right, "=": -abs(left - right)}[relation[0]]
            if room < -(mp.mpf(10) ** -12) * (abs(left) + abs(right)):
                by_name = {name: symbol for symbol, name in claim.names.items()}
                given = {name: drawn[0][by_name[name]] for name in claim.binder_names}
                whole = {claim.names[symbol] for symbol in claim.integers}
                values = [f"({printed(value, {})}){'%Z' if name in whole else ''}" for name, value in given.items()]
                return f"~ ({claim.statement()})", _PROOF.replace("VALUES", " ".join(values))
    return None
