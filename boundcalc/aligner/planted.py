"""Data whose truth is known: a planted common latent, or nothing in common; and one modality cut into several."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.datasets import halves
from boundcalc.language.arguments import Problems, as_generator

__all__ = ["halves", "planted_latent"]


def planted_latent(
    n: int,
    *,
    modalities: int = 2,
    d: int = 20,
    latent: int = 5,
    classes: int = 8,
    noise: float = 0.3,
    shared: bool = True,
    rng: Any = None,
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.intp]]:
    """Draw examples whose modalities are linear views of one latent point, with noise of their own.

    The latent is a mixture of Gaussians, one for each class: centre N(0, 1.5^2 I), spread 1. Modality k is z A_k + noise,
    A_k a Gaussian matrix of variance 1/latent.

    Parameters
    ----------
    n : int
    modalities, d, latent, classes : int
        K >= 2 modalities of d features, latent dimension, number of classes.
    noise : float
        Standard deviation of each feature's own noise.
    shared : bool
        False: each modality has a latent point of its own, and they share nothing, not even the class.
    rng : Generator, int or None

    Returns
    -------
    X : dict of str to ndarray of shape (n, d)
        Modalities ``"m0"``, ``"m1"``, ...
    y : ndarray of shape (n,)
        The class of the latent point (of the first modality, if nothing is shared).
    """
    problems = Problems("planted_latent")
    sizes = {"n": (n, 1), "modalities": (modalities, 2), "d": (d, 1), "latent": (latent, 1), "classes": (classes, 1)}
    for name, (value, least) in sizes.items():
        problems.integer(name, value, low=least)
    problems.number("noise", noise, low=0)
    problems.raise_if_any()
    generator = as_generator(rng)
    centres = 1.5 * generator.normal(size=(classes, latent))
    X: dict[str, NDArray[np.float64]] = {}
    first = y = np.zeros(0, dtype=np.intp)
    z = np.zeros((0, latent))
    for k in range(modalities):
        if k == 0 or not shared:
            y = generator.integers(0, classes, n)
            z = centres[y] + generator.normal(size=(n, latent))
            first = y if k == 0 else first
        view = generator.normal(size=(latent, d)) / np.sqrt(latent)
        X[f"m{k}"] = z @ view + noise * generator.normal(size=(n, d))
    return X, first
