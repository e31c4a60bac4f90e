"""What was trained on one subset of modalities and measured about it, and its JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from boundcalc.language.arguments import Problems
from boundcalc.language.ledger import check_delta
from boundcalc.language.records import check_entries, nested_tuples, plain, rebuild
from boundcalc.trainer.complexity.kappa import Kappa, worst_kappa
from boundcalc.trainer.complexity.rademacher import Complexity, class_values
from boundcalc.trainer.measure.estimates import Estimates
from boundcalc.trainer.measure.subset_record import Frame, Part, subset_record
from boundcalc.trainer.models.pair_model import PairModel
from boundcalc.trainer.risk.losses import round_up
from boundcalc.trainer.risk.ranking import Ranked

__all__ = ["SubsetResult"]

Array = NDArray[np.float64]
Ramps = tuple[tuple[float, float], ...]

#: What a stored result tells people beside what it is read from.
_TOLD = (
    "label", "holdout_error", "train_error", "trivial_risk", "trivial_error", "trivial_holdout_risk",
    "trivial_holdout_error", "ramps", "weighted_ramps", "weighted_holdout_error", "weighted_trivial_error",
    "weighted_trivial_holdout_error",
)  # fmt: skip
_PARTS = ("modalities", "frame", "train", "holdout", "kappa", "complexity")
_STORED = ("params", "threshold", "holdout_auc", "holdout_knn", "converged", "evaluations", "seconds")
_MODEL = ("model", "model_holdout", "ranked")


def _of(part: str, values: str, place: int, about: str) -> Any:
    """Return a property that reads one number of a part; None without a hold-out part."""

    def read(self: SubsetResult) -> float | None:
        found = getattr(self, part)
        return None if found is None else getattr(found, values)[place]

    return property(read, doc=about)


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
        Where a distance of the metric is called similar.
    train, holdout : Part
        Risks and errors on the training and on the hold-out part; None without the latter.
    holdout_auc, holdout_knn : float
        Area under the ROC curve of the distances, and 5-nearest-neighbour accuracy with the training part as
        reference, of the first rows of both; None where they do not exist. Of the model, where there is one.
    kappa : Kappa
    complexity : Complexity
    converged : bool
    evaluations : int
    seconds : float
    model : PairModel or None
        What is used and certified in place of the metric: fitted to the rows that are not held out.
    model_holdout : (float, float) or None
        Its share of wrong pairs on the hold-out part, plain and weighted.
    ranked : Ranked or None
        What the comparisons that chose the metric were minimised to, where a loss of them did.
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
    model: PairModel | None = None
    model_holdout: tuple[float, float] | None = None
    ranked: Ranked | None = None

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
        frame = replace(self.frame, settings=replace(self.frame.settings, delta=delta))
        return replace(self, frame=frame, kappa=self.kappa.at(delta), complexity=self.complexity.at(delta))

    @property
    def delta(self) -> float:
        """Failure probability at which each certified random value is read in ``estimates``."""
        return self.frame.settings.delta

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
    def decision(self) -> float:
        """The threshold of what is used: the model's where there is one, else the metric's."""
        return self.threshold if self.model is None else self.model.threshold

    @property
    def expected_error(self) -> float:
        """The weighted share of wrong pairs without the hold-out: of the metric on the training part, or of the model's folds."""
        return self.train.wrong[1] if self.model is None else self.model.error[1]

    @property
    def holdout_error(self) -> float | None:
        """Share of wrong pairs of the hold-out part by what is used; None without one."""
        return self._tested(0)

    @property
    def weighted_holdout_error(self) -> float | None:
        """The same with the pair weights."""
        return self._tested(1)

    def _tested(self, place: int) -> float | None:
        if self.model_holdout is not None:
            return self.model_holdout[place]
        return None if self.holdout is None else self.holdout.wrong[place]

    train_error = _of("train", "wrong", 0, "P(s f <= 0) over all pairs of the training part, by the metric.")
    trivial_risk = _of("train", "trivial", 0, "The best constant score's (weighted) risk on the training part.")
    trivial_error = _of("train", "trivial", 1, "The share of the rarer kind of training pairs.")
    weighted_trivial_error = _of("train", "trivial", 2, "The same with the pair weights.")
    trivial_holdout_risk = _of("holdout", "trivial", 0, "The best constant score's risk on the hold-out part.")
    trivial_holdout_error = _of("holdout", "trivial", 1, "The share of the rarer kind of hold-out pairs.")
    weighted_trivial_holdout_error = _of("holdout", "trivial", 2, "The same with the pair weights.")

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
        record |= {name: getattr(self, name) for name in _PARTS if name != "frame"}
        if self.model is not None:
            record |= {"model": self.model.to_dict(), "model_holdout": self.model_holdout}
        if self.ranked is not None:
            record["ranked"] = self.ranked
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
        check_entries(record, (*_TOLD, *_STORED, *_PARTS, "estimates"), optional=_MODEL)
        frame, train = Frame.from_dict(record["frame"]), rebuild(Part, record["train"])
        holdout = rebuild(Part | None, record["holdout"])
        frame.check(train=train, holdout=holdout)
        settings, squared = frame.settings, frame.squared_radius()
        shape = {"eig_range": settings.eig_range, "threshold_range": settings.class_threshold_range}
        worst, share = worst_kappa(frame.structure, squared_radius=squared, **shape)
        radius = round_up(math.sqrt(squared), ulps=1)
        fixed = class_values(train.rows // 2, frame.structure, radius=radius, **shape)
        hints = {**get_type_hints(cls), "params": list}
        stored = {name: rebuild(hints[name], record[name]) for name in _STORED}
        result = cls(
            frame=frame,
            train=train,
            holdout=holdout,
            kappa=replace(rebuild(Kappa, record["kappa"]), worst_case=worst, share=share),
            complexity=replace(rebuild(Complexity, record["complexity"]), m=train.rows // 2, **fixed),
            **{**stored, "params": nested_tuples(stored["params"])},
            model=None if record.get("model") is None else PairModel.from_dict(record["model"]),
            model_holdout=rebuild(tuple[float, float] | None, record.get("model_holdout")),
            ranked=rebuild(Ranked | None, record.get("ranked")),
        ).at(frame.settings.delta)
        result._check(record)
        return result

    def _check(self, record: Mapping[str, Any]) -> None:
        """Refuse a record that contradicts itself: all that follows from what was measured is computed anew and compared."""
        settings, problems = self.frame.settings, Problems(f"the record of {self.label}")
        array, shape = self.array(), self.frame.structure.shape
        if problems.require(array.shape == shape, f"params of shape {array.shape}: expected {shape}"):
            ends = array if array.ndim == 1 else np.linalg.eigvalsh(array)
            low, high = settings.eig_range
            slack = 1e-9 * max(1.0, high)
            inside = bool((low - slack <= ends.min()) and (ends.max() <= high + slack))
            problems.require(inside, f"params outside {settings.eig_range}")
        problems.number("threshold", self.threshold)
        if self.model is not None:
            dims = tuple(self.frame.facts["dims"][name] for name in self.modalities)
            problems.require(self.model.widths == dims, f"model of {self.model.widths} columns: expected {dims}")
        for name in ("holdout_auc", "holdout_knn"):
            if getattr(self, name) is not None:
                problems.number(name, getattr(self, name), low=0, high=1)
        half = self.complexity.m - self.complexity.m // 2
        problems.require(
            all(one.mean.count == half and one.mean.mean <= one.mean.span for one in self.kappa.tries),
            f"kappa from other pairs than the second {half}",
        )
        gap = self.train.gap
        problems.require(
            gap is not None and all(size >= 0 for size in vars(gap).values()), f"{gap}: expected sizes >= 0"
        )
        problems.number("khinchin", self.complexity.khinchin, low=0)
        problems.raise_if_any()
        told = self.to_dict()
        other = [name for name in told if not _agree(told[name], record[name]) and name != "frame"]
        problems.require(not other, f"{', '.join(other)}: contradicts what was measured")
        problems.raise_if_any()


def _agree(one: Any, other: Any) -> bool:
    """Whether two records are the same but for rounding."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_agree(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_agree, one, other))
    if isinstance(one, float):
        return isinstance(other, (int, float)) and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return type(one) is type(other) and one == other
