"""Signs that rows are no independent draws, which no certificate survives: copies, and neighbours that are too alike."""

from __future__ import annotations

import numpy as np

from boundcalc.certification.reading import Request
from boundcalc.certification.sources import Distances, listed_distances

__all__ = ["signs_of_dependence"]

#: Rows that are looked at, and the chance at which neighbours are called too alike.
_ROWS = 2_000
_CHANCE = 1e-4


def signs_of_dependence(request: Request) -> tuple[str, ...]:
    """Return a sentence for each sign, none of dependence where groups are given, and for each doubt about the labels."""
    if request.distances is None or request.groups is not None:
        return request.notes
    rows = np.arange(min(request.codes.size, _ROWS))
    return (
        *request.notes,
        *_copies(request.distances, rows),
        *_neighbours(request.distances, request.codes[rows], rows),
    )


def _copies(distances: Distances, rows: np.ndarray) -> list[str]:
    if distances.copies is not None:  # probabilities of the classes may be 0 and 1, to all digits, for rows that differ
        return _said(distances.copies(rows), "the same as an earlier one")
    between = distances.between(rows, rows)
    if distances.sign < 0:  # no score says what the same row would have, so that its scores with all rows are compared
        count, what = rows.size - len({row.tobytes() for row in between}), "scored with all rows as an earlier one is"
    else:
        count = int(np.tril(between <= distances.tie, -1).any(axis=1).sum())
        what = "at distance 0 from an earlier one"
    return _said(count, what)


def _said(count: int, what: str) -> list[str]:
    if not count:
        return []
    which = "1 row is" if count == 1 else f"{count:,} rows are"
    return [f"{which} {what}; if rows were copied, or belong together, they are not independent: give groups="]


def _neighbours(distances: Distances, codes: np.ndarray, rows: np.ndarray) -> list[str]:
    """Compare rows that follow each other with rows of the same label further apart: a sign test of their order."""
    first = rows[:-1][codes[:-1] == codes[1:]]
    order = np.argsort(codes, kind="stable")
    # A partner of the same label half a class away.
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    starts, sizes = np.unique(codes[order], return_index=True)[1], np.bincount(codes)
    sizes = sizes[sizes > 0]
    kind = np.searchsorted(np.unique(codes), codes)
    inside = place - starts[kind]
    far = order[starts[kind] + (inside + sizes[kind] // 2) % sizes[kind]]
    first = first[(sizes[kind][first] >= 4)]
    if first.size < 20:
        return []
    near = listed_distances(distances, np.column_stack([first, first + 1]))
    apart = listed_distances(distances, np.column_stack([first, far[first]]))
    closer, different = int((near < apart).sum()), int((near != apart).sum())
    # Each of these is as likely as not for independent rows; neighbours share rows, so only every other one is counted on.
    if different and closer - 0.5 * different > np.sqrt(-np.log(_CHANCE) * different):
        return [
            f"of rows of one label, those that follow each other are closer than others ({closer:,} of {different:,} times); if "
            "they come from one person or recording, they are not independent: give groups="
        ]
    return []
