"""False-match and false-non-match rate at all thresholds at once: a DET curve with a certified band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.certification.dependence import signs_of_dependence
from boundcalc.certification.measured import pair_sums
from boundcalc.certification.rates import rate_bound
from boundcalc.certification.reading import read_request
from boundcalc.deprecation import renamed
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.language.ledger import Ledger
from boundcalc.show.answer import Answer
from boundcalc.show.axes import PALETTE, new_axes, save
from boundcalc.show.rounding import confidence, rounded_up
from boundcalc.show.tables import Table

__all__ = ["ErrorBand", "certify_band"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorBand(Answer, Frozen):
    """Upper bounds of both rates, all of which hold at once with probability at least 1 - delta.

    Attributes
    ----------
    thresholds : ndarray of shape (G,)
        Cut points fixed in advance, rising (of scores: falling).
    match_rate, non_match_rate : ndarray of shape (G,)
        On the held-out pairs.
    match_bound, non_match_bound : ndarray of shape (G,)
        Upper bounds of the population's rates. Between two cut points the false-match rate is at most what it is at the
        looser one, the false-non-match rate at most what it is at the stricter one.
    rows, units : int
    delta : float
    cautions : tuple of str
        What would make the statement wrong.
    """

    thresholds: Array
    match_rate: Array
    non_match_rate: Array
    match_bound: Array
    non_match_bound: Array
    rows: int
    units: int
    delta: float
    cautions: tuple[str, ...] = ()

    title: ClassVar[str] = "Error rates at all thresholds"
    draws: ClassVar[str] = "the DET curve with its certified band"

    @property
    def balanced(self) -> tuple[float, float]:
        """The smallest certified mean of the two rates and its threshold, chosen after the fact."""
        both = 0.5 * (self.match_bound + self.non_match_bound)
        best = int(np.argmin(both))
        return float(both[best]), float(self.thresholds[best])

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        value, threshold = self.balanced
        return (
            f"Whatever threshold is chosen, both rates lie in the band ({confidence(self.delta)}, {self.rows:,} held-out "
            f"rows); at {threshold:.6g} the balanced pair error is at most {rounded_up(value, digits=3)}."
        )

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return both rates and their bounds at every cut point."""
        columns = ("threshold", "FMR", "FMR at most", "FNMR", "FNMR at most")
        rows = zip(
            self.thresholds, self.match_rate, self.match_bound, self.non_match_rate, self.non_match_bound, strict=True
        )
        shown = [(float(t), float(a), rounded_up(b), float(c), rounded_up(d)) for t, a, b, c, d in rows]
        return (Table(columns, shown, notes=[f"Caution: {caution}." for caution in self.cautions]),)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        arrays = {one.name: getattr(self, one.name) for one in fields(self)}
        return {"sentence": self.sentence} | {
            k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in arrays.items()
        }

    @renamed("0.2", axes="ax")
    def draw(self, path: Path | str | None = None, *, ax: Any = None) -> Any:
        """Draw the false-non-match rate against the false-match rate, measured and certified; return matplotlib axes."""
        axes = new_axes(width=5.0, height=4.5) if ax is None else ax
        axes.plot(self.match_rate, self.non_match_rate, color=PALETTE[0], marker=".", label="measured")
        axes.step(
            self.match_bound,
            self.non_match_bound,
            where="post",
            color=PALETTE[1],
            label=f"certified: not above ({confidence(self.delta)})",
        )
        axes.plot([0, 1], [1, 0], color="0.6", linestyle=":", label="constant rules")
        axes.set_xlabel("false-match rate")
        axes.set_ylabel("false-non-match rate")
        axes.legend(frameon=False)
        if path is not None:
            save(axes, path)
        return axes


def certify_band(*, cuts: int = 12, thresholds: ArrayLike | None = None, **given: Any) -> ErrorBand:
    """Certify both error rates at all thresholds at once.

    Parameters
    ----------
    cuts : int
        Number of cut points, quantiles of the distances of calibration rows.
    thresholds : array_like, optional
        Cut points that were fixed in advance; then no ``calibration`` is needed.
    **given
        Source, ``y``, ``delta``, ``groups``, ``splits``, ``rng`` and ``calibration`` as for
        :func:`~boundcalc.certification.certify`.

    Returns
    -------
    ErrorBand

    Raises
    ------
    InvalidInputError
        On bad input.
    """
    if given.get("pairs") is not None or given.get("against") is not None:
        raise InvalidInputError("certify_band: pairs= and against= have no band")
    problems = Problems("certify_band")
    whole = isinstance(cuts, (int, np.integer)) and not isinstance(cuts, bool)
    problems.require(whole and cuts >= 1, f"cuts={cuts!r}: expected an integer >= 1")
    problems.raise_if_any()
    fixed = None if thresholds is None else np.unique(np.asarray(thresholds, dtype=float))
    if fixed is not None and (not fixed.size or not np.isfinite(fixed).all()):
        raise InvalidInputError("thresholds: expected finite numbers")
    request = read_request(
        **{"weights": None, "splits": 5, **given, "threshold": None if fixed is None else float(fixed[0])}
    )
    distances, members = request.distances, request.members
    assert distances is not None
    if fixed is None:
        assert request.calibration is not None
        pairs, same, _ = request.calibration.off_diagonal()
        # Where either kind changes much: quantiles of both, half each.
        levels = (np.arange(cuts) + 0.5) / cuts
        fixed = np.unique(np.concatenate([np.quantile(part, levels[::2]) for part in (pairs[same], pairs[~same])]))
    else:
        fixed = np.sort(distances.sign * fixed)
    share = Ledger.split(request.delta, ["missed", "matched"]).over("thresholds", fixed.size)["missed"]
    sums = [pair_sums(distances, request.codes, float(t), groups=request.groups) for t in fixed]
    if not sums[0].same:
        raise InvalidInputError(
            "certify_band: no pair of different groups is the same, so that no rate of misses is defined"
        )
    bounds = {
        name: np.array(
            [
                rate_bound(
                    distances, request.codes, float(t), name=name, delta=share, members=members, splits=request.splits,
                    rng=request.rng,
                )
                for t in fixed
            ]
        )
        for name in ("fmr", "fnmr")
    }  # fmt: skip
    return ErrorBand(
        distances.sign * fixed,
        np.array([one.match_rate for one in sums]),
        np.array([one.non_match_rate for one in sums]),
        # Rates are monotone in the threshold, so a better bound further on holds here as well.
        np.minimum.accumulate(bounds["fmr"][::-1])[::-1],
        np.minimum.accumulate(bounds["fnmr"]),
        request.codes.size,
        request.codes.size if members is None else len(members),
        request.delta,
        signs_of_dependence(request),
    )
