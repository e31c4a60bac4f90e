"""HTML from values: the one place where text becomes markup, so that nothing that was typed or read is taken for it.

>>> print(tag("p", "1 < 2, ", tag("code", "a&b"), class_="note"))
<p class="note">1 &lt; 2, <code>a&amp;b</code></p>
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from boundcalc.errors import visible

__all__ = ["Markup", "fold", "items", "join", "section", "tag"]

#: Elements without content, and how their tag ends: HTML's end as they begin, MathML's close themselves.
_EMPTY = dict.fromkeys(("br", "img", "link", "meta", "wbr"), ">") | {"mspace": "/>"}


class Markup(str):
    """HTML that is done: the builder takes it as it is, any other text is escaped."""

    __slots__ = ()


def tag(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """Return an element; attributes that are None are left out, ``class_`` and ``data_x`` become ``class`` and ``data-x``."""
    words = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    start = f"<{name}{''.join(words)}"
    return Markup(start + _EMPTY[name] if name in _EMPTY else f"{start}>{join(children)}</{name}>")


def join(parts: Any, separator: str = "") -> Markup:
    """Return parts one after the other: markup as it is, None as nothing, nested parts in their order, the rest escaped."""
    if isinstance(parts, Markup) or parts is None:
        return parts or Markup()
    if isinstance(parts, str) or not isinstance(parts, Iterable):
        return Markup(escape(visible(str(parts)), quote=False))
    return Markup(join(separator).join(map(join, parts)))


def items(parts: Iterable[Any], *, name: str = "ul", **attributes: Any) -> Markup:
    """Return a list with one entry for each part."""
    return tag(name, [tag("li", part) for part in parts], **attributes)


def section(title: str, *parts: Any) -> Markup:
    """Return parts under a heading."""
    return tag("section", tag("h2", title), parts)


def fold(title: str, *parts: Any) -> Markup:
    """Return parts that are seen when their title is clicked on."""
    return tag("details", tag("summary", title), tag("div", parts, class_="table"))
