"""Table 1 of the primary source: 18 works, six properties, and the entries here that carry each work.

Rows, columns and marks are the source's, read from ``table1.csv``; keys and remarks are ours, and stand beside its marks.

>>> from boundcalc.catalogue.table1 import COLUMNS, ROWS
>>> len(ROWS), len(COLUMNS), ROWS[-1].work
(18, 6, 'Zhou, Zhang, Liu 2026')
>>> ROWS[-2].cells["modality subset hierarchy"].mark, ROWS[-2].keys
('yes', ('nakada2023.feature_recovery',))
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from boundcalc.frozen import Frozen

__all__ = ["COLUMNS", "ROWS", "Cell", "Work"]

#: What the table calls its own source.
_OWN = "This Paper"


@dataclass(frozen=True)
class Cell:
    """One mark as the source has it, ``yes`` or ``no``, and our remark where it can be disputed."""

    mark: str
    remark: str = ""


@dataclass(frozen=True)
class Work(Frozen):
    """One row.

    Attributes
    ----------
    work : str
        The work, as the source cites it.
    cells : mapping of str to Cell
        One cell for each of ``COLUMNS``.
    keys : tuple of str
        The entries of the catalogue that carry it.
    """

    work: str
    cells: Mapping[str, Cell]
    keys: tuple[str, ...]

    @property
    def pages(self) -> tuple[str, ...]:
        """The documentation's pages of these entries."""
        return tuple(f"{key}.html" for key in self.keys)


def _keys(work: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{work}.{name}" for name in names)


#: Which entries carry a work, by its name in the table.
_KEYS: dict[str, tuple[str, ...]] = {
    "Weinberger et al. (2005)": _keys("weinberger2005", "triplets"),
    "Jin et al. (2009)": _keys("comparators", "stability"),
    "Ying and Campbell (2009)": _keys("ying2009", "chaos", "bandwidth"),
    "Kar and Jain (2011)": _keys("kar2011", "landmarks"),
    "Bellet and Habrard (2015)": _keys("comparators", "robustness"),
    "Perrot and Habrard (2015)": (*_keys("comparators", "source_stability"), *_keys("perrot2015", "on_average")),
    "Lei and Ying (2016)": _keys("comparators", "group_ball"),
    "Cao et al. (2016)": _keys("comparators", "frobenius_ball", "l1_ball", "trace_ball", "l21_ball"),
    "Huusari et al. (2018)": _keys("huusari2018", "pointwise"),
    "Saunshi et al. (2019)": _keys("saunshi2019", "mean_classifier"),
    "Tsai et al. (2020)": _keys("tsai2020", "bayes_error"),
    "Huang et al. (2021)": _keys("huang2021", "risk_gap", "latent_quality", "extra_modality", "simulation"),
    "Zolfaghari et al. (2021)": _keys("zolfaghari2021", "contrastive"),
    "Tosh et al. (2021)": _keys("tosh2021", "redundancy", "landmarks", "direct"),
    "Lee et al. (2021)": _keys("lee2021", "approximation"),
    "Lu (2023)": _keys("lu2023", "two_stage"),
    "Nakada et al. (2023)": _keys("nakada2023", "feature_recovery"),
    _OWN: _keys(
        "zhou2026",
        *("hierarchy", "decoupled_deviation", "risk_gap", "latent_quality", "metric_complexity", "monotone_risk"),
        *("risk_reduction", "nonpositive_gap"),
    ),
}

_DECOUPLING = "dependency decoupling"
_MULTIMODAL = "pairwise multimodal paradigm"
_HIERARCHY = "modality subset hierarchy"
_GAIN = "risk reduction lower bound"

#: Where a mark can be disputed, and why.
_REMARKS: dict[tuple[str, str], str] = {
    ("Weinberger et al. (2005)", _MULTIMODAL): "triplets of one representation; several modalities are ours to add",
    ("Jin et al. (2009)", _DECOUPLING): "by uniform stability: no pair is replaced by an independent one",
    ("Bellet and Habrard (2015)", _DECOUPLING): "by frequencies of cells: no pair is replaced by an independent one",
    ("Perrot and Habrard (2015)", _DECOUPLING): "by uniform stability: no pair is replaced by an independent one",
    ("Kar and Jain (2011)", _DECOUPLING): "its landmark pairs are drawn independently: there is nothing to decouple",
    ("Huusari et al. (2018)", _MULTIMODAL): "its theorem is of a pointwise vector-valued classifier over several views",
    ("Saunshi et al. (2019)", _MULTIMODAL): "tuples of one modality",
    ("Saunshi et al. (2019)", _DECOUPLING): "its tuples are drawn independently: there is nothing to decouple",
    ("Tsai et al. (2020)", _MULTIMODAL): "its two views are paired, though its statements are in nats",
    ("Tosh et al. (2021)", _HIERARCHY): "its Lemma 1 is the price of leaving out one of two views",
    ("Nakada et al. (2023)", _HIERARCHY): "common features of two modalities; no subset is compared with a larger one",
    (_OWN, _HIERARCHY): "inclusion is proved; that it is strict is refuted",
    (_OWN, _GAIN): "the bound as claimed is refuted (zhou2026.risk_reduction, form paper); the repaired one has Delta",
}


def _read() -> tuple[tuple[str, ...], tuple[Work, ...]]:
    """Return the columns and the rows of the data file."""
    text = files("boundcalc.catalogue").joinpath("table1.csv").read_text(encoding="utf-8")
    (_, *columns), *lines = csv.reader(text.splitlines())
    rows = []
    for work, *marks in lines:
        found = zip(columns, marks, strict=True)
        cells = {column: Cell(mark, _REMARKS.get((work, column), "")) for column, mark in found}
        rows.append(Work("Zhou, Zhang, Liu 2026" if work == _OWN else work, cells, _KEYS[work]))
    return tuple(columns), tuple(rows)


COLUMNS, ROWS = _read()
