"""Table 1 of the primary source as data: which work has which of six properties, and which entry here carries it.

The table's own rows and marks did not reach us, only that it has 18 rows and these six columns. A row is named when the
work is known to be in it, a cell is filled when what the work is publicly known for supports it; everything else says
that it is not known.

>>> from boundcalc.catalogue.table1 import COLUMNS, ROWS
>>> len(ROWS), len(COLUMNS), sum(row.work is None for row in ROWS)
(18, 6, 10)
>>> ROWS[0].work, ROWS[0].cells["subset hierarchy"].mark
('Zhou, Zhang, Liu 2026', 'yes')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["COLUMNS", "ROWS", "UNKNOWN", "Cell", "Row"]

Mark = Literal["yes", "no", "?"]

COLUMNS: tuple[str, ...] = (
    "pairwise paradigm",
    "subset hierarchy",
    "latent quality",
    "dependency decoupling",
    "granularity-aware complexity",
    "risk-reduction lower bound",
)


@dataclass(frozen=True)
class Cell:
    """One mark and what it rests on."""

    mark: Mark
    why: str


UNKNOWN = Cell("?", "not known to us: the table's marks did not reach us")


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes
    ----------
    work : str or None
        The work, or None where we do not know which it is.
    cells : mapping of str to Cell
        One cell for each of ``COLUMNS``.
    keys : tuple of str
        The entries of the catalogue that carry its technique.
    note : str
    """

    work: str | None
    cells: Mapping[str, Cell] = field(default_factory=lambda: dict.fromkeys(COLUMNS, UNKNOWN))
    keys: tuple[str, ...] = ()
    note: str = ""


def _row(work: str, *keys: str, note: str = "constants derived here", **known: tuple[Mark, str]) -> Row:
    names = {column.replace(" ", "_").replace("-", "_"): column for column in COLUMNS}
    cells = dict.fromkeys(COLUMNS, UNKNOWN) | {names[name]: Cell(*cell) for name, cell in known.items()}
    return Row(work, cells, keys, note)


_BALLS = ("frobenius_ball", "l1_ball", "trace_ball", "l21_ball")
_PAIRS: tuple[Mark, str] = ("yes", "its subject is learning a metric from pairs")

ROWS: tuple[Row, ...] = (
    _row(
        "Zhou, Zhang, Liu 2026",
        *(
            f"zhou2026.{name}"
            for name in ("hierarchy", "risk_gap", "latent_quality", "metric_complexity", "risk_reduction")
        ),
        note="the source itself; whether it is one of the 18 rows is not known to us",
        pairwise_paradigm=("yes", "its title"),
        subset_hierarchy=("yes", "Theorem 3.8"),
        latent_quality=("yes", "Theorem 3.14"),
        dependency_decoupling=("yes", "Lemma 3.11, Theorem 3.12"),
        granularity_aware_complexity=("yes", "Theorem 3.18"),
        risk_reduction_lower_bound=("yes", "Theorem 3.20, as claimed; refuted without a further assumption"),
    ),
    _row(
        "Huang et al. 2021",
        "huang2021.risk_gap",
        "huang2021.latent_quality",
        note="constants known from a secondary source",
        pairwise_paradigm=("no", "single examples"),
        subset_hierarchy=("yes", "its Theorem 1 compares a modality subset with a smaller one"),
        latent_quality=("yes", "its Theorem 2"),
        dependency_decoupling=("no", "single examples are independent: there is nothing to decouple"),
    ),
    _row("Jin, Wang, Zhou 2009", "comparators.stability", pairwise_paradigm=_PAIRS),
    _row("Perrot, Habrard 2015", "comparators.source_stability", pairwise_paradigm=_PAIRS),
    _row("Bellet, Habrard 2015", "comparators.robustness", pairwise_paradigm=_PAIRS),
    _row("Cao, Guo, Ying 2016", *(f"comparators.{name}" for name in _BALLS), pairwise_paradigm=_PAIRS),
    _row("Lei, Ying 2016", "comparators.group_ball", pairwise_paradigm=_PAIRS),
    _row(
        "Huusari, Kadri, Capponi 2018", "comparators.kernel_ball", note="constants derived here; the multi-view kernel"
    ),
    *(Row(None, note="which work this is did not reach us; no entry carries it yet") for _ in range(10)),
)
