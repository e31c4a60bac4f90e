"""Statements as HTML: formulas in MathML, broken between their terms, so that they fit a phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from boundcalc.report.mathml import to_mathml
from boundcalc.typeset import bound_latex_parts, expression_latex

if TYPE_CHECKING:
    from boundcalc.bound import Bound

__all__ = ["FORMULA_SCRIPT", "FORMULA_STYLE", "statement_html"]

FORMULA_STYLE = """
.formula { overflow-x: auto; padding: .2rem 0; line-height: 2.6; } .formula math { font-size: 1.1em; math-style: normal; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "DejaVu Math TeX Gyre", "Noto Sans Math", math; }
mtd { text-align: left; text-align: -webkit-left; } @media (max-width: 30rem) { .formula math { font-size: .92em; } }
.formula .where { color: var(--soft); font-size: .9em; display: inline-block; } .formula .where math { font-size: 1em; }
"""

#: Makes formulas that are wider than a narrow page a little smaller; without scripts they scroll.
FORMULA_SCRIPT = """
const fitFormulas = () => {
  for (const one of document.querySelectorAll(".formula")) {
    one.style.fontSize = "";
    if (one.scrollWidth > one.clientWidth) one.style.fontSize = `${Math.max(0.6, (0.97 * one.clientWidth) / one.scrollWidth)}em`;
  }
};
addEventListener("resize", fitFormulas);
fitFormulas();
"""


def statement_html(bound: Bound) -> str:
    """Return ``quantity relation bound`` with its abbreviations and the probability with which it holds."""
    head, terms, where = bound_latex_parts(bound)
    notes = ["where " + ", ".join(map(to_mathml, where))] if where else []
    if bound.events:
        confidence = expression_latex(bound.confidence)
        shared = f"; {len(bound.events)} events share {to_mathml(confidence)}" if len(bound.events) > 1 else ""
        notes.append(f"with probability at least {to_mathml(f'1-{confidence}')}{shared}")
    after = f" <span class='where'>{', '.join(notes)}</span>" if notes else ""
    return f"<div class='formula'>{' '.join(map(_piece, [head, *terms]))}{after}</div>"


def _piece(latex: str) -> str:
    """Return a piece of a sum; a sign in front of it is the sum's, with the space that belongs to it."""
    return re.sub(r"^<math><mo>([+−])</mo>", r'<math><mo form="infix">\1</mo>', to_mathml(latex))
