"""Encoders of several modalities into one latent space, trained on partly aligned data, as a scikit-learn estimator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.aligner._torch import torch
from boundcalc.aligner.checkpoint import fingerprint
from boundcalc.aligner.contrastive import SIMILARITIES, scores
from boundcalc.aligner.encoders import JointLinear, ModulePerModality
from boundcalc.aligner.inputs import read_blocks, read_examples
from boundcalc.aligner.training import LOSSES, REGULARISERS, Training
from boundcalc.errors import InvalidInputError, require
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.trainer.data.normalise import project_rows, unit_rows

require("sklearn", extra="train", purpose="AlignedEncoders")

from sklearn.base import BaseEstimator  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402

__all__ = ["AlignedEncoders"]

Array = NDArray[np.float64]
_NORMALISE = ("unit", "ball", "none")


@dataclass(kw_only=True, eq=False, repr=False)
class AlignedEncoders(BaseEstimator):
    """One encoder for each modality into R^q, so that what belongs together lies together.

    A contrastive loss is minimised on the aligned examples, and with a regulariser the latent points of all examples,
    aligned or not, are brought into one cloud by optimal transport.

    Parameters
    ----------
    q : int
        Latent dimension.
    s : float
        Bound on the spectral norm of the joint matrix [W_1 ... W_K] of linear encoders; restored after each step.
    encoders : mapping of str to torch.nn.Module, optional
        Any module for each modality instead, mapping (n, d_k) to (n, q). Copies are trained, in double precision; one
        module given for two modalities stays one.
    loss : {"info_nce", "cross_clr", "lmnn"}
        ``lmnn`` uses labels if y is given.
    regulariser : {"none", "loop", "barycenter"}
    weight : float
        >= 0, of the regulariser (for the loop: of the mean over its edges).
        It helps where the modalities share a latent that stands out of the noise: it gains nothing where the noise is as
        large as the signal, and may lose where the modalities share little. Compare (:func:`compare_regularisers`).
    score : {"distance", "cosine"}
        What :meth:`similarity` and the contrastive losses go by: minus the squared distance, or the cosine. With
        the cosine the regulariser, too, sees directions only.
    temperature, intra_weight, margin, push : float
        See :mod:`boundcalc.aligner.contrastive`.
    eps : float
        Entropic regularisation, in the units of the squared latent distance.
    consistency : float
        Weight of the loop's consistency term.
    sinkhorn_iter : int
        Most Sinkhorn iterations for one plan.
    atoms, refresh : int
        Number of atoms of the barycenter, and steps between two of its estimates.
    batch_size, ot_batch : int
        Aligned examples, and points of each modality, that a step looks at (at most).
    steps : int
        Most gradient steps (Adam).
    learning_rate : float
    early_stopping : bool
        Hold out ``validation_fraction`` of the aligned examples, stop when their loss has not fallen by ``tol`` in
        ``patience`` looks (one every 10 steps), and return the best model seen.
    validation_fraction, patience, tol :
        See ``early_stopping``.
    normalise : {"unit", "ball", "none"}
        Scale each row to unit norm, project it onto the unit ball, or leave it. The first two bound every row by 1
        whatever the data are, which the certificate of linear encoders needs. Nothing is centred: a scaler has to be
        fitted on rows that are in no aligned pair.
    checkpoint : path, optional
        File to which the state is written every ``checkpoint_every`` steps and from which ``fit`` goes on, bit for bit on the
        same machine with the same number of torch threads. Needs a ``random_state``, or no later call would be the same.
    checkpoint_every : int
    progress : callable, optional
        ``progress(done, total, message)``.
    random_state : int, numpy.random.Generator or None

    Attributes
    ----------
    modalities_ : tuple of str
    n_features_ : dict of str to int
    linear_ : bool
        Whether the encoders are the linear ones, whose class has a known complexity.
    weight_ : ndarray of shape (q, d_1 + ... + d_K)
        The joint matrix (linear encoders only).
    module_ : torch.nn.Module
    n_aligned_ : int
        Aligned examples given.
    n_iter_ : int
    loss_curve_ : ndarray of shape (n_iter, 2)
        Contrastive loss and regulariser at each step.
    validation_curve_ : ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from boundcalc.aligner import AlignedEncoders, planted_latent
    >>> X, y = planted_latent(80, rng=0)
    >>> model = AlignedEncoders(q=4, steps=20, random_state=0).fit(X, aligned=np.arange(80) < 20)
    >>> sorted(model.transform(X)), model.transform(X)["m0"].shape
    (['m0', 'm1'], (80, 4))
    """

    q: int = 8
    s: float = 1.0
    encoders: Mapping[str, Any] | None = None
    loss: str = "info_nce"
    regulariser: str = "none"
    weight: float = 1.0
    score: str = "distance"
    temperature: float = 0.1
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
    random_state: Any = None

    def fit(self, X: Any, aligned: ArrayLike, y: Any = None) -> AlignedEncoders:
        """Train on partly aligned examples.

        Parameters
        ----------
        X : mapping of str to array (n_k, d_k), list of arrays, or ModalityData
            Rows of each modality. Row i of one has nothing to do with row i of another unless ``aligned`` says so.
        aligned : ndarray of bool (n,), or of int (P, K)
            True where row i of all modalities (of a ModalityData: of those at hand) belong together; or the row numbers
            that belong together, one column for each modality, -1 where it is missing.
        y : array_like of shape (n,), or mapping of str to array (n_k,), optional
            Labels, for ``loss="lmnn"``.

        Raises
        ------
        InvalidInputError
            On bad settings or data: no or one aligned pair, one class, an empty modality, mismatched lengths, NaN, ...
        """
        self._check_settings()
        examples = read_examples(X, aligned, y)
        blocks = {name: self._normalised(block) for name, block in examples.blocks.items()}
        seed = int(as_generator(self.random_state).integers(2**62))
        key = fingerprint(
            {"seed": seed, "version": 1, "modalities": examples.names, **self._described()},
            *blocks.values(),
            examples.aligned,
            *([] if examples.labels is None else [examples.labels]),
        )
        # The random numbers of torch are ours while we train, and the caller's again afterwards.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            dims = {name: block.shape[1] for name, block in blocks.items()}
            model = self._model(dims)
            labels = examples.labels if self.loss == "lmnn" else None
            training = Training(
                SimpleNamespace(**self.get_params(deep=False)),
                model,
                [torch.tensor(block) for block in blocks.values()],
                torch.tensor(examples.aligned),
                None if labels is None else torch.tensor(labels),
            )
            self._check_outputs(model, training.blocks, examples.names)
            training.run(
                fingerprint=key, checkpoint=self.checkpoint, every=self.checkpoint_every, progress=self.progress
            )
        model.eval()
        self.module_ = model
        self.linear_ = self.encoders is None
        if self.linear_:
            self.weight_ = model.weight.detach().numpy().copy()
        self._rows_ = {name: _digests(block) for name, block in examples.blocks.items()}
        self.modalities_ = examples.names
        self.n_features_ = dims
        self.n_aligned_ = len(examples.aligned)
        self.n_iter_ = training.step
        self.loss_curve_ = np.asarray(training.curve, dtype=float).reshape(-1, 2)
        self.validation_curve_ = np.asarray(training.validation_curve, dtype=float)
        return self

    def transform(self, X: Any) -> dict[str, Array]:
        """Return the latent points of rows of some or all modalities.

        Parameters
        ----------
        X : mapping of str to array (n_k, d_k), or a list of arrays of all modalities

        Returns
        -------
        dict of str to ndarray of shape (n_k, q)

        Raises
        ------
        InvalidInputError
            On an unknown modality, another number of columns, an empty modality or NaN.
        """
        check_is_fitted(self)
        if isinstance(X, (list, tuple)):
            X = dict(zip(self.modalities_, X, strict=False)) if len(X) == len(self.modalities_) else X
        blocks = read_blocks(X, context="AlignedEncoders.transform")
        problems = Problems("AlignedEncoders.transform")
        for name, block in blocks.items():
            known = problems.require(
                name in self.modalities_, f"unknown modality {name!r}: expected some of {', '.join(self.modalities_)}"
            )
            problems.require(
                not known or block.shape[1] == self.n_features_[name],
                f"modality {name!r} has {block.shape[1]} columns: expected {self.n_features_.get(name)}",
            )
        problems.raise_if_any()
        with torch.no_grad():
            return {
                name: self.module_.encode(
                    self.modalities_.index(name), torch.from_numpy(self._normalised(block))
                ).numpy()
                for name, block in blocks.items()
            }

    def trained_on(self, modality: str, rows: ArrayLike) -> NDArray[np.bool_]:
        """Return for each row of a modality whether ``fit`` was given it, aligned or not, shape (n,).

        Parameters
        ----------
        modality : str
        rows : array_like of shape (n, d_k)

        Returns
        -------
        ndarray of bool, shape (n,)

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InvalidInputError
            If there is no such modality.
        """
        check_is_fitted(self)
        if modality not in self.modalities_:
            raise InvalidInputError(f"unknown modality {modality!r}: expected one of {', '.join(self.modalities_)}")
        block = read_blocks({modality: rows}, context="AlignedEncoders.trained_on")[modality]
        known = set(self._rows_[modality])
        return np.array([digest in known for digest in _digests(block)], dtype=bool)

    def fit_transform(self, X: Any, aligned: ArrayLike, y: Any = None) -> dict[str, Array]:
        """Fit, and return the latent points of the same rows.

        Parameters
        ----------
        X, aligned, y
            As for :meth:`fit`.

        Returns
        -------
        dict of str to ndarray of shape (n, q)
        """
        return self.fit(X, aligned, y).transform(X)

    def similarity(self, a: Any, b: Any) -> Array:
        """Return how alike items are, shape (n, m): minus the squared latent distance, or the cosine.

        Parameters
        ----------
        a, b : ndarray of shape (n, q), (m, q), or mapping of one modality to its rows
            Latent points, or rows of one modality each, which are then encoded.
        """
        check_is_fitted(self)
        left, right = (torch.from_numpy(self._latent(side, name)) for side, name in ((a, "a"), (b, "b")))
        return scores(left, right, similarity=self.score).numpy()

    def retrieve(self, queries: Any, gallery: Any, k: int = 10) -> tuple[NDArray[np.intp], Array]:
        """Return the k items of the gallery that are most alike to each query, best first.

        Parameters
        ----------
        queries, gallery :
            As for :meth:`similarity`.
        k : int
            1 <= k <= size of the gallery.

        Returns
        -------
        indices : ndarray of shape (n, k)
        scores : ndarray of shape (n, k)
        """
        table = self.similarity(queries, gallery)
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= table.shape[1]:
            raise InvalidInputError(f"k={k!r}: expected an integer in [1, {table.shape[1]}], the size of the gallery")
        best = np.argsort(-table, axis=1, kind="stable")[:, :k]
        return best, np.take_along_axis(table, best, axis=1)

    # ------------------------------------------------------------------ pieces

    def _latent(self, side: Any, name: str) -> Array:
        if isinstance(side, Mapping):
            if len(side) != 1:
                raise InvalidInputError(
                    f"{name} names {len(side)} modalities: expected one, or an array of latent points"
                )
            return next(iter(self.transform(side).values()))
        points = read_blocks({name: side}, context="latent points")[name]
        if points.shape[1] != self.q:
            raise InvalidInputError(
                f"{name} has shape {points.shape}: expected latent points (n, {self.q}), or a mapping"
            )
        return points

    def _normalised(self, block: Array) -> Array:
        if self.normalise == "unit":
            return unit_rows(block)
        return project_rows(block) if self.normalise == "ball" else block

    def _model(self, dims: Mapping[str, int]) -> Any:
        if self.encoders is None:
            return JointLinear(list(dims.values()), q=self.q, s=float(self.s))
        return ModulePerModality(self.encoders, list(dims))

    def _check_outputs(self, model: Any, blocks: list[Any], names: tuple[str, ...]) -> None:
        if self.encoders is None:
            return
        model.eval()
        for place, (name, block) in enumerate(zip(names, blocks, strict=True)):
            try:
                with torch.no_grad():
                    latent = model.encode(place, block[:2])
            except Exception as error:
                # A foreign module raises whatever it likes; the cause stays attached.
                raise InvalidInputError(
                    f"encoders[{name!r}] fails on rows of shape {tuple(block[:2].shape)}: {error}",
                    context="AlignedEncoders.fit",
                ) from error
            shape = tuple(latent.shape) if isinstance(latent, torch.Tensor) else type(latent).__name__
            if shape != (len(block[:2]), self.q):
                raise InvalidInputError(
                    f"encoders[{name!r}] maps {tuple(block[:2].shape)} to {shape}: expected ({len(block[:2])}, q={self.q})"
                )

    def _described(self) -> dict[str, Any]:
        settings = self.get_params(deep=False)
        for name in ("checkpoint", "checkpoint_every", "progress", "random_state", "encoders"):
            settings.pop(name)
        if self.encoders is not None:
            settings["encoders"] = {
                str(name): [str(module), {k: v.double().tolist() for k, v in module.state_dict().items()}]
                for name, module in self.encoders.items()
                if isinstance(module, torch.nn.Module)
            }
        return settings

    def _check_settings(self) -> None:
        problems = Problems("AlignedEncoders")
        words = {"loss": LOSSES, "regulariser": REGULARISERS, "score": SIMILARITIES, "normalise": _NORMALISE}
        for name, allowed in words.items():
            problems.one_of(name, getattr(self, name), allowed)
        for name in ("s", "temperature", "margin", "eps", "learning_rate"):
            problems.number(name, getattr(self, name), low=0, open_low=True)
        for name in ("weight", "intra_weight", "consistency", "tol"):
            problems.number(name, getattr(self, name), low=0)
        problems.number("push", self.push, low=0, high=1)
        problems.number("validation_fraction", self.validation_fraction, low=0, high=1, open_low=True, open_high=True)
        for name in ("q", "steps", "sinkhorn_iter", "atoms", "refresh", "patience", "checkpoint_every"):
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


def _digests(block: Array) -> tuple[bytes, ...]:
    return tuple(hashlib.blake2b((row + 0.0).tobytes(), digest_size=12).digest() for row in block)
