"""What was trained on one subset of modalities and measured about it, and its JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.language.ledger import check_delta
from boundcalc.language.records import nested_tuples, plain, unplain
from boundcalc.trainer.complexity.kappa import Kappa, worst_kappa
from boundcalc.trainer.complexity.rademacher import Complexity, class_values
from boundcalc.trainer.measure.estimates import Estimates
from boundcalc.trainer.measure.subset_record import Frame, Part, subset_record
from boundcalc.trainer.risk.losses import round_up

__all__ = ["SubsetResult"]

Array = NDArray[np.float64]
Ramps = tuple[tuple[float, float], ...]

#: What a stored result tells people beside what it is read from.
_TOLD = (
    "label", "holdout_error", "train_error", "trivial_risk", "trivial_error", "trivial_holdout_risk",
    "trivial_holdout_error", "ramps", "weighted_ramps", "weighted_holdout_error", "weighted_trivial_error",
    "weighted_trivial_holdout_error",
)  # fmt: skip
_STORED = ("params", "threshold", "holdout_auc", "holdout_knn", "converged", "evaluations", "seconds", "delta")


@dataclass(frozen=True)
class SubsetResult:
    """What was trained on one subset and measured about it: once, to be read at any delta.

    Attributes
    ----------
    frame : Frame
        What was fixed in advance.
    params : tuple
        Metric weights, or rows of the matrix.
    threshold : float
        Where a distance is called similar.
    train, holdout : Part
        Risks and errors on the training and on the hold-out part; None without the latter.
    holdout_auc, holdout_knn : float
        Area under the ROC curve of the distances, and 5-nearest-neighbour accuracy with the training part as
        reference; None where they do not exist or scikit-learn is not installed.
    kappa : Kappa
    complexity : Complexity
    converged : bool
    evaluations : int
    seconds : float
    delta : float
        Failure probability at which each certified random value is read in ``estimates``.
    """

    frame: Frame
    params: tuple[Any, ...]
    threshold: float
    train: Part
    holdout: Part | None
    holdout_auc: float | None
    holdout_knn: float | None
    kappa: Kappa
    complexity: Complexity
    converged: bool
    evaluations: int
    seconds: float
    delta: float

    def at(self, delta: float) -> SubsetResult:
        """Return the same measurements read at another failure probability.

        Parameters
        ----------
        delta : float
            In (0, 1), of each certified random value.

        Raises
        ------
        InvalidInputError
            If it is not.
        """
        delta = check_delta(delta)
        return replace(self, delta=delta, kappa=self.kappa.at(delta), complexity=self.complexity.at(delta))

    @cached_property
    def estimates(self) -> Estimates:
        """Named values for bounds, each random one read at ``delta``."""
        return subset_record(
            self.frame, train=self.train, holdout=self.holdout, complexity=self.complexity, kappa=self.kappa,
            delta=self.delta,
        )  # fmt: skip

    @property
    def label(self) -> str:
        """The modalities joined by ``+``."""
        return self.frame.label

    @property
    def modalities(self) -> tuple[str, ...]:
        """Their names."""
        return self.frame.modalities

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return self.frame.structure.d

    def array(self) -> Array:
        """Return the parameters as an array."""
        return np.asarray(self.params, dtype=float)

    @property
    def train_error(self) -> float:
        """P(s f <= 0) over all pairs of the training part."""
        return self.train.wrong[0]

    @property
    def holdout_error(self) -> float | None:
        """The same on the hold-out part."""
        return None if self.holdout is None else self.holdout.wrong[0]

    @property
    def weighted_holdout_error(self) -> float | None:
        """The same with the pair weights."""
        return None if self.holdout is None else self.holdout.wrong[1]

    @property
    def trivial_risk(self) -> float:
        """The best constant score on the training part: min over c of the (weighted) risk of f = c."""
        return self.train.trivial[0]

    @property
    def trivial_error(self) -> float:
        """The share of the rarer kind of training pairs."""
        return self.train.trivial[1]

    @property
    def weighted_trivial_error(self) -> float:
        """The same with the pair weights."""
        return self.train.trivial[2]

    @property
    def trivial_holdout_risk(self) -> float | None:
        """What the best constant score reaches on the hold-out part."""
        return None if self.holdout is None else self.holdout.trivial[0]

    @property
    def trivial_holdout_error(self) -> float | None:
        """The share of the rarer kind of hold-out pairs."""
        return None if self.holdout is None else self.holdout.trivial[1]

    @property
    def weighted_trivial_holdout_error(self) -> float | None:
        """The same with the pair weights."""
        return None if self.holdout is None else self.holdout.trivial[2]

    @property
    def ramps(self) -> Ramps:
        """Empirical ramp risk over all training pairs at each margin of the fixed grid, unweighted."""
        return self._ramps(2)

    @property
    def weighted_ramps(self) -> Ramps:
        """The same with the pair weights."""
        return self._ramps(3)

    def _ramps(self, kind: int) -> Ramps:
        return tuple(zip(self.frame.settings.rho_grid, self.train.at(self.delta)[kind][1:], strict=True))  # type: ignore[index]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; infinite and missing numbers become strings.

        ``estimates`` and what else is derived is told for people; :meth:`from_dict` derives it anew.
        """
        record = {name: getattr(self, name) for name in (*_TOLD, *_STORED)}
        record["estimates"] = self.estimates.to_dict()
        record["frame"] = self.frame.to_dict()
        record |= {name: getattr(self, name) for name in ("modalities", "train", "holdout", "kappa", "complexity")}
        return plain(record)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> SubsetResult:
        """Read :meth:`to_dict`: what was measured, not what follows from it.

        Parameters
        ----------
        record : dict of str to value

        Returns
        -------
        SubsetResult

        Raises
        ------
        InvalidInputError
            If what was measured contradicts itself.
        """
        numbers = {name: unplain(record[name]) for name in ("train", "holdout", "kappa")}
        complexity = {**unplain({**record["complexity"], "method": 0}), "method": record["complexity"]["method"]}
        frame, train = Frame.from_dict(record["frame"]), Part.from_dict(numbers["train"])
        holdout = None if numbers["holdout"] is None else Part.from_dict(numbers["holdout"])
        frame.check(train=train, holdout=holdout)
        settings, squared = frame.settings, frame.squared_radius()
        shape = {"eig_range": settings.eig_range, "threshold_range": settings.class_threshold_range}
        worst, share = worst_kappa(frame.structure, squared_radius=squared, **shape)
        radius = round_up(math.sqrt(squared), ulps=1)
        complexity |= class_values(train.rows // 2, frame.structure, radius=radius, **shape)
        stored = {name: record[name] for name in _STORED}
        return cls(
            frame=frame,
            train=train,
            holdout=holdout,
            kappa=replace(Kappa.from_dict(numbers["kappa"]), worst_case=worst, share=share),
            complexity=Complexity(**{**complexity, "m": train.rows // 2}),
            **{**stored, "params": nested_tuples(stored["params"])},
        ).at(record["delta"])
