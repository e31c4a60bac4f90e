"""What the held-out rows certify, as sentences, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from boundcalc.certification.certificate import Certificate
from boundcalc.guarantees.certified import Certified
from boundcalc.report.plots import finish
from boundcalc.show.axes import PALETTE
from boundcalc.show.rounding import confidence, holding, outwards, rounded_up
from boundcalc.show.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["certificate_sentence", "certificate_tables", "draw_certificates", "errors_of_pairs"]

_KINDS = {"transport": "new pairs", "verification": "new classes", "gallery": "new rows against the stored ones"}


def errors_of_pairs(lines: Sequence[Certified]) -> list[Certified]:
    """Return the certificates of errors on new pairs, which hold together."""
    return [line for line in lines if line.certificate.kind == "transport"]


def certificate_sentence(lines: Sequence[Certified], *, delta: float) -> str:
    """Return the smallest certificate of a pair error, what modalities gain at least, and the stored rows; empty without any."""
    errors = errors_of_pairs(lines)
    if not errors:
        return ""
    best = min(errors, key=lambda line: line.certificate.value)
    found = best.certificate
    tail = " This says no more than the constant rule." if found.vacuous else ""
    said = (
        f"On new pairs of this kind the {found.quantity} is at most {rounded_up(found.value)} ({confidence(delta)}) with "
        f"{best.subset}, measured {found.error:.3f} on {_held_out(found)}; a constant rule has "
        f"{found.constant:.3f}.{tail}"
    )
    for line in (line for line in lines if line.certificate.kind == "rate"):
        rate = line.certificate
        told = "" if line.subset == best.subset else f" of {line.subset}"
        said = (
            f"At the threshold{told} that was chosen for it the {rate.quantity} is at most {rounded_up(rate.value)} "
            f"({confidence(rate.delta)}), measured {rate.error:.3f}. {said}"
        )
    gains = [line for line in lines if line.against and not line.certificate.vacuous]
    if gains:
        each = ", ".join(f"{_gained(line)} less than {line.against}" for line in gains)
        said += f" In the share of wrong pairs {gains[0].subset} has at least {each}."
    return said


def _gained(line: Certified) -> str:
    return f"{outwards(line.certificate.value, '>=', digits=3):.3g}"


def certificate_tables(lines: Sequence[Certified], *, delta: float) -> tuple[Table, ...]:
    """Return a table with one row for each certificate, and in words what they say together; none without any."""
    if not lines:
        return ()
    rows = []
    for line in lines:
        found = line.certificate
        what = f"gain over {line.against}" if line.against else _KINDS.get(found.kind, found.quantity)
        value = f">= {_gained(line)}" if found.lower else f"<= {rounded_up(found.value)}"
        rows.append((line.subset, what, found.error, value + "*" * found.vacuous, found.constant, f"{found.delta:.4g}"))
    first = lines[0].certificate
    notes = [
        f"About new pairs: {first.recipe['target']}. All these lines hold at once with probability at least "
        f"{holding(delta)} over the {_held_out(first)}, which are taken as independent draws of one population; most of delta "
        "is paid for the subset with the smallest training error.",
        "Each gain (share of wrong pairs, in an order fixed on the training part, up to the first that certifies nothing) and "
        "the line on stored rows is a statement of its own at delta.",
        f"Fixed before the held-out rows were looked at: {'; '.join(first.recipe['fixed'])}.",
        *(
            f"About {_KINDS.get(line.certificate.kind, line.certificate.quantity)}, a statement of its own at delta: "
            f"{line.certificate.recipe['statement']} Fixed in advance: "
            f"{'; '.join(line.certificate.recipe['fixed'])}."
            for line in lines
            if line.certificate.kind in ("verification", "rate")
        ),
        "* says no more than the constant rule (a gain: than 0).",
        *(f"Caution: {caution}." for caution in first.cautions),
    ]
    names = ("subset", "about", "measured", "certified", "const. rule", "delta")
    return (Table(names, rows, title="What the held-out rows certify", notes=notes),)


def _held_out(one: Certificate) -> str:
    """Say how many independent units were held out, and how many rows they have."""
    return (
        f"{one.rows:,} held-out rows" if one.units == one.rows else f"{one.units:,} held-out groups ({one.rows:,} rows)"
    )


def draw_certificates(lines: Sequence[Certified], *, delta: float, axes: Axes) -> Axes:
    """Draw the error of every subset with its certificate and the constant rule, the smallest certificate on top.

    Parameters
    ----------
    lines : sequence of Certified
    delta : float
        What all of them together fail with.
    axes : matplotlib axes
    """
    shown = sorted(errors_of_pairs(lines), key=lambda line: line.certificate.value)
    found = [line.certificate for line in shown]
    places = np.arange(len(found))[::-1]
    errors, values = np.array([one.error for one in found]), np.array([one.value for one in found])
    axes.barh(places, values - errors, left=errors, height=0.5, color=PALETTE[5], label="up to the certificate")
    axes.plot(errors, places, "o", color=PALETTE[0], label="measured")
    for place, one in zip(places, found, strict=True):
        said = rounded_up(one.value, digits=3)
        axes.annotate(said, (one.value, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.axvline(found[0].constant, color="0.35", linestyle="--", linewidth=1, label="constant rule")
    axes.set_yticks(places, [line.subset.replace("+", "+\n") for line in shown], fontsize=8)
    limits = {"xlim": (0, 1.15 * max(values.max(), found[0].constant)), "ylim": (-0.6, len(found) - 0.4)}
    title = f"{_held_out(found[0])}, together {confidence(delta)}"
    place = {"fontsize": 8, "loc": "upper center", "bbox_to_anchor": (0.5, -0.14), "ncol": 3}
    return finish(axes, legend=place, xlabel=found[0].quantity, title=title, **limits)
