"""One self-contained HTML page: sober, light and dark, readable on a phone, no network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from boundcalc.errors import MissingExtraError
from boundcalc.show.html import Markup, join, tag

__all__ = ["lead", "page", "picture"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d5d9de; --soft: #5c6670; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #14171a; --line: #3a4047; --soft: #9aa4ae; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.table, .table > div, .pictured { overflow-x: auto; } .caption { margin: .3rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; } td.number { white-space: nowrap; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
.note { color: var(--soft); font-size: .9rem; margin: .3rem 0; } pre { overflow-x: auto; } img { max-width: 100%; }
@media (prefers-color-scheme: dark) { img.picture { filter: invert(.91) hue-rotate(180deg); } }
@media (max-width: 40rem) {
  img.picture { max-width: none; width: 44rem; }
  th, td { padding: .3rem .4rem; }
  .prose thead { display: none; } .prose table, .prose tbody, .prose tr, .prose td { display: block; text-align: left; }
  .prose tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } .prose td { border: 0; padding: .1rem 0; }
  .prose td { overflow-wrap: anywhere; } .prose td::before { content: attr(data-column) ": "; color: var(--soft); }
}
"""


def page(title: str, *parts: Any, style: str = "", head: Markup | None = None) -> str:
    """Return a whole HTML document from its parts, with further style and head elements if needed."""
    top = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        head,
        tag("title", title),
        tag("style", Markup(_STYLE + style)),
    )
    body = tag("body", tag("main", tag("h1", title), parts))
    return f"<!doctype html>\n{tag('html', tag('head', top), body, lang='en')}\n"


def lead(sentence: str) -> Markup:
    """Return the sentence that a page opens with."""
    return tag("p", tag("strong", sentence)) if sentence else join(None)


def picture(draw: Callable[[Path], object], alt: str) -> Markup:
    """Return an image that holds what ``draw(path)`` writes as PNG, or a line on what is missing where nothing can draw."""
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "picture.png"
            draw(path)
            data = b64encode(path.read_bytes()).decode()
    except MissingExtraError as error:
        return tag("p", f"No picture: {error}.", class_="note")
    image = tag("img", class_="picture", alt=alt, src=f"data:image/png;base64,{data}")
    return tag("div", image, class_="pictured")
