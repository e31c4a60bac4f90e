"""The pairwise metric learner as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from boundcalc.errors import InvalidInputError, require
from boundcalc.language.arguments import as_generator
from boundcalc.trainer.data.labels import has_masked
from boundcalc.trainer.data.modalities import ModalityData, as_block
from boundcalc.trainer.data.normalise import Normaliser
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.measure.estimates import Estimates
from boundcalc.trainer.measure.settings import RHO_GRID, Settings
from boundcalc.trainer.measure.subset import SubsetResult, assess_fit, fit_model, fit_subset
from boundcalc.trainer.models.pair_model import PairModel
from boundcalc.trainer.risk.listed import fit_listed
from boundcalc.trainer.risk.pairs import AllPairs, squared_distances
from boundcalc.trainer.risk.structures import Structure

require("sklearn", extra="train", purpose="PairwiseMetricLearner")

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin  # noqa: E402
from sklearn.utils import check_random_state, column_or_1d  # noqa: E402
from sklearn.utils.multiclass import check_classification_targets  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402

from boundcalc.trainer.data.reading import (  # noqa: E402
    Blocks,
    fill,
    is_list_of_matrices,
    match_known,
    named_arrays,
    single_error,
    split_columns,
    two_sides,
    with_gaps,
)

__all__ = ["PairwiseMetricLearner"]

Array = NDArray[np.float64]
_WHOLE = "X"


@dataclass(kw_only=True, eq=False, repr=False)
class PairwiseMetricLearner(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Learn a squared Mahalanobis distance D and a threshold t: two examples are called similar when D < t.

    Fitting splits the rows uniformly at random into a calibration part (preprocessing), a hold-out part (test risk)
    and a training part, and minimises the exact risk over all training pairs with a certified optimisation error.

    Parameters
    ----------
    structure : {"auto", "diagonal", "modality", "blocks", "full", "discriminant", "posterior", "low_rank"}
        One weight per coordinate, per modality, per block, or a symmetric matrix; or a model that is fitted to the classes, and
        "auto" the best of these by folds of the rows that are not held out. The attributes of the metric and the estimates then
        speak of a diagonal metric on the same training rows, everything else of the model.
    modalities : mapping of str to columns, optional
        For a single array X: the columns (indices, a slice, or names of a data frame) of each modality. Default: one
        modality of all columns.
    subset : str or sequence of str, optional
        Modalities to train on, such as ``"audio+video"`` (default: all).
    eig_range : (lam_min, lam_max)
    threshold_range : (t_min, t_max)
    loss : {"hinge", "smoothed_hinge", "logistic", "contrastive", "auc", "triplet"} or Loss or Ranking
        ``auc`` and ``triplet`` choose the metric by comparisons of similar with dissimilar pairs.
    reg : float
        mu >= 0 in mu ||A - reg_anchor I||_F^2.
    reg_anchor : float
    threshold_for : {"fmr": rate} or {"fnmr": rate}, optional
        Call pairs similar up to the threshold with this false-match or false-non-match rate on folds of the rows that are not held
        out; by default up to the one with the least weighted pair error. ``boundcalc.certify(model=learner, quantity="fmr")`` says
        what the held-out rows certify of it. Only for "auto" and the models that are fitted to the classes.
    rank, shrinkage, penalty, blocks, width, margin, normalise, standardise, pair_radius, calibration, holdout, \
pair_weights, tolerance, max_evaluations, rho, rho_grid, draws, delta, exact_rows, sampled_pairs
        See :class:`~boundcalc.trainer.measure.settings.Settings`.
    random_state : int, Generator, RandomState or None
        Draws the split and the pairing.

    Attributes
    ----------
    params_ : ndarray of shape (g,) or (d, d)
        Metric weights on the normalised coordinates.
    model_ : PairModel or None
        The model that is used in place of that metric.
    structure_ : str
        What is used: the structure of the model, or of the metric.
    threshold_ : float
        Of what is used.
    modalities_ : tuple of str
        The modalities that were trained on.
    risk_, eps_opt_ : float
        Empirical risk over all training pairs (beyond ``exact_rows``, over a sample of them), and its certified
        optimisation error (of the regularised objective).
    ranked_ : Ranked or None
        Where comparisons chose the metric: their mean loss and its certified optimisation error. The risk is then the hinge's,
        whose optimisation error is as certain, but not small.
    n_evaluations_ : int
    converged_ : bool
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> X = rng.normal(size=(60, 4)) + 3 * y[:, None]
    >>> learner = PairwiseMetricLearner(random_state=0).fit(X, y)
    >>> learner.score(X, y) > 0.9
    True
    >>> sorted(set(learner.estimates(delta=0.05).events.values()))
    [0.05]
    """

    structure: str = "auto"
    modalities: Mapping[str, Any] | None = None
    subset: str | Sequence[str] | None = None
    eig_range: tuple[float, float] = (0.0, 1.0)
    threshold_range: tuple[float, float] = (-1.0, 2.0)
    loss: Any = "hinge"
    reg: float = 0.0
    reg_anchor: float = 0.0
    rank: int | None = None
    shrinkage: float | None = None
    penalty: float | None = None
    blocks: Any = None
    width: float = 0.5
    margin: float = 1.0
    normalise: str = "auto"
    standardise: bool = True
    pair_radius: float | None = None
    calibration: float = 0.2
    holdout: float = 0.2
    pair_weights: Any = None
    threshold_for: Mapping[str, float] | None = None
    tolerance: float = 1e-3
    max_evaluations: int = 2000
    rho: float = 1.0
    rho_grid: Sequence[float] = RHO_GRID
    draws: int = 0
    delta: float = 0.05
    exact_rows: int = 20_000
    sampled_pairs: int = 1_000_000
    random_state: Any = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = False
        return tags

    def fit(self, X: Any, y: ArrayLike | None = None, *, groups: ArrayLike | None = None) -> PairwiseMetricLearner:
        """Fit on labelled examples.

        Parameters
        ----------
        X : array of shape (n, d), mapping of str to array, list of 2-D arrays, or ModalityData
            A row of a modality that is NaN throughout is a missing modality.
        y : array_like of shape (n,)
            Labels; part of X already if that is ModalityData.
        groups : array_like of shape (n,), optional
            What each row belongs to, where several rows belong to one: see :class:`~boundcalc.trainer.ModalityData`.

        Raises
        ------
        InvalidInputError
            On bad settings or data; fewer than 8 rows, one class only.
        """
        settings = self._settings()
        data = self._labelled(X, y)
        data = data if groups is None else data.with_groups(groups)
        self.modalities_ = data.names if self.subset is None else data.parse_subset(self.subset)
        rng = self._generator()
        prepared = prepare(data, settings=settings, rng=rng)
        fit = fit_subset(prepared, self.modalities_, rng=rng)
        self._prepared: Prepared | None = prepared
        self._fit = fit
        self._adopt(settings, prepared.normaliser, prepared.facts()["dims"], prepared.structure(self.modalities_), fit)
        self._use(fit_model(prepared, self.modalities_))
        return self

    def fit_pairs(self, pairs: Any, s: ArrayLike) -> PairwiseMetricLearner:
        """Fit on explicit pairs.

        Parameters
        ----------
        pairs : array of shape (P, 2, d), or (left, right)
            Two sides in any form that :meth:`fit` accepts for X.
        s : array_like of shape (P,)
            +1 for similar pairs, -1 for others.
        """
        settings = self._settings()
        if settings.threshold_for is not None:
            raise InvalidInputError(
                f"threshold_for={self.threshold_for!r}: fit_pairs trains the threshold of a metric; fit chooses one for a rate"
            )
        left, right = self._sides(pairs, reset=True)
        labels = np.asarray(s)
        count = next(iter(left[0].values())).shape[0]
        if labels.shape != (count,) or not np.isin(labels, (-1, 1)).all():
            raise InvalidInputError(f"s of shape {labels.shape}: expected +1 or -1 for each of {count} pairs")
        if np.unique(labels).size < 2:
            kind = "dissimilar" if labels[0] > 0 else "similar"
            raise InvalidInputError(f"s is {labels[0]:+g} throughout: no pair is {kind}; expected pairs of both kinds")
        dims = {name: block.shape[1] for name, block in left[0].items()}
        trained = self._check_subset(tuple(dims))
        normaliser, structure, fit = fit_listed(left, right, labels, trained, settings=settings, rng=self._generator())
        self.modalities_ = trained
        self._prepared, self._fit = None, fit
        self._adopt(settings, normaliser, dims, structure, fit)
        self._use(None)
        return self

    def estimates(self, *, delta: float | None = None) -> Estimates:
        """Return every observable symbol of the bounds, each certified or estimated and why.

        Parameters
        ----------
        delta : float, optional
            Failure probability of each certified random value (default: the learner's ``delta``). What a statement
            uses in all is its own delta plus ``estimates.delta_used(...)`` of the values it takes.

        Raises
        ------
        InvalidInputError
            After :meth:`fit_pairs`: pairs that share examples are not independent.
        """
        return self.result(delta=delta).estimates

    def result(self, *, delta: float | None = None) -> SubsetResult:
        """Return the estimates with everything else that was measured.

        Parameters
        ----------
        delta : float, optional
            As for :meth:`estimates`.

        Returns
        -------
        SubsetResult

        Raises
        ------
        InvalidInputError
            After :meth:`fit_pairs`, or if ``delta`` is not in (0, 1).
        """
        check_is_fitted(self)
        if self._prepared is None:
            raise InvalidInputError(
                "estimates need labelled examples: after fit_pairs nothing is known about how the pairs were drawn"
            )
        rng = np.random.default_rng(int(self._prepared.fingerprint[:16], 16))
        result = assess_fit(self._prepared, self.modalities_, self._fit, model=self.model_, rng=rng)
        return result if delta is None else result.at(delta)

    def pair_distance(self, pairs: Any) -> Array:
        """Return sqrt(D) for each pair, shape (P,).

        Parameters
        ----------
        pairs : array of shape (P, 2, d), or (left, right)
            Raw pairs in any form that :meth:`fit_pairs` accepts.

        Raises
        ------
        NotFittedError
            Before :meth:`fit` or :meth:`fit_pairs`.
        InvalidInputError
            If the two sides do not fit each other, or not what was trained on.
        """
        return np.sqrt(self._squared(pairs))

    def pair_score(self, pairs: Any) -> Array:
        """Return the similarity score f = t - D of each pair, shape (P,); positive means similar.

        Parameters
        ----------
        pairs : array of shape (P, 2, d), or (left, right)
            Raw pairs in any form that :meth:`fit_pairs` accepts.

        Raises
        ------
        NotFittedError
            Before :meth:`fit` or :meth:`fit_pairs`.
        InvalidInputError
            If the two sides do not fit each other, or not what was trained on.
        """
        return self.threshold_ - self._squared(pairs)

    def predict_pairs(self, pairs: Any) -> NDArray[np.intp]:
        """Return +1 for pairs with D < t and -1 for others, shape (P,).

        Parameters
        ----------
        pairs : array of shape (P, 2, d), or (left, right)
            Raw pairs in any form that :meth:`fit_pairs` accepts.

        Raises
        ------
        NotFittedError
            Before :meth:`fit` or :meth:`fit_pairs`.
        InvalidInputError
            If the two sides do not fit each other, or not what was trained on.
        """
        return np.where(self.pair_score(pairs) > 0, 1, -1)

    def get_metric(self) -> Callable[[ArrayLike, ArrayLike], float]:
        """Return the distance as a function of two raw rows of all features, for scikit-learn's ``metric=``."""
        check_is_fitted(self)

        def metric(u: ArrayLike, v: ArrayLike) -> float:
            rows = np.stack([np.asarray(u, dtype=float), np.asarray(v, dtype=float)])
            transformed = self._transform(self._split_columns(rows))
            return float(np.linalg.norm(transformed[0] - transformed[1]))

        return metric

    def get_mahalanobis_matrix(self) -> Array:
        """Return A, shape (d, d), on the normalised coordinates of the trained modalities, or on the model's own.

        Raises
        ------
        InvalidInputError
            Where the model's distances are those of class probabilities.
        """
        check_is_fitted(self)
        if self.model_ is not None:
            return self.model_.matrix()
        return self._structure.matrix(self.params_)

    def transform(self, X: Any) -> Array:
        """Map examples so that Euclidean distances are the learnt ones, shape (n, d).

        A missing modality becomes zeros, so distances to examples that have it are then not those of
        :meth:`pair_distance`, which leaves it out.

        Parameters
        ----------
        X : array of shape (n, d), mapping of str to array, list of 2-D arrays, or ModalityData

        Raises
        ------
        NotFittedError
            Before :meth:`fit` or :meth:`fit_pairs`.
        InvalidInputError
            If X does not fit what was trained on.
        """
        check_is_fitted(self)
        arrays, present = self._blocks(X, reset=False)
        return self._transform((arrays, present))

    def score(self, X: Any, y: ArrayLike | None = None) -> float:
        """Return the share of all pairs of the given examples that are on the right side of the threshold.

        Parameters
        ----------
        X : array of shape (n, d), mapping of str to array, list of 2-D arrays, or ModalityData
        y : array_like of shape (n,)
            Labels; part of X already if that is ModalityData.

        Raises
        ------
        NotFittedError
            Before :meth:`fit` or :meth:`fit_pairs`.
        InvalidInputError
            If X does not fit what was trained on, or for fewer than 2 rows or another number of labels.
        """
        check_is_fitted(self)
        if isinstance(X, ModalityData):
            y, X = X.y, with_gaps(X)
        arrays, present = self._blocks(X, reset=False)
        with single_error():
            labels = column_or_1d(y)
        rows, here = self._normalised((arrays, present)) if self.model_ is None else self._raw((arrays, present))
        if labels.shape[0] != rows.shape[0] or rows.shape[0] < 2:
            raise InvalidInputError(
                f"y has {labels.shape[0]} labels for {rows.shape[0]} rows: expected as many, at least 2"
            )
        codes = np.unique(labels, return_inverse=True)[1].astype(np.intp)
        if self.model_ is not None:
            count = len(rows) * (len(rows) - 1) // 2
            return (count - sum(self.model_.wrong_pairs(rows, here, codes, threshold=self.threshold_))) / count
        widths = [self._dims[name] for name in self.modalities_]
        pairs = AllPairs(rows, codes, widths=widths, present=here)
        return 1.0 - pairs.profile(self._structure.operator(self.params_), self.threshold_, rhos=())[0]

    @property
    def _n_features_out(self) -> int:
        return self._structure.d if self.model_ is None else self.model_.factor.shape[1]

    def _settings(self) -> Settings:
        return Settings(**{name: getattr(self, name) for name in Settings.__dataclass_fields__ if hasattr(self, name)})

    def _generator(self) -> np.random.Generator:
        if isinstance(self.random_state, np.integer):
            return as_generator(int(self.random_state))
        if self.random_state is None or isinstance(self.random_state, (int, np.random.Generator)):
            return as_generator(self.random_state)
        with single_error():
            return np.random.default_rng(check_random_state(self.random_state).randint(2**31))

    def _adopt(
        self, settings: Settings, normaliser: Normaliser, dims: dict[str, int], structure: Structure, fit: Any
    ) -> None:
        self._normaliser, self._dims, self._structure = normaliser, dims, structure
        self.params_ = fit.params
        self.threshold_ = settings.decision_threshold(fit.threshold)
        self.risk_, self.eps_opt_ = fit.risk, fit.eps_opt
        self.ranked_ = fit.ranked
        self.n_evaluations_, self.converged_ = fit.evaluations, bool(fit.converged)

    def _use(self, model: PairModel | None) -> None:
        self.model_ = model
        self.structure_ = self._structure.name if model is None else model.structure
        self.threshold_ = self.threshold_ if model is None else model.threshold

    def _raw(self, side: Any) -> tuple[Array, NDArray[np.bool_]]:
        """Return rows of the trained modalities as models of the classes take them."""
        arrays, present = side
        return np.hstack([arrays[name] for name in self.modalities_]), np.column_stack(
            [present[name] for name in self.modalities_]
        )

    def _check_subset(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if self.subset is None:
            return names
        probe = ModalityData(dict.fromkeys(names, np.zeros((8, 1))), [0, 1] * 4)
        return probe.parse_subset(self.subset)

    def _labelled(self, X: Any, y: Any) -> ModalityData:
        if isinstance(X, ModalityData):
            self.n_features_in_ = sum(X.dims.values())
            return X
        if y is None:
            # scikit-learn's checks look for these words.
            raise InvalidInputError("requires y to be passed, but the target y is None")
        masked = has_masked(y)
        with single_error(), warnings.catch_warnings():
            # Many classes for few rows are no mistake here.
            warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
            y = column_or_1d(y, warn=True)
            check_classification_targets(y)
        if masked:
            raise InvalidInputError("y has masked labels: expected one label per row")
        arrays, present = self._blocks(X, reset=True)
        mask = np.column_stack([~present[name] for name in arrays])
        if y.shape[0] != mask.shape[0]:
            raise InvalidInputError(f"y has {y.shape[0]} labels for {mask.shape[0]} rows: expected as many")
        return ModalityData(arrays, y, mask=mask)

    def _blocks(self, X: Any, *, reset: bool) -> Blocks:
        """Return arrays (zeros where missing) and presence of every modality."""
        if isinstance(X, ModalityData):
            X = with_gaps(X)
        # A sparse matrix by keys is a mapping, too.
        if (isinstance(X, Mapping) and not issparse(X)) or is_list_of_matrices(X):
            return self._named(X, reset=reset)
        if issparse(X):
            raise InvalidInputError("X is sparse, but dense data is required: give X.toarray()")
        with single_error():
            if isinstance(X, np.ma.MaskedArray):
                X = as_block(X)
            block = validate_data(
                self, X, reset=reset, dtype=np.float64, ensure_all_finite=self.modalities is None or "allow-nan"
            )
        return self._split_columns(block)

    def _split_columns(self, block: Array) -> Blocks:
        if self.modalities is None:
            return {_WHOLE: block}, {_WHOLE: np.ones(block.shape[0], dtype=bool)}
        return fill(split_columns(block, self.modalities, list(getattr(self, "feature_names_in_", []))))

    def _named(self, X: Any, *, reset: bool) -> Blocks:
        arrays = named_arrays(X)
        if reset:
            self.n_features_in_ = sum(block.shape[1] for block in arrays.values())
        else:
            arrays = match_known(arrays, self._dims, self.modalities_)
        return fill(arrays)

    def _sides(self, pairs: Any, *, reset: bool) -> tuple[Blocks, Blocks]:
        first, second, separate = two_sides(pairs)
        left, right = self._blocks(first, reset=reset), self._blocks(second, reset=reset and separate)
        shapes = [{k: v.shape for k, v in side[0].items()} for side in (left, right)]
        if shapes[0] != shapes[1]:
            raise InvalidInputError(f"pairs have sides of shapes {shapes[0]} and {shapes[1]}: expected equal shapes")
        return left, right

    def _normalised(self, side: Any) -> tuple[Array, NDArray[np.bool_]]:
        arrays, present = side
        rows = [self._normaliser.apply(name, arrays[name], present[name]) for name in self.modalities_]
        return np.hstack(rows), np.column_stack([present[name] for name in self.modalities_])

    def _transform(self, side: Any) -> Array:
        if self.model_ is not None:
            return self.model_.embed(*self._raw(side))
        rows, _ = self._normalised(side)
        operator = self._structure.operator(self.params_)
        if operator.ndim == 1:
            return rows * np.sqrt(operator)
        values, vectors = np.linalg.eigh(operator)
        return rows @ (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T

    def _squared(self, pairs: Any) -> Array:
        check_is_fitted(self)
        left, right = self._sides(pairs, reset=False)
        if self.model_ is not None:
            (x, here), (y, there) = self._raw(left), self._raw(right)
            return self.model_.squared(x, y, here, there)
        (x, here), (y, there) = self._normalised(left), self._normalised(right)
        both = np.repeat(here & there, [self._dims[name] for name in self.modalities_], axis=1)
        differences = np.where(both, x - y, 0.0)
        return np.maximum(squared_distances(self._structure.operator(self.params_), differences), 0.0)
