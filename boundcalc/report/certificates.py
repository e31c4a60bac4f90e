"""What the held-out rows certify, as a sentence and as a table."""

from __future__ import annotations

from collections.abc import Sequence

from boundcalc.certification.certificate import Certificate
from boundcalc.guarantees.certified import Certified
from boundcalc.show.rounding import outwards, percent, rounded_up
from boundcalc.show.tables import Table

__all__ = ["certificate_sentence", "certificate_tables"]

_KINDS = {"transport": "new pairs", "gallery": "new rows against the stored ones"}


def certificate_sentence(lines: Sequence[Certified], *, delta: float) -> str:
    """Return the smallest certificate of a pair error in one sentence; empty where nothing was certified."""
    errors = [line for line in lines if line.certificate.kind == "transport"]
    if not errors:
        return ""
    best = min(errors, key=lambda line: line.certificate.value)
    found = best.certificate
    tail = " This says no more than the constant rule." if found.vacuous else ""
    return (
        f"On new pairs of this kind the {found.quantity} is at most {rounded_up(found.value)} ({percent(1 - delta)}) with "
        f"{best.subset}, measured {found.error:.3f} on {_held_out(found)}; a constant rule has "
        f"{found.constant:.3f}.{tail}"
    )


def certificate_tables(lines: Sequence[Certified], *, delta: float) -> tuple[Table, ...]:
    """Return a table with one row for each certificate, and in words what they say together; none without any."""
    if not lines:
        return ()
    rows = []
    for line in lines:
        found = line.certificate
        what = f"gain over {line.against}" if line.against else _KINDS[found.kind]
        value = outwards(found.value, ">=", digits=3) if found.lower else rounded_up(found.value)
        bound = f"{'>=' if found.lower else '<='} {value}" + ("*" if found.vacuous else "")
        rows.append((line.subset, what, found.error, bound, found.constant, f"{found.delta:.4g}"))
    notes = [
        f"Errors on new pairs hold for all subsets at once with probability at least {1 - delta:g} over the "
        f"{_held_out(lines[0].certificate)}, which are taken as independent draws of one population: delta is paid "
        "for the subset with the smallest training error first. Each gain (share of wrong pairs, in an order fixed on the "
        "training part) and the line on stored rows is a statement of its own at delta.",
        *(
            f"Fixed before the held-out rows were looked at: {what}."
            for what in lines[0].certificate.recipe["fixed"][1:2]
        ),
        "* says no more than the constant rule (a gain: than 0).",
        *lines[0].certificate.cautions,
    ]
    names = ("subset", "about", "measured", "certified", "const. rule", "delta")
    return (Table(names, rows, title="What the held-out rows certify", notes=notes),)


def _held_out(one: Certificate) -> str:
    """Say how many independent units were held out, and how many rows they have."""
    return (
        f"{one.rows:,} held-out rows" if one.units == one.rows else f"{one.units:,} held-out groups ({one.rows:,} rows)"
    )
