"""The explorer: one HTML file in which bounds can be moved through, their functions made from the same expressions.

The file holds everything (functions, typeset formulas, the plotting library) and asks the network for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue import REGISTRY
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.emit.javascript import to_javascript
from boundcalc.language.domains import describe
from boundcalc.language.latex import expression_latex
from boundcalc.language.records import to_json
from boundcalc.report.formulas import FORMULA_SCRIPT, FORMULA_STYLE, statement_html
from boundcalc.report.ranges import usual_range
from boundcalc.show.axes import PALETTE
from boundcalc.show.html import Markup, tag
from boundcalc.show.mathml import to_mathml
from boundcalc.show.page import page
from boundcalc.symbols import VOCABULARY, known

__all__ = ["explorer_page"]

_SECURE = tag(
    "meta",
    http_equiv="Content-Security-Policy",
    content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'",
)


def explorer_page(bounds: Sequence[Bound], *, start: Mapping[str, Any] | None = None) -> str:
    """Return a self-contained HTML document with a slider for each symbol and a curve for each bound.

    Parameters
    ----------
    bounds : sequence of Bound
        What is drawn, in this order.
    start : mapping of str to number, optional
        Where the sliders stand at first.

    Raises
    ------
    InvalidInputError
        If there is no bound, or none of them has a symbol named in ``start``, or a value lies outside its domain, or an
        expression cannot be computed in a browser.
    """
    if not bounds:
        raise InvalidInputError("the explorer needs at least one bound")
    symbols = _symbols(bounds)
    first = _checked_start(start or {}, bounds, symbols)
    data = {
        "symbols": {name: _symbol_data(symbol, domain, first.get(name)) for name, (symbol, domain) in symbols.items()},
        "bounds": [_bound_data(bound) for bound in bounds],
    }
    functions = ",\n".join(map(_functions, bounds))
    body = (
        Markup(_file("explorer.html")),
        _script(f"const DATA = {_json(data)};\nconst FUNCTIONS = [\n{functions}\n];"),
        _script(_file("uPlot.iife.min.js")),
        _script(FORMULA_SCRIPT),
        _script(_file("explorer.js")),
    )
    style = "\n".join([_file("uPlot.min.css"), _colours(), FORMULA_STYLE, _file("explorer.css")])
    return page("Explore bounds", body, style=style, head=_SECURE)


def _file(name: str) -> str:
    return (resources.files("boundcalc.report") / "explorer_assets" / name).read_text(encoding="utf-8")


def _script(source: str) -> Markup:
    return tag("script", Markup(source))


def _json(data: Any) -> str:
    return to_json(data).replace("</", "<\\/").replace("<!--", "<\\!--")


def _colours() -> str:
    """Return the palette as CSS variables; what is black on paper is white at night."""
    light = "".join(f"--c{place}: {colour}; " for place, colour in enumerate(PALETTE))
    dark = "".join(f"--c{place}: #ffffff; " for place, colour in enumerate(PALETTE) if colour == "#000000")
    return f":root {{ {light}}} @media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}"


def _symbols(bounds: Sequence[Bound]) -> dict[str, tuple[sympy.Symbol, sympy.Set]]:
    """Return all inputs, in the vocabulary's order, with the domain of the first bound that uses them."""
    found: dict[str, tuple[sympy.Symbol, sympy.Set]] = {}
    for bound in bounds:
        for name, symbol in bound.symbols.items():
            found.setdefault(name, (symbol, bound.domain[symbol]))
    order = {name: place for place, name in enumerate(VOCABULARY)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def _checked_start(
    start: Mapping[str, Any], bounds: Sequence[Bound], symbols: Mapping[str, tuple[sympy.Symbol, sympy.Set]]
) -> dict[str, float]:
    """Return the given values as numbers, checked by every bound that has the symbol."""
    for bound in bounds:
        own = {name: value for name, value in start.items() if name in bound.symbols or name not in symbols}
        if own:
            defaults = {
                name: usual_range(symbol, bound.domain[symbol]).start
                for name, symbol in bound.symbols.items()
                if name not in own
            }
            bound.check_inputs({**defaults, **own})
    unused = [name for name in start if name not in symbols]
    if unused:
        raise InvalidInputError(f"{', '.join(unused)} is used by none of the bounds; they have {', '.join(symbols)}")
    return {name: float(sympy.Rational(str(value))) for name, value in start.items()}


def _symbol_data(symbol: sympy.Symbol, domain: sympy.Set, start: float | None) -> dict[str, Any]:
    ends = usual_range(symbol, domain)
    value = ends.start if start is None else start
    found = known(symbol)
    return {
        "mathml": to_mathml(expression_latex(symbol)),
        "meaning": found.meaning if found is not None else "",
        "domain": describe(domain),
        "allowed": _set_data(domain),
        "low": min(ends.low, value),
        "high": max(ends.high, value),
        "start": value,
        "log": ends.log and value > 0,
    }


def _set_data(domain: sympy.Set) -> dict[str, Any]:
    """Return what a membership test in the browser needs; None stands for no end."""
    if isinstance(domain, sympy.FiniteSet):
        return {"values": [float(value) for value in domain]}
    if not isinstance(domain, sympy.Interval | sympy.Range) and domain is not sympy.S.Integers:
        raise InvalidInputError(f"the explorer has no slider for the domain {domain}")
    interval = isinstance(domain, sympy.Interval)
    low, high = domain.inf, domain.sup
    return {
        "integer": not interval,
        "low": float(low) if low.is_finite else None,
        "high": float(high) if high.is_finite else None,
        "open": [interval and domain.left_open is sympy.true, interval and domain.right_open is sympy.true],
    }


def _bound_data(bound: Bound) -> dict[str, Any]:
    known = REGISTRY.get(bound.theorem.key)
    return {
        "key": bound.theorem.key,
        "form": bound.form,
        "title": bound.theorem.title,
        "number": "" if bound.theorem.number == "-" else bound.theorem.number,
        "claim": "" if known is None else known.claim,
        "quantity": to_mathml(expression_latex(bound.quantity)),
        "relation": bound.relation,
        "statement": statement_html(bound),
        "symbols": list(bound.symbols),
        "allowed": {name: _set_data(bound.domain[symbol]) for name, symbol in bound.symbols.items()},
        "domains": {name: describe(bound.domain[symbol]) for name, symbol in bound.symbols.items()},
        "terms": list(bound.terms),
        "hasTrivial": _trivial(bound) is not None,
        "trivial": "" if bound.trivial is None else to_mathml(expression_latex(bound.trivial)),
        "constraints": [{"text": str(constraint), "strict": constraint.strict} for constraint in _constraints(bound)],
        "conditions": [
            {"text": f"{name} must be {describe(allowed)}", "allowed": _set_data(allowed)}
            for name, _, allowed in bound.conditions
        ],
        "provenance": f"{bound.theorem.provenance}, {bound.theorem.status}",
        "notCertified": bound.why_not_certified,
        "assumptions": list(bound.assumptions),
        "command": known is not None and bound.form in known.forms and known.bound(bound.form) == bound,
    }


def _trivial(bound: Bound) -> sympy.Expr | None:
    """Return what holds anyway, where it can be told from the bound's own symbols."""
    known = bound.trivial is not None and bound.trivial.free_symbols <= set(bound.symbols.values())
    return bound.trivial if known else None


def _constraints(bound: Bound) -> list[Any]:
    return [one for one in bound.constraints if one.symbols <= set(bound.symbols.values())]


def _functions(bound: Bound) -> str:
    """Return the bound's functions as a JavaScript object; all take the values of its symbols in order."""
    symbols = list(bound.symbols.values())

    def many(expressions: Sequence[sympy.Expr]) -> str:
        return "[" + ", ".join(to_javascript(expression, symbols) for expression in expressions) + "]"

    trivial = _trivial(bound)
    parts = {
        "value": to_javascript(bound.expr, symbols),
        "terms": many(list(bound.terms.values())),
        "trivial": "null" if trivial is None else to_javascript(trivial, symbols),
        "below": many([one.lower for one in _constraints(bound)]),
        "above": many([one.upper for one in _constraints(bound)]),
        "conditions": many([expression for _, expression, _ in bound.conditions]),
    }
    return "{" + ",\n ".join(f"{name}: {source}" for name, source in parts.items()) + "}"
