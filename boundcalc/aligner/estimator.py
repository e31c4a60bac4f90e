"""Encoders of several modalities into one latent space, trained on partly aligned data, as a scikit-learn estimator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.aligner.closed_form import PLANS, fit_closed_form
from boundcalc.aligner.inputs import Examples, read_blocks, read_examples
from boundcalc.aligner.retrieval import retrieval_measures
from boundcalc.aligner.selection import choose, cross_validate, fold_parts, partner_ranks, similarities
from boundcalc.aligner.settings import Settings
from boundcalc.errors import InvalidInputError, MissingExtraError
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.trainer.data.normalise import project_rows, unit_rows

__all__ = ["AlignedEncoders"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

_UNBOUNDED = (
    "the norm of these encoders is not bounded: what a weight of the regulariser is right for linear ones may lose here; "
    "compare with weight 0"
)
#: What "cv" compares, in units of the first loss and of the score; and folds of the fits that it takes.
_WEIGHTS = (0.0, 1.0, 3.0)
_TEMPERATURES = (0.1, 0.03, 0.3)
_FOLDS = 2


class AlignedEncoders(Settings):
    """One encoder for each modality into R^q, so that what belongs together lies together.

    A contrastive loss is minimised on the aligned examples, and with a regulariser the latent points of all examples,
    aligned or not, are brought into one cloud by optimal transport; or canonical correlations are solved for in closed form.

    Parameters
    ----------
    method : {"contrastive", "cca", "cca_ot", "cca_softmax", "auto"}
        How encoders are found. "contrastive" trains them (torch). The others are closed forms of unit vectors and need no
        torch: regularised canonical correlations of the aligned pairs ("cca"); with pseudo-pairs from transport plans
        between the rows without a partner ("cca_ot"); with pseudo-pairs from a softmax that keeps no marginals, the
        control of the former ("cca_softmax"). Ridge and share of pseudo-pairs are chosen by cross-validation, none allowed.
        "auto" takes one of "cca", "cca_ot" and "contrastive" with weight and temperature "cv"; without torch one of the first
        two, and ``cautions_`` says so.
    q : int, optional
        Latent dimension; default 8, in closed form all canonical directions, at most 64.
    s : float
        Bound on the spectral norm of the joint matrix [W_1 ... W_K] of linear encoders; restored after each step.
    encoders : mapping of str to torch.nn.Module, optional
        Any module for each modality instead, mapping rows (n, ...) of any shape to (n, q). Copies are trained; one module
        given for two modalities stays one.
    loss : {"info_nce", "cross_clr", "lmnn"}
        ``lmnn`` uses labels if y is given.
    regulariser : {"none", "loop", "barycenter", "loop_product", "barycenter_product"}
        Taken in the second half of the steps, on latent points divided by the root of their mean squared distance, and
        debiased (Sinkhorn divergence). With "_product" the plan is the product measure: no transport, the control.
    weight : float or "cv"
        >= 0, of the regulariser, in units of the loss of a random guess. "cv": chosen by cross-validation on the aligned
        pairs, 0 among them; it costs two fits for each weight that is compared.
        Transport helps where the modalities share a latent that stands out of the noise: it gains nothing where the noise
        is as large as the signal, and may lose where the modalities share little. Compare (:func:`compare_regularisers`).
    score : {"distance", "cosine"}
        What :meth:`similarity` and the contrastive losses go by: minus the squared distance, or the cosine. With
        the cosine the regulariser, too, sees directions only.
    temperature, intra_weight, margin, push : float
        See :mod:`boundcalc.aligner.contrastive`; temperature may be "cv", like the weight.
    eps : float
        Entropic regularisation, as a share of the mean squared latent distance between modalities.
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
    device, dtype : str
        Where torch computes ("cpu", "cuda", ...), and in which precision: "float64" or "float32".
    random_state : int, numpy.random.Generator or None

    Attributes
    ----------
    modalities_ : tuple of str
    n_features_ : dict of str to int
    linear_ : bool
        Whether the encoders are the trained linear ones, whose class has a known complexity.
    q_ : int
        Latent dimension.
    weight_ : ndarray of shape (q, d_1 + ... + d_K)
        The joint matrix (trained linear encoders only).
    module_ : torch.nn.Module
        Trained encoders only.
    chosen_ : dict
        What was chosen on the aligned pairs: method, ridge and gamma in closed form, weight and temperature if "cv".
    cross_validation_ : dict
        Mean log rank of the true partner for each choice that was compared; lower is better.
    cautions_ : tuple of str
        What may go wrong with these settings.
    n_aligned_ : int
        Aligned examples given.
    n_iter_ : int
        0 in closed form.
    loss_curve_ : ndarray of shape (n_iter, 2)
        Contrastive loss and regulariser at each step.
    validation_curve_ : ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from boundcalc.aligner import AlignedEncoders, planted_latent
    >>> X, y = planted_latent(80, rng=0)
    >>> model = AlignedEncoders(method="cca_ot", q=4, random_state=0).fit(X, aligned=np.arange(80) < 20)
    >>> sorted(model.transform(X)), model.transform(X)["m0"].shape
    (['m0', 'm1'], (80, 4))
    """

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
        self.check_settings()
        examples = read_examples(X, aligned, y, flat=self.encoders is None)
        blocks = {name: self._normalised(block) for name, block in examples.blocks.items()}
        rows = Examples(blocks, examples.aligned, examples.labels if self.loss == "lmnn" else None)
        seed = int(as_generator(self.random_state).integers(2**62))
        self.chosen_: dict[str, Any] = {}
        self.cross_validation_: dict[str, float] = {}
        self.cautions_: tuple[str, ...] = ()
        self.encoder_ = self._found(rows, seed)
        trained = self.chosen_["method"] == "contrastive"
        self.linear_ = trained and self.encoders is None
        if trained:
            self.module_ = self.encoder_.module
        if self.linear_:
            self.weight_ = self.encoder_.weight
        self._rows_ = {name: _digests(block) for name, block in examples.blocks.items()}
        self.modalities_ = examples.names
        self.n_features_ = {name: _width(block) for name, block in blocks.items()}
        self.q_ = self.encoder_.encode(0, next(iter(blocks.values()))[:1]).shape[1]
        self.n_aligned_ = len(examples.aligned)
        self.n_iter_ = self.encoder_.steps if trained else 0
        self.loss_curve_ = self.encoder_.curve if trained else np.zeros((0, 2))
        self.validation_curve_ = self.encoder_.validation_curve if trained else np.zeros(0)
        unbounded = trained and self.encoders is not None and self.regulariser != "none" and self.chosen_["weight"] > 0
        self.cautions_ += (_UNBOUNDED,) if unbounded else ()
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
        self.check_fitted()
        if isinstance(X, (list, tuple)):
            X = dict(zip(self.modalities_, X, strict=False)) if len(X) == len(self.modalities_) else X
        blocks = read_blocks(X, context="AlignedEncoders.transform", flat=self.encoders is None)
        problems = Problems("AlignedEncoders.transform")
        for name, block in blocks.items():
            known = problems.require(
                name in self.modalities_, f"unknown modality {name!r}: expected some of {', '.join(self.modalities_)}"
            )
            problems.require(
                not known or _width(block) == self.n_features_[name],
                f"modality {name!r} has {_width(block)} columns: expected {self.n_features_.get(name)}",
            )
        problems.raise_if_any()
        return {
            name: self.encoder_.encode(self.modalities_.index(name), self._normalised(block))
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
        self.check_fitted()
        if modality not in self.modalities_:
            raise InvalidInputError(f"unknown modality {modality!r}: expected one of {', '.join(self.modalities_)}")
        block = read_blocks({modality: rows}, context="AlignedEncoders.trained_on", flat=self.encoders is None)[
            modality
        ]
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
        self.check_fitted()
        return similarities(self._latent(a, "a"), self._latent(b, "b"), by=self.score_by)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean reciprocal rank of the true partner, over both directions and all pairs of modalities.

        Parameters
        ----------
        X : mapping of str to array (n, d_k)
            Row i of all modalities belongs together; at least two modalities, of equal length.
        y : None
            Not used.
        """
        latents = self.transform(X)
        if len(latents) < 2 or len({len(points) for points in latents.values()}) > 1:
            sizes = {name: len(points) for name, points in latents.items()}
            raise InvalidInputError(
                f"X has rows {sizes}: expected at least two modalities of equal length, row i aligned"
            )
        tables = (similarities(a, b, by=self.score_by) for a, b in permutations(latents.values(), 2))
        return float(np.mean([retrieval_measures(table, k=1)["mAP"] for table in tables]))

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
        if points.shape[1] != self.q_:
            raise InvalidInputError(
                f"{name} has shape {points.shape}: expected latent points (n, {self.q_}), or a mapping"
            )
        return points

    def _normalised(self, block: Array) -> Array:
        flat = block.reshape(len(block), -1)
        if self.normalise != "none":
            flat = unit_rows(flat) if self.normalise == "unit" else project_rows(flat)
        return flat.reshape(block.shape)

    def _found(self, rows: Examples, seed: int) -> Any:
        """Return encoders by the method, the better of two for "auto"."""
        names = ("cca_ot", "contrastive") if self.method == "auto" else (self.method,)
        done = {}
        for name in names:
            try:
                done[name] = self._closed(name, rows, seed) if name in PLANS else self._trained(rows, seed)
            except MissingExtraError as error:
                if not done:
                    raise
                self.cautions_ = (f"trained encoders are no candidates: {error}",)
        name = choose({name: ranks for name, (_, ranks, _) in done.items()}, names[:1])
        encoder, _, chosen = done[name]
        self.chosen_ = {"method": name, **chosen}
        self.cross_validation_ |= {name: float(ranks.mean()) for name, (_, ranks, _) in done.items() if ranks.size}
        return encoder

    def _closed(self, method: str, rows: Examples, seed: int) -> tuple[Any, Array, dict[str, Any]]:
        found, ranks = fit_closed_form(
            list(rows.blocks.values()),
            rows.aligned,
            q=self.q,
            method=method,
            eps=float(self.eps),
            by=self.score_by,
            seed=seed,
        )
        return found, ranks, {"ridge": found.ridge, "gamma": found.gamma}

    def _trained(self, rows: Examples, seed: int) -> tuple[Any, Array, dict[str, Any]]:
        """Return trained encoders; temperature first, then weight, where they are to be chosen."""
        from boundcalc.aligner.trained import train

        auto = self.method == "auto"
        settings = self.get_params(deep=False)
        if auto and self.regulariser == "none":
            settings["regulariser"] = "loop"
        temperatures: tuple[float | str, ...] = (
            _TEMPERATURES if auto or self.temperature == "cv" else (self.temperature,)
        )
        weights: tuple[float | str, ...] = _WEIGHTS if auto or self.weight == "cv" else (self.weight,)
        quick = settings | {"checkpoint": None, "progress": None, "early_stopping": False}

        def log_ranks(candidate: tuple[float | str, float | str], kept: Rows, held: Rows) -> Array:
            part = Examples(rows.blocks, rows.aligned[kept], None if rows.labels is None else rows.labels[kept])
            found = train(quick | dict(zip(("temperature", "weight"), candidate, strict=True)), part, seed)
            points = [found.encode(place, block) for place, block in enumerate(rows.blocks.values())]
            return partner_ranks(points, rows.aligned[held], by=self.score_by)

        best, ranks = (temperatures[0], weights[0]), np.zeros(0)
        if len(temperatures) * len(weights) > 1:
            parts = fold_parts(len(rows.aligned), folds=_FOLDS, rng=np.random.default_rng(seed))
            plain: list[tuple[float | str, float | str]] = [(one, weights[0]) for one in temperatures]
            found = cross_validate(plain, parts, log_ranks)
            best = choose(found, plain)
            mixed: list[tuple[float | str, float | str]] = [(best[0], weight) for weight in weights[1:]]
            found = {best: found[best]} | cross_validate(mixed, parts, log_ranks)
            best = choose(found, [best])
            ranks = found[best]
        chosen = dict(zip(("temperature", "weight"), best, strict=True))
        return train(settings | chosen, rows, seed), ranks, chosen


def _width(block: Array) -> Any:
    return block.shape[1] if block.ndim == 2 else block.shape[1:]


def _digests(block: Array) -> tuple[bytes, ...]:
    return tuple(hashlib.blake2b((row + 0.0).tobytes(), digest_size=12).digest() for row in block)
