"""What was trained on one subset of modalities and measured about it, and its JSON form."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.complexity.kappa import Kappa
from boundcalc.trainer.complexity.rademacher import Complexity
from boundcalc.trainer.measure.estimates import Estimates

__all__ = ["SubsetResult", "nested_tuples"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SubsetResult:
    """What was trained on one subset and measured about it.

    Attributes
    ----------
    label : str
        The modalities joined by ``+``.
    modalities : tuple of str
    estimates : Estimates
        Named values for bounds.
    params : tuple
        Metric weights, or rows of the matrix.
    threshold : float
        Where a distance is called similar.
    holdout_error, train_error : float
        P(s f <= 0) over all pairs of the part.
    holdout_auc, holdout_knn : float
        Area under the ROC curve of the distances, and 5-nearest-neighbour accuracy with the training part as
        reference; None where they do not exist or scikit-learn is not installed (so are all hold-out values without
        a hold-out part).
    trivial_risk, trivial_error : float
        The best constant score on the training part: min over c of the (weighted) risk of f = c, and the share of the
        rarer kind of pairs.
    trivial_holdout_risk, trivial_holdout_error : float
        The same on the hold-out part.
    ramps : tuple of (rho, risk)
        Empirical ramp risk over all training pairs at each margin of the fixed grid, unweighted.
    weighted_ramps : tuple of (rho, risk)
        The same with the pair weights.
    weighted_holdout_error, weighted_trivial_error, weighted_trivial_holdout_error : float
        Pair errors with the pair weights: of the model on the hold-out part, of the best constant rule on the training
        and on the hold-out part.
    kappa : Kappa
    complexity : Complexity
    converged : bool
    evaluations : int
    seconds : float
    """

    label: str
    modalities: tuple[str, ...]
    estimates: Estimates
    params: tuple[Any, ...]
    threshold: float
    holdout_error: float | None
    train_error: float
    holdout_auc: float | None
    holdout_knn: float | None
    trivial_risk: float
    trivial_error: float
    trivial_holdout_risk: float | None
    trivial_holdout_error: float | None
    ramps: tuple[tuple[float, float], ...]
    weighted_ramps: tuple[tuple[float, float], ...]
    weighted_holdout_error: float | None
    weighted_trivial_error: float
    weighted_trivial_holdout_error: float | None
    kappa: Kappa
    complexity: Complexity
    converged: bool
    evaluations: int
    seconds: float

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.estimates["d_M"].value)

    def array(self) -> Array:
        """Return the parameters as an array."""
        return np.asarray(self.params, dtype=float)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; infinite and missing numbers become strings."""
        record = {f.name: getattr(self, f.name) for f in fields(self)}
        record["estimates"] = self.estimates.to_dict()
        record["kappa"], record["complexity"] = asdict(self.kappa), asdict(self.complexity)
        return _plain(record)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> SubsetResult:
        """Read :meth:`to_dict`.

        Parameters
        ----------
        record : dict of str to value

        Returns
        -------
        SubsetResult
        """
        record = {f.name: record[f.name] for f in fields(cls)}
        estimates = Estimates.from_dict(record.pop("estimates"))
        kappa = Kappa.from_dict(_numbers(record.pop("kappa")))
        inner = record.pop("complexity")
        complexity = Complexity(**{k: v if k == "method" else _number(v) for k, v in inner.items()})
        label, modalities = record.pop("label"), tuple(record.pop("modalities"))
        params = nested_tuples(record.pop("params"))
        ramps, weighted = (
            tuple((_number(rho), _number(risk)) for rho, risk in record.pop(name))
            for name in ("ramps", "weighted_ramps")
        )
        rest = {k: _number(v) for k, v in record.items()}
        return cls(
            label=label,
            modalities=modalities,
            estimates=estimates,
            params=params,
            ramps=ramps,
            weighted_ramps=weighted,
            kappa=kappa,
            complexity=complexity,
            **rest,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _numbers(value: Any) -> Any:
    """Undo :func:`_plain` in a record of numbers."""
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else _number(value)


def nested_tuples(value: Any) -> Any:
    """Return nested lists as nested tuples."""
    return tuple(nested_tuples(v) for v in value) if isinstance(value, list) else value
