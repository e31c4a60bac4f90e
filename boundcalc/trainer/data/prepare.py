"""From raw data to normalised parts: split, preprocessing, pair weights and independent pairs, each drawn once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.language.records import check_entries, rebuild
from boundcalc.trainer.data.encoding import Encoding
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.normalise import Normaliser
from boundcalc.trainer.data.splits import Split, draw_pairs, draw_split, similar_share
from boundcalc.trainer.measure.settings import HEAVIEST, Settings
from boundcalc.trainer.risk.erm import Problem
from boundcalc.trainer.risk.losses import round_up
from boundcalc.trainer.risk.pairs import AllPairs, PairSource
from boundcalc.trainer.risk.structures import Structure, make_structure

__all__ = ["Prepared", "balanced_weights", "checked_facts", "exceeds", "measured_squared_radius", "pieces", "prepare"]

Array = NDArray[np.float64]
_PIECE = 1 << 20  # numbers


@dataclass(frozen=True)
class Prepared(Frozen):
    """Normalised modalities with everything that was drawn before they were looked at.

    Attributes
    ----------
    data : ModalityData
    settings : Settings
    split : Split
    normaliser : Normaliser
    pairs : ndarray of int, shape (m, 2)
        Disjoint pairs of positions within the training part.
    weights : (omega_pos, omega_neg)
    squared_radii : dict of str to float
    encodings : dict of str to Encoding
        Of the modalities with text or single missing values.
    encoded : dict of str to ndarray of shape (n, d_k)
        The rows before they are normalised, which happens to those that are asked for.
    threads : int, optional
        Threads that share the blocks of all pairs.
    """

    data: ModalityData
    settings: Settings
    split: Split
    normaliser: Normaliser
    pairs: NDArray[np.intp]
    weights: tuple[float, float]
    squared_radii: dict[str, float]
    encodings: dict[str, Encoding]
    encoded: dict[str, Array]
    threads: int | None = None

    def normalised(self, name: str, block: Array, present: NDArray[np.bool_]) -> Array:
        """Return raw rows of one modality as the same map takes them."""
        return self.normaliser.apply(name, self.encoded_block(name, block), present)

    def encoded_block(self, name: str, block: Array) -> Array:
        """Return raw rows of one modality as numbers only."""
        return self.encodings[name].apply(block) if name in self.encodings else block

    def widths(self, subset: Sequence[str]) -> list[int]:
        """Return the number of columns of each modality of the subset."""
        return [self.encoded[name].shape[1] for name in subset]

    def structure(self, subset: Sequence[str]) -> Structure:
        """Return the metric structure on the subset."""
        dims = dict(zip(subset, self.widths(subset), strict=True))
        return make_structure(self.settings.metric_class, dims=dims, blocks=self.settings.blocks)

    def rows(self, subset: Sequence[str], part: NDArray[np.intp]) -> tuple[Array, NDArray[np.bool_]]:
        """Return the concatenated modalities, normalised, and what is present, for the given row numbers."""
        present = self._present(subset, part)
        block, ends = np.empty((part.size, sum(self.widths(subset)))), np.cumsum((0, *self.widths(subset)))
        for some in pieces(*block.shape):
            for k, name in enumerate(subset):
                rows = self.normaliser.apply(name, self.encoded[name][part[some]], present[some, k])
                block[some, ends[k] : ends[k + 1]] = rows
        return block, present

    def _present(self, subset: Sequence[str], part: NDArray[np.intp]) -> NDArray[np.bool_]:
        return self.data.present[part][:, [self.data.names.index(name) for name in subset]]

    def encoded_rows(self, subset: Sequence[str], part: NDArray[np.intp]) -> tuple[Array, NDArray[np.bool_]]:
        """Return the same before normalising, which models that are fitted to the classes take."""
        block = np.concatenate([self.encoded[name][part] for name in subset], axis=1)
        return block.astype(np.float64, copy=False), self._present(subset, part)

    def all_pairs(self, subset: Sequence[str], part: NDArray[np.intp], *, single: bool = False) -> AllPairs:
        """Return all pairs of the given rows, in single precision if asked for."""
        block, present = self.rows(subset, part)
        return AllPairs(
            block,
            self.data.codes[part],
            widths=self.widths(subset),
            present=present,
            threads=self.threads,
            single=single,
        )

    def independent_differences(self, subset: Sequence[str]) -> Array:
        """Return u = x - x' of the independent training pairs, zero where a modality is missing in either, (m, d)."""
        widths, train = self.widths(subset), self.split.train
        differences = np.empty((len(self.pairs), sum(widths)))
        for some in pieces(*differences.shape):
            drawn = self.pairs[some]
            block, present = self.rows(subset, train[drawn.T.ravel()])
            places = np.arange(len(block)).reshape(2, -1).T
            differences[some] = pair_differences(block, present, widths, places)
        return differences

    def squared_radius(self, subset: Sequence[str]) -> float:
        """Squared pair radius of the subset."""
        return float(sum(self.squared_radii[name] for name in subset))

    def loss_range(self, squared_radius: float) -> float:
        """Return the length of the range of the weighted loss over pairs within the given squared radius."""
        return self.settings.loss_range(squared_radius, self.weights)

    def problem(self, subset: Sequence[str], pairs: PairSource, *, regularised: bool = True) -> Problem:
        """Return the convex problem that training on a subset of modalities solves."""
        return self.settings.problem(pairs, self.structure(subset), self.weights, regularised=regularised)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the data, the settings (but delta, which measurements do not depend on) and all that was drawn."""
        settings = {name: value for name, value in self.settings.to_dict().items() if name != "delta"}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
        for name in self.data.names:
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.data.arrays[name]).data)
        groups = np.empty(0) if self.data.groups is None else self.data.groups
        for array in (self.data.codes, groups, self.data.mask, self.split.calibration, self.split.holdout, self.pairs):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def units(self, part: NDArray[np.intp]) -> int:
        """Return how many independent units a part has: its rows, or the groups that they come in."""
        return part.size if self.data.groups is None else int(np.unique(self.data.groups[part]).size)

    def sample_size(self, part: NDArray[np.intp]) -> int:
        """Return how many pairs a sample has: as set, of groups no more than ten for each pair of rows."""
        return sample_size(self.settings, part.size, grouped=self.data.groups is not None)

    def sampled(self, part: NDArray[np.intp]) -> bool:
        """Whether a part is measured over a random sample of its pairs: beyond ``exact_rows``, and where rows have groups."""
        return self.data.groups is not None or part.size > self.settings.exact_rows

    def similar_share(self, part: NDArray[np.intp]) -> float:
        """Return the share of similar pairs among those that count."""
        groups = self.data.groups
        return similar_share(self.data.codes[part], None if groups is None else groups[part])

    def facts(self) -> dict[str, Any]:
        """Return what a reader of the results has to know, as JSON types."""
        return {
            "data": self.data.name,
            "note": self.data.note,
            "rows": self.data.n,
            "dims": {name: block.shape[1] for name, block in self.encoded.items()},
            "text_columns": sum(map(len, self.data.text.values())),
            "filled_values": int(sum(np.isnan(block).sum() for block in self.data.arrays.values())),
            "classes": int(self.data.classes.size),
            "calibration_rows": int(self.split.calibration.size),
            "holdout_rows": int(self.split.holdout.size),
            "train_rows": int(self.split.train.size),
            "groups": {}
            if self.data.groups is None
            else {name: self.units(getattr(self.split, name)) for name in ("calibration", "holdout", "train")},
            "missing_blocks": int(self.data.mask.sum()),
            "duplicate_rows": self.data.duplicate_rows,
            "near_copies": self.data.near_copies,
            "like_identities": list(self.data.like_identities),
            "constant_features": self.data.constant_features,
            "normalise": dict(self.normaliser.kinds),
            "fingerprint": self.fingerprint,
            **({"rare_classes": rare} if (rare := self.data.rare_classes) else {}),
        }


#: What :meth:`Prepared.facts` says, by its type.
_FACTS: dict[str, Any] = {
    "data": str, "note": str, "rows": int, "dims": dict, "text_columns": int, "filled_values": int, "classes": int,
    "calibration_rows": int, "holdout_rows": int, "train_rows": int, "groups": dict, "missing_blocks": int,
    "duplicate_rows": int, "near_copies": float, "like_identities": list, "constant_features": int, "normalise": dict,
    "fingerprint": str,
}  # fmt: skip
#: What is said only where there is some.
_LATER: dict[str, Any] = {"rare_classes": dict}


def checked_facts(record: Any) -> dict[str, Any]:
    """Return what was stored of the data, refused where it contradicts itself.

    Raises
    ------
    InvalidInputError or TypeError
        If it does, or is no such record.
    """
    check_entries(record, _FACTS, optional=_LATER)
    facts = {name: rebuild(kind, record[name]) for name, kind in (_FACTS | _LATER).items() if name in record}
    dims = facts["dims"]
    sizes = [rebuild(int, d) for d in dims.values()]
    parts = [facts[f"{part}_rows"] for part in ("calibration", "holdout", "train")]
    limits = {"classes": facts["rows"], "duplicate_rows": facts["rows"], "constant_features": sum(sizes)}
    limits["missing_blocks"] = facts["rows"] * len(dims)
    problems = Problems("facts")
    problems.require(bool(sizes) and all(d >= 1 for d in sizes), f"dims = {shortened(dims)}: expected columns >= 1")
    whole = min(parts) >= 0 and sum(parts) == facts["rows"]
    problems.require(whole, f"parts of {parts} rows do not fit the split of {facts['rows']}")
    counted = [facts["groups"].get(part) for part in ("calibration", "holdout", "train")] if facts["groups"] else []
    fits = all(isinstance(count, int) and 0 <= count <= rows for count, rows in zip(counted, parts, strict=False))
    problems.require(
        len(facts["groups"]) in (0, 3) and fits, f"groups = {shortened(facts['groups'])}: expected at most rows"
    )
    problems.require(facts["normalise"].keys() == dims.keys(), "normalise: expected a kind for each modality")
    rare = facts.get("rare_classes", {})
    counts = all(isinstance(count, int) and 1 <= count <= facts["rows"] for count in rare.values())
    problems.require(counts, f"rare_classes = {shortened(rare)}: expected rows of each")
    for name, most in limits.items():
        problems.require(0 <= facts[name] <= most, f"{name} = {facts[name]}: expected 0 to {most}")
    problems.raise_if_any()
    return facts


def pieces(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of rows whose temporaries are small."""
    step = max(1, _PIECE // max(1, columns))
    return (slice(start, start + step) for start in range(0, rows, step))


def sample_size(settings: Settings, rows: int, *, grouped: bool) -> int:
    """Return how many pairs of so many rows are drawn where not all are taken."""
    return min(settings.sampled_pairs, max(1000, 5 * rows * (rows - 1))) if grouped else settings.sampled_pairs


def pair_differences(block: Array, present: NDArray[np.bool_], widths: Sequence[int], pairs: NDArray[np.intp]) -> Array:
    """Return x - x' for each pair of positions, zero where a modality is missing in either element."""
    if present.all():
        differences = block[pairs[:, 0]]
        differences -= block[pairs[:, 1]]
        return differences
    both = np.repeat(present[pairs[:, 0]] & present[pairs[:, 1]], widths, axis=1)
    return np.where(both, block[pairs[:, 0]] - block[pairs[:, 1]], 0.0)


def prepare(
    data: ModalityData, *, settings: Settings, rng: np.random.Generator, split: Split | None = None
) -> Prepared:
    """Split, fit the preprocessing on the calibration part alone, normalise, and pair up the training part.

    Parameters
    ----------
    data : ModalityData
    settings : Settings
    rng : numpy.random.Generator
        Draws one permutation of the rows and one of the training part.
    split : Split, optional
        Drawn by the settings' shares if not given.

    Raises
    ------
    InvalidInputError
        If the parts would be too small, the training part has no similar or no dissimilar pair, or a declared pair
        radius is exceeded.
    """
    if split is None:
        split = draw_split(
            data.n, rng=rng, calibration=settings.calibration, holdout=settings.holdout, groups=data.groups
        )
    sizes = np.unique(data.codes[split.train], return_counts=True)[1]
    if sizes.size < 2 or sizes.max() < 2:
        raise InvalidInputError(
            f"the training part of this split ({split.train.size} rows) has "
            f"{'one class only: no pair is dissimilar' if sizes.size < 2 else 'no two rows of one class: no pair is similar'}; "
            "expected pairs of both kinds: give more rows, smaller calibration and holdout shares, or another seed"
        )
    groups = None if data.groups is None else data.groups[split.train]
    if groups is not None and not 0 < similar_share(data.codes[split.train], groups) < 1:
        raise InvalidInputError(
            "the groups of the training part make pairs of one kind only: expected similar and dissimilar pairs of different groups"
        )
    pairs = draw_pairs(split.train.size, rng=rng, groups=groups)
    present = {name: data.present[:, k] for k, name in enumerate(data.names)}
    raw = settings.normalise == "none"
    encodings = {}
    if data.needs_encoding:
        if not split.calibration.size:
            raise InvalidInputError("text and missing values are read by the calibration part: set calibration > 0")
        encodings = {
            name: Encoding.fit(block[split.calibration][present[name][split.calibration]], data.text.get(name, {}))
            for name, block in data.arrays.items()
        }
    blocks = {name: encodings[name].apply(block) if encodings else block for name, block in data.arrays.items()}
    normaliser = Normaliser.fit(
        {name: block[split.calibration] for name, block in blocks.items()},
        {name: here[split.calibration] for name, here in present.items()},
        kind=settings.normalise,
        standardise=settings.standardise,
        nonnegative=data.nonnegative,
    )
    radii = {name: normaliser.squared_radius(name) for name in data.names}
    if raw:
        arrays = {name: normaliser.apply(name, block, present[name]) for name, block in blocks.items()}
        measured = {name: measured_squared_radius(block[present[name]]) for name, block in arrays.items()}
        if settings.pair_radius is not None:
            declared = settings.pair_radius**2
            over = [name for name, value in measured.items() if exceeds(arrays[name][present[name]], declared, value)]
            if over:
                raise InvalidInputError(
                    f"pair_radius={settings.pair_radius!r}: {', '.join(over)} have pairs that are further apart"
                )
            radii = dict.fromkeys(data.names, declared)
        else:
            radii = measured
        total = sum(radii.values()) * max(settings.eig_range[1], 1.0)
        if not total < 1e100:
            raise InvalidInputError(
                f"lam_max B^2 = {total:g} is too large for sums over pairs: normalise the rows, or rescale the features"
            )
        small = [name for name, block in arrays.items() if radii[name] < 1e-301 and np.ptp(block, axis=0).any()]
        if small:
            raise InvalidInputError(
                f"{', '.join(small)}: features so small that their squared distances are none: normalise the rows, or "
                "rescale the features"
            )
    return Prepared(
        data=data,
        settings=settings,
        split=split,
        normaliser=normaliser,
        pairs=pairs,
        weights=_weights(data, settings, split),
        squared_radii=radii,
        encodings=encodings,
        encoded=blocks,
    )


def measured_squared_radius(rows: Array) -> float:
    """Bound of the squared distance of two rows, shape (n, d): twice the largest distance from the centre, squared."""
    if rows.size == 0:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        value = 4 * float(np.square(rows - rows.mean(axis=0)).sum(axis=1).max())
    return round_up(value, ulps=64) if value < np.inf else np.inf


def exceeds(rows: Array, declared: float, bound: float) -> bool:
    """Whether two of the rows are further apart than declared; ``bound`` settles most cases at once."""
    if bound <= declared or rows.shape[0] < 2:
        return False
    from scipy.spatial.distance import cdist

    largest = max(float(cdist(rows[i : i + 512], rows, "sqeuclidean").max()) for i in range(0, rows.shape[0], 512))
    return largest > declared * (1 + 1e-12)


def _weights(data: ModalityData, settings: Settings, split: Split) -> tuple[float, float]:
    if settings.pair_weights is None:
        return (1.0, 1.0)
    if settings.pair_weights != "balanced":
        return (float(settings.pair_weights[0]), float(settings.pair_weights[1]))
    if split.calibration.size < 2:
        raise InvalidInputError("pair_weights='balanced' needs a calibration part: set calibration > 0")
    groups = None if data.groups is None else data.groups[split.calibration]
    weights = balanced_weights(data.codes[split.calibration], groups)
    if max(weights) > HEAVIEST:
        kind, least = ("similar", weights[0]) if weights[0] > weights[1] else ("dissimilar", weights[1])
        rare = np.unique(data.y, return_counts=True)
        raise InvalidInputError(
            f"pair_weights='balanced': of the calibration part's pairs hardly any is {kind}, which would make each weigh "
            f"{least:,.0f} (the rarest class is {rare[0][rare[1].argmin()].item()!r}, {rare[1].min()} of {data.n:,} rows): give "
            "more rows of rare classes, or leave them out; merge classes; or give weights (pair_weights=None or two numbers)"
        )
    return weights


def balanced_weights(codes: NDArray[np.intp], groups: NDArray[np.intp] | None = None) -> tuple[float, float]:
    """Return pair weights with which same and different pairs of rows of these classes count half each.

    One pair of each kind is added, so that a kind that a small part lacks keeps a finite weight.
    """
    units = codes.size if groups is None else np.unique(groups).size
    total = units * (units - 1) // 2
    similar = (similar_share(codes, groups) * total + 1) / (total + 2)
    return (0.5 / similar, 0.5 / (1 - similar))
