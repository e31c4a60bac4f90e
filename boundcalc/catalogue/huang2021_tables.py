"""The numbers that Huang et al. 2021 published, known from a secondary source: accuracies on IEMOCAP and the simulation.

>>> round(implied_gaps(ACCURACY)["TA", "T"], 4)
-0.031
"""

from __future__ import annotations

from collections.abc import Mapping

from boundcalc.frozen import FrozenDict

__all__ = ["ACCURACY", "BY_TRAINING_SHARE", "MIXED", "SHARES", "SIMULATION", "implied_gaps"]

#: Test accuracy in per cent on IEMOCAP by modalities: text, video, audio.
ACCURACY: Mapping[str, float] = FrozenDict({"T": 49.93, "TV": 51.08, "TA": 53.03, "TVA": 53.89})

#: Shares of the training data, and the accuracies with them.
SHARES: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
BY_TRAINING_SHARE: Mapping[str, tuple[float, ...]] = FrozenDict(
    {
        "T": (23.66, 29.08, 45.63, 48.30, 49.93),
        "TA": (25.06, 34.28, 47.28, 50.46, 53.03),
        "TV": (24.71, 38.37, 46.54, 49.50, 51.08),
        "TVA": (24.71, 32.24, 46.39, 50.75, 53.89),
    }
)

#: Shares w of the first modality in the others, and the mean squared errors with them by subset.
MIXED: tuple[float, ...] = (1.0, 0.8, 0.5, 0.2, 0.0)
SIMULATION: Mapping[str, tuple[float, ...]] = FrozenDict(
    {
        "m1": (0.0, 12.04, 75.89, 193.28, 301.92),
        "m1, m2": (0.0, 8.16, 51.25, 129.81, 207.45),
        "m1, m2, m3": (0.0, 4.18, 26.06, 65.17, 103.23),
        "all": (0.0, 0.0, 0.0, 0.0, 0.0),
    }
)


def implied_gaps(accuracy: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Return the difference of errors for each subset and each smaller one: what r_M - r_N, and so gamma up to heads, would be.

    Parameters
    ----------
    accuracy : mapping of str to float
        Accuracy in per cent by the letters of the modalities.

    Returns
    -------
    dict
        From (M, N), N a part of M, to the error on M minus the error on N, in [-1, 1]; negative where M does better.
    """
    return {
        (larger, smaller): (accuracy[smaller] - accuracy[larger]) / 100
        for larger in accuracy
        for smaller in accuracy
        if set(smaller) < set(larger)
    }
