"""How good retrieval is: recall@k and mean average precision, and both for seen and unseen classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems

__all__ = ["retrieval_measures", "zero_shot_measures"]


def retrieval_measures(
    similarity: ArrayLike,
    *,
    partners: ArrayLike | None = None,
    query_labels: Any = None,
    gallery_labels: Any = None,
    k: int = 10,
) -> dict[str, float]:
    """Measure one direction of retrieval.

    Parameters
    ----------
    similarity : array_like of shape (n, m)
        Query by gallery; larger is more alike. Ties count against the result.
    partners : array_like of int, shape (n,), optional
        The gallery item that belongs to each query; default query i's is item i (then n <= m).
    query_labels, gallery_labels : array_like of shape (n,), (m,), optional
        Items with the query's label are relevant for average precision; without labels only the partner is.
    k : int
        1 <= k <= m.

    Returns
    -------
    dict
        ``recall@k`` (share of queries whose partner is among the k best), ``mAP`` (label ranking average precision as in
        scikit-learn, over queries that have a relevant item), ``queries``.

    Raises
    ------
    InvalidInputError
        On mismatched lengths, NaN, or a bad k.
    """
    table = _table(similarity)
    n, m = table.shape
    mate = np.arange(n) if partners is None else np.asarray(partners)
    problems = Problems("retrieval_measures")
    _check_k(problems, k, m)
    problems.require(
        mate.shape == (n,) and mate.dtype.kind in "iu" and bool(((mate >= 0) & (mate < m)).all()),
        f"partners of shape {mate.shape}: expected ({n},) places in a gallery of {m}",
    )
    problems.require(
        (query_labels is None) == (gallery_labels is None), "query_labels, gallery_labels: expected both or neither"
    )
    problems.raise_if_any()
    own = table[np.arange(n), mate]
    rank = (table >= own[:, None]).sum(axis=1)
    return {
        f"recall@{k}": float((rank <= k).mean()),
        "mAP": float(np.mean(_precision(table, mate, query_labels, gallery_labels))),
        "queries": float(n),
    }


def zero_shot_measures(similarity: ArrayLike, *, labels: Any, unseen: Any, k: int = 10) -> dict[str, dict[str, float]]:
    """Measure generalized zero-shot retrieval: the gallery holds all classes, the queries are told apart.

    Parameters
    ----------
    similarity : array_like of shape (n, n)
        Query i and item i belong together.
    labels : array_like of shape (n,)
    unseen : sequence
        The classes of which no aligned example was trained on.
    k : int

    Returns
    -------
    dict of str to dict
        ``seen``, ``unseen`` and ``harmonic`` (harmonic mean of the two), each with ``recall@k`` and ``mAP``.

    Raises
    ------
    InvalidInputError
        If no query is of a seen, or none of an unseen class.
    """
    table = _table(similarity)
    names = np.asarray(labels)
    if names.shape != (len(table),) or table.shape[0] != table.shape[1]:
        raise InvalidInputError(
            f"labels of shape {names.shape} and similarity {table.shape}: expected (n,) and (n, n)",
            context="zero_shot_measures",
        )
    # No conversion to the type of the labels: it would cut long names short, and round numbers.
    apart = np.isin(names, np.asarray(list(unseen)))
    if apart.all() or not apart.any():
        raise InvalidInputError(
            f"unseen={list(unseen)!r}: expected at least one query of these classes and one of another",
            context="zero_shot_measures",
        )
    found = {
        name: retrieval_measures(
            table[part], partners=np.flatnonzero(part), query_labels=names[part], gallery_labels=names, k=k
        )
        for name, part in (("seen", ~apart), ("unseen", apart))
    }
    measures = (f"recall@{k}", "mAP")
    found["harmonic"] = {name: _harmonic(found["seen"][name], found["unseen"][name]) for name in measures}
    return found


def _precision(table: NDArray[np.float64], mate: NDArray[Any], queries: Any, gallery: Any) -> NDArray[np.float64]:
    """Return each query's average precision, as scikit-learn defines it, for all queries at once."""
    from scipy.stats import rankdata

    if queries is None:
        relevant = np.zeros(table.shape, dtype=bool)
        relevant[np.arange(len(mate)), mate] = True
    else:
        left, right = np.asarray(queries), np.asarray(gallery)
        if left.shape != (table.shape[0],) or right.shape != (table.shape[1],):
            raise InvalidInputError(
                f"query_labels, gallery_labels of shapes {left.shape}, {right.shape}: expected one label each for {table.shape}",
                context="retrieval_measures",
            )
        relevant = left[:, None] == right[None, :]
    some = relevant.any(axis=1)
    if not some.any():
        raise InvalidInputError("no query has a relevant item in the gallery", context="retrieval_measures")
    relevant, table = relevant[some], table[some]
    among_all = rankdata(-table, method="max", axis=1)
    among_relevant = rankdata(np.where(relevant, -table, np.inf), method="max", axis=1)
    return np.asarray(np.mean(among_relevant / among_all, axis=1, where=relevant))


def _table(similarity: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(similarity, dtype=float)
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise InvalidInputError(
            f"similarity of shape {table.shape}: expected finite numbers of shape (queries, gallery)",
            context="retrieval",
        )
    return table


def _check_k(problems: Problems, k: Any, m: int) -> None:
    whole = isinstance(k, (int, np.integer)) and not isinstance(k, bool)
    problems.require(whole and 1 <= k <= m, f"k={k!r}: expected an integer in [1, {m}], the size of the gallery")


def _harmonic(a: float, b: float) -> float:
    return 0.0 if a + b == 0 else 2 * a * b / (a + b)
