"""What was measured on one subset, put in order at any delta: a record of named values with what each rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.language.ledger import Ledger
from boundcalc.language.records import check_entries, rebuild
from boundcalc.trainer.complexity.bernstein import BoundedMean
from boundcalc.trainer.complexity.kappa import Kappa
from boundcalc.trainer.complexity.rademacher import Complexity
from boundcalc.trainer.data.prepare import Prepared, checked_facts, sample_size
from boundcalc.trainer.measure.estimates import CERTIFIED, ESTIMATED, Entry, Estimates
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.risk.incomplete import Gap
from boundcalc.trainer.risk.losses import round_up
from boundcalc.trainer.risk.structures import Structure, make_structure

__all__ = ["Frame", "Part", "subset_record"]

_Events = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Part:
    """Risk, pair errors and ramp risks of a trained metric on one part, over all pairs or over a sample of them.

    Attributes
    ----------
    rows, pairs : int
        Examples, and pairs that were averaged over.
    risk : BoundedMean
        Of the weighted loss.
    wrong : (float, float)
        Share of pairs on the wrong side of the threshold, plain and weighted.
    ramps, heavy_ramps : tuple of BoundedMean
        Ramp risks, plain and weighted, at the record's margin and then at those of the grid.
    gap : Gap or None
        Certified optimisation error of the risk; None on a part that was not trained on.
    trivial : (float, float, float)
        Risk, error and weighted error of the best constant score.
    """

    rows: int
    pairs: int
    risk: BoundedMean
    wrong: tuple[float, float]
    ramps: tuple[BoundedMean, ...]
    heavy_ramps: tuple[BoundedMean, ...]
    gap: Gap | None
    trivial: tuple[float, float, float]

    @property
    def sampled(self) -> bool:
        """Whether its values are upper confidence values over a sample of its pairs."""
        return self.risk.count > 0

    def at(self, delta: float) -> tuple[float, float, tuple[float, ...], tuple[float, ...]]:
        """Return risk, optimisation error and both kinds of ramp risks, all of which hold with probability 1 - delta."""
        if self.gap is None:
            return self.risk.upper(delta), math.nan, (), ()
        kinds = (self.ramps, self.heavy_ramps)
        ledger = Ledger.split(delta, {"risk": 0.25, "optimisation": 0.25, "ramps": 0.5})
        ledger = ledger.over("margins, plain and weighted", sum(map(len, kinds)), events=["ramps"])
        ramps = [tuple(min(one.span, one.upper(ledger["ramps"])) for one in kind) for kind in kinds]
        return self.risk.upper(ledger["risk"]), self.gap.at(ledger["optimisation"]), ramps[0], ramps[1]


@dataclass(frozen=True)
class Frame(Frozen):
    """What was fixed before the training part was looked at, or follows from its size.

    Attributes
    ----------
    modalities : tuple of str
    settings : Settings
    facts : dict
        Of the data and the split, as JSON types.
    weights : (omega_pos, omega_neg)
    squared_radii : dict of str to float
        Squared pair radius of every modality of the data.
    """

    modalities: tuple[str, ...]
    settings: Settings
    facts: dict[str, Any]
    weights: tuple[float, float]
    squared_radii: dict[str, float]

    @classmethod
    def of(cls, prepared: Prepared, subset: Sequence[str]) -> Frame:
        """Take it from prepared data."""
        return cls(tuple(subset), prepared.settings, prepared.facts(), prepared.weights, dict(prepared.squared_radii))

    @property
    def label(self) -> str:
        """The modalities joined by ``+``."""
        return "+".join(self.modalities)

    @property
    def structure(self) -> Structure:
        """The metric structure."""
        dims = {name: self.facts["dims"][name] for name in self.modalities}
        return make_structure(self.settings.metric_class, dims=dims, blocks=self.settings.blocks)

    def squared_radius(self, *, full: bool = False) -> float:
        """Squared pair radius of the subset, or of all modalities."""
        return float(sum(self.squared_radii[name] for name in (self.squared_radii if full else self.modalities)))

    def loss_range(self, *, full: bool = False) -> float:
        """Length of the range of the weighted loss over the class, or over that of all modalities."""
        return self.settings.loss_range(self.squared_radius(full=full), self.weights)

    @property
    def own(self) -> dict[str, Any]:
        """What is not shared with the other subsets of a data set, as JSON types."""
        return {"modalities": self.modalities, "weights": self.weights, "squared_radii": self.squared_radii}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**self.own, "facts": self.facts, "settings": self.settings.to_dict()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Frame:
        """Read :meth:`to_dict`.

        Raises
        ------
        InvalidInputError
            If the record contradicts itself.
        """
        check_entries(record, ("modalities", "weights", "squared_radii", "settings", "facts"))
        frame = cls(
            rebuild(tuple[str, ...], record["modalities"]),
            Settings.from_dict(record["settings"]),
            checked_facts(record["facts"]),
            rebuild(tuple[float, float], record["weights"]),
            {str(name): rebuild(float, radius) for name, radius in record["squared_radii"].items()},
        )
        settings, radii = frame.settings, frame.squared_radii
        problems = Problems("frame")
        names = dict.fromkeys(frame.modalities)
        fits = list(radii) == list(frame.facts["dims"]) and [name for name in radii if name in names] == list(names)
        problems.require(
            bool(names) and fits, f"modalities {frame.label!r}, radii of {list(radii)}: expected the data's"
        )
        known = {4.0, 2.0} if settings.normalise != "none" else {(settings.pair_radius or 0.0) ** 2}
        if settings.radius_status[0] == "certified":
            problems.require(set(radii.values()) <= known, f"squared_radii {radii}: expected {sorted(known)}")
        problems.require(all(0 <= radius < math.inf for radius in radii.values()), f"squared_radii {radii}")
        problems.require(settings.weighs(frame.weights), f"weights {frame.weights} are not the settings'")
        problems.raise_if_any()
        return frame

    def check(self, *, train: Part, holdout: Part | None) -> None:
        """Refuse parts of other sizes than the split's.

        Raises
        ------
        InvalidInputError
            If there are any.
        """
        problems, groups = Problems("parts"), self.facts["groups"]
        for name, part in (("train", train), ("holdout", holdout)):
            if part is None:
                continue
            sampled = bool(groups) or part.rows > self.settings.exact_rows
            heaviest = max(self.weights)
            size = sample_size(self.settings, self.facts[f"{name}_rows"], grouped=bool(groups))
            pairs = size if sampled else part.rows * (part.rows - 1) // 2
            counts = {part.risk.count, *(one.count for one in (*part.ramps, *part.heavy_ramps))}
            problems.require(
                part.pairs == pairs and counts <= {pairs if sampled else 0},
                f"means over {part.pairs} pairs of {part.rows} rows: expected {pairs}",
            )
            spans = {(1.0, one.span) for one in part.ramps} | {(heaviest, one.span) for one in part.heavy_ramps}
            spans |= {(self.loss_range(), part.risk.span)} if sampled else set()
            problems.require(all(one == other for one, other in spans), "ranges of losses are not the settings'")
            found = (part.wrong[0], part.wrong[1] / heaviest, part.trivial[1], part.trivial[2] / heaviest)
            problems.require(
                all(0 <= share <= 1 + 1e-9 for share in found) and part.trivial[0] >= 0,
                f"errors {found}: expected shares",
            )
        problems.raise_if_any()
        rows = (train.rows, 0 if holdout is None else holdout.rows)
        told = groups.get("holdout", self.facts["holdout_rows"])
        expected = (groups.get("train", self.facts["train_rows"]), told if told >= 2 else 0)
        if rows != expected or train.gap is None or len(train.ramps) != 1 + len(self.settings.rho_grid):
            raise InvalidInputError(f"parts of {rows} rows do not fit the split's {expected} and the margins")


def subset_record(
    frame: Frame, *, train: Part, holdout: Part | None, complexity: Complexity, kappa: Kappa, delta: float
) -> Estimates:
    """Put the measured values in order: symbols of the vocabulary first, then what explains them.

    Every random value is read at ``delta``.
    """
    settings, structure, label = frame.settings, frame.structure, frame.label
    loss, (status, radius) = settings.pair_loss, settings.radius_status
    complexity, kappa = complexity.at(delta), kappa.at(delta)
    rhat, eps_opt, ramps, heavy_ramps = train.at(delta)

    def extra(name: str, value: float, meaning: str, state: str, why: str, events: _Events = ()) -> Entry:
        return Entry(name, value, meaning, state, why, events, symbol=False)

    unit = "groups" if frame.facts["groups"] else "examples"
    by_complexity, by_kappa = ((f"complexity[{label}]", delta),), ((f"kappa[{label}]", delta),)
    concentrated = complexity.self_bounding < complexity.worst_case
    bernstein = kappa.bernstein < kappa.worst_case
    fixed, exact, gap = "fixed in advance", "all pairs, to rounding", "Frank-Wolfe gap with rounding allowance"
    self_bounding, halves = "self-bounding concentration", "empirical Bernstein on half of the pairs"
    lipschitz = round_up(loss.lipschitz * max(frame.weights), ulps=1)
    sampled: _Events = ()
    if train.sampled:
        sampled = ((f"pairs[{label}]", delta),)
        exact = f"upper confidence value over {train.pairs:,} sampled pairs"
        gap = f"Frank-Wolfe gap over {train.pairs:,} sampled pairs, upper confidence value"
    # Losses that are never 0 may exceed the length of their range; a longer one bounds it as well.
    tested = 0.0 if holdout is None else holdout.at(delta)[0]
    loss_range = max(frame.loss_range(), rhat, tested)
    entries = [
        Entry("n", train.rows, f"training {unit}", why="size of the training part"),
        Entry("K", len(frame.squared_radii), "modalities in the data", why=fixed),
        Entry("d_M", structure.d, "feature dimension of the subset", why=fixed),
        Entry("g_M", structure.granularity, f"free weights of the {structure.name} metric", why=fixed),
        Entry("lam_min", settings.eig_range[0], "least metric eigenvalue", why=fixed),
        Entry("lam_max", settings.eig_range[1], "largest metric eigenvalue", why=fixed),
        Entry("t_min", settings.class_threshold_range[0], "least threshold", why=fixed),
        Entry("t_max", settings.class_threshold_range[1], "largest threshold", why=fixed),
        Entry("B", round_up(math.sqrt(frame.squared_radius()), ulps=1), "pair radius of the subset", status, radius),
        Entry("L", lipschitz, f"Lipschitz constant of the {loss.name} loss", why=fixed),
        Entry("C", loss_range, "loss range over the subset's class", status, radius),
        Entry("omega_pos", frame.weights[0], "weight of similar pairs", why=fixed),
        Entry("omega_neg", frame.weights[1], "weight of dissimilar pairs", why=fixed),
        Entry("rhat_M", rhat, "empirical risk of the returned metric", CERTIFIED, exact, sampled),
        Entry("eps_opt", eps_opt, "optimisation error", CERTIFIED, gap, sampled),
        Entry("eps_opt_M", eps_opt, "optimisation error", CERTIFIED, gap, sampled),
        Entry("Rhat", complexity.empirical_upper, "empirical Rademacher complexity",
              why=f"upper end, {complexity.method}"),
        Entry("Rhat_metric", complexity.metric_upper, "empirical complexity without the threshold's share",
              why=f"upper end, {complexity.method}"),
        Entry("R_M", complexity.upper, "Rademacher complexity over independent pairs", status,
              self_bounding if concentrated else "worst case (Khinchin)", by_complexity if concentrated else ()),
        Entry("kappa_M", kappa.certified, "complexity constant: R_m <= kappa/sqrt(m) for every m", status,
              halves if bernstein else "worst case", by_kappa if bernstein else ()),
        Entry("rho", settings.rho, "margin of the ramp risk", why=fixed),
        Entry("rhat_ramp", ramps[0], "empirical ramp risk at margin rho, unweighted", CERTIFIED, exact, sampled),
        Entry("rhat_ramp_w", heavy_ramps[0], "empirical ramp risk at margin rho with the pair weights",
              CERTIFIED, exact, sampled),
    ]  # fmt: skip
    if holdout is not None:
        drawn: _Events = ((f"holdout_pairs[{label}]", delta),) if holdout.sampled else ()
        how = f"upper confidence value over {holdout.pairs:,} sampled pairs" if drawn else "all pairs, to rounding"
        entries.append(Entry("rhat_holdout", tested, "risk on the hold-out part", CERTIFIED, how, drawn))
        entries.append(Entry("n_h", holdout.rows, f"hold-out {unit}", why="size of the part"))
    if sampled:
        mean = f"mean over {train.pairs:,} sampled pairs"
        entries += [
            extra("rhat_sampled", train.risk.mean, "empirical risk of the returned metric", ESTIMATED, mean),
            extra("sampling_error", rhat - train.risk.mean, "what rhat_M adds to that mean", CERTIFIED,
                  "empirical Bernstein over the sampled pairs", sampled),
        ]  # fmt: skip
    if settings.reg > 0:
        low, high = settings.class_threshold_range
        largest = loss.extreme(low - settings.reg_anchor * frame.squared_radius(), high)[1]
        at_anchor = round_up(max(frame.weights) * largest)
        entries += [
            Entry("mu", settings.reg, "strength of the regularisation", why=fixed),
            Entry("ell_0", at_anchor, "largest loss at the regulariser's anchor", status, radius),
        ]
    if complexity.monte_carlo is not None:
        upper = complexity.monte_carlo_upper + complexity.share
        mean = "Monte-Carlo mean of the complexity without the threshold's share"
        entries += [
            Entry("Rhat_mc", complexity.monte_carlo, mean, ESTIMATED, "a mean of random draws"),
            Entry("S", complexity.draws, "Rademacher draws", why=fixed),
            Entry("W", complexity.monte_carlo_range, "range of one draw's supremum", why=exact),
            extra("Rhat_mc_upper", upper, "Monte-Carlo upper value", CERTIFIED, "Hoeffding over the draws",
                  ((f"draws[{label}]", delta),)),
        ]  # fmt: skip
    full_radius = round_up(math.sqrt(frame.squared_radius(full=True)), ulps=1)
    massart = extra("R_massart", complexity.massart, "worst-case complexity", status, "Massart")
    entries += [
        extra("C_full", frame.loss_range(full=True), "loss range over the class of all modalities", status, radius),
        extra("B_full", full_radius, "pair radius of all modalities", status, radius),
        extra("Rhat_value", complexity.empirical, "empirical complexity, high accuracy", ESTIMATED, complexity.method),
        extra("R_self_bounding", complexity.self_bounding, "complexity", status, self_bounding, by_complexity),
        extra("R_data", complexity.data, "complexity", status, "bounded differences", by_complexity),
        extra("R_worst", complexity.worst_case, "worst-case complexity", status, "Khinchin at the worst data"),
        *([massart] if massart.value < math.inf else []),
        extra("kappa_plug_in", kappa.plug_in, "complexity constant", ESTIMATED, "sample means: biased low"),
        extra("kappa_bernstein", kappa.bernstein, "complexity constant", status, halves, by_kappa),
        extra("kappa_worst", kappa.worst_case, "complexity constant", status, "worst distribution"),
    ]
    facts = {**frame.facts, "subset": label, "delta": delta, "loss": loss.to_dict(), "structure": structure.name}
    return Estimates(tuple(entries), f"{frame.facts['data']} {label}".strip(), facts)
