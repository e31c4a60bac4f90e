r"""Derivations in LaTeX, as one aligned chain, and as a table.

>>> from boundcalc.statements.derivation import Derivation, at_most
>>> from boundcalc.symbols import B, b_k
>>> print(chain_latex(Derivation(b_k**2, (at_most(b_k**2, B**2, because="b_k is at most B"),))))
\begin{align}
b_k^{2}
  &\le B^{2} && \text{$b_k$ is at most $B$}
\end{align}
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.language.prose import typeset
from boundcalc.show.html import Markup, tag
from boundcalc.symbols import VOCABULARY, known

__all__ = ["WIDTH", "chain_html", "chain_latex", "citation_key", "names_in_words", "share_names", "spoken", "width"]

#: How many signs stand beside each other on a page, about.
WIDTH = 56


def citation_key(text: str) -> str:
    """Return the bibliography key of a work or of an entry: letters, digits and dashes.

    >>> citation_key("McDiarmid 1989, On the method of bounded differences"), citation_key("lemmas.massart")
    ('mcdiarmid-1989', 'lemmas-massart')

    Parameters
    ----------
    text : str
    """
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    head = re.match(r"(.* \d{4})\b", text.split(", ")[0]) or re.match(r"(.*? \d{4})\b", text)
    return "-".join(re.findall(r"[a-z0-9]+", (head.group(1) if head else text).lower())) or "work"


def chain_latex(chain: Any, *, environment: str = "align") -> str:
    """Return a chain as aligned lines: the quantity, and after each step what it has become and why.

    Reasons that do not fit beside the lines stand below them, by letter.

    Parameters
    ----------
    chain : Derivation
    environment : {"align", "align*"}

    Raises
    ------
    InvalidInputError
        For another environment.
    """
    if environment not in ("align", "align*"):
        raise InvalidInputError(f"environment = {environment!r} must be 'align' or 'align*'", context="to_latex")
    names, words = share_names(chain), names_in_words(spoken(chain))
    reasons = [
        typeset(step.because, words) + (rf"~\cite{{{citation_key(step.cites)}}}" if step.cites else "")
        for step in chain.steps
    ]
    beside = all(
        width(expression_latex(line, names)) + len(step.because) < WIDTH
        for step, line in zip(chain.steps, chain.lines[1:], strict=True)
    )
    lines = [expression_latex(chain.quantity, names)]
    for place, (step, line) in enumerate(zip(chain.steps, chain.lines[1:], strict=True)):
        relation = RELATIONS[_moved(chain, step)]
        relation = relation if beside else rf"\overset{{\text{{({_letter(place)})}}}}{{{relation}}}"
        reason = rf" && \text{{{reasons[place]}}}" if beside else ""
        lines.append(rf"  &{relation} {_broken(line, names)}{reason}")
    body = lines[0] + "\n" + " \\\\\n".join(lines[1:])
    below = "".join(f"\n\n({_letter(place)}) {reason}." for place, reason in enumerate(reasons))
    return f"\\begin{{{environment}}}\n{body.rstrip()}\n\\end{{{environment}}}{'' if beside else below}"


def _letter(place: int) -> str:
    """Return the letters by which a step is called: a to z, then aa."""
    return (_letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)


def width(latex: str) -> int:
    """Return about how many signs a formula is wide: of fractions, numerator and denominator stand above each other."""
    latex = re.sub(r"\\(?:left|right|mathfrak|mathcal|mathbb|mathrm|operatorname|text|rm|hat|tfrac|bar)\b", "", latex)
    parts = latex.split(r"\frac")
    signs = len(re.sub(r"\\[A-Za-z]+|\\.", "x", re.sub(r"[{}\s^_]", "", "".join(parts))))
    return signs - sum(len(re.sub(r"\\[A-Za-z]+|[{}\s]", "", part[: len(part) // 2])) // 2 for part in parts[1:])


def _broken(expr: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> str:
    """Return an expression for an aligned line, a sum that is too long for it on several."""
    whole = expression_latex(expr, names)
    if not isinstance(expr, sympy.Add) or width(whole) < WIDTH:
        return whole
    terms = [expression_latex(term, names) for term in expr.as_ordered_terms()]
    signed = [terms[0], *(f"- {term[1:].lstrip()}" if term.startswith("-") else f"+ {term}" for term in terms[1:])]
    rows = [""]
    for term in signed:
        if rows[-1] and width(rows[-1]) + width(term) > WIDTH:
            rows.append("")
        rows[-1] = f"{rows[-1]} {term}".strip()
    return " \\nonumber \\\\\n  &\\quad ".join(rows)


def spoken(chain: Any) -> set[sympy.Symbol]:
    """Return the symbols of a chain: of its quantity, lines and definitions."""
    made = [part for step in chain.steps for pair in step.definitions.items() for part in pair]
    found = set().union(*(part.free_symbols for part in (chain.quantity, *chain.lines, *made)))
    return found.union(*(full.free_symbols for short, full in chain.where.items() if short in found))


def names_in_words(symbols: Iterable[sympy.Symbol]) -> dict[str, str]:
    """Return how names are typeset in sentences: those of the symbols, then the vocabulary's."""
    own = {one.name: entry.latex for one in symbols if (entry := known(one)) is not None}
    return {name: entry.latex for name, entry in VOCABULARY.items()} | own


def chain_html(chain: Any) -> Markup:
    """Return a chain as a table: a row for each step, and what they say together."""
    names = share_names(chain)

    def row(number: Any, said: Any, because: str, cites: str = "") -> Markup:
        formula = (
            f"${expression_latex(said.left, names)} {RELATIONS[said.relation]} {expression_latex(said.right, names)}$"
        )
        why = [because, [" ", tag("em", f"({cites})")] if cites else None]
        style = "text-align:left; white-space:nowrap"
        return tag("tr", [tag("td", number), tag("td", formula, style=style), tag("td", why, style="text-align:left")])

    used = [(short, full) for short, full in chain.where.items() if short in chain.result.free_symbols]
    where = r",\ ".join(f"{expression_latex(short)}={expression_latex(full)}" for short, full in used)
    rows = [row(number, step, step.because, step.cites) for number, step in enumerate(chain.steps, start=1)]
    whole = SimpleNamespace(left=chain.quantity, relation=chain.relation, right=chain.result)
    return tag("table", [*rows, row("", whole, f"together; ${where}$" if where else "together")])


def _moved(chain: Any, step: Any) -> str:
    """Return how a line relates to the one before: by the chain's relation, or equal."""
    return "=" if step.relation == "=" else str(chain.relation)


def share_names(chain: Any) -> Mapping[sympy.Symbol, str]:
    """Return how each event's share of delta is typeset: numbered, where there are several."""
    if len(chain.events) == 1:
        return {chain.events[0].symbol: r"\delta"}
    return {event.symbol: rf"\delta_{{{place}}}" for place, event in enumerate(chain.events, start=1)}
