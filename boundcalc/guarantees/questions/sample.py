"""The rows that a question is asked of: half of them fit what is fixed before, half are asked; and the planted law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.show.tables import Table
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.measure.estimates import CERTIFIED, ESTIMATED, Entry, Estimates

__all__ = ["PLANTED", "Array", "Codes", "Found", "Sample", "class_means", "named_values", "planted", "read_sample"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
#: What a question returns: sentence, tables, what was measured.
Found = tuple[str, tuple[Table, ...], Estimates]

PLANTED = "planted"
#: A modality with no more different rows than this is taken as it is; any other is read by the class whose mean is nearest.
_FEW = 32


def planted() -> ModalityData:
    """Return every row of the planted law once: they are equally likely.

    Modality ``a`` shows the label's two bits and a nuisance; ``b`` shows the nuisance and the first bit, turned with chance 1/8.
    Both have mean 0, the cross-covariance rank 2 and singular values 3/4 and 16/25.

    Returns
    -------
    ModalityData
        256 rows, four labels.
    """
    u, w, nuisance, own, other, *turns = np.array(list(product((-1.0, 1.0), repeat=8))).T
    seen = np.where(np.stack(turns).min(axis=0) > 0, -u, u)
    a, b = (
        np.stack([u, 0.8 * w, 0.8 * nuisance, 0.3 * own], axis=1),
        np.stack([seen, 0.8 * nuisance, 0.3 * other], axis=1),
    )
    return ModalityData({"a": a, "b": b}, (2 * (u > 0) + (w > 0)).astype(int), name=PLANTED)


@dataclass(frozen=True)
class Sample(Frozen):
    """Rows that have every modality, in random order: the first half fits what has to be fixed before, the second is asked."""

    blocks: Mapping[str, Array]
    labels: Codes
    names: tuple[str, ...]
    title: str

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.labels)

    @property
    def half(self) -> int:
        """The rows that fit; the others are asked."""
        return self.size // 2

    @cached_property
    def views(self) -> dict[str, Codes]:
        """Each modality as one value for each asked row: its rows if these are few, else the class whose mean is nearest."""
        return {name: self._codes(block) for name, block in self.blocks.items()}

    def _codes(self, block: Array) -> Codes:
        values, codes = np.unique(block, axis=0, return_inverse=True)
        if len(values) <= _FEW:
            return codes.ravel()[self.half :]
        means = class_means(block[: self.half], self.labels[: self.half])
        return np.linalg.norm(block[self.half :, None] - means, axis=2).argmin(axis=1)

    @property
    def asked(self) -> Codes:
        """The labels of the asked rows."""
        return self.labels[self.half :]

    def joined(self, names: Any) -> Array:
        """Return modalities side by side."""
        return np.hstack([self.blocks[name] for name in names])


def read_sample(data: ModalityData, rows: Codes, *, scaled: bool) -> Sample:
    """Return the whole rows among these, one of each group, scaled by what the first half shows."""
    blocks = {name: np.asarray(data.arrays[name], dtype=float) for name in data.names}
    whole = data.present.all(axis=1) & np.all([np.isfinite(block).all(axis=1) for block in blocks.values()], axis=0)
    rows = rows[whole[rows]]
    if data.groups is not None:
        rows = rows[np.sort(np.unique(data.groups[rows], return_index=True)[1])]
    found = {}
    for name, block in blocks.items():
        part, first = block[rows], block[rows[: len(rows) // 2]]
        kept = np.ptp(first, axis=0) > 0
        found[name] = ((part - first.mean(axis=0))[:, kept] / first.std(axis=0)[kept]) if scaled else part
    classes, labels = np.unique(data.codes[rows], return_inverse=True)
    return Sample(found, labels, tuple(str(one) for one in data.classes[classes]), data.name or "data")


def class_means(rows: Array, labels: Codes) -> Array:
    """Return the mean of each class; one without rows is nobody's."""
    return np.stack([rows[labels == one].mean(axis=0) if (labels == one).any() else np.full(rows.shape[1], np.inf)
                     for one in range(labels.max() + 1)])  # fmt: skip


def named_values(title: str, certified: tuple[str, ...] = (), /, **values: Any) -> Estimates:
    """Return named values with their meanings: certified where they are known in advance or hold by construction."""
    entries = [
        Entry(name, value, meaning, CERTIFIED if name in certified else ESTIMATED)
        for name, (value, meaning) in values.items()
    ]
    return Estimates(tuple(entries), title)
