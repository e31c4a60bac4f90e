"""Everything about training that is fixed before the data are seen, in one validated value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.language.records import check_entries
from boundcalc.trainer.data.normalise import KINDS
from boundcalc.trainer.risk.erm import Problem
from boundcalc.trainer.risk.losses import Contrastive, Hinge, Loss, round_up
from boundcalc.trainer.risk.pairs import PairSource
from boundcalc.trainer.risk.ranking import Ranking, training_loss
from boundcalc.trainer.risk.structures import STRUCTURES, Structure

__all__ = ["HEAVIEST", "MODELS", "RHO_GRID", "Settings"]

#: A pair that weighs more than this says that almost none of its kind was seen.
HEAVIEST = 500.0
#: Models that are fitted to the classes beside the class of metrics that bounds speak of, and the choice among them by folds.
MODELS: tuple[str, ...] = ("auto", "discriminant", "posterior", "low_rank")
RHO_GRID: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Settings(Frozen):
    """What is fixed in advance.

    Attributes
    ----------
    structure : {"auto", "diagonal", "modality", "blocks", "full", "discriminant", "posterior", "low_rank"}
        The last three are models fitted to the classes (see ``boundcalc.trainer.models``), "auto" is the best of them by folds
        of the rows that are not held out; what bounds speak of is then a diagonal metric on the same training rows.
    rank : int, optional
        Of ``low_rank``; chosen by folds if not given, and so are
    shrinkage : float, optional
        of ``discriminant`` and ``posterior``, in [0, 1], and
    penalty : float, optional
        of the logistic regression of ``posterior``, > 0.
    blocks : int or mapping of str to sequence, optional
        For ``blocks``: columns per block, or a block label for each column of each modality.
    loss : {"hinge", "smoothed_hinge", "logistic", "contrastive", "auc", "triplet"} or Loss or Ranking
        ``auc`` and ``triplet`` compare similar with dissimilar pairs: they choose the metric, bounds then speak of the hinge there.
    width, margin : float
        Parameters of ``smoothed_hinge`` and ``auc``, and of ``contrastive``.
    eig_range : (lam_min, lam_max)
        Statements about nested subsets need lam_min = 0.
    threshold_range : (t_min, t_max)
        The same for every subset. From -1 on the class holds the constant score -1, the trivial rule of the hinge.
    normalise : {"auto", "unit", "ball", "none"}
    standardise : bool
        Centre and scale by the calibration part before normalising.
    pair_radius : float, optional
        With ``normalise="none"``: a pair radius of each modality, declared in advance. Without it the radius is
        measured, and nothing that depends on it is certified.
    calibration, holdout : float
        Shares of the uniformly random split.
    pair_weights : (omega_pos, omega_neg), "balanced" or None
        Fixed in advance, or from the calibration part; default (1, 1).
    threshold_for : {"fmr": rate} or {"fnmr": rate}, optional
        A model of the classes calls pairs similar up to the threshold with this false-match or false-non-match rate, and no more,
        on pairs of the folds that it had not seen; by default up to the one with the least weighted pair error.
    reg : float
        mu >= 0 in mu ||A - reg_anchor I||_F^2.
    tolerance : float
        Certified optimisation error asked for, relative to the objective.
    max_evaluations : int
    rho : float
        Margin of the record's ramp risk.
    rho_grid : sequence of float
        Margins at which the ramp risk is tabulated; a bound at the best of them pays delta/len(grid) each.
    draws : int
        Monte-Carlo draws of the complexity (0: none; the interval is tighter and free).
    delta : float
        Failure probability at which each certified random value is read; measurements do not depend on it.
    exact_rows : int
        A part of up to this many rows is measured over all of its pairs. Beyond, steps and values use random samples
        of pairs (incomplete U-statistics): the values handed to bounds are then upper confidence values at ``delta``.
    sampled_pairs : int
        Pairs in each sample beyond ``exact_rows``; at least 2.
    """

    structure: str = "auto"
    rank: int | None = None
    shrinkage: float | None = None
    penalty: float | None = None
    blocks: int | Mapping[str, Sequence[Any]] | None = None
    loss: str | Loss | Ranking = "hinge"
    width: float = 0.5
    margin: float = 1.0
    eig_range: tuple[float, float] = (0.0, 1.0)
    threshold_range: tuple[float, float] = (-1.0, 2.0)
    normalise: str = "auto"
    standardise: bool = True
    pair_radius: float | None = None
    calibration: float = 0.2
    holdout: float = 0.2
    pair_weights: tuple[float, float] | str | None = None
    threshold_for: Mapping[str, float] | None = None
    reg: float = 0.0
    reg_anchor: float = 0.0
    tolerance: float = 1e-3
    max_evaluations: int = 2000
    rho: float = 1.0
    rho_grid: tuple[float, ...] = RHO_GRID
    draws: int = 0
    delta: float = 0.05
    exact_rows: int = 20_000
    sampled_pairs: int = 1_000_000

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = Problems("training")
        for name in ("eig_range", "threshold_range"):
            value = getattr(self, name)
            value = value.tolist() if isinstance(value, np.ndarray) else value
            if not isinstance(value, Sequence) or len(value) != 2:
                problems.add(f"{name}={value!r}: expected two numbers (low, high)")
                continue
            good = all([problems.number(f"{name}[{k}]", one, low=0.0 if name == "eig_range" else -math.inf)
                        for k, one in enumerate(value)])  # fmt: skip
            if good:
                problems.require(value[0] <= value[1], f"{name}={tuple(value)!r}: expected low <= high")
                object.__setattr__(self, name, (float(value[0]), float(value[1])))
        problems.one_of("structure", self.structure, (*STRUCTURES, *MODELS))
        if self.shrinkage is not None:
            problems.number("shrinkage", self.shrinkage, low=0, high=1)
        if self.penalty is not None:
            problems.number("penalty", self.penalty, low=0, open_low=True)
        if self.rank is not None and problems.integer("rank", self.rank, low=1):
            object.__setattr__(self, "rank", int(self.rank))
        problems.one_of("normalise", self.normalise, KINDS)
        problems.require(
            isinstance(self.standardise, bool), f"standardise={self.standardise!r}: expected True or False"
        )
        problems.number("width", self.width, low=0, high=1, open_low=True)
        problems.number("delta", self.delta, low=0, high=1, open_low=True, open_high=True)
        for name in ("margin", "tolerance", "rho", *(["pair_radius"] if self.pair_radius is not None else [])):
            problems.number(name, getattr(self, name), low=0, open_low=True)
        for name in ("reg", "reg_anchor"):
            problems.number(name, getattr(self, name), low=0)
        for name in ("calibration", "holdout"):
            problems.number(name, getattr(self, name), low=0, high=1, open_high=True)
        for name, least in (("draws", 0), ("max_evaluations", 1), ("exact_rows", 1), ("sampled_pairs", 2)):
            if problems.integer(name, getattr(self, name), low=least):
                object.__setattr__(self, name, int(getattr(self, name)))
        try:
            object.__setattr__(self, "rho_grid", tuple(float(rho) for rho in self.rho_grid))
            problems.require(
                len(self.rho_grid) > 0 and all(0 < rho < math.inf for rho in self.rho_grid),
                f"rho_grid={self.rho_grid!r}: expected at least one number > 0",
            )
        except (TypeError, ValueError):
            problems.add(f"rho_grid={self.rho_grid!r}: expected at least one number > 0")
        if not (self.pair_weights is None or self.pair_weights == "balanced"):
            good = isinstance(self.pair_weights, Sequence) and not isinstance(self.pair_weights, str)
            if problems.require(
                good and len(self.pair_weights) == 2,
                f"pair_weights={self.pair_weights!r}: expected (omega_pos, omega_neg), 'balanced' or None",
            ):
                for name, weight in zip(("omega_pos", "omega_neg"), self.pair_weights, strict=True):
                    problems.number(name, weight, low=0, open_low=True)
        if self.threshold_for is not None:
            told = f"threshold_for={self.threshold_for!r}: expected {{'fmr': rate}} or {{'fnmr': rate}}"
            good = isinstance(self.threshold_for, Mapping) and len(self.threshold_for) == 1
            if problems.require(good and not self.threshold_for.keys() - {"fmr", "fnmr"}, told):
                (rate,) = self.threshold_for.values()
                problems.number("threshold_for", rate, low=0, high=1, open_low=True, open_high=True)
            told = (
                f"threshold_for: structure={self.structure!r} trains its threshold; expected one of {', '.join(MODELS)}"
            )
            problems.require(self.fits_model, told)
        problems.raise_if_any()
        object.__setattr__(self, "loss", training_loss(self.loss, width=self.width, margin=self.margin, rho=self.rho))
        problems.require(self.pair_loss.convex, f"loss={self.pair_loss.name!r}: it is evaluated, never minimised")
        problems.raise_if_any()

    @property
    def fits_model(self) -> bool:
        """Whether a model is fitted to the classes beside the metric that bounds speak of."""
        return self.structure in MODELS

    @property
    def metric_only(self) -> Settings:
        """The same for the metric that bounds speak of, without a model of the classes."""
        return replace(self, structure=self.metric_class, threshold_for=None)

    @property
    def metric_class(self) -> str:
        """The class of metrics that bounds speak of: ``diagonal`` beside a model that is fitted to the classes."""
        return "diagonal" if self.fits_model else self.structure

    @property
    def pair_loss(self) -> Loss:
        """The loss of pairs as an object; of comparisons, the hinge, which bounds then speak of."""
        assert not isinstance(self.loss, str)
        return Hinge() if isinstance(self.loss, Ranking) else self.loss

    @property
    def ranking(self) -> Ranking | None:
        """The loss of comparisons that chooses the metric, if one does."""
        return self.loss if isinstance(self.loss, Ranking) else None

    @property
    def class_threshold_range(self) -> tuple[float, float]:
        """The range of the threshold in the class that is trained; (0, 0) for a loss of the distance alone."""
        return self.threshold_range if self.pair_loss.has_threshold else (0.0, 0.0)

    @property
    def radius_status(self) -> tuple[str, str]:
        """Whether what rests on the pair radius is certified, and where the radius comes from."""
        if self.normalise != "none":
            return "certified", "known from the normalisation"
        if self.pair_radius is not None:
            return "certified", "declared in advance"
        return "estimated", "measured on the data: not known in advance"

    def weighs(self, weights: tuple[float, float]) -> bool:
        """Whether pairs may weigh this much: as given, or as balanced, each 1/2 over a share of its kind, which sum to 1."""
        if self.pair_weights != "balanced":
            return tuple(weights) == tuple(self.pair_weights or (1.0, 1.0))
        return 0.0 < min(weights) <= max(weights) <= HEAVIEST and abs(0.5 / weights[0] + 0.5 / weights[1] - 1.0) < 1e-9

    def loss_range(self, squared_radius: float, weights: tuple[float, float]) -> float:
        """Return the length of the range of the weighted loss over pairs within the given squared radius."""
        return self.pair_loss.range_length(
            threshold_range=self.class_threshold_range,
            largest_distance=round_up(self.eig_range[1] * squared_radius),
            weights=weights,
        )

    def problem(
        self, pairs: PairSource, structure: Structure, weights: tuple[float, float], *, regularised: bool = True
    ) -> Problem:
        """Return the convex problem that training on these pairs solves."""
        return Problem(
            pairs=pairs,
            structure=structure,
            loss=self.pair_loss,
            eig_range=self.eig_range,
            threshold_range=self.class_threshold_range,
            weights=weights,
            regularisation=self.reg if regularised else 0.0,
            anchor=self.reg_anchor,
        )

    def decision_threshold(self, trained: float) -> float:
        """Return where a distance is called similar: the trained threshold, or half the contrastive margin.

        Parameters
        ----------
        trained : float
            The minimiser's threshold.
        """
        return self.pair_loss.margin / 2 if isinstance(self.pair_loss, Contrastive) else trained

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        record = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if self.threshold_for is None:
            del record["threshold_for"]  # what was stored before there was such a choice is still the same
        else:
            record["threshold_for"] = dict(self.threshold_for)
        record["loss"] = (self.ranking or self.pair_loss).to_dict()
        record["blocks"] = (
            {k: [str(x) for x in v] for k, v in self.blocks.items()}
            if isinstance(self.blocks, Mapping)
            else self.blocks
        )
        return {k: list(v) if isinstance(v, tuple) else v for k, v in record.items()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Settings:
        """Read :meth:`to_dict`.

        Parameters
        ----------
        record : mapping of str to value

        Returns
        -------
        Settings
        """
        known = cls.__dataclass_fields__
        check_entries(record, [name for name in known if name != "threshold_for"], optional=["threshold_for"])
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in record.items()}
        loss = dict(record["loss"])
        values["loss"] = training_loss(loss.pop("name"), **loss)
        return cls(**values)
