r"""Derivations and theorems in LaTeX (one aligned chain, or theorem and proof with the works they cite), and as a table.

>>> from boundcalc.statements.derivation import Derivation, at_most
>>> from boundcalc.symbols import B, b_k
>>> print(chain_latex(Derivation(b_k**2, (at_most(b_k**2, B**2, because="b_k is at most B"),))))
\begin{align}
b_k^{2}
  &\le B^{2} && \text{b\_k is at most B}
\end{align}
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import sympy

from boundcalc.errors import InvalidInputError, visible
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.show.html import Markup, tag

__all__ = ["chain_html", "chain_latex", "citation_key", "escaped", "share_names", "theorem_latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip


def escaped(text: str) -> str:
    r"""Return a text as LaTeX shows it.

    >>> print(escaped("at most 5 % of R_M"))
    at most 5 \% of R\_M

    Parameters
    ----------
    text : str
    """
    return "".join(_SPECIAL.get(character, character) for character in re.sub(r"\s+", " ", visible(text)))


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
    names = share_names(chain)
    lines = [expression_latex(chain.quantity, names)]
    for step, line in zip(chain.steps, chain.lines[1:], strict=True):
        cites = rf"~\cite{{{citation_key(step.cites)}}}" if step.cites else ""
        moved = _moved(chain, step)
        reason = rf"\text{{{escaped(step.because)}{cites}}}"
        lines.append(rf"  &{RELATIONS[moved]} {expression_latex(line, names)} && {reason}")
    body = lines[0] + "\n" + " \\\\\n".join(lines[1:])
    return f"\\begin{{{environment}}}\n{body.rstrip()}\n\\end{{{environment}}}"


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


def _work(step: Any) -> str:
    """Return the work that a step rests on: of a statement that it applies the source, with the statement's name."""
    if step.applies is None:
        return str(step.cites)
    lemma = getattr(step.applies.lemma, "theorem", step.applies.lemma)
    return f"{lemma.source} ({lemma.title}; {step.cites} in boundcalc)"


def theorem_latex(theorem: Any, form: str | None = None) -> str:
    """Return a theorem in LaTeX: a theorem environment, its proof, and the bibliography that they cite.

    The document needs amsmath, amssymb, amsthm and ``\\newtheorem{theorem}{Theorem}``.

    Parameters
    ----------
    theorem : Theorem
    form : str, optional
    """
    bound, chain = theorem.bound(form), theorem.derivation(form)
    assumptions = "\n".join(rf"  \item {escaped(text)}" for text in bound.assumptions)
    given = f"Assume\n\\begin{{itemize}}\n{assumptions}\n\\end{{itemize}}\n" if assumptions else ""
    sure = "With probability at least $1 - \\delta$," if bound.events else "Then"
    events = [
        rf"\item[$\delta_{{{place}}}$] {escaped(event.name)}: {escaped(event.statement)}."
        for place, event in enumerate(chain.events, start=1)
    ]
    split = (
        f"The events share $\\delta$:\n\\begin{{itemize}}\n{chr(10).join(events)}\n\\end{{itemize}}\n"
        if len(events) > 1
        else ""
    )
    works = {citation_key(step.cites): _work(step) for step in chain.steps if step.cites}
    entries = "\n".join(rf"\bibitem{{{key}}} {escaped(work)}" for key, work in works.items())
    bibliography = f"\n\\begin{{thebibliography}}{{99}}\n{entries}\n\\end{{thebibliography}}" if works else ""
    return (
        f"\\begin{{theorem}}[{escaped(theorem.title)}]\n\\label{{thm:{citation_key(theorem.key)}}}\n{given}{sure}\n"
        f"\\[\n{bound.to_latex()}.\n\\]\n\\end{{theorem}}\n"
        f"\\begin{{proof}}\n{split}{chain_latex(chain)}\n\\end{{proof}}{bibliography}"
    )
