"""What has to be known of a data set before a guarantee about it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["cautions"]


def cautions(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence for each sign that the rows are no independent sample.

    Parameters
    ----------
    facts : mapping of str to object
        What ``Measurements.facts`` or ``PilotMeasurement.facts`` says of the data.

    Examples
    --------
    >>> cautions({"duplicate_rows": 1})[0][:27]
    '1 row repeats another one: '
    """
    count = facts.get("duplicate_rows") or 0
    if not count:
        return ()
    which = "1 row repeats" if count == 1 else f"{count:,} rows repeat"
    return (
        f"{which} another one: if the data were copied, examples are not independent and no guarantee holds; held-out "
        "values look too good.",
    )
