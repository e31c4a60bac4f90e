"""Bounds in LaTeX and as plain Python source."""

from __future__ import annotations

import html
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING

import sympy

from boundcalc.arithmetic.entropy_points import kl_at, kl_inverse_at
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.symbols import known

if TYPE_CHECKING:
    from boundcalc.bound import Bound
    from boundcalc.statements.derivation import Derivation
    from boundcalc.theorems import Theorem

__all__ = [
    "RELATIONS",
    "bound_html",
    "bound_latex",
    "bound_latex_parts",
    "bound_python",
    "derivation_html",
    "expression_latex",
    "theorem_html",
]

#: Relations of bounds and steps.
RELATIONS = {"<=": r"\le", ">=": r"\ge", "=": "=", "<": "<", ">": ">"}


def expression_latex(expr: sympy.Expr) -> str:
    """Return an expression in LaTeX with the vocabulary's notation.

    >>> from boundcalc.symbols import C, delta, m
    >>> print(expression_latex(C * sympy.sqrt(sympy.log(1 / delta) / (2 * m))))
    C \\sqrt{\\frac{\\log{\\left(\\frac{1}{\\delta} \\right)}}{2 m}}
    """
    return _latex(expr, {})


def _latex(expr: sympy.Expr, shares: Mapping[sympy.Symbol, str]) -> str:
    names = dict(shares)
    for symbol in expr.free_symbols - set(shares):
        entry = known(symbol)
        if entry is not None:
            names[symbol] = entry.latex
        elif symbol.name.startswith("delta["):
            names[symbol] = r"\delta_{\text{" + symbol.name[6:-1].replace("|", ", ").replace("_", " ") + "}}"
    return sympy.latex(_gather_roots(expr), symbol_names=names)


def _gather_roots(expr: sympy.Expr) -> sympy.Expr:
    """Return the expression with numeric square roots moved under a neighbouring root, as one writes it by hand."""
    if not expr.args:
        return expr
    expr = expr.func(*(_gather_roots(arg) for arg in expr.args)) if not isinstance(expr, sympy.Pow) else expr
    if not isinstance(expr, sympy.Mul):
        return expr
    halves = [arg for arg in expr.args if isinstance(arg, sympy.Pow) and abs(arg.exp) == sympy.S.Half]
    others = [arg for arg in expr.args if arg not in halves and not arg.is_number]
    squared = sympy.Mul(*(arg for arg in expr.args if arg.is_number)) ** 2
    roots = [arg for arg in halves if not arg.is_number]
    if not roots or not squared.is_Rational or (len(roots) == 1 and sympy.sqrt(squared).is_Rational):
        return expr
    outside = sympy.Integer(1)
    if squared.q == 1:
        outside = sympy.sqrt(sympy.Integer(squared.p) / _squarefree(squared.p))
    if any(arg.is_negative for arg in expr.args):
        outside = -outside
    inside = sympy.Mul(squared / outside**2, *(root.base ** (2 * root.exp) for root in roots))
    root = sympy.Pow(inside, sympy.S.Half, evaluate=False)
    factors = ([outside] if outside != 1 else []) + [*others, root]
    return sympy.Mul(*factors, evaluate=False) if len(factors) > 1 else root


def _squarefree(number: int) -> int:
    return int(sympy.prod(prime for prime, power in sympy.factorint(number).items() if power % 2))


def bound_latex(bound: Bound) -> str:
    """Return ``quantity relation bound`` and what its abbreviations stand for."""
    head, terms, where = bound_latex_parts(bound)
    return " ".join([head, *terms]) + (r",\qquad " + r",\ ".join(where) if where else "")


def bound_latex_parts(bound: Bound) -> tuple[str, list[str], list[str]]:
    """Return a statement in pieces: ``quantity relation``, the summands with their signs, and the abbreviations."""
    shares = bound.shares
    terms = [expression_latex(part.subs(shares, simultaneous=True)) for _, part in bound.parts] or ["0"]
    signed = [f"- {term[1:].lstrip()}" if term.startswith("-") else f"+ {term}" for term in terms[1:]]
    where = [f"{expression_latex(short)}={expression_latex(full)}" for short, full in bound.where.items()]
    return f"{expression_latex(bound.quantity)} {RELATIONS[bound.relation]}", [terms[0], *signed], where


def bound_html(bound: Bound) -> str:
    """Return the statement with what one must know to use it: where it comes from, how sure it is, on which events."""
    facts = [
        f"<code>{html.escape(bound.theorem.key)}</code> ({bound.form}; {bound.theorem.provenance}, {bound.theorem.status})"
    ]
    if bound.events:
        shared = f", shared by {len(bound.events)} events" if len(bound.events) > 1 else ""
        facts.append(f"with probability at least $1 - {expression_latex(bound.confidence)}${shared}")
    if bound.ingredients:
        facts.append("with " + ", ".join(f"<code>{html.escape(str(one))}</code>" for one in bound.ingredients))
    if bound.why_not_certified:
        facts.append(f"not certified: {html.escape(bound.why_not_certified)}")
    return f"<p>$\\displaystyle {_in_html(bound.to_latex())}$</p><p><small>{'; '.join(facts)}</small></p>"


def bound_python(bound: Bound) -> str:
    """Return the source of a function of the bound's symbols, in plain Python."""
    name = f"{bound.theorem.key}_{bound.form}".replace(".", "_")
    body = sympy.pycode(bound.expr, fully_qualified_modules=True)
    used = [code for function, code in ((kl, kl_at), (kl_inverse, kl_inverse_at)) if bound.expr.has(function)]
    own = "".join(f"{inspect.getsource(code).replace('_at(', '(')}\n\n" for code in used)
    return (
        f"import math\n\n\n{own}def {name}({', '.join(bound.symbols)}):\n"
        f'    """{bound.quantity} {bound.relation} this ({bound.theorem.provenance}; {bound.theorem.source})."""\n'
        f"    return {body}\n"
    )


def derivation_html(chain: Derivation) -> str:
    """Return the chain as an HTML table: what each step replaces, why, and where the chain ends."""
    names = {event.symbol: rf"\delta_{place}" for place, event in enumerate(chain.events, start=1)}
    if len(names) == 1:
        names = dict.fromkeys(names, r"\delta")
    rows = [
        _row(
            number,
            f"{_latex(step.left, names)} {RELATIONS[step.relation]} {_latex(step.right, names)}",
            step.because,
            step.cites,
        )
        for number, step in enumerate(chain.steps, start=1)
    ]
    end = f"{_latex(chain.quantity, names)} {RELATIONS[chain.relation]} {_latex(chain.result, names)}"
    where = [
        f"{expression_latex(short)}={expression_latex(full)}"
        for short, full in chain.where.items()
        if short in chain.result.free_symbols
    ]
    rows.append(_row("", end, "together" + ("; $" + r",\ ".join(where) + "$" if where else ""), ""))
    return "<table>" + "".join(rows) + "</table>"


def _row(number: int | str, formula: str, because: str, cites: str) -> str:
    why = html.escape(because) + (f" <em>({html.escape(cites)})</em>" if cites else "")
    left = "style='text-align:left; white-space:nowrap'"
    return f"<tr><td>{number}</td><td {left}>${_in_html(formula)}$</td><td style='text-align:left'>{why}</td></tr>"


def _in_html(latex: str) -> str:
    """Return LaTeX as text of a page; the browser gives it back as it was."""
    return html.escape(latex, quote=False)


def theorem_html(entry: Theorem) -> str:
    """Return a theorem's statement with its forms, assumptions and remarks."""
    number = "" if entry.number == "-" else f"{entry.number}. "
    parts = [
        f"<p><strong>{html.escape(number + entry.title)}</strong> <code>{entry.key}</code><br>{html.escape(entry.claim)}</p>"
    ]
    rows = [
        f"<tr><td>{name}</td><td style='text-align:left'>${_in_html(bound_latex(entry.bound(name)))}$</td>"
        f"<td>{entry.form(name).provenance}, {entry.form(name).status}</td></tr>"
        for name in entry.forms
    ]
    parts.append("<table>" + "".join(rows) + "</table>")
    for title, lines in (("Assumptions", entry.assumptions), ("Remarks", entry.remarks)):
        if lines:
            parts.append(f"<p>{title}</p><ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>")
    parts.append(f"<p>Source: {html.escape(str(entry.source))}</p>")
    return "".join(parts)
