"""False twins of a step: the same statement with another constant, with n for m, without a term, turned round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from boundcalc import catalogue, symbols
from boundcalc.language.directions import direction
from boundcalc.statements.derivation import Step

HALF, FIFTH = sympy.Rational(1, 2), sympy.Rational(4, 5)


def catalogue_steps() -> dict[str, Step]:
    """Return each step once, by its place."""
    found: dict[str, Step] = {}
    seen = set()
    for key, theorem in catalogue.items():
        for form in theorem.forms:
            if str(theorem.form(form).status) == "refuted":
                continue
            for number, step in enumerate(theorem.derivation(form).steps, start=1):
                mark = (str(step), step.kind, str(step.definitions), step.experiment)
                if mark not in seen:
                    seen.add(mark)
                    found[f"{key}/{form}/{number}"] = step
    return found


def twins(step: Step) -> Iterator[tuple[str, Step]]:
    """Yield mutations that say more than the step does, each with the name of what was changed."""
    right, relation = step.right, step.relation
    terms = sympy.Add.make_args(right)
    if relation != "=":
        yield "flipped", replace(step, relation=">=" if relation == "<=" else "<=")
    for share in (HALF, FIFTH):
        for place, term in enumerate(terms):
            if term != 0:
                more = (relation == ">=") != term.could_extract_minus_sign()
                factor = 1 / share if more and relation != "=" else share
                yield f"{term} times {factor}", replace(step, right=_without(terms, place) + factor * term)
    for place, term in enumerate(terms if len(terms) > 1 else ()):
        if relation == "=" or (relation == ">=") == term.could_extract_minus_sign():
            yield f"{term} dropped", replace(step, right=_without(terms, place))
    if symbols.m in right.free_symbols:
        domains = {entry.symbol: entry.domain for entry in symbols.VOCABULARY.values()}
        if relation == "=" or direction(right, symbols.m, domains=domains) != "rises":
            yield "n for m", replace(step, right=right.xreplace({symbols.m: symbols.n}))


def _without(terms: tuple[sympy.Expr, ...], place: int) -> sympy.Expr:
    return sympy.Add(*(other for spot, other in enumerate(terms) if spot != place))


#: Steps whose published constants are larger than needed: a right side that is known to suffice. A twin that is proved
#: to be no smaller than it is not false.
def sufficient(step: Step) -> sympy.Expr | None:
    """Return a smaller right side that other steps of the catalogue establish, where a step is loose."""
    s = symbols
    share = [sympy.log(1 / event.symbol) for event in step.events]
    if step.left in (s.Edev_m, s.Edev_plus) and s.R_M in step.right.free_symbols:
        return 2 * s.L * s.R_M
    if step.left in (s.dev_minus, s.dev_plus) and share:
        terms = (
            s.m
            if s.m in step.right.free_symbols
            else s.n
            if dict(step.experiment.options).get("pairwise") is False
            else sympy.floor(s.n / 2)
        )
        tail = s.C * sympy.sqrt(share[0] / (2 * terms))
        for complexity in (s.R_M, s.R_full):
            if complexity in step.right.free_symbols:
                return 2 * s.L * complexity + tail
        return (s.Edev_m if step.left == s.dev_minus else s.Edev_plus) + tail
    return None
