"""The answer: a bound of what a model does on new pairs, what it rests on, and how it is shown."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from boundcalc.certification.deviation import guessed_variance, rows_needed
from boundcalc.errors import InfeasibleError, InvalidInputError, require
from boundcalc.show.rounding import outwards

__all__ = ["Certificate"]

#: What is bounded, by kind: the noun of the sentence.
_RISKS = ("transport", "mix", "verification", "listed")


@dataclass(frozen=True)
class Certificate:
    """A bound that holds with probability at least 1 - delta over the held-out rows.

    Attributes
    ----------
    kind : str
        "transport" (population), "mix" (the hold-out's own pairs), "verification" (labels are the subjects), "listed" (a
        list of pairs), "gain", "match_rate", "non_match_rate" or "precision".
    quantity : str
        What is bounded, in words.
    value : float
        The upper bound; for a gain and for precision the lower one.
    error : float
        The same quantity on the held-out pairs.
    constant : float
        What the best constant rule has there.
    rows, units : int
        Held-out rows that were counted, and how many independent rows or subjects they are.
    delta : float
        What this statement consumes.
    threshold : float or None
        Pairs closer than this (scores: above it) are called the same.
    recipe : mapping
        ``theorem``, ``statement``, ``events``, ``fixed`` and the numbers that went in.
    cautions : tuple of str
        What would make the statement wrong.
    """

    kind: str
    quantity: str
    value: float
    error: float
    constant: float
    rows: int
    units: int
    delta: float
    threshold: float | None
    recipe: Mapping[str, Any] = field(hash=False)
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipe", MappingProxyType(dict(self.recipe)))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return (_rebuilt, (values | {"recipe": dict(self.recipe)},))

    @property
    def lower(self) -> bool:
        """Whether the value is a lower bound."""
        return self.kind in ("gain", "precision")

    @property
    def vacuous(self) -> bool:
        """Whether the bound says no more than the best constant rule."""
        return not (self.value > self.constant if self.lower else self.value < self.constant)

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        side = "at least" if self.lower else "at most"
        value = outwards(self.value, ">=" if self.lower else "<=", digits=3)
        counted = f"{self.units:,} held-out subjects" if self.units != self.rows else f"{self.rows:,} held-out rows"
        rest = "" if self.kind == "gain" else f"; a constant rule has {self.constant:.3g}"
        tail = " This says no more than the constant rule." if self.vacuous and self.kind != "gain" else ""
        return (
            f"On new pairs of this kind the {self.quantity} is {side} {value:.3g} ({100 * (1 - self.delta):.4g} %), "
            f"measured {self.error:.3g} on {counted}{rest}.{tail}"
        )

    def needed(self, target: float) -> int:
        """Return about how many units would bring the bound to a target, if the measured error stays as it is.

        An estimate by the expansion of the bound, calibrated on this certificate; no guarantee.

        Parameters
        ----------
        target : float
            Above the measured error (below it for a gain or precision), in the same units.

        Returns
        -------
        int

        Raises
        ------
        InfeasibleError
            If no number of rows can be expected to reach the target.
        """
        if isinstance(target, bool) or not isinstance(target, (int, float)) or not math.isfinite(target):
            raise InvalidInputError(f"target={target!r}: expected a finite number")
        slack = self.error - target if self.lower else target - self.error
        if slack <= 0:
            raise InfeasibleError(
                f"target={target:g} is not {'below' if self.lower else 'above'} the measured {self.error:.4g}: no number of "
                "rows can be expected to reach it with this model"
            )
        scale, pairs = self.recipe["scale"], self.recipe["exponent"]
        room = max(scale - self.error, 1e-9) if not self.lower else scale + abs(self.error)
        level = math.log(1.0 / self.delta)
        found = abs(self.value - self.error)
        variance = guessed_variance(found, level=level, pairs=pairs, room=room)
        return math.ceil(rows_needed(slack, level=level, room=room, variance=variance) * self.units / pairs)

    def text(self) -> str:
        """Return the sentence, the exact statement, what was fixed in advance, and cautions."""
        lines = [
            self.sentence,
            "",
            self.recipe["statement"],
            "Fixed in advance: " + "; ".join(self.recipe["fixed"]) + ".",
        ]
        return "\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; ``bound`` is the value."""
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "quantity": self.quantity,
            "error": self.error,
            "bound": self.value,
            "constant": self.constant,
            "rows": self.rows,
            "units": self.units,
            "delta": self.delta,
            "threshold": self.threshold,
            "vacuous": self.vacuous,
            "theorem": self.recipe["theorem"],
            "recipe": {k: list(v) if isinstance(v, tuple) else v for k, v in self.recipe.items()},
            "cautions": list(self.cautions),
        }

    def draw(self, path: str | Path | None = None) -> Any:
        """Draw the measured value with its certificate and the constant rule; return matplotlib axes.

        Parameters
        ----------
        path : str or Path, optional
            Where to write the picture as well.
        """
        axes = new_axes(width=6.0, height=1.8)
        low, high = sorted((self.error, self.value))
        axes.barh(0, high - low, left=low, height=0.5, color="#56B4E9", label="up to the certificate")
        axes.plot([self.error], [0], "o", color="#0072B2", label="measured")
        axes.axvline(self.constant, color="#D55E00", linestyle="--", label="constant rule")
        axes.set_yticks([])
        axes.set_xlabel(self.quantity)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.45), ncol=3, frameon=False, fontsize=8)
        if path is not None:
            axes.figure.savefig(str(path), dpi=150)
        return axes

    def _repr_html_(self) -> str:
        first, *rest = self.text().split("\n")
        return f"<p><strong>{html.escape(first)}</strong></p>" + "".join(
            f"<p>{html.escape(line)}</p>" for line in rest if line
        )

    def __str__(self) -> str:
        return self.text()


def new_axes(*, width: float, height: float) -> Any:
    """Return fresh matplotlib axes, independent of any global figure."""
    require("matplotlib", extra="plot", purpose="drawing")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def _rebuilt(values: dict[str, Any]) -> Certificate:
    return Certificate(**values)
