"""Train on one subset of modalities and measure everything that a bound may ask for."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.complexity import Complexity, measure_complexity
from boundcalc.trainer.erm import Fit, Problem, certify, minimise_risk
from boundcalc.trainer.estimates import CERTIFIED, ESTIMATED, Entry, Estimates
from boundcalc.trainer.kappa import Kappa, measure_kappa
from boundcalc.trainer.losses import Loss, round_up
from boundcalc.trainer.pairs import ListedPairs, PairSource
from boundcalc.trainer.prepare import Prepared, pair_differences

__all__ = ["SubsetResult", "assess_fit", "fit_subset", "measure_subset", "trivial_rule"]

Array = NDArray[np.float64]
SAMPLED_PAIRS = 2_000_000
COARSE_ROWS = 600
SINGLE_REACH = 100.0
COARSE = 5e-3
_Events = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class SubsetResult:
    """What was trained on one subset and measured about it.

    Attributes
    ----------
    label : str
        The modalities joined by ``+``.
    modalities : tuple of str
    estimates : Estimates
        Named values for bounds.
    params : tuple
        Metric weights, or rows of the matrix.
    threshold : float
        Where a distance is called similar.
    holdout_error, train_error : float
        P(s f <= 0) over all pairs of the part.
    holdout_auc, holdout_knn : float
        Area under the ROC curve of the distances, and 5-nearest-neighbour accuracy with the training part as
        reference; None where they do not exist or scikit-learn is not installed (so are all hold-out values without
        a hold-out part).
    trivial_risk, trivial_error : float
        The best constant score on the training part: min over c of the (weighted) risk of f = c, and the share of the
        rarer kind of pairs.
    trivial_holdout_risk, trivial_holdout_error : float
        The same on the hold-out part.
    ramps : tuple of (rho, risk)
        Empirical ramp risk over all training pairs at each margin of the fixed grid, unweighted.
    weighted_ramps : tuple of (rho, risk)
        The same with the pair weights.
    weighted_holdout_error, weighted_trivial_error, weighted_trivial_holdout_error : float
        Pair errors with the pair weights: of the model on the hold-out part, of the best constant rule on the training
        and on the hold-out part.
    kappa : Kappa
    complexity : Complexity
    converged : bool
    evaluations : int
    seconds : float
    """

    label: str
    modalities: tuple[str, ...]
    estimates: Estimates
    params: tuple[Any, ...]
    threshold: float
    holdout_error: float | None
    train_error: float
    holdout_auc: float | None
    holdout_knn: float | None
    trivial_risk: float
    trivial_error: float
    trivial_holdout_risk: float | None
    trivial_holdout_error: float | None
    ramps: tuple[tuple[float, float], ...]
    weighted_ramps: tuple[tuple[float, float], ...]
    weighted_holdout_error: float | None
    weighted_trivial_error: float
    weighted_trivial_holdout_error: float | None
    kappa: Kappa
    complexity: Complexity
    converged: bool
    evaluations: int
    seconds: float

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.estimates["d_M"].value)

    def array(self) -> Array:
        """Return the parameters as an array."""
        return np.asarray(self.params, dtype=float)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; infinite and missing numbers become strings."""
        record = {f.name: getattr(self, f.name) for f in fields(self)}
        record["estimates"] = self.estimates.to_dict()
        record["kappa"], record["complexity"] = asdict(self.kappa), asdict(self.complexity)
        return _plain(record)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> SubsetResult:
        """Read :meth:`to_dict`."""
        record = {f.name: record[f.name] for f in fields(cls)}
        estimates = Estimates.from_dict(record.pop("estimates"))
        kappa = Kappa.from_dict(_numbers(record.pop("kappa")))
        inner = record.pop("complexity")
        complexity = Complexity(**{k: v if k == "method" else _number(v) for k, v in inner.items()})
        label, modalities = record.pop("label"), tuple(record.pop("modalities"))
        params = _tuples(record.pop("params"))
        ramps, weighted = (
            tuple((_number(rho), _number(risk)) for rho, risk in record.pop(name))
            for name in ("ramps", "weighted_ramps")
        )
        rest = {k: _number(v) for k, v in record.items()}
        return cls(
            label=label,
            modalities=modalities,
            estimates=estimates,
            params=params,
            ramps=ramps,
            weighted_ramps=weighted,
            kappa=kappa,
            complexity=complexity,
            **rest,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _numbers(value: Any) -> Any:
    """Undo :func:`_plain` in a record of numbers."""
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else _number(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _problem(prepared: Prepared, subset: Sequence[str], pairs: PairSource, *, regularised: bool = True) -> Problem:
    settings = prepared.settings
    return Problem(
        pairs=pairs,
        structure=prepared.structure(subset),
        loss=settings.pair_loss,
        eig_range=settings.eig_range,
        threshold_range=settings.class_threshold_range,
        weights=prepared.weights,
        regularisation=settings.reg if regularised else 0.0,
        anchor=settings.reg_anchor,
    )


def fit_subset(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    pairs: PairSource | None = None,
    start: tuple[Array, float] | None = None,
    rng: np.random.Generator | None = None,
) -> Fit:
    """Minimise the empirical risk on one subset of modalities.

    Beyond ``settings.exact_rows`` training rows the steps use a random sample of pairs (an incomplete U-statistic);
    objective and certificate are then computed once over all pairs, so ``eps_opt`` is certified all the same.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    pairs : PairSource, optional
        All pairs of the training part, if they are at hand.
    start : (params, threshold), optional
    rng : numpy.random.Generator, optional
        Needed beyond ``exact_rows``.
    """
    settings, train = prepared.settings, prepared.split.train
    pairs = prepared.all_pairs(subset, train) if pairs is None else pairs
    problem = _problem(prepared, subset, pairs)
    options = {"tolerance": settings.tolerance, "max_evaluations": settings.max_evaluations}
    width: float | None = None
    if train.size >= COARSE_ROWS:
        start, width = _rough_start(prepared, subset, problem, start)
    if train.size <= settings.exact_rows:
        return minimise_risk(problem, start=start, width=width, **options)  # type: ignore[arg-type]
    rng = np.random.default_rng() if rng is None else rng
    block, present = prepared.rows(subset, train)
    drawn = rng.integers(0, train.size, size=(min(SAMPLED_PAIRS, pairs.count), 2))
    drawn = drawn[drawn[:, 0] != drawn[:, 1]]
    codes = prepared.data.codes[train]
    differences = pair_differences(block, present, prepared.widths(subset), drawn)
    sampled = ListedPairs(differences, codes[drawn[:, 0]] == codes[drawn[:, 1]])
    fit = minimise_risk(_problem(prepared, subset, sampled), start=start, **options)  # type: ignore[arg-type]
    objective = problem.objective(fit.params, fit.threshold)
    eps_opt = certify(problem, fit.params, fit.threshold)
    return Fit(
        fit.params,
        fit.threshold,
        objective,
        objective - problem.penalty(fit.params)[0],
        objective - eps_opt,
        eps_opt,
        fit.evaluations,
        eps_opt <= settings.tolerance * objective,
    )


def _rough_start(
    prepared: Prepared, subset: Sequence[str], problem: Problem, start: tuple[Array, float] | None
) -> tuple[tuple[Array, float] | None, float | None]:
    """Return a start near the optimum, and the width of the surrogate there, from steps that certify nothing.

    The rows are in random order: a third of them gives a good start at a ninth of the cost. Then come all pairs in
    single precision, at half the cost of the exact ones, where distances are not so large that it would be noise.
    """
    settings, train = prepared.settings, prepared.split.train
    precise = settings.eig_range[1] * prepared.squared_radius(subset) <= SINGLE_REACH
    tolerance = max(COARSE, settings.tolerance)
    parts = [(train[: min(train.size // 3, COARSE_ROWS)], tolerance)]
    if precise and train.size <= settings.exact_rows:
        parts.append((train, max(0.7 * settings.tolerance, 2e-4)))
    first, width = start, None
    for part, tolerance in parts:
        rough = _problem(prepared, subset, prepared.all_pairs(subset, part, single=precise))
        fit = minimise_risk(
            rough,
            start=start,
            width=width,
            tolerance=tolerance,
            max_evaluations=min(200, settings.max_evaluations),
        )
        start, width = (fit.params, fit.threshold), fit.width
    assert start is not None
    if first is not None and problem.objective(*first) <= problem.objective(*start):
        return first, None
    return start, width


def measure_subset(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    start: tuple[Array, float] | None = None,
    rng: np.random.Generator,
) -> SubsetResult:
    """Train on one subset and measure it.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    start : (params, threshold), optional
        Warm start, for instance the solution on a smaller subset with weight 0 elsewhere.
    rng : numpy.random.Generator
        For Monte-Carlo draws, and for pair samples beyond ``exact_rows``.
    """
    began = time.perf_counter()
    pairs = prepared.all_pairs(subset, prepared.split.train)
    fit = fit_subset(prepared, subset, pairs=pairs, start=start, rng=rng)
    result = assess_fit(prepared, subset, fit, pairs=pairs, rng=rng)
    return replace(result, seconds=time.perf_counter() - began)


def assess_fit(
    prepared: Prepared,
    subset: Sequence[str],
    fit: Fit,
    *,
    pairs: PairSource | None = None,
    rng: np.random.Generator,
    delta: float | None = None,
) -> SubsetResult:
    """Measure a metric that was trained on one subset.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    fit : Fit
    pairs : PairSource, optional
        All pairs of the training part, if they are at hand.
    rng : numpy.random.Generator
    delta : float, optional
        Failure probability of each certified random value, in place of the settings' one.
    """
    settings, loss = prepared.settings, prepared.settings.pair_loss
    delta = settings.delta if delta is None else delta
    pairs = prepared.all_pairs(subset, prepared.split.train) if pairs is None else pairs
    structure = prepared.structure(subset)
    operator = structure.operator(fit.params)
    decision = settings.decision_threshold(fit.threshold)
    margins, weights = (settings.rho, *settings.rho_grid), prepared.weights
    (train_error, ramps), (_, heavy_ramps) = pairs.profiles(
        operator, decision, rhos=margins, weights=((1.0, 1.0), weights)
    )
    differences = prepared.independent_differences(subset)
    complexity = measure_complexity(
        differences,
        structure,
        eig_range=settings.eig_range,
        threshold_range=settings.class_threshold_range,
        radius=round_up(math.sqrt(prepared.squared_radius(subset)), ulps=1),
        delta=delta,
        draws=settings.draws,
        rng=rng,
    )
    kappa = measure_kappa(
        differences,
        structure,
        eig_range=settings.eig_range,
        threshold_range=settings.class_threshold_range,
        squared_radii=[prepared.squared_radii[name] for name in subset],
        widths=prepared.widths(subset),
        delta=delta,
    )
    holdout = prepared.split.holdout
    holdout_risk: float | None = None
    holdout_error: float | None = None
    heavy_holdout_error: float | None = None
    trivial_holdout: tuple[float | None, float | None, float | None] = (None, None, None)
    auc: float | None = None
    knn: float | None = None
    if holdout.size >= 2:
        tested = prepared.all_pairs(subset, holdout)
        holdout_risk = tested.evaluate(operator, fit.threshold, loss=loss, weights=weights, gradient=False).value
        (holdout_error, _), (heavy_holdout_error, _) = tested.profiles(
            operator, decision, rhos=(), weights=((1.0, 1.0), weights)
        )
        trivial_holdout = trivial_rule(tested, loss, weights)
        auc, knn = _neighbour_scores(prepared, subset, operator)
    trivial_risk, trivial_error, heavy_trivial_error = trivial_rule(pairs, loss, weights)
    eps_opt = fit.eps_opt
    if settings.reg > 0:
        eps_opt = certify(_problem(prepared, subset, pairs, regularised=False), fit.params, fit.threshold)
    estimates = _record(
        prepared, subset, complexity, kappa, rhat=fit.risk, eps_opt=eps_opt, ramp=ramps[0], heavy_ramp=heavy_ramps[0],
        holdout_risk=holdout_risk, delta=delta,
    )  # fmt: skip
    return SubsetResult(
        label="+".join(subset),
        modalities=tuple(subset),
        estimates=estimates,
        params=_tuples(fit.params.tolist()),
        threshold=decision,
        holdout_error=holdout_error,
        train_error=train_error,
        holdout_auc=auc,
        holdout_knn=knn,
        trivial_risk=trivial_risk,
        trivial_error=trivial_error,
        trivial_holdout_risk=trivial_holdout[0],
        trivial_holdout_error=trivial_holdout[1],
        ramps=tuple(zip(settings.rho_grid, ramps[1:], strict=True)),
        weighted_ramps=tuple(zip(settings.rho_grid, heavy_ramps[1:], strict=True)),
        weighted_holdout_error=heavy_holdout_error,
        weighted_trivial_error=heavy_trivial_error,
        weighted_trivial_holdout_error=trivial_holdout[2],
        kappa=kappa,
        complexity=complexity,
        converged=bool(fit.converged),
        evaluations=fit.evaluations,
        seconds=0.0,
    )


def trivial_rule(pairs: PairSource, loss: Loss, weights: tuple[float, float]) -> tuple[float, float, float]:
    """Return risk, error and weighted error of the best constant score on these pairs."""
    similar, other = pairs.n_similar / pairs.count, pairs.n_dissimilar / pairs.count
    heavy = weights[0] * similar, weights[1] * other
    return loss.constant_risk(*heavy), min(similar, other), min(heavy)


def _neighbour_scores(prepared: Prepared, subset: Sequence[str], operator: Array) -> tuple[float | None, float | None]:
    """ROC AUC of hold-out pair distances and 5-nearest-neighbour accuracy, by scikit-learn."""
    if importlib.util.find_spec("sklearn") is None:
        return None, None
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import KNeighborsClassifier

    from boundcalc.trainer.distances import cross_distances

    codes = prepared.data.codes
    holdout, train = prepared.split.holdout, prepared.split.train[:20_000]
    holdout = holdout[:4000]
    widths = prepared.widths(subset)
    left, here = prepared.rows(subset, holdout)
    right, there = prepared.rows(subset, train)
    upper = np.triu_indices(holdout.size, 1)
    same = (codes[holdout][:, None] == codes[holdout])[upper]
    auc = None
    if same.any() and not same.all():
        auc = float(roc_auc_score(same, -cross_distances(left, left, operator, widths, here, here)[upper]))
    reference = np.zeros((train.size, train.size))
    knn = KNeighborsClassifier(n_neighbors=min(5, train.size), metric="precomputed").fit(reference, codes[train])
    predicted = knn.predict(cross_distances(left, right, operator, widths, here, there))
    return auc, float((predicted == codes[holdout]).mean())


def _record(
    prepared: Prepared, subset: Sequence[str], complexity: Complexity, kappa: Kappa,
    *, rhat: float, eps_opt: float, ramp: float, heavy_ramp: float, holdout_risk: float | None, delta: float,
) -> Estimates:  # fmt: skip
    """Put the measured values in order: symbols of the vocabulary first, then what explains them."""
    settings, loss, label = prepared.settings, prepared.settings.pair_loss, "+".join(subset)
    squared, full_squared = prepared.squared_radius(subset), prepared.squared_radius(prepared.data.names)
    structure = prepared.structure(subset)
    status = CERTIFIED if prepared.certified else ESTIMATED
    radius = "known from the normalisation" if prepared.normalised else "declared in advance"
    radius = radius if prepared.certified else "measured on the data: not known in advance"

    def loss_range(squared_radius: float) -> float:
        return loss.range_length(
            threshold_range=settings.class_threshold_range,
            largest_distance=round_up(settings.eig_range[1] * squared_radius),
            weights=prepared.weights,
        )

    def extra(name: str, value: float, meaning: str, state: str, why: str, events: _Events = ()) -> Entry:
        return Entry(name, value, meaning, state, why, events, symbol=False)

    by_complexity, by_kappa = ((f"complexity[{label}]", delta),), ((f"kappa[{label}]", delta),)
    concentrated = complexity.self_bounding < complexity.worst_case
    bernstein = kappa.bernstein < kappa.worst_case
    fixed, exact, gap = "fixed in advance", "all pairs, to rounding", "Frank-Wolfe gap with rounding allowance"
    self_bounding, halves = "self-bounding concentration", "empirical Bernstein on half of the pairs"
    lipschitz = round_up(loss.lipschitz * max(prepared.weights), ulps=1)
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
        Entry("C", loss_range(squared), "loss range over the subset's class", status, radius),
        Entry("omega_pos", prepared.weights[0], "weight of similar pairs", why=fixed),
        Entry("omega_neg", prepared.weights[1], "weight of dissimilar pairs", why=fixed),
        Entry("rhat_M", rhat, "empirical risk of the returned metric", why=exact),
        Entry("eps_opt", eps_opt, "optimisation error", why=gap),
        Entry("eps_opt_M", eps_opt, "optimisation error", why=gap),
        Entry("Rhat", complexity.empirical_upper, "empirical Rademacher complexity",
              why=f"upper end, {complexity.method}"),
        Entry("Rhat_metric", complexity.metric_upper, "empirical complexity without the threshold's share",
              why=f"upper end, {complexity.method}"),
        Entry("R_M", complexity.upper, "Rademacher complexity over independent pairs", status,
              self_bounding if concentrated else "worst case (Khinchin)", by_complexity if concentrated else ()),
        Entry("kappa_M", kappa.certified, "complexity constant: R_m <= kappa/sqrt(m) for every m", status,
              halves if bernstein else "worst case", by_kappa if bernstein else ()),
        Entry("rho", settings.rho, "margin of the ramp risk", why=fixed),
        Entry("rhat_ramp", ramp, "empirical ramp risk at margin rho, unweighted", why=exact),
        Entry("rhat_ramp_w", heavy_ramp, "empirical ramp risk at margin rho with the pair weights", why=exact),
    ]  # fmt: skip
    if holdout_risk is not None:
        entries.append(Entry("rhat_holdout", holdout_risk, "risk on the hold-out part", why=exact))
        entries.append(Entry("n_h", int(prepared.split.holdout.size), "hold-out examples", why="size of the part"))
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
        extra("C_full", loss_range(full_squared), "loss range over the class of all modalities", status, radius),
        extra("B_full", round_up(math.sqrt(full_squared), ulps=1), "pair radius of all modalities", status, radius),
        extra("Rhat_value", complexity.empirical, "empirical complexity, high accuracy", ESTIMATED, complexity.method),
        extra("R_self_bounding", complexity.self_bounding, "complexity", status, self_bounding, by_complexity),
        extra("R_data", complexity.data, "complexity", status, "bounded differences", by_complexity),
        extra("R_worst", complexity.worst_case, "worst-case complexity", status, "Khinchin at the worst data"),
        extra("R_massart", complexity.massart, "worst-case complexity", status, "Massart"),
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
