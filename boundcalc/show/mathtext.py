"""LaTeX in the mathematics that matplotlib knows. Needs the ``plot`` extra."""

from __future__ import annotations

import re

__all__ = ["mathtext"]


def mathtext(latex: str) -> str:
    """Return LaTeX between dollar signs as matplotlib wants it, or nothing where it does not understand all of it."""
    from matplotlib.mathtext import MathTextParser

    latex = re.sub(r"\\(mathcal|mathfrak|mathrm|mathbb|hat|bar|tilde) ?([A-Za-z])", r"\\\1{\2}", latex)
    latex = re.sub(r"\\[td]frac(\w) *(\w|\\[a-z]+|{[^{}]*})", r"\\frac{\1}{\2}", latex)
    latex = re.sub(r"\\(le|ge)(?![a-z])", r"\\\1q", latex)
    latex = re.sub(r"\\(textstyle|bigl|bigr) ?", "", latex)
    try:
        MathTextParser("path").parse(f"${latex}$")
    except ValueError:
        return ""
    return f"${latex}$"
