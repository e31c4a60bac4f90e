"""Statements in LaTeX, as HTML and as plain Python source."""

from __future__ import annotations

import inspect
from keyword import iskeyword

import sympy

from boundcalc.arithmetic.entropy_points import kl_at, kl_inverse_at
from boundcalc.errors import InvalidInputError, visible
from boundcalc.evaluator.integrals import settled
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.show.html import Markup, join, tag
from boundcalc.statements.statement import Statement

__all__ = ["bound_html", "bound_latex", "bound_latex_parts", "bound_python"]


def bound_latex(bound: Statement) -> str:
    """Return ``quantity relation bound`` and what its abbreviations stand for."""
    head, terms, where = bound_latex_parts(bound)
    return " ".join([head, *terms]) + (r",\qquad " + r",\ ".join(where) if where else "")


def bound_latex_parts(bound: Statement) -> tuple[str, list[str], list[str]]:
    """Return a statement in pieces: ``quantity relation``, the summands with their signs, and the abbreviations."""
    shares = bound.shares
    terms = [expression_latex(part.subs(shares, simultaneous=True)) for _, part in bound.parts] or ["0"]
    signed = [f"- {term[1:].lstrip()}" if term.startswith("-") else f"+ {term}" for term in terms[1:]]
    where = [f"{expression_latex(short)}={expression_latex(full)}" for short, full in bound.where.items()]
    return f"{expression_latex(bound.quantity)} {RELATIONS[bound.relation]}", [terms[0], *signed], where


def bound_html(bound: Statement) -> Markup:
    """Return the statement with what one must know to use it: where it comes from, how sure it is, on which events."""
    entry = bound.theorem
    facts = [[tag("code", entry.key), f" ({bound.form}; {entry.provenance}, {entry.status})"]]
    if bound.events:
        shared = f", shared by {len(bound.events)} events" if len(bound.events) > 1 else ""
        facts.append([f"with probability at least $1 - {expression_latex(bound.confidence)}${shared}"])
    if bound.ingredients:
        facts.append(["with ", join((tag("code", one) for one in bound.ingredients), Markup(", "))])
    if bound.why_not_certified:
        facts.append([f"not certified: {bound.why_not_certified}"])
    statement = tag("p", f"$\\displaystyle {bound_latex(bound)}$")
    return join((statement, tag("p", tag("small", join(facts, Markup("; "))))))


def bound_python(bound: Statement) -> str:
    """Return the source of a function of the bound's symbols, in plain Python.

    Raises
    ------
    InvalidInputError
        If a symbol or the theorem's key is no name in Python.
    """
    name = f"{bound.theorem.key}_{bound.form}".replace(".", "_")
    bad = [repr(word) for word in (name, *bound.symbols) if not word.isidentifier() or iskeyword(word)]
    if bad:
        raise InvalidInputError(
            f"no Python can be written: {', '.join(bad)} is no name there", context=str(bound.theorem)
        )
    about = f"{bound.quantity} {bound.relation} this ({bound.theorem.provenance}; {bound.theorem.source})."
    about = visible(about).replace("\\", r"\\").replace('"', r"\"")
    body = sympy.pycode(settled(bound.expr, None, bound.domain), fully_qualified_modules=True).replace("builtins.", "")
    used = [code for function, code in ((kl, kl_at), (kl_inverse, kl_inverse_at)) if bound.expr.has(function)]
    own = "".join(f"{inspect.getsource(code).replace('_at(', '(')}\n\n" for code in used)
    return f'import math\n\n\n{own}def {name}({", ".join(bound.symbols)}):\n    """{about}"""\n    return {body}\n'
