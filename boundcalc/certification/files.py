"""Certificates from a file of pair scores or embeddings, or of a metric trained on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.certification.certificate import Certificate
from boundcalc.certification.certifying import certify
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError, in_context
from boundcalc.trainer.data.tables import TABLES, few, read_labels, read_npz, read_numbers, read_table

__all__ = ["certify_file"]

#: What an array of a .npz file may be called, and the argument that it is.
_NAMES = {
    "distance": "distance", "distances": "distance", "scores": "scores", "similarity": "scores",
    "embeddings": "embeddings", "X": "embeddings",
}  # fmt: skip
_EXPECTED = f"expected one of {', '.join(_NAMES)}, with y (and groups)"
#: The hold-out of a metric that is trained for the purpose, and the rows that choose a threshold where none is given.
HOLDOUT, CALIBRATION = 0.4, 0.2


def certify_file(source: str | Path, *, groups: str | None = None, **given: Any) -> Certificate:
    """Certify what a file holds, or a metric trained on a data set.

    Parameters
    ----------
    source : str or Path
        A ``.npz`` file with ``distance``, ``scores`` or ``embeddings``, ``y``, and ``groups`` if rows have subjects; a
        ``.csv`` file with a column ``y``, a column ``groups`` if rows have subjects, and one column for each coordinate of
        the embeddings; or data for :func:`boundcalc.datasets.load`, of which 20 % are then used for calibration, 40 % are
        trained on and 40 % certify.
    groups : str, optional
        The array or column that holds the subjects (default: ``groups``, if there is one).
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
                return certify(**found, **given)
    return _of_data_set(source, groups, given)


def _from_npz(path: Path, groups: str | None) -> dict[str, Any] | None:
    """Return the arguments that a file's arrays are; None if they are modalities."""
    arrays = read_npz(path, expected=_EXPECTED)
    named = [name for name in _NAMES if name in arrays]
    if not named:
        return None
    if "y" not in arrays:
        raise InvalidInputError(f"has no array y (found: {few(arrays)}); {_EXPECTED}", context=str(path))
    if groups is not None and groups not in arrays:
        raise InvalidInputError(f"--groups {groups!r}: found {few(arrays)}", context=str(path))
    found = {_NAMES[name]: arrays[name] for name in named}
    return found | {"y": arrays["y"], "groups": arrays.get(groups or "groups")}


def _from_table(path: Path, groups: str | None) -> dict[str, Any] | None:
    """Return the arguments that a file's columns are; None if they are modalities."""
    with in_context(str(path)):
        read = read_table(path)
        table, lines = dict(read.columns), read.lines
        if "y" not in table or all("__" in name for name in table if name not in ("y", groups)):
            return None
        if groups is not None and groups not in table:
            raise InvalidInputError(f"--groups {groups!r}: found {few(table)}")
        subjects = table.pop(groups or "groups", None)
        y = read_labels(table.pop("y"))
        if not table:
            raise InvalidInputError("has no coordinates beside y: expected one column for each")
        x = np.column_stack([read_numbers(name, cells, lines) for name, cells in table.items()])
    return {"embeddings": x, "y": y, "groups": None if subjects is None else np.asarray(subjects)}


def _of_data_set(source: str | Path, groups: str | None, given: dict[str, Any]) -> Certificate:
    """Train a diagonal metric on the data's training part and certify it on what it has held out."""
    from boundcalc.trainer import PairwiseMetricLearner

    refused = [name for name in ("calibration", "metric") if given.pop(name, None) not in (None, "sqeuclidean")]
    if refused:
        raise InvalidInputError(
            f"--{refused[0]} goes with a file of distances, scores or embeddings: this metric is trained on split rows"
        )
    rng = given.get("rng", 0)
    learner = PairwiseMetricLearner(
        holdout=HOLDOUT, calibration=CALIBRATION, pair_weights="balanced", random_state=rng
    ).fit(load(source, groups=groups))
    return certify(model=learner, **given)
