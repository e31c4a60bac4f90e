"""Bounds as JSON without loss; what is read is decoded node by node and never evaluated as code."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import sympy

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError
from boundcalc.language.expressions import decode, encode
from boundcalc.language.latex import RELATIONS
from boundcalc.language.records import check_entries, from_json
from boundcalc.statements.derivation import Event
from boundcalc.statements.domain import Domain
from boundcalc.statements.statement import Reference, Statement
from boundcalc.symbols import Constraint

__all__ = ["read_fields", "write_statement"]


def write_statement(bound: Statement) -> str:
    """Return a statement as JSON."""
    return json.dumps(
        {
            "boundcalc": 1,
            "theorem": _named(bound.theorem),
            "form": bound.form,
            "quantity": encode(bound.quantity),
            "relation": bound.relation,
            "parts": [[label, encode(part)] for label, part in bound.parts],
            "where": [[encode(short), encode(full)] for short, full in bound.where.items()],
            "domain": [[encode(symbol), encode(allowed)] for symbol, allowed in bound.domain.items()],
            "constraints": [[encode(c.lower), encode(c.upper), c.strict] for c in bound.constraints],
            "assumptions": list(bound.assumptions),
            "events": [[event.name, event.statement, event.subset, event.of] for event in bound.events],
            "split": [[bound.events.index(event), encode(fraction)] for event, fraction in bound.split],
            "confidence": encode(bound.confidence),
            "notes": dict(bound.notes),
            "unit": bound.unit,
            "trivial": None if bound.trivial is None else encode(bound.trivial),
            "conditions": [[name, encode(expr), encode(allowed)] for name, expr, allowed in bound.conditions],
            "replaced": {name: encode(expr) for name, expr in bound.replaced.items()},
            "ingredients": [_named(reference) for reference in bound.ingredients],
            "uniform": [encode(symbol) for symbol in bound.uniform],
        },
        indent=1,
    )


def read_fields(text: str) -> dict[str, Any]:
    """Return the fields of the statement that ``write_statement`` wrote.

    Raises
    ------
    InvalidInputError
        If the text is not such a bound.
    """
    try:
        return _fields(from_json(text, depth=_DEPTH, parts=_PARTS))
    except (
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        NotImplementedError,
        RecursionError,
    ) as error:
        raise InvalidInputError(f"not a bound written by to_json: {shortened(str(error), width=200)[1:-1]}") from error


#: How deeply a bound may be nested, and of how many parts it may be made: several times what the catalogue needs.
_DEPTH, _PARTS = 50, 4_000


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    check_entries(data, _ENTRIES)
    if data["boundcalc"] != 1:
        raise InvalidInputError(f"its version is {shortened(data['boundcalc'])}, expected 1")
    events = tuple(Event(*map(_text, event)) for event in data["events"])
    return {
        "theorem": _reference(data["theorem"]),
        "form": _text(data["form"]),
        "quantity": _expr(data["quantity"]),
        "relation": _one_of(data["relation"], RELATIONS),
        "parts": tuple((_text(label), _expr(part)) for label, part in data["parts"]),
        "where": _once((_read(short, sympy.Symbol), _expr(full)) for short, full in data["where"]),
        "domain": Domain(
            _once((_read(symbol, sympy.Symbol), _read(allowed, sympy.Set)) for symbol, allowed in data["domain"])
        ),
        "constraints": tuple(
            Constraint(_expr(low), _expr(high), strict is True) for low, high, strict in data["constraints"]
        ),
        "assumptions": tuple(map(_text, data["assumptions"])),
        "events": events,
        "split": tuple((events[place], _expr(fraction)) for place, fraction in data["split"]),
        "confidence": _expr(data["confidence"]),
        "notes": {_text(name): _text(note) for name, note in data["notes"].items()},
        "unit": _one_of(data["unit"], ("pairs", "examples", "tuples", "landmarks")),
        "trivial": None if data["trivial"] is None else _expr(data["trivial"]),
        "conditions": tuple(
            (_text(name), _expr(expr), _read(allowed, sympy.Set)) for name, expr, allowed in data["conditions"]
        ),
        "replaced": {_text(name): _expr(expr) for name, expr in data["replaced"].items()},
        "ingredients": tuple(map(_reference, data["ingredients"])),
        "uniform": tuple(_read(symbol, sympy.Symbol) for symbol in data["uniform"]),
    }


def _named(reference: Reference) -> dict[str, str]:
    return {name: value for name, value in vars(reference).items() if name != "doubt"}


#: What the record of a bound holds.
_ENTRIES = (
    "boundcalc", "theorem", "form", "quantity", "relation", "parts", "where", "domain", "constraints", "assumptions", "events",
    "split", "confidence", "notes", "unit", "trivial", "conditions", "replaced", "ingredients", "uniform",
)  # fmt: skip


def _reference(data: dict[str, Any]) -> Reference:
    """Return a reference to what a file says; what it says of itself is not believed."""
    return Reference(**{**{name: _text(value) for name, value in data.items()}, "doubt": _READ})


_READ = "read from a file: make the bound of its theorem again, or load the theorem, to have it checked"


def _once(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for symbol, meaning in pairs:
        if symbol in found:
            raise InvalidInputError(f"{symbol} is given twice")
        found[symbol] = meaning
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:80]} is no text")
    return value


def _one_of(value: Any, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise ValueError(f"{str(value)[:80]} is none of {', '.join(allowed)}")
    return str(value)


def _read(data: Any, kind: type) -> Any:
    node = decode(data)
    if not isinstance(node, kind):
        raise TypeError(f"{str(node)[:80]} is no {kind.__name__}")
    return node


def _expr(data: Any) -> sympy.Expr:
    return _read(data, sympy.Expr)
