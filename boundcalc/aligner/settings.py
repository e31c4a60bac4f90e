"""What aligned encoders are trained with: every setting, its default, and what it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass
from pathlib import Path
from typing import Any

from boundcalc.errors import require
from boundcalc.language.arguments import Problems

require("sklearn", extra="train", purpose="AlignedEncoders")

from sklearn.base import BaseEstimator  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402

__all__ = ["CONTROLS", "LOSSES", "METHODS", "REGULARISERS", "SIMILARITIES", "Settings"]

METHODS = ("contrastive", "cca", "cca_ot", "cca_softmax", "auto")
LOSSES = ("info_nce", "cross_clr", "lmnn")
#: Each transport regulariser, and its twin whose plan is the product measure.
CONTROLS = {"loop": "loop_product", "barycenter": "barycenter_product"}
REGULARISERS = ("none", *CONTROLS, *CONTROLS.values())
SIMILARITIES = ("cosine", "distance")
DTYPES = ("float64", "float32")
_NORMALISE = ("unit", "ball", "none")


@dataclass(kw_only=True, eq=False, repr=False)
class Settings(BaseEstimator):
    """The parameters of :class:`~boundcalc.aligner.AlignedEncoders`, which says what they mean."""

    method: str = "contrastive"
    q: int | None = None
    s: float = 1.0
    encoders: Mapping[str, Any] | None = None
    loss: str = "info_nce"
    regulariser: str = "none"
    weight: float | str = 1.0
    score: InitVar[str] = "distance"
    temperature: float | str = 0.1
    intra_weight: float = 0.8
    margin: float = 1.0
    push: float = 0.5
    eps: float = 0.05
    consistency: float = 0.0
    sinkhorn_iter: int = 30
    atoms: int = 64
    refresh: int = 5
    batch_size: int = 256
    ot_batch: int = 128
    steps: int = 200
    learning_rate: float = 0.02
    early_stopping: bool = False
    validation_fraction: float = 0.2
    patience: int = 5
    tol: float = 1e-4
    normalise: str = "unit"
    checkpoint: str | Path | None = None
    checkpoint_every: int = 50
    progress: Callable[[int, int, str], None] | None = None
    device: str = "cpu"
    dtype: str = "float64"
    random_state: Any = None

    def __post_init__(self, score: str) -> None:
        # scikit-learn has a method of this name; the parameter lives beside it.
        self.score_by = score

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name."""
        return {name: self.score_by if name == "score" else getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name, and return the estimator."""
        self.score_by = params.pop("score", self.score_by)
        return super().set_params(**params)

    def check_fitted(self) -> None:
        """Raise NotFittedError before ``fit``."""
        check_is_fitted(self)

    def check_settings(self) -> None:
        """Raise on bad settings, all of them at once."""
        problems = Problems("AlignedEncoders")
        words = {"method": METHODS, "loss": LOSSES, "regulariser": REGULARISERS, "score": SIMILARITIES}
        words |= {"normalise": _NORMALISE, "dtype": DTYPES}
        given = self.get_params()
        for name, allowed in words.items():
            problems.one_of(name, given[name], allowed)
        for name in ("s", "temperature", "margin", "eps", "learning_rate"):
            if name != "temperature" or self.temperature != "cv":
                problems.number(name, getattr(self, name), low=0, open_low=True)
        for name in ("weight", "intra_weight", "consistency", "tol"):
            if name != "weight" or self.weight != "cv":
                problems.number(name, getattr(self, name), low=0)
        problems.number("push", self.push, low=0, high=1)
        problems.number("validation_fraction", self.validation_fraction, low=0, high=1, open_low=True, open_high=True)
        if self.q is not None:
            problems.integer("q", self.q, low=1)
        for name in ("steps", "sinkhorn_iter", "atoms", "refresh", "patience", "checkpoint_every"):
            problems.integer(name, getattr(self, name), low=1)
        problems.integer("ot_batch", self.ot_batch, low=2)
        problems.integer("batch_size", self.batch_size, low=2, why=": a batch of one has nothing to be told from")
        problems.require(
            self.encoders is None or isinstance(self.encoders, Mapping),
            f"encoders={type(self.encoders).__name__}: expected a mapping of modality name to torch.nn.Module, or None",
        )
        if self.checkpoint is not None:
            problems.require(
                self.random_state is not None,
                "random_state=None: expected a seed together with checkpoint, as a run without one cannot be resumed",
            )
            problems.require(
                Path(self.checkpoint).parent.is_dir(), f"checkpoint={str(self.checkpoint)!r}: its folder does not exist"
            )
        problems.raise_if_any()
