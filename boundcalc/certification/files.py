"""Certificates from a file of pair scores or embeddings, or of a metric trained on a data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.certification.band import certify_band
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.certifying import certify
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError, in_context
from boundcalc.trainer.data.tables import TABLES, few, read_labels, read_npz, read_numbers, read_table

__all__ = ["CALIBRATION", "HOLDOUT", "certify_file"]

#: What an array of a .npz file may be called, and the argument that it is.
_NAMES = {
    "distance": "distance", "distances": "distance", "scores": "scores", "similarity": "scores",
    "embeddings": "embeddings", "X": "embeddings",
}  # fmt: skip
_EXPECTED = f"expected one of {', '.join(_NAMES)}, with y or labels (and groups)"
#: The share of the rows that certify a metric which is trained for it, and of those that choose a threshold where none is given.
HOLDOUT, CALIBRATION = 0.4, 0.2


def certify_file(source: str | Path, *, groups: str | None = None, band: bool = False, **given: Any) -> Certificate:
    """Certify what a file holds, or a metric trained on a data set.

    Parameters
    ----------
    source : str or Path
        A ``.npz`` file with ``distance``, ``scores`` or ``embeddings``, ``y`` (or ``labels``), and ``groups`` if rows have
        groups; a ``.csv`` file with a column ``y``, a column ``groups`` if rows have groups, and one column for each
        coordinate of the embeddings; or data for :func:`boundcalc.datasets.load`, of which 20 % are then used for calibration,
        40 % are trained on and 40 % certify.
    groups : str, optional
        The array or column that holds the groups (default: ``groups``, if there is one).
    band : bool
        Whether both error rates at all thresholds are certified as well, for the picture: a statement of its own at delta, for
        which a share of the rows chooses the cut points.
    **given
        Further arguments of :func:`~boundcalc.certification.certify`. Without a threshold a share of the rows chooses it.

    Returns
    -------
    Certificate

    Raises
    ------
    InvalidInputError
        If the file is not what is expected.
    """
    path = Path(source)
    ending = path.suffix.lower()
    if path.is_file() and path.name.lower().endswith((".npz", *TABLES)):
        read = _from_npz if ending == ".npz" else _from_table
        found = read(path, groups)
        if found is not None:
            if given.get("threshold") is None and given.get("calibration") is None:
                given["calibration"] = CALIBRATION
                # Of many classes same pairs are rare, and weights for the population are too large for it.
                if given.get("weights", "balanced") == "balanced" and found["groups"] is None:
                    given["weights"] = "own"
            with in_context(str(path)):
                return _certified(found, given, band=band)
    return _certified(*_of_data_set(source, groups, given), band=band)


def _certified(source: dict[str, Any], given: dict[str, Any], *, band: bool) -> Certificate:
    found = certify(**source, **given)
    if not band or found.kind == "verification":  # across groups that are the labels no pair is the same
        return found
    shared = {name: given[name] for name in ("metric", "delta", "share", "rng") if name in given}
    rates = certify_band(**source, **shared, calibration=given.get("calibration") or CALIBRATION, cuts=8, splits=2)
    return replace(found, band=rates)


def _from_npz(path: Path, groups: str | None) -> dict[str, Any] | None:
    """Return the arguments that a file's arrays are; None if they are modalities."""
    arrays = read_npz(path, expected=_EXPECTED)
    named = [name for name in _NAMES if name in arrays]
    if not named:
        return None
    labels = arrays.get("y", arrays.get("labels"))
    if labels is None:
        raise InvalidInputError(f"has no array y (found: {few(arrays)}); {_EXPECTED}", context=str(path))
    if groups is not None and groups not in arrays:
        raise InvalidInputError(f"--groups {groups!r}: there is no such array (found {few(arrays)})", context=str(path))
    found = {_NAMES[name]: arrays[name] for name in named}
    return found | {"y": labels, "groups": arrays.get(groups or "groups")}


def _from_table(path: Path, groups: str | None) -> dict[str, Any] | None:
    """Return the arguments that a file's columns are; None if they are modalities."""
    with in_context(str(path)):
        read = read_table(path)
        table, lines = dict(read.columns), read.lines
        if "y" not in table or all("__" in name for name in table if name not in ("y", groups)):
            return None
        if groups is not None and groups not in table:
            raise InvalidInputError(f"--groups {groups!r}: there is no such column (found {few(table)})")
        groups = table.pop(groups or "groups", None)
        y = read_labels(table.pop("y"))
        if not table:
            raise InvalidInputError("has no coordinates beside y: expected one column for each")
        x = np.column_stack([read_numbers(name, cells, lines) for name, cells in table.items()])
    return {"embeddings": x, "y": y, "groups": None if groups is None else np.asarray(groups)}


def _of_data_set(
    source: str | Path, groups: str | None, given: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train a diagonal metric on the data's training part, to be certified on what it has held out."""
    from boundcalc.trainer import PairwiseMetricLearner

    data = load(source, groups=groups)
    refused = [name for name in ("calibration", "metric") if given.pop(name, None) not in (None, "sqeuclidean")]
    if refused:
        raise InvalidInputError(
            f"--{refused[0]} goes with a file that has distance, scores or embeddings: this metric is trained on split rows"
        )
    rng = given.get("rng", 0)
    learner = PairwiseMetricLearner(
        holdout=HOLDOUT, calibration=CALIBRATION, pair_weights="balanced", random_state=rng
    ).fit(data)
    return {"model": learner}, given
