"""Data made here: a planted common latent, or nothing in common; and several views of one image."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.datasets import halves
from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems, as_generator

__all__ = ["halves", "image_views", "planted_latent"]


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


def image_views(images: ArrayLike, *, order: int = 9) -> dict[str, NDArray[np.float64]]:
    """Describe each image in four ways, as the UCI multiple-features data do with digits; columns are standardised.

    Parameters
    ----------
    images : array_like of shape (n, side, side)
    order : int
        Of the last Zernike moments.

    Returns
    -------
    dict of str to ndarray of shape (n, d_k)
        ``"pixels"``; ``"fourier"``, magnitudes of the coefficients, which do not see shifts; ``"zernike"``, magnitudes of the
        moments, which do not see rotations; ``"edges"``, sizes of the differences of neighbours.

    Raises
    ------
    InvalidInputError
        If these are no such images.
    """
    array = np.asarray(images, dtype=float)
    if array.ndim != 3 or array.shape[1] != array.shape[2] or array.shape[2] < 2 or not len(array):
        raise InvalidInputError(f"images of shape {array.shape}: expected (n, side, side) with side >= 2")
    problems = Problems("image_views")
    problems.integer("order", order, low=1)
    problems.raise_if_any()
    n, side, _ = array.shape
    grid = (2.0 * np.arange(side) + 1.0 - side) / side
    disc = grid[None, :] + 1j * grid[:, None]
    radius, angle = np.abs(disc) / np.abs(disc).max(), np.angle(disc)

    def moment(k: int, m: int) -> NDArray[np.float64]:
        radial = sum(
            (-1.0) ** s * factorial(k - s) * radius ** (k - 2 * s)
            / (factorial(s) * factorial((k + m) // 2 - s) * factorial((k - m) // 2 - s))
            for s in range((k - m) // 2 + 1)
        )  # fmt: skip
        return np.asarray(np.abs(np.tensordot(array, radial * np.exp(-1j * m * angle), axes=2)))

    views = {
        "pixels": array,
        "fourier": np.abs(np.fft.rfft2(array)),
        "zernike": np.stack([moment(k, m) for k in range(order + 1) for m in range(k % 2, k + 1, 2)], axis=1),
        "edges": np.concatenate([np.abs(np.diff(array, axis=axis)).reshape(n, -1) for axis in (1, 2)], axis=1),
    }
    flat = {name: view.reshape(n, -1) for name, view in views.items()}
    return {
        name: (v - v.mean(axis=0)) / np.where(np.ptp(v, axis=0) > 0, v.std(axis=0), 1.0) for name, v in flat.items()
    }
