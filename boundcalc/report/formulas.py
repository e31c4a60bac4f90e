"""Statements as HTML: formulas in MathML, broken between their terms, so that they fit a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boundcalc.language.latex import expression_latex
from boundcalc.show.html import Markup, join, tag
from boundcalc.show.mathml import to_mathml, to_mathml_terms
from boundcalc.statements.typeset import bound_latex_parts

if TYPE_CHECKING:
    from boundcalc.bound import Bound

__all__ = ["FORMULA_SCRIPT", "FORMULA_STYLE", "statement_html"]

FORMULA_STYLE = """
.formula { overflow-x: auto; padding: .2rem 0; line-height: 2.6; } .formula math { math-style: normal; }
.formula > math { font-size: calc(1.1em * var(--fit, 1)); }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "DejaVu Math TeX Gyre", "Noto Sans Math", math; }
mtd { text-align: left; text-align: -webkit-left; }
.formula .where { color: var(--soft); font-size: .9em; display: inline-block; }
"""

#: Makes pieces that are wider than a narrow page smaller; without scripts the formula scrolls.
FORMULA_SCRIPT = """
const fitFormulas = () => {
  for (const piece of document.querySelectorAll(".formula > math")) {
    piece.style.setProperty("--fit", 1);
    const room = piece.parentElement.clientWidth, width = piece.getBoundingClientRect().width;
    if (width > room) piece.style.setProperty("--fit", Math.max(0.45, (0.97 * room) / width));
  }
};
addEventListener("resize", fitFormulas);
fitFormulas();
"""


def statement_html(bound: Bound) -> Markup:
    """Return ``quantity relation bound`` with its abbreviations and the probability with which it holds."""
    head, terms, where = bound_latex_parts(bound)
    notes: list[list[Any]] = [["where ", join(map(to_mathml, where), Markup(", "))]] if where else []
    if bound.events:
        confidence = expression_latex(bound.confidence)
        shared = ["; ", len(bound.events), " events share ", to_mathml(confidence)] if len(bound.events) > 1 else []
        notes.append(["with probability at least ", to_mathml(f"1-{confidence}"), *shared])
    after = [" ", tag("span", join(notes, Markup(", ")), class_="where")] if notes else []
    pieces = [to_mathml(head), *(piece for term in terms for piece in to_mathml_terms(term))]
    return tag("div", join(pieces, Markup(" ")), after, class_="formula")
