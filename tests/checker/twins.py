"""False twins of a step: the same statement with another constant, with n for m, without a term, turned round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from boundcalc import catalogue, symbols
from boundcalc.derivation import Step

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
    """Yield mutations, each with the name of what was changed."""
    right, relation = step.right, step.relation
    if relation != "=":
        yield "flipped", replace(step, relation=">=" if relation == "<=" else "<=")
    for share in (HALF, FIFTH):
        factor = 1 / share if relation == ">=" else share
        for place, term in enumerate(terms := sympy.Add.make_args(right)):
            if term != 0:
                others = sympy.Add(*(other for spot, other in enumerate(terms) if spot != place))
                yield f"term {place + 1} times {factor}", replace(step, right=others + factor * term)
    if len(terms := sympy.Add.make_args(right)) > 1 and relation != ">=":
        for place in range(len(terms)):
            rest = sympy.Add(*(other for spot, other in enumerate(terms) if spot != place))
            yield f"term {place + 1} dropped", replace(step, right=rest)
    if symbols.m in right.free_symbols:
        yield "n for m", replace(step, right=right.xreplace({symbols.m: symbols.n}))
    logs = [node for node in right.atoms(sympy.log) if node.args[0].free_symbols]
    if logs and step.events:
        node = logs[0]
        yield "log(2) more", replace(step, right=right.xreplace({node: node - sympy.log(2)}))
