from __future__ import annotations

import numpy as np
import pytest

from boundcalc.trainer import ModalityData, measure_subsets


def population(rng: np.random.Generator, n: int) -> ModalityData:
    """Two informative modalities, one of noise; three classes."""
    y = rng.integers(0, 3, n)
    centres = np.array([[0.0, 3.0], [3.0, 0.0], [-3.0, -3.0]])
    return ModalityData(
        {
            "sharp": centres[y] + rng.normal(size=(n, 2)),
            "blurred": centres[y] / 2 + rng.normal(size=(n, 2)),
            "noise": rng.normal(size=(n, 2)),
        },
        y,
    )


@pytest.fixture(scope="session")
def data() -> ModalityData:
    return population(np.random.default_rng(5), 1200)


@pytest.fixture(scope="session")
def measured(data):
    return measure_subsets(data, rng=0, pair_weights="balanced", holdout=0.5, calibration=0.1, eig_range=(0.0, 0.5))
