"""The experiments that the catalogue's steps carry, by what they are about."""

from __future__ import annotations

from boundcalc.checker.experiments.experiment import Experiment
from boundcalc.checker.experiments.worlds.cells import CellCounts, Cells, Cover
from boundcalc.checker.experiments.worlds.continuous import GaussianMetric, SphereMetric, SpherePairs
from boundcalc.checker.experiments.worlds.encoders import Encoders, EncoderSamples
from boundcalc.checker.experiments.worlds.finite_sets import FiniteSet, Matrix
from boundcalc.checker.experiments.worlds.gallery import Gallery, Rates
from boundcalc.checker.experiments.worlds.hinge import HingeLearning
from boundcalc.checker.experiments.worlds.independent_pairs import IndependentPairs, TwoSidedPairs
from boundcalc.checker.experiments.worlds.learning import Context, Learning
from boundcalc.checker.experiments.worlds.matching import Matching
from boundcalc.checker.experiments.worlds.metric_class import ManyCoordinates, MetricClass, MetricSamples, SignDraws
from boundcalc.checker.experiments.worlds.norm_balls import Norm, NormBall, NormSamples
from boundcalc.checker.experiments.worlds.pair_samples import (
    Candidates,
    Looks,
    PairGain,
    PairSample,
    Posteriors,
    Replacement,
)
from boundcalc.checker.experiments.worlds.pilot import Pilot
from boundcalc.checker.experiments.worlds.planning import Chernoff, Holdout, SampleSize
from boundcalc.checker.experiments.worlds.projections import Claim, Projections
from boundcalc.checker.experiments.worlds.regularised import Regularised
from boundcalc.checker.experiments.worlds.sampled import SampledMetric
from boundcalc.checker.experiments.worlds.scalings import FinnerSums, Scalings
from boundcalc.checker.experiments.worlds.shattered import Shattered, ShatteredSamples
from boundcalc.checker.experiments.worlds.stratified_pairs import DistanceOrder, StratifiedPairs
from boundcalc.checker.experiments.worlds.u_statistics import UStatistics

__all__ = [
    "CELLS",
    "CELL_COUNTS",
    "CHERNOFF",
    "CLAIM",
    "COVER",
    "DECOUPLING",
    "ENCODERS",
    "ENCODER_SAMPLES",
    "FINITE_SET",
    "FINNER",
    "FIXED_CANDIDATES",
    "GALLERY",
    "HOLDOUT",
    "HOLDOUT_ALONE",
    "LATTICE",
    "LOOKS",
    "MATCHED",
    "MATRIX",
    "METRIC",
    "METRIC_SAMPLES",
    "MONTE_CARLO",
    "ORDER",
    "PAIRS",
    "PAIR_ERROR",
    "PAIR_GAIN",
    "PILOT",
    "POSTERIORS",
    "PROJECTIONS",
    "REPLACEMENT",
    "ROWS",
    "SAMPLE_SIZE",
    "SCALINGS",
    "STRATIFIED",
    "TWO_SIDED",
    "learning",
    "matching",
    "norm_ball",
    "norm_samples",
    "rates",
    "regularised",
]

#: Even numbers of rows: every row is matched.
MATCHED = Experiment(
    "kernels of two letters, all samples and matchings",
    (PairSample(2, 3), PairSample(4), PairSample(4, halves=False), PairSample(2, 5)),
)
#: Any number of rows: an odd one has a triangle.
ROWS = Experiment(
    "kernels of two letters, all samples and matchings, odd numbers with a triangle",
    (PairSample(2, 3), PairSample(3), PairSample(4), PairSample(5), PairSample(3, 3, halves=False)),
)
PAIR_GAIN = Experiment("two fixed models on the same letters, all samples", (PairGain(2, 3), PairGain(3), PairGain(4)))
FIXED_CANDIDATES = Experiment(
    "fixed candidates on the same letters, the worst served one chosen, all samples", (Candidates(), Candidates(3, 3))
)
LATTICE = Experiment(
    "classes covered by a lattice with slack, the worst served member chosen, all samples",
    (Candidates(slack=True), Candidates(3, 3, slack=True)),
)
POSTERIORS = Experiment("posteriors that look at the letters, all samples", (Posteriors(), Posteriors(4, 2)))
LOOKS = Experiment("batches of letters, the worst look taken, all samples", (Looks(2, 3), Looks(3, 2)))
REPLACEMENT = Experiment(
    "pilot, new letters, and a model that is replaced only with a certified gain", (Replacement(),)
)
STRATIFIED = Experiment(
    "two classes with given numbers of rows, all samples and assignments",
    (
        StratifiedPairs(),
        StratifiedPairs((3, 3), (1, 1, 1)),
        StratifiedPairs((3, 2), (1, 0, 1)),
        StratifiedPairs((2, 2), (1, 1, 0)),
    ),
)
ORDER = Experiment(
    "distances of same and different pairs, all samples of four rows", (DistanceOrder(), DistanceOrder(3))
)
GALLERY = Experiment("scores of new rows against stored ones, replicates", (Gallery(), Gallery(2)))
SCALINGS = Experiment(
    "matrices with known scalings and couplings, all permutations", (Scalings(1), Scalings(2), Scalings(3))
)
FINNER = Experiment("independent letters of different laws, all samples", (FinnerSums(2), FinnerSums(3), FinnerSums(4)))
DECOUPLING = Experiment(
    "finite populations and classes, all samples and permutations",
    (UStatistics(4, 3, 4), UStatistics(3, 3, 4), UStatistics(2, 3, 4), UStatistics(5, 2, 2)),
)
PAIRS = Experiment(
    "finite classes on m independent pairs, all samples and signs",
    (
        IndependentPairs(2, 3, 4),
        IndependentPairs(1, 12, 12),
        IndependentPairs(1, 3, 3),
        IndependentPairs(3, 2, 3),
        Shattered(),
    ),
)
TWO_SIDED = Experiment(
    "finite classes on m independent pairs, two functions at once", (TwoSidedPairs(2, 3, 4), TwoSidedPairs(1, 4, 4))
)
FINITE_SET = Experiment(
    "finite sets of vectors, all signs", (FiniteSet(1, 2), FiniteSet(2, 4), FiniteSet(3, 6), FiniteSet(3, 1))
)
MATRIX = Experiment("symmetric matrices with rational eigenbases", (Matrix(),))
METRIC = Experiment(
    "metric classes by brute force over grid, thresholds, samples and signs",
    (
        MetricClass(1, 3, 2, 2),
        MetricClass(1, 2, 1, 2),
        MetricClass(2, 3, 2, 3),
        MetricClass(3, 2, 1, 2),
        MetricClass(1, 2, 1, 3),
        MetricClass(2, 2, 3, 2),
    ),
)
METRIC_SAMPLES = Experiment(
    "random pairs, all samples",
    (MetricSamples(1), MetricSamples(2), MetricSamples(3, letters=3), ManyCoordinates(), SpherePairs()),
)
MONTE_CARLO = Experiment(
    "all choices of S sign vectors", (SignDraws(2, 1), SignDraws(2, 2), SignDraws(3, 2), SignDraws(1, 1))
)
ENCODERS = Experiment(
    "low-rank encoders through eigenvalues, all samples and signs",
    (Encoders(1, 2, 2, 1), Encoders(2, 2, 2, 1), Encoders(2, 2, 3, 2), Encoders(3, 2, 2, 2)),
)
ENCODER_SAMPLES = Experiment(
    "random differences, all samples", (EncoderSamples(1), EncoderSamples(2), EncoderSamples(2, 2, 3, 2))
)
CHERNOFF = Experiment("suprema on two letters, all samples", (Chernoff(), Chernoff(letters=3)))
HOLDOUT = Experiment("fixed candidates on held-out letters, all samples", (Holdout(2), Holdout(3)))
HOLDOUT_ALONE = Experiment(
    "one fixed candidate on held-out letters, all samples", (Holdout(2, alone=True), Holdout(3, alone=True))
)
SAMPLE_SIZE = Experiment("sample sizes found by search", (SampleSize(),))
PILOT = Experiment("pilot, certified kappa, choice among equal candidates, future sample, training", (Pilot(),))
PROJECTIONS = Experiment(
    "classes with missing modalities, every function listed", (Projections(), Projections(1, 3, 2), Projections(3))
)
PAIR_ERROR = Experiment(
    "finite classes trained with the hinge loss, all samples",
    (HingeLearning(2), HingeLearning(3), HingeLearning(2, large=True)),
)
CLAIM = Experiment(
    "learning on all pairs with constant or superfluous modalities",
    (Claim(kind="constant"), Claim(kind="separated"), Claim(6)),
    all_witnesses=True,
)
CELLS = Experiment(
    "losses on letters in cells, all samples",
    (Cells(2), Cells(2, 6, 3), Cells(3, 3, 1), Cells(3, 4, 2), Cells(2, 3, 3), Cells(2, 20, 1), Cells(4, 3, 2)),
)
CELL_COUNTS = Experiment(
    "frequencies of cells, all counts", (CellCounts(2, 4), CellCounts(2, 40), CellCounts(3, 9), CellCounts(4, 5))
)
COVER = Experiment("balls covered greedily", (Cover(1), Cover(2)))


def rates(kind: str) -> Experiment:
    """Return the experiment on a rate of errors at a fixed threshold: ``fmr``, ``fnmr`` or ``fdr``."""
    return Experiment("a fixed threshold on labelled rows, replicates", (Rates(kind), Rates(kind, 2)))


def learning(
    context: Context, *, pairwise: bool = True, exact: bool = False, unit_range: bool = False, weighted: bool = False
) -> Experiment:
    """Return learning from n draws with a finite class, every sample enumerated.

    Parameters
    ----------
    context : str
        Which deviations Phi speaks of.
    pairwise : bool
        Whether the loss is of pairs.
    exact : bool
        Whether the minimiser is exact (no optimisation error).
    unit_range : bool
        Whether the loss lies in [0, 1].
    weighted : bool
        Whether it is multiplied by weights for similar and dissimilar pairs.
    """
    plain = dict(context=context, pairwise=pairwise, slack=not exact, unit_range=unit_range, weighted=weighted)
    sizes = (2, 3, 4) if pairwise else (2, 3)
    one_sided = pairwise and not weighted and context in ("any", "single")
    return Experiment(
        f"finite classes on {'pairs' if pairwise else 'single examples'}, all samples",
        (
            *(Learning(n, **plain) for n in sizes),  # type: ignore[arg-type]
            *(Learning(n, large=True, **plain) for n in ((2, 3) if pairwise else (2,))),  # type: ignore[arg-type]
            SampledMetric(context=context) if pairwise else ShatteredSamples(two_sided=context == "both"),
            *((SphereMetric(), GaussianMetric()) if one_sided else ()),
        ),
    )


def norm_ball(norm: Norm) -> Experiment:
    """Return matrices of bounded norm on finitely many differences, all samples and signs; ``norm`` is the dual one."""
    sizes = ((1, 2, 2), (2, 2, 2), (2, 2, 1), (3, 2, 2), (2, 2, 3), (4, 1, 2))
    return Experiment(
        "matrices of bounded norm, all samples and signs", tuple(NormBall(norm, m, count, d) for m, count, d in sizes)
    )


def norm_samples(norm: Norm) -> Experiment:
    """Return random differences, all samples; ``norm`` is the dual one of the ball's."""
    return Experiment(
        "random differences, all samples",
        (NormSamples(norm), NormSamples(norm, 2), NormSamples(norm, 3, 2, 1), NormSamples(norm, 2, 3, 3)),
    )


def regularised(*, source: bool) -> Experiment:
    """Return regularised learning of one weight, solved exactly on every sample; ``source``: the anchor is not 0."""
    sizes = ((2, 2), (2, 4), (3, 3), (4, 2), (4, 3))
    return Experiment(
        "regularised learning of one weight, solved exactly, all samples",
        tuple(Regularised(n, letters, source) for n, letters in sizes),
    )


def matching(context: Context, *, unit_range: bool = False) -> Experiment:
    """Return cross-modal matching from n aligned items with a finite class, every sample enumerated.

    Parameters
    ----------
    context : str
        ``"any"`` (the worst f of the class, or the minimiser) or ``"single"`` (one f fixed in advance).
    unit_range : bool
        Whether the loss lies in [0, 1].
    """
    plain = dict(context=context, unit_range=unit_range)
    worlds = [Matching(n, **plain) for n in (2, 3, 4)]  # type: ignore[arg-type]
    worlds += [Matching(n, shattered=True, **plain) for n in (2, 3)]  # type: ignore[arg-type]
    return Experiment("finite classes of matching scores, all samples", tuple(worlds))
