"""Bounds as JSON without loss; what is read is decoded node by node and never evaluated as code."""

from __future__ import annotations

import json
from typing import Any

from boundcalc.errors import InvalidInputError
from boundcalc.language.expressions import decode, encode
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
            "theorem": vars(bound.theorem),
            "form": bound.form,
            "quantity": encode(bound.quantity),
            "relation": bound.relation,
            "parts": [[label, encode(part)] for label, part in bound.parts],
            "where": [[encode(short), encode(full)] for short, full in bound.where.items()],
            "domain": [[encode(symbol), encode(allowed)] for symbol, allowed in bound.domain.items()],
            "constraints": [[encode(c.lower), encode(c.upper), c.strict] for c in bound.constraints],
            "assumptions": list(bound.assumptions),
            "events": [[event.name, event.statement, event.subset] for event in bound.events],
            "split": [[bound.events.index(event), encode(fraction)] for event, fraction in bound.split],
            "confidence": encode(bound.confidence),
            "notes": dict(bound.notes),
            "unit": bound.unit,
            "trivial": None if bound.trivial is None else encode(bound.trivial),
            "conditions": [[name, encode(expr), encode(allowed)] for name, expr, allowed in bound.conditions],
            "replaced": {name: encode(expr) for name, expr in bound.replaced.items()},
            "ingredients": [vars(reference) for reference in bound.ingredients],
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
        data = json.loads(text)
        events = tuple(Event(name, statement, subset) for name, statement, subset in data["events"])
        return dict(
            theorem=Reference(**data["theorem"]),
            form=data["form"],
            quantity=decode(data["quantity"]),
            relation=data["relation"],
            parts=tuple((label, decode(part)) for label, part in data["parts"]),
            where={decode(short): decode(full) for short, full in data["where"]},
            domain=Domain({decode(symbol): decode(allowed) for symbol, allowed in data["domain"]}),
            constraints=tuple(
                Constraint(decode(low), decode(high), strict) for low, high, strict in data["constraints"]
            ),
            assumptions=tuple(data["assumptions"]),
            events=events,
            split=tuple((events[place], decode(fraction)) for place, fraction in data["split"]),
            confidence=decode(data["confidence"]),
            notes=data["notes"],
            unit=data["unit"],
            trivial=None if data["trivial"] is None else decode(data["trivial"]),
            conditions=tuple((name, decode(expr), decode(allowed)) for name, expr, allowed in data["conditions"]),
            replaced={name: decode(expr) for name, expr in data["replaced"].items()},
            ingredients=tuple(Reference(**reference) for reference in data["ingredients"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInputError(f"not a bound written by to_json: {error}") from error
