"""Pages on the works behind the catalogue: Table 1 of the primary source, the ledger of fidelity, and what else exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boundcalc.catalogue import REGISTRY
from boundcalc.catalogue.fidelity import FIDELITY, rests_on
from boundcalc.catalogue.neighbours import NEIGHBOURS
from boundcalc.catalogue.table1 import COLUMNS, ROWS, Cell
from boundcalc.report.theorem_page import linked
from boundcalc.show.html import Markup, items, join, tag
from boundcalc.show.tables import Table

__all__ = ["ledger", "neighbours", "table1"]

_WORDS = (
    "Quoted: read in the work's own text. Secondary: as another work quotes it. Reconstructed: the work's structure with "
    "constants that did not reach us from it. Derived: proved here, with our constants."
)


def _links(keys: tuple[str, ...]) -> Markup:
    return join([tag("a", key, href=f"{key}.html") for key in keys], Markup(", "))


def table1() -> list[Any]:
    """Return Table 1 with the source's marks, our remarks beside them, and links to what carries each work."""

    def mark(cell: Cell) -> Any:
        return [cell.mark, tag("br"), tag("small", cell.remark)] if cell.remark else cell.mark

    rows = [(row.work, *(join(mark(row.cells[column])) for column in COLUMNS), _links(row.keys)) for row in ROWS]
    words = "The marks are the source's own. Where one can be disputed, our remark stands below it."
    table = Table(("work", *COLUMNS, "entries"), rows, style="stacked").html()
    return [tag("p", words), table]


def ledger(verdicts: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return the ledger: for each entry where its forms come from, what agrees, differs, is not claimed, and what it rests on.

    Parameters
    ----------
    verdicts : mapping of str to mapping
        The checker's reports as plain data, by key.
    """
    rows = []
    for key, entry in REGISTRY.items():
        said = FIDELITY.get(key)
        forms = [
            [
                name,
                ": ",
                form.provenance,
                ", ",
                verdicts[key]["forms"].get(name, {}).get("verdict", "not checked"),
                tag("br"),
            ]
            for name, form in entry.variants.items()
        ]
        shared = (
            [f"agrees: {said.agrees}", f"differs: {said.differs}", f"not claimed: {said.unclaimed}"] if said else []
        )
        rows.append(
            (
                join([tag("a", entry.title, href=f"{key}.html"), tag("br"), tag("code", key)]),
                join(forms),
                items(shared) if shared else "a statement of our own, or a lemma in its usual form",
                join([linked(one) for one in rests_on(key)] or ["its own steps"], tag("br")),
            )
        )
    head = ("entry", "forms: provenance, verdict", "beside the work", "rests on")
    return [tag("p", _WORDS, class_="note"), Table(head, rows, style="stacked").html()]


def neighbours() -> list[Any]:
    """Return the recent works that the catalogue does not carry."""
    rows = [[linked(str(source)), ": ", words, "."] for source, words in NEIGHBOURS]
    return [items(rows)]
