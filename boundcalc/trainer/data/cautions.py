"""What has to be known of a data set before a guarantee about it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boundcalc.trainer.data.labels import told_of_rare

__all__ = ["cautions", "caveat", "units"]


def units(facts: Mapping[str, Any]) -> str:
    """Return what is counted: rows, or the groups that they come in."""
    return "groups" if facts.get("groups") else "rows"


def cautions(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence for each sign that the rows are no independent sample, or say little of a class.

    Parameters
    ----------
    facts : mapping of str to object
        What ``Measurements.facts`` or ``PilotMeasurement.facts`` says of the data.

    Examples
    --------
    >>> cautions({"duplicate_rows": 1})[0][:27]
    '1 row repeats another one: '
    """
    said = []
    if count := facts.get("duplicate_rows") or 0:
        which = "1 row repeats" if count == 1 else f"{count:,} rows repeat"
        said.append(
            f"{which} another one: if the data were copied, examples are not independent and no guarantee holds; held-out "
            "values look too good."
        )
    if rare := facts.get("rare_classes"):
        told = told_of_rare(rare)
        said.append(f"{told[0].upper()}{told[1:]}.")
    if groups := facts.get("groups"):
        said.append(
            f"Rows come in {sum(groups.values()):,} groups: n counts groups, pairs are of different groups, and a guarantee is "
            "about two new groups and a random row of each (the average over their rows)."
        )
        return tuple(said)
    if (share := facts.get("near_copies") or 0.0) >= _MANY:
        said.append(
            f"{100 * share:.0f} % of the rows have a near copy: if several rows belong to one patient, speaker or product, they "
            "are not independent and no guarantee holds; say so by groups."
        )
    if columns := facts.get("like_identities"):
        said.append(
            f"{', '.join(columns)} looks like an identity (each value fills one block of rows): if rows of one value belong "
            "together, give it as groups and not as a feature."
        )
    return tuple(said)


def caveat(facts: Mapping[str, Any]) -> str:
    """Return what has to stand beside the first sentence: that many rows are like copies of others, without groups.

    Examples
    --------
    >>> caveat({"rows": 100, "duplicate_rows": 1})
    ''
    """
    copies = max((facts.get("duplicate_rows") or 0) / facts.get("rows", 1), facts.get("near_copies") or 0.0)
    if facts.get("groups") or copies < _MANY:
        return ""
    return f" But {100 * copies:.0f} % of the rows repeat another one or nearly do: no guarantee holds if they belong together."


#: The share of near copies from which on one wonders.
_MANY = 0.05
