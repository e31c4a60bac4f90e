from __future__ import annotations

import numpy as np
import pytest

from boundcalc.planner.offers import Question
from boundcalc.planner.study import Study, study_pilot
from boundcalc.trainer import ModalityData, Settings

SETTINGS = Settings(structure="diagonal", pair_weights="balanced", eig_range=(0.0, 0.5))


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
    return population(np.random.default_rng(5), 400)


@pytest.fixture(scope="session")
def study(data) -> Study:
    return study_pilot(data, settings=SETTINGS, rng=0)


@pytest.fixture(scope="session")
def question() -> Question:
    return Question()
