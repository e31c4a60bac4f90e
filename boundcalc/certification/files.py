"""Certificates from a file of pair scores or embeddings, or of a metric trained on a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.certification.band import certify_band
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.certifying import certify
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError, in_context
from boundcalc.trainer.data.arrays import apart, few, read_arrays
from boundcalc.trainer.data.tables import TABLES, read_numbers, read_table, suspicion

if TYPE_CHECKING:
    from boundcalc.trainer import ModalityData, PairwiseMetricLearner

__all__ = ["CALIBRATION", "HOLDOUT", "certify_file"]

#: What an array of a file may be called, and the argument that it is.
_NAMES = {
    "distance": "distance", "distances": "distance", "scores": "scores", "similarity": "scores",
    "embeddings": "embeddings", "X": "embeddings",
}  # fmt: skip
_EXPECTED = f"expected one of {', '.join(_NAMES)}, with y or labels (and groups)"
#: The share of the rows that certify a metric which is trained for it, and of those that choose a threshold where none is given.
HOLDOUT, CALIBRATION = 0.4, 0.2


def certify_file(
    source: str | Path,
    *,
    label: str | None = None,
    groups: str | None = None,
    drop: Iterable[str] = (),
    modalities: Mapping[str, str | Sequence[str]] | None = None,
    band: bool = False,
    **given: Any,
) -> Certificate:
    """Certify what a file holds, or a model trained on a data set.

    Parameters
    ----------
    source : str or Path
        A ``.npz`` file (or a folder of ``.npy`` files) with ``distance``, ``scores`` or ``embeddings``, and ``y`` or
        ``labels``; a table with one column for each coordinate of the embeddings beside label and groups; or, where arrays
        have other names, columns are ``modality__feature`` or ``modalities`` are named, data for
        :func:`boundcalc.datasets.load`: of these 20 % are used for calibration, 40 % are trained on and 40 % certify.
    label, groups, drop, modalities
        As for :func:`boundcalc.datasets.load`.
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
    named: dict[str, Any] = {"groups": groups, "drop": tuple([drop] if isinstance(drop, str) else drop)}
    found = None
    if modalities is None and path.exists():
        with in_context(str(path)):
            if path.is_dir() or path.name.lower().endswith(".npz"):
                found = _of_arrays(path, label=label, **named)
            elif path.name.lower().endswith(TABLES):
                found = _of_table(path, label=label or "y", **named)
    if found is None:
        data = load(source, modalities=modalities, **named, **({} if label is None else {"label": label}))
        found = {"model": _trained(data, given)}
        if data.groups is not None and given.get("weights", "balanced") == "balanced":
            given["weights"] = found[
                "model"
            ]._prepared.weights  # of its calibration part: labels may change within a group
        return _described(_certified(found, given, band=band), found["model"])
    if given.get("threshold") is None:
        if given.get("calibration") is None:
            given["calibration"] = CALIBRATION
        # Of many classes same pairs are rare, and weights for the population are too large for it.
        if given.get("weights", "balanced") == "balanced" and found["groups"] is None:
            given["weights"] = "own"
    with in_context(str(path)):
        return _certified(found, given, band=band)


def _certified(source: dict[str, Any], given: dict[str, Any], *, band: bool) -> Certificate:
    found = certify(**source, **given)
    if not band or found.kind == "verification":  # across groups that are the labels no pair is the same
        return found
    shared = {name: given[name] for name in ("metric", "delta", "share", "rng") if name in given}
    rates = certify_band(**source, **shared, calibration=given.get("calibration") or CALIBRATION, cuts=8, splits=2)
    return replace(found, band=rates)


def _of_arrays(path: Path, *, label: str | None, groups: str | None, drop: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the arguments that arrays are; None if they are modalities."""
    arrays = read_arrays(path, expected=_EXPECTED)
    if not set(_NAMES) & (set(arrays) - set(drop)):
        return None
    label = label or ("labels" if "labels" in arrays and "y" not in arrays else "y")
    y, belongs, rest = apart(arrays, kind="array", label=label, groups=groups, drop=drop, expected=_EXPECTED)
    if len(sources := [name for name in rest if name in _NAMES]) != 1:
        raise InvalidInputError(f"has {few(sources)}: {_EXPECTED}; leave the others out by --drop")
    return {_NAMES[sources[0]]: rest[sources[0]], "y": y, "groups": belongs}


def _of_table(path: Path, *, label: str, groups: str | None, drop: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the arguments that columns are; None if some are modalities, or what is a label is not told."""
    table, problems = read_table(path), list[str]()
    if label not in table.columns or any("__" in name for name in table.columns if name not in (label, groups, *drop)):
        return None
    y, belongs, rest = table.apart(label=label, groups=groups, drop=drop, problems=problems)
    if not rest:
        raise InvalidInputError(f"has no coordinates beside {label}: expected one column for each")
    if note := suspicion(rest):
        raise InvalidInputError(f"{note[:-1]}; leave it out by --drop")
    columns = []
    for name in rest:
        try:
            columns.append(read_numbers(name, table.columns[name], table.lines, gaps=False))
        except InvalidInputError as error:
            problems += [f"{one}; correct it, or leave the column out by --drop {name}" for one in error.problems]
    if problems:
        raise InvalidInputError(problems[:3])
    return {"embeddings": np.column_stack(columns), "y": y, "groups": belongs}


def _trained(data: ModalityData, given: dict[str, Any]) -> PairwiseMetricLearner:
    """Return the default model trained on the data, to be certified on what it has held out."""
    from boundcalc.trainer import PairwiseMetricLearner

    refused = [name for name in ("calibration", "metric") if given.pop(name, None) not in (None, "sqeuclidean")]
    if refused:
        raise InvalidInputError(
            f"--{refused[0]} goes with a file that has distance, scores or embeddings: this metric is trained on split rows"
        )
    learner = PairwiseMetricLearner(
        holdout=HOLDOUT, calibration=CALIBRATION, pair_weights="balanced", random_state=given.get("rng", 0)
    )
    return learner.fit(data)


def _described(found: Certificate, learner: PairwiseMetricLearner) -> Certificate:
    """Return the certificate with what was trained for it."""
    from boundcalc.trainer.models.pair_model import what_is_used

    prepared = learner._prepared
    assert prepared is not None
    what = "groups" if prepared.data.groups is not None else "rows"
    parts = [prepared.split.train] if learner.model_ is None else [prepared.split.train, prepared.split.calibration]
    said = (
        f"Certified is a {what_is_used(learner.structure_, learner.model_)} on {', '.join(learner.modalities_)}, trained for it "
        f"on {sum(map(prepared.units, parts)):,} other {what}."
    )
    return replace(found, recipe={**found.recipe, "model": said})
