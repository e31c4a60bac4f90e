"""Formulas of the site as MathML, by the library's own typesetting: no script, no network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from boundcalc.errors import InvalidInputError
from boundcalc.show.mathml import to_mathml


def _formula(writer: Any, node: nodes.Element, before: str = "", after: str = "") -> None:
    latex = node.astext().strip().strip("$").removeprefix(r"\displaystyle").strip()
    try:
        writer.body.append(f"{before}{to_mathml(latex)}{after}")
    except InvalidInputError as error:
        logging.getLogger(__name__).warning("no MathML for %s: %s", latex, error, location=node)
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.Element) -> None:
    _formula(writer, node, "<div class='formula'>", "</div>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the renderer."""
    app.add_html_math_renderer("mathml", (_formula, None), (_block, None))
    return {"parallel_read_safe": True}
