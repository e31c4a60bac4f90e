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

from boundcalc.frozen import Frozen

__all__ = ["COLUMNS", "ROWS", "UNKNOWN", "Cell", "Work"]

Mark = Literal["yes", "no", "?"]
Known = dict[str, tuple[Mark, str]]

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
class Work(Frozen):
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


def _row(work: str, keys: tuple[str, ...], known: Known, note: str = "constants derived here") -> Work:
    assert known.keys() <= set(COLUMNS)
    return Work(work, dict.fromkeys(COLUMNS, UNKNOWN) | {name: Cell(*cell) for name, cell in known.items()}, keys, note)


_PAIRS: Known = {"pairwise paradigm": ("yes", "its subject is learning a metric from pairs")}
_ONE_REPRESENTATION: Known = _PAIRS | {
    "subset hierarchy": ("no", "one representation: there are no modalities to leave out"),
    "latent quality": ("no", "the metric acts on given features; no latent mapping is compared with a best one"),
    "risk-reduction lower bound": ("no", "upper bounds on the risk of one class only"),
}

ROWS: tuple[Work, ...] = (
    _row(
        "Zhou, Zhang, Liu 2026",
        (
            "zhou2026.hierarchy",
            "zhou2026.risk_gap",
            "zhou2026.latent_quality",
            "zhou2026.metric_complexity",
            "zhou2026.risk_reduction",
        ),
        {
            "pairwise paradigm": ("yes", "its title"),
            "subset hierarchy": ("yes", "Theorem 3.8"),
            "latent quality": ("yes", "Theorem 3.14"),
            "dependency decoupling": ("yes", "Lemma 3.11, Theorem 3.12"),
            "granularity-aware complexity": ("yes", "Theorem 3.18"),
            "risk-reduction lower bound": (
                "yes",
                "Theorem 3.20, as claimed; refuted without a further assumption",
            ),
        },
        note="the source itself; whether it is one of the 18 rows is not known to us",
    ),
    _row(
        "Huang et al. 2021",
        ("huang2021.risk_gap", "huang2021.latent_quality"),
        {
            "pairwise paradigm": ("no", "single examples"),
            "subset hierarchy": ("yes", "its Theorem 1 compares a modality subset with a smaller one"),
            "latent quality": ("yes", "its Theorem 2"),
            "dependency decoupling": ("no", "single examples are independent: there is nothing to decouple"),
        },
        note="constants known from a secondary source",
    ),
    _row("Jin, Wang, Zhou 2009", ("comparators.stability",), _ONE_REPRESENTATION),
    _row("Perrot, Habrard 2015", ("comparators.source_stability",), _ONE_REPRESENTATION),
    _row("Bellet, Habrard 2015", ("comparators.robustness",), _ONE_REPRESENTATION),
    _row(
        "Cao, Guo, Ying 2016",
        tuple(f"comparators.{norm}_ball" for norm in ("frobenius", "l1", "trace", "l21")),
        _ONE_REPRESENTATION | {"dependency decoupling": ("yes", "pairs are averaged over floor(n/2) independent ones")},
    ),
    _row("Lei, Ying 2016", ("comparators.group_ball",), _PAIRS),
    _row(
        "Huusari, Kadri, Capponi 2018",
        ("comparators.kernel_ball",),
        {},
        note="constants derived here; the multi-view kernel",
    ),
    *(Work(None, note="which work this is did not reach us; no entry carries it yet") for _ in range(10)),
)
