"""A certificate as a scikit-learn score."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from boundcalc.certification.certifying import certify
from boundcalc.certification.models import own_threshold

__all__ = ["certified_score"]

#: Share of the rows that choose the threshold of a model that has none.
_CALIBRATION = 0.2


def certified_score(model: Any, X: Any, y: ArrayLike, *, delta: float = 0.05, **options: Any) -> float:
    """Return 1 - the certified pair error of a trained model: larger is better, as scikit-learn wants its scores.

    Its signature is a scorer's, so ``cross_val_score(..., scoring=certified_score)`` works.

    Parameters
    ----------
    model : object
        Whatever :func:`certify` takes as ``model``; a pipeline that ends in a
        :class:`~boundcalc.trainer.PairwiseMetricLearner` keeps that learner's threshold.
    X : array_like or frame, shape (n, d)
        Rows that neither the model nor a choice among models has seen.
    y : array_like of shape (n,)
        Their labels.
    delta : float
        The statement "at least this share of new pairs, weighted as the error is, is told right" fails with at most this
        probability. It is about one model and one set of rows: the best of several scores, or their mean over folds, ranks
        models, and promises nothing.
    **options
        Further arguments of :func:`certify`, such as ``threshold`` or ``groups``. Of a model without a threshold of its own,
        ``calibration`` (default 0.2) of the rows choose one and do not count.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError
        As from :func:`certify`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> X, y = load_wine(return_X_y=True)
    >>> model = LinearDiscriminantAnalysis().fit(X[::2], y[::2])
    >>> 0.7 < certified_score(model, X[1::2], y[1::2], rng=0) < 1
    True
    """
    if options.get("threshold") is None and own_threshold(model) is None:
        options = {"calibration": _CALIBRATION, **options}
    return 1.0 - min(certify(model=model, data=(X, y), delta=delta, **options).value, 1.0)
