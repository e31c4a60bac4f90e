"""The answer: a bound of what a model does on new pairs, what it rests on, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from boundcalc.certification.deviation import guessed_variance, rows_needed
from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.show.answer import Answer, wrapped
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.html import join, tag
from boundcalc.show.page import lead
from boundcalc.show.rounding import confidence, outwards
from boundcalc.show.tables import Table

__all__ = ["Certificate"]

#: What an answer is compared with where that is not the better constant rule.
_RIVALS = {
    "match_rate": "a rule that looks at no pair and misses as many",
    "precision": "calling all pairs the same",
}


@dataclass(frozen=True)
class Certificate(Answer, Frozen):
    """A bound that holds with probability at least 1 - delta over the held-out rows.

    Attributes
    ----------
    kind : str
        "transport" (population), "mix" (the hold-out's own pairs), "verification" (labels are the groups), "listed" (a
        list of pairs), "gallery", "gain", "match_rate" or "precision".
    quantity : str
        What is bounded, in words.
    value : float
        The upper bound; for a gain and for precision the lower one.
    error : float
        The same quantity on the held-out pairs.
    constant : float
        What the best constant rule has there: one that calls all pairs the same, or none. Of a false-match rate: what a rule
        has that looks at no pair and misses as many same pairs; of precision: the share of same pairs.
    rows, units : int
        Held-out rows that were counted, and how many independent rows or groups they are.
    delta : float
        What this statement consumes.
    threshold : float or None
        Pairs closer than this (scores: above it) are called the same.
    recipe : mapping
        ``theorem``, ``statement``, ``events``, ``fixed`` and the numbers that went in.
    cautions : tuple of str
        What would make the statement wrong.
    band : boundcalc.certification.ErrorBand or None
        Both error rates at all thresholds, a statement of its own at delta; drawn beside the value.
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
    band: Any = None

    title: ClassVar[str] = "Certificate"
    draws: ClassVar[str] = "the measured value, its certificate and the constant rule"

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
        said = f"On new pairs of this kind the {self.quantity} is {side} {self._rounded} ({confidence(self.delta)}), "
        measured = f"measured {self.error:.3g} on {self._counted}"
        if self.kind == "gain":
            if self.vacuous:
                bound = f"{confidence(self.delta)}; the bound is {self._rounded}"
                said = f"No {self.quantity} is certified on new pairs of this kind ({bound}), "
            return f"{said}{measured}."
        tail = f" This says no more than {_RIVALS.get(self.kind, 'the constant rule')}." if self.vacuous else ""
        return f"{said}{measured}; {self._rival} has {self.constant:.3g}.{tail}"

    @property
    def _counted(self) -> str:
        return f"{self.units:,} held-out groups" if self.units != self.rows else f"{self.rows:,} held-out rows"

    @property
    def _rival(self) -> str:
        return _RIVALS.get(self.kind, "a constant rule")

    @property
    def _rounded(self) -> str:
        """The value with three digits, rounded to its safe side unless it was asked for with as many."""
        if float(f"{self.value:.3g}") == self.value:
            return f"{self.value:.3g}"
        return f"{outwards(self.value, '>=' if self.lower else '<=', digits=3):.3g}"

    def needed(self, target: float) -> int:
        """Return about how many units would bring the bound to a target, if the measured error stays as it is.

        An estimate by the expansion of the bound, calibrated on this certificate; no guarantee.

        Parameters
        ----------
        target : float
            Above the measured error (below it for a gain), in the same units.

        Returns
        -------
        int

        Raises
        ------
        InfeasibleError
            If no number of rows can be expected to reach the target.
        InvalidInputError
            If the target is no number, or the rate was the target already.
        """
        if isinstance(target, bool) or not isinstance(target, (int, float)) or not math.isfinite(target):
            raise InvalidInputError(f"target={target!r}: expected a finite number")
        if self.kind in ("match_rate", "precision", "rate"):
            raise InvalidInputError("target: the threshold was chosen for a rate; ask for another rate instead")
        slack = self.error - target if self.lower else target - self.error
        if slack <= 0:
            raise InfeasibleError(
                f"target={target:g} is not {'below' if self.lower else 'above'} the measured {self.error:.4g}: no "
                "number of rows can be expected to reach it with this model"
            )
        scale, pairs = self.recipe["scale"], self.recipe["exponent"]
        # A gain is twice its kernel's mean away from c.
        width = 2.0 * scale if self.kind == "gain" else 1.0
        room = max((scale + self.error) / width if self.lower else scale - self.error, 1e-9)
        level = math.log(1.0 / self.delta)
        variance = guessed_variance(abs(self.value - self.error) / width, level=level, pairs=pairs, room=room)
        found = rows_needed(slack / width, level=level, room=room, variance=variance)
        return math.ceil(found * self.units / pairs)

    def aimed(self, target: float) -> Certificate:
        """Return the same certificate with what :meth:`needed` says of a target, None where no number of rows would do.

        Parameters
        ----------
        target : float
        """
        try:
            needed = self.needed(target)
        except InfeasibleError:
            needed = None
        return replace(self, recipe={**self.recipe, "target": target, "needed": needed})

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return one row: what was measured and what is certified."""
        rival = "compared with" if self.kind in _RIVALS else "constant rule"
        columns = ("quantity", "measured", "certified", rival, "rows", "units", "delta")
        value = f"{outwards(self.value, '>=' if self.lower else '<=', digits=4):.4g}"
        row = (self.quantity, self.error, value, self.constant, self.rows, self.units, self.delta)
        return (Table(columns, [row]),)

    @property
    def _paragraphs(self) -> tuple[str, ...]:
        fixed = f"Fixed in advance: {'; '.join(self.recipe['fixed'])}."
        kind = "rows" if self.units == self.rows else "groups"
        needed = []
        if "needed" in self.recipe:
            count = self.recipe["needed"]
            said = f"no number of {kind} would do" if count is None else f"about {count:,} {kind} would be needed"
            needed = [f"For {self.recipe['target']:g} {said} (estimated)."]
        model = [self.recipe["model"]] if "model" in self.recipe else []
        return (*model, self.recipe["statement"], fixed, *needed, *(f"Caution: {caution}" for caution in self.cautions))

    def text(self) -> str:
        """Return the sentence, the exact statement, what was fixed in advance, and cautions."""
        return "\n\n".join(wrapped(part) for part in (self.sentence, *self._paragraphs))

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
        } | ({} if self.band is None else {"band": self.band.to_dict()})

    def _picture(self, ax: Any = None) -> Any:
        """Draw the measured value with its certificate and the constant rule; on fresh axes also the DET curve of a band."""
        if ax is not None or self.band is None:
            axes = new_axes(width=6.0, height=1.8) if ax is None else ax
        else:
            axes, beside = new_axes(width=10.0, height=4.5, columns=2)
            self.band.draw(ax=beside)
        low, high = sorted((self.error, self.value))
        axes.barh(0, high - low, left=low, height=0.5, color=PALETTE[5], label="up to the certificate")
        axes.plot([self.error], [0], "o", color=PALETTE[0], label="measured")
        axes.axvline(self.constant, color=PALETTE[1], linestyle="--", label=self._rival.removeprefix("a "))
        axes.set_yticks([])
        axes.set_xlabel(self.quantity)
        axes.set(xlim=(0.0, 1.05 * max(high, self.constant)) if low >= 0 else None, ylim=(-0.6, 0.6))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=8)
        return axes

    def body(self) -> Any:
        """Return what a page has below its heading."""
        first, *rest = super().body()
        return first, [tag("p", part) for part in self._paragraphs], *rest

    def _repr_html_(self) -> Any:
        return join((lead(self.sentence), [tag("p", part) for part in self._paragraphs]))

    def __str__(self) -> str:
        return self.text()
