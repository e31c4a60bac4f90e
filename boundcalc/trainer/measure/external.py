"""The certificate of a fixed model that was trained elsewhere: its embeddings on examples it has never seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems
from boundcalc.trainer.data.labels import encode_labels, has_masked
from boundcalc.trainer.data.normalise import unit_rows
from boundcalc.trainer.data.prepare import exceeds, measured_squared_radius
from boundcalc.trainer.measure.estimates import CERTIFIED, ESTIMATED, Entry, Estimates
from boundcalc.trainer.risk.losses import Loss, loss_from_name, round_up
from boundcalc.trainer.risk.pairs import AllPairs

__all__ = ["estimates_from_embeddings"]

_CLASS_UNKNOWN = "the class that the model was chosen from is unknown; only the fixed model is certified"
_REFUSED = ("R_M", "Rhat", "kappa_M", "eps_opt", "rhat_M", "d_M", "g_M", "lam_min", "lam_max", "n")


def estimates_from_embeddings(
    embeddings: ArrayLike,
    y: ArrayLike,
    *,
    threshold: float,
    loss: str | Loss = "error",
    radius: float | None = None,
    normalise: bool = False,
    rho: float = 1.0,
) -> Estimates:
    """Measure a fixed embedding on held-out examples.

    Two examples are called similar when the squared Euclidean distance of their embeddings is below the threshold.
    Embedding and threshold must have been fixed before these examples were looked at; then the record supports the
    certificate of a fixed model (Hoeffding's inequality for U-statistics) and nothing about a class of models.

    Parameters
    ----------
    embeddings : array_like of shape (n_h, q)
        Of examples that the model has never seen.
    y : array_like of shape (n_h,)
        Labels.
    threshold : float
        On the squared distance.
    loss : {"error", "ramp", "hinge", "smoothed_hinge", "logistic", "contrastive"} or Loss
        ``error`` and ``ramp`` lie in [0, 1]; the others need a radius. ``contrastive`` (margin 1, unless a Loss says
        otherwise) is paid on the distance alone; the threshold then serves the pair error only.
    radius : float, optional
        Largest distance of two embeddings, known in advance. Refused if two of the rows are further apart.
    normalise : bool
        Scale each row to unit norm first; then the radius is 2 whatever the rows.
    rho : float
        Margin of the ramp loss.

    Returns
    -------
    Estimates
        With ``rhat_holdout``, ``n_h``, ``C`` and, as explanation, the trivial rule's risk.

    Raises
    ------
    InvalidInputError
        On bad input; asking the record for ``R_M`` or the like says why it is not claimed.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> record = estimates_from_embeddings(rng.normal(size=(40, 3)) + 4 * y[:, None], y, threshold=16.0)
    >>> record["n_h"].value, record["C"].value
    (40, 1.0)
    """
    problems = Problems("embeddings")
    problems.require(not has_masked(embeddings), "embeddings: masked values; expected finite numbers")
    rows = np.asarray(embeddings)
    labels, classes, codes = encode_labels(y, problems)
    problems.raise_if_any()
    problems.require(classes.size >= 2, f"y has one class only ({classes.tolist()}): expected at least two")
    numeric = rows.dtype.kind in "fiub" and rows.ndim == 2 and rows.shape[1] >= 1
    problems.require(numeric, f"embeddings of shape {rows.shape}: expected real numbers of shape (n_h, q)")
    if numeric:
        rows = rows.astype(float)
        problems.require(bool(np.isfinite(rows).all()), "embeddings: expected finite numbers")
    problems.require(
        labels.ndim == 1 and labels.shape[:1] == rows.shape[:1],
        f"y of shape {labels.shape}: expected one label per row, ({rows.shape[0] if rows.ndim else 0},)",
    )
    problems.require(
        rows.ndim > 0 and rows.shape[0] >= 2, f"{rows.shape[0] if rows.ndim else 0} rows: expected at least 2"
    )
    problems.number("threshold", threshold)
    problems.number("rho", rho, low=0, open_low=True)
    if radius is not None:
        problems.number("radius", radius, low=0, open_low=True)
    problems.raise_if_any()
    try:
        chosen = None if loss == "error" else loss_from_name(loss, rho=rho)
    except InvalidInputError as unknown:
        raise InvalidInputError(f"{unknown}, error", context="embeddings") from unknown
    bounded = chosen is None or chosen.name == "ramp"
    if normalise:
        problems.require(
            radius is None or radius >= 2,
            f"radius={radius!r}: unit rows can be 2 apart; expected none or at least 2 with normalise=True",
        )
        rows, radius = unit_rows(rows), 2.0
    with np.errstate(over="ignore", invalid="ignore"):
        largest = 2 * math.sqrt(float(np.square(rows - rows.mean(axis=0)).sum(axis=1).max()))
    problems.require(
        math.isfinite(largest) and largest < 1e100, "embeddings: too large for squared distances; rescale them"
    )
    problems.raise_if_any()
    if radius is not None and exceeds(rows, radius**2, measured_squared_radius(rows)):
        problems.add(f"radius={radius!r}: some of the embeddings are further apart")
    measured = radius is None and not bounded
    problems.raise_if_any()
    reach = largest if radius is None else radius
    pairs, ones = AllPairs(rows, codes), np.ones(rows.shape[1])
    error, (ramp,) = pairs.profile(ones, threshold, rhos=(rho,))
    similar, other = pairs.n_similar / pairs.count, pairs.n_dissimilar / pairs.count
    if chosen is None:
        risk, range_length, trivial, name = error, 1.0, min(similar, other), "pair error"
    else:
        # A loss of the distance alone has no threshold.
        score = threshold if chosen.has_threshold else 0.0
        risk = pairs.evaluate(ones, score, loss=chosen, gradient=False).value
        range_length = 1.0 if bounded else chosen.range_length(
            threshold_range=(score, score), largest_distance=round_up(reach**2)
        )  # fmt: skip
        trivial, name = chosen.constant_risk(similar, other), f"{chosen.name} risk"
    status = ESTIMATED if measured else CERTIFIED
    why = "measured on the data: not known in advance" if measured else "known in advance"
    lipschitz = () if chosen is None else (Entry("L", chosen.lipschitz, "Lipschitz constant of the loss", why="exact"),)
    return Estimates(
        (
            Entry("rhat_holdout", risk, f"{name} on held-out examples", why="all pairs, to rounding"),
            Entry("n_h", int(rows.shape[0]), "held-out examples", why="number of rows"),
            Entry("C", range_length, "range of the loss", status, why),
            *lipschitz,
            Entry("rho", float(rho), "margin of the ramp risk", why="fixed in advance"),
            Entry("pair_error", error, "P(s f <= 0) on held-out examples", why="all pairs", symbol=False),
            Entry("ramp_risk", ramp, "ramp risk on held-out examples", why="all pairs", symbol=False),
            Entry(
                "trivial", trivial, f"{name} of the best constant score", ESTIMATED, "held-out examples", symbol=False
            ),
        ),
        "embeddings",
        {"rows": int(rows.shape[0]), "columns": int(rows.shape[1]), "threshold": float(threshold)},
        dict.fromkeys(_REFUSED, _CLASS_UNKNOWN),
    )
