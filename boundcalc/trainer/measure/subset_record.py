"""Put what was measured on one subset in order, as a record of named values with what each rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from boundcalc.trainer.complexity.kappa import Kappa
from boundcalc.trainer.complexity.rademacher import Complexity
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.measure.estimates import CERTIFIED, ESTIMATED, Entry, Estimates
from boundcalc.trainer.risk.losses import round_up

__all__ = ["PartValues", "subset_record"]

_Events = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class PartValues:
    """Risk, pair errors and ramp risks of a trained metric on one part.

    Attributes
    ----------
    rows, pairs : int
        Examples, and pairs that were averaged over.
    risk : float
        Mean weighted loss over these pairs.
    wrong : (float, float)
        Share of pairs on the wrong side of the threshold, plain and weighted.
    ramps, heavy_ramps : tuple of float
        Ramp risks, plain and weighted; upper confidence values where the pairs are a sample.
    eps_opt : float or None
        Certified optimisation error of the risk, where it was measured anew.
    error : float
        How far the risk over all pairs may lie above; 0 where these are all pairs.
    """

    rows: int
    pairs: int
    risk: float
    wrong: tuple[float, float]
    ramps: tuple[float, ...]
    heavy_ramps: tuple[float, ...]
    eps_opt: float | None
    error: float = 0.0


def subset_record(
    prepared: Prepared, subset: Sequence[str], complexity: Complexity, kappa: Kappa,
    *, train: PartValues, holdout: PartValues | None, rhat: float, eps_opt: float, delta: float,
) -> Estimates:  # fmt: skip
    """Put the measured values in order: symbols of the vocabulary first, then what explains them."""
    settings, loss, label = prepared.settings, prepared.settings.pair_loss, "+".join(subset)
    squared, full_squared = prepared.squared_radius(subset), prepared.squared_radius(prepared.data.names)
    structure = prepared.structure(subset)
    status = CERTIFIED if prepared.certified else ESTIMATED
    radius = "known from the normalisation" if prepared.normalised else "declared in advance"
    radius = radius if prepared.certified else "measured on the data: not known in advance"

    def extra(name: str, value: float, meaning: str, state: str, why: str, events: _Events = ()) -> Entry:
        return Entry(name, value, meaning, state, why, events, symbol=False)

    by_complexity, by_kappa = ((f"complexity[{label}]", delta),), ((f"kappa[{label}]", delta),)
    concentrated = complexity.self_bounding < complexity.worst_case
    bernstein = kappa.bernstein < kappa.worst_case
    fixed, exact, gap = "fixed in advance", "all pairs, to rounding", "Frank-Wolfe gap with rounding allowance"
    self_bounding, halves = "self-bounding concentration", "empirical Bernstein on half of the pairs"
    lipschitz = round_up(loss.lipschitz * max(prepared.weights), ulps=1)
    sampled: _Events = ()
    if train.error > 0:
        sampled = ((f"pairs[{label}]", delta),)
        exact = f"upper confidence value over {train.pairs:,} sampled pairs"
        gap = f"Frank-Wolfe gap over {train.pairs:,} sampled pairs, upper confidence value"
    # Losses that are never 0 may exceed the length of their range; a longer one bounds it as well.
    risks = [rhat, *([] if holdout is None else [round_up(holdout.risk + holdout.error)])]
    loss_range = max(prepared.loss_range(squared), *risks)
    entries = [
        Entry("n", int(prepared.split.train.size), "training examples", why="size of the training part"),
        Entry("K", len(prepared.data.names), "modalities in the data", why=fixed),
        Entry("d_M", structure.d, "feature dimension of the subset", why=fixed),
        Entry("g_M", structure.granularity, f"free weights of the {structure.name} metric", why=fixed),
        Entry("lam_min", settings.eig_range[0], "least metric eigenvalue", why=fixed),
        Entry("lam_max", settings.eig_range[1], "largest metric eigenvalue", why=fixed),
        Entry("t_min", settings.class_threshold_range[0], "least threshold", why=fixed),
        Entry("t_max", settings.class_threshold_range[1], "largest threshold", why=fixed),
        Entry("B", round_up(math.sqrt(squared), ulps=1), "pair radius of the subset", status, radius),
        Entry("L", lipschitz, f"Lipschitz constant of the {loss.name} loss", why=fixed),
        Entry("C", loss_range, "loss range over the subset's class", status, radius),
        Entry("omega_pos", prepared.weights[0], "weight of similar pairs", why=fixed),
        Entry("omega_neg", prepared.weights[1], "weight of dissimilar pairs", why=fixed),
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
        Entry("rhat_ramp", train.ramps[0], "empirical ramp risk at margin rho, unweighted", CERTIFIED, exact, sampled),
        Entry("rhat_ramp_w", train.heavy_ramps[0], "empirical ramp risk at margin rho with the pair weights",
              CERTIFIED, exact, sampled),
    ]  # fmt: skip
    if holdout is not None:
        drawn: _Events = ((f"holdout_pairs[{label}]", delta),) if holdout.error > 0 else ()
        how = "all pairs, to rounding"
        if holdout.error > 0:
            how = f"upper confidence value over {holdout.pairs:,} sampled pairs"
        risk = round_up(holdout.risk + holdout.error) if holdout.error > 0 else holdout.risk
        entries.append(Entry("rhat_holdout", risk, "risk on the hold-out part", CERTIFIED, how, drawn))
        entries.append(Entry("n_h", holdout.rows, "hold-out examples", why="size of the part"))
    if train.error > 0:
        mean = f"mean over {train.pairs:,} sampled pairs"
        entries += [
            extra("rhat_sampled", train.risk, "empirical risk of the returned metric", ESTIMATED, mean),
            extra("sampling_error", train.error, "what rhat_M adds to that mean", CERTIFIED,
                  "empirical Bernstein over the sampled pairs", sampled),
        ]  # fmt: skip
    if settings.reg > 0:
        at_anchor = _loss_at_anchor(prepared, squared)
        entries.append(Entry("mu", settings.reg, "strength of the regularisation", why=fixed))
        entries.append(Entry("ell_0", at_anchor, "largest loss at the regulariser's anchor", status, radius))
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
    entries += [
        extra(
            "C_full", prepared.loss_range(full_squared), "loss range over the class of all modalities", status, radius
        ),
        extra("B_full", round_up(math.sqrt(full_squared), ulps=1), "pair radius of all modalities", status, radius),
        extra("Rhat_value", complexity.empirical, "empirical complexity, high accuracy", ESTIMATED, complexity.method),
        extra("R_self_bounding", complexity.self_bounding, "complexity", status, self_bounding, by_complexity),
        extra("R_data", complexity.data, "complexity", status, "bounded differences", by_complexity),
        extra("R_worst", complexity.worst_case, "worst-case complexity", status, "Khinchin at the worst data"),
        *(
            [extra("R_massart", complexity.massart, "worst-case complexity", status, "Massart")]
            if complexity.massart < math.inf
            else []
        ),
        extra("kappa_plug_in", kappa.plug_in, "complexity constant", ESTIMATED, "sample means: biased low"),
        extra("kappa_bernstein", kappa.bernstein, "complexity constant", status, halves, by_kappa),
        extra("kappa_worst", kappa.worst_case, "complexity constant", status, "worst distribution"),
    ]
    facts = {**prepared.facts(), "subset": label, "delta": delta, "loss": loss.to_dict(), "structure": structure.name}
    return Estimates(tuple(entries), f"{prepared.data.name} {label}".strip(), facts)


def _loss_at_anchor(prepared: Prepared, squared_radius: float) -> float:
    settings = prepared.settings
    low, high = settings.class_threshold_range
    largest = settings.pair_loss.extreme(low - settings.reg_anchor * squared_radius, high)[1]
    return round_up(max(prepared.weights) * largest)
