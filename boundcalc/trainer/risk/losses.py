"""Pair losses with their exact Lipschitz constants and ranges.

A pair is scored by f = t - D and paid a function of its margin z = s f, s = +1 for similar pairs and -1 for others.
Every loss works in place on blocks of margins. A loss that is not smooth hands the solver a smooth surrogate whose
slopes p are subgradients up to a known slack: for any p in [0, 1] the line p (1 - z) lies below the hinge everywhere,
so the slopes of the surrogate still certify the optimum of the loss itself.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError

__all__ = ["Contrastive", "Hinge", "Logistic", "Loss", "Ramp", "SmoothedHinge", "hinge_window", "loss_from_name"]

Block = NDArray[np.float64]


def round_up(value: float, *, ulps: int = 4) -> float:
    """Return ``value`` moved up by a few units in the last place."""
    if not math.isfinite(value):
        return value
    return value + ulps * float(np.spacing(abs(value)))


@dataclass(frozen=True)
class Loss(ABC):
    """A pair loss ell(f, s).

    Attributes
    ----------
    lipschitz : float
        The constant L in the first argument.
    smooth : bool
        Whether the loss is differentiable, so that its own gradient certifies an optimum.
    has_threshold : bool
        Whether the decision threshold t is part of the model.
    """

    name = "loss"
    lipschitz = 1.0
    smooth = True
    convex = True
    has_threshold = True
    surrogate_of_kink = False

    @abstractmethod
    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        """Return values and slopes d ell/d z for an array of margins, which may be overwritten."""

    def totals(self, z: Block, *, similar: bool) -> tuple[float, Block]:
        """Return the sum of the values, and the slopes; ``z`` may be overwritten."""
        values, slopes = self.block(z, similar=similar)
        return float(values.sum()), slopes

    def extreme(self, f_low: float, f_high: float) -> tuple[float, float]:
        """Return (min, max) of the loss over scores in [f_low, f_high] and both labels; here (0, 1 + largest score)."""
        return 0.0, 1.0 + max(abs(f_low), abs(f_high))

    def constant_risk(self, positive: float, negative: float) -> float:
        """Return min over real c of ``positive`` ell(c, +1) + ``negative`` ell(c, -1): the best constant score."""
        raise NotImplementedError(f"the {self.name} loss is the solver's own")

    @property
    def kink(self) -> float:
        """The constant that margins are subtracted from, for rounding allowances."""
        return 1.0

    def slack(self, slopes: Block) -> float:
        """Return the sum of value minus supporting line over a block of slopes; 0 for a smooth loss."""
        return 0.0

    def surrogate(self, width: float) -> Loss:
        """Return the smooth loss that the solver minimises in place of this one."""
        return self

    def range_length(
        self,
        *,
        threshold_range: tuple[float, float],
        largest_distance: float,
        weights: tuple[float, float] = (1.0, 1.0),
    ) -> float:
        """Return C, the length of the range of the weighted loss over the whole class and both labels.

        Parameters
        ----------
        threshold_range : (t_min, t_max)
        largest_distance : float
            lam_max B^2, the largest D.
        weights : (omega_pos, omega_neg)
            Fixed in advance. The least value is taken at the smaller weight and the largest at the larger one, so
            C is not simply multiplied by the larger weight where the loss stays above 0.
        """
        low, high = self.extreme(threshold_range[0] - largest_distance, threshold_range[1])
        return round_up(max(weights) * high - min(weights) * low)

    def to_dict(self) -> dict[str, float | str]:
        """Return name and parameters for JSON."""
        return {"name": self.name, **vars(self)}


@dataclass(frozen=True)
class Hinge(Loss):
    """max(0, 1 - z)."""

    name = "hinge"
    smooth = False

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        """Return values and slopes; ``z`` is overwritten."""
        np.subtract(1.0, z, out=z)
        np.maximum(z, 0.0, out=z)
        return z, -np.sign(z)

    def totals(self, z: Block, *, similar: bool) -> tuple[float, Block]:
        """Return the sum of the values, and the slopes, in few passes."""
        z -= 1.0
        np.minimum(z, 0.0, out=z)
        total = -float(z.sum())
        return total, np.sign(z, out=z)

    def surrogate(self, width: float) -> Loss:
        """Return the hinge rounded over a window of the given width centred at its kink."""
        return _CentredHinge(margin=1.0, width=width)

    def constant_risk(self, positive: float, negative: float) -> float:
        """Return twice the smaller of the two weights (the score +1 or -1)."""
        return 2.0 * min(positive, negative)


@dataclass(frozen=True)
class _CentredHinge(Loss):
    """The solver's surrogate of max(0, margin - z): quadratic where |margin - z| <= width/2."""

    margin: float = 1.0
    width: float = 0.1

    name = "centred hinge"
    surrogate_of_kink = True

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        np.subtract(self.margin + 0.5 * self.width, z, out=z)
        p = np.clip(z / self.width, 0.0, 1.0)
        # p (u - p w/2) is u^2/(2w) inside the window and u - w/2 beyond it.
        return p * (z - (0.5 * self.width) * p), np.negative(p, out=p)

    def totals(self, z: Block, *, similar: bool) -> tuple[float, Block]:
        z -= self.margin + 0.5 * self.width
        p = z * (1.0 / self.width)
        np.maximum(p, -1.0, out=p)
        np.minimum(p, 0.0, out=p)
        total = float(np.einsum("ij,ij->", p, z)) - 0.5 * self.width * float(np.einsum("ij,ij->", p, p))
        return total, p

    def slack(self, slopes: Block) -> float:
        return 0.5 * self.width * (-float(slopes.sum()) - float(np.einsum("ij,ij->", slopes, slopes)))


@dataclass(frozen=True)
class SmoothedHinge(Loss):
    """0 if z >= 1; (1-z)^2/(2w) if 1-w <= z < 1; 1 - z - w/2 below. At most the hinge, by at most w/2."""

    width: float = 0.5

    name = "smoothed_hinge"

    def __post_init__(self) -> None:
        if not 0 < self.width <= 1:
            raise InvalidInputError(f"width={self.width!r}: expected a number in (0, 1]")

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        """Return values and slopes; ``z`` is overwritten."""
        return _CentredHinge(*hinge_window(self)).block(z, similar=similar)

    def constant_risk(self, positive: float, negative: float) -> float:
        """Return the minimum of the convex piecewise quadratic, by golden section on [-1, 1]."""
        return _minimise_scalar(self, positive, negative, -1.0, 1.0)


@dataclass(frozen=True)
class Logistic(Loss):
    """log(1 + exp(-z))."""

    name = "logistic"

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        """Return values and slopes; ``z`` is overwritten."""
        decay = np.exp(-np.abs(z))
        values = np.log1p(decay) - np.minimum(z, 0.0)
        slopes = np.where(z >= 0, decay, 1.0)
        slopes /= decay + 1.0
        np.negative(slopes, out=slopes)
        return values, slopes

    def extreme(self, f_low: float, f_high: float) -> tuple[float, float]:
        """Return log(1 + exp(-F)) and log(1 + exp(F)), F the largest absolute score."""
        largest = max(abs(f_low), abs(f_high))
        return math.log1p(math.exp(-largest)), largest + math.log1p(math.exp(-largest))

    def constant_risk(self, positive: float, negative: float) -> float:
        """Return the weighted entropy of the two labels (the score log of the odds)."""
        total = positive + negative
        return -sum(w * math.log(w / total) for w in (positive, negative) if w > 0)


@dataclass(frozen=True)
class Contrastive(Loss):
    """D for similar pairs, max(0, margin - D) for others; a function of D alone (the threshold is 0)."""

    margin: float = 1.0

    name = "contrastive"
    smooth = False
    has_threshold = False

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.inf:
            raise InvalidInputError(f"margin={self.margin!r}: expected a positive number")

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        """Return values and slopes; ``z`` is overwritten. With t = 0, z = -D if similar and D otherwise."""
        if similar:
            return np.negative(z, out=z), np.full_like(z, -1.0)
        np.subtract(self.margin, z, out=z)
        np.maximum(z, 0.0, out=z)
        return z, -np.sign(z)

    @property
    def kink(self) -> float:
        """The margin."""
        return self.margin

    def surrogate(self, width: float) -> Loss:
        """Return the loss with the kink of the dissimilar pairs rounded."""
        return _CentredContrastive(margin=self.margin, width=width)

    def extreme(self, f_low: float, f_high: float) -> tuple[float, float]:
        """Return (0, max(D_max, margin))."""
        return 0.0, max(abs(f_low), abs(f_high), self.margin)

    def constant_risk(self, positive: float, negative: float) -> float:
        """Return margin times the smaller of the two weights (D = 0 or D = margin)."""
        return self.margin * min(positive, negative)


@dataclass(frozen=True)
class _CentredContrastive(_CentredHinge):
    has_threshold = False

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        if similar:
            return np.negative(z, out=z), np.full_like(z, -1.0)
        return super().block(z, similar=similar)

    def totals(self, z: Block, *, similar: bool) -> tuple[float, Block]:
        if similar:
            return -float(z.sum()), np.full_like(z, -1.0)
        return super().totals(z, similar=similar)


@dataclass(frozen=True)
class Ramp(Loss):
    """min(1, max(0, 1 - z/rho)): bounded and Lipschitz with 1/rho, but not convex; evaluated, never minimised."""

    rho: float = 1.0

    name = "ramp"
    smooth = False
    convex = False

    def __post_init__(self) -> None:
        if not 0 < self.rho < math.inf:
            raise InvalidInputError(f"rho={self.rho!r}: expected a positive number")

    @property
    def lipschitz(self) -> float:  # type: ignore[override]
        """1/rho."""
        return 1.0 / self.rho

    def block(self, z: Block, *, similar: bool) -> tuple[Block, Block]:
        """Return values and slopes; ``z`` is overwritten."""
        np.multiply(z, -1.0 / self.rho, out=z)
        z += 1.0
        slopes = np.where((z > 0) & (z < 1), -1.0 / self.rho, 0.0)
        np.clip(z, 0.0, 1.0, out=z)
        return z, slopes

    def extreme(self, f_low: float, f_high: float) -> tuple[float, float]:
        """Return (0, 1)."""
        return 0.0, 1.0

    def constant_risk(self, positive: float, negative: float) -> float:
        """Return the smaller of the two weights (a score of at least rho in absolute value)."""
        return min(positive, negative)


def hinge_window(loss: Loss) -> tuple[float, float]:
    """Return margin and width of a hinge that is rounded over a window centred at its kink (width 0: not rounded).

    Raises
    ------
    InvalidInputError
        If the loss is none.
    """
    if type(loss) is Hinge:
        return 1.0, 0.0
    if type(loss) is SmoothedHinge:
        return 1.0 - 0.5 * loss.width, loss.width
    if type(loss) is _CentredHinge:
        return loss.margin, loss.width
    raise InvalidInputError(f"loss={loss.name!r}: on a device of your own expected hinge, smoothed_hinge or logistic")


def loss_from_name(
    loss: str | Loss, *, width: float = 0.5, margin: float = 1.0, rho: float = 1.0, also: tuple[str, ...] = ()
) -> Loss:
    """Return the loss of that name.

    Parameters
    ----------
    loss : {"hinge", "smoothed_hinge", "logistic", "contrastive", "ramp"} or Loss
    width, margin, rho : float
        Parameters of ``smoothed_hinge``, ``contrastive`` and ``ramp``.
    also : tuple of str
        What else the caller knows.

    Examples
    --------
    >>> loss_from_name("hinge").range_length(threshold_range=(0.0, 2.0), largest_distance=8.0)  # 1 + max(8, 2)
    9.000000000000007
    """
    if isinstance(loss, Loss):
        return loss
    makers: dict[str, Callable[[], Loss]] = {
        "hinge": Hinge, "smoothed_hinge": partial(SmoothedHinge, width), "logistic": Logistic,
        "contrastive": partial(Contrastive, margin), "ramp": partial(Ramp, rho),
    }  # fmt: skip
    key = str(loss).replace(" ", "_").replace("-", "_")
    if key not in makers:
        raise InvalidInputError(f"loss={loss!r}: expected one of {', '.join((*makers, *also))}")
    return makers[key]()


def _minimise_scalar(loss: Loss, positive: float, negative: float, low: float, high: float) -> float:
    def value(c: float) -> float:
        similar, _ = loss.block(np.array([[c]]), similar=True)
        other, _ = loss.block(np.array([[-c]]), similar=False)
        return positive * float(similar[0, 0]) + negative * float(other[0, 0])

    shrink = (math.sqrt(5.0) - 1.0) / 2.0
    for _ in range(100):
        left, right = high - shrink * (high - low), low + shrink * (high - low)
        if value(left) <= value(right):
            high = right
        else:
            low = left
    return value(0.5 * (low + high))
