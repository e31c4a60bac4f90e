"""The experiments that steps name: what is tried out under each name, and with which arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

from boundcalc.checker.experiments.experiment import Enumerable, Experiment, SampleSpace
from boundcalc.checker.experiments.worlds.cells import CellCounts, Cells, CoveredBall
from boundcalc.checker.experiments.worlds.chains import Chains, Covers, Martingales, Shells, VectorFunctions
from boundcalc.checker.experiments.worlds.continuous import GaussianMetric, SphereMetric, SpherePairs
from boundcalc.checker.experiments.worlds.contrast import Contrast, GibbsTriplets, Triplets
from boundcalc.checker.experiments.worlds.covariances import MismatchedPairs, PerturbedMatrix
from boundcalc.checker.experiments.worlds.encoders import Encoders, EncoderSamples
from boundcalc.checker.experiments.worlds.finite_sets import FiniteSet, Matrix
from boundcalc.checker.experiments.worlds.gallery import Gallery, ManyScores, Rates
from boundcalc.checker.experiments.worlds.hinge import HingeLearning
from boundcalc.checker.experiments.worlds.independent_pairs import AbsolutePairs, IndependentPairs, TwoSidedPairs
from boundcalc.checker.experiments.worlds.kernels import Bandwidths, KernelFamilies, Views, Walks
from boundcalc.checker.experiments.worlds.landmark_pairs import LandmarkPairs, ManyLandmarkPairs
from boundcalc.checker.experiments.worlds.learning import Context, Learning
from boundcalc.checker.experiments.worlds.linear_gains import NoiseModality, SharedModalities
from boundcalc.checker.experiments.worlds.many import (
    EqualSigns,
    EqualTerms,
    FirstHalf,
    FirstLetters,
    LargestSum,
    OneCount,
    Posterior,
    TwoSigns,
)
from boundcalc.checker.experiments.worlds.matching import Matching
from boundcalc.checker.experiments.worlds.measures import IndependentVariables, Measures, PosteriorMeans, Tails
from boundcalc.checker.experiments.worlds.metric_class import ManyCoordinates, MetricClass, MetricSamples, SignDraws
from boundcalc.checker.experiments.worlds.norm_balls import Norm, NormBall, NormSamples
from boundcalc.checker.experiments.worlds.pair_samples import (
    Candidates,
    Looks,
    ManyGains,
    OwnPartners,
    PairGain,
    PairSample,
    Posteriors,
    Replacement,
)
from boundcalc.checker.experiments.worlds.pilot import ManyPilotPairs, Pilot
from boundcalc.checker.experiments.worlds.planning import Chernoff, Holdout, SampleSize
from boundcalc.checker.experiments.worlds.projections import Claim, Projections
from boundcalc.checker.experiments.worlds.regularised import Regularised
from boundcalc.checker.experiments.worlds.sampled import SampledMetric
from boundcalc.checker.experiments.worlds.scalings import FinnerSums, ManyPairs, ManyRows, Scalings
from boundcalc.checker.experiments.worlds.shattered import Shattered, ShatteredSamples
from boundcalc.checker.experiments.worlds.stratified_pairs import DistanceOrder, StratifiedPairs
from boundcalc.checker.experiments.worlds.terms import CoinTosses, Events, FixedFunctions, SetFamilies
from boundcalc.checker.experiments.worlds.tuples import ContrastiveLosses, MetricTriplets, Tuples, TwoSamples
from boundcalc.checker.experiments.worlds.two_stages import TwoStages
from boundcalc.checker.experiments.worlds.u_statistics import UStatistics
from boundcalc.checker.experiments.worlds.views import (
    LandmarkDraws,
    LinearHead,
    ManyLandmarks,
    PairClassifiers,
    PredictedView,
    TaskAndViews,
    TwoViews,
)
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.statements.derivation import Named

__all__ = ["EXPERIMENTS", "resolve"]


def _sizes(about: str, world: Callable[..., Enumerable | SampleSpace], *sizes: tuple[Any, ...]) -> Experiment:
    """Return an experiment in one kind of world of several sizes."""
    return Experiment(about, tuple(world(*size) for size in sizes))


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
    world = partial(
        Learning, context=context, pairwise=pairwise, slack=not exact, unit_range=unit_range, weighted=weighted
    )
    worlds: list[Enumerable | SampleSpace] = [world(n) for n in ((2, 3, 4) if pairwise else (2, 3))]
    worlds += [world(n, large=True) for n in ((2, 3) if pairwise else (2,))]
    worlds.append(SampledMetric(context=context) if pairwise else ShatteredSamples(two_sided=context == "both"))
    if pairwise and not weighted and context in ("any", "single"):
        worlds += [SphereMetric(), GaussianMetric()]
    return Experiment(f"finite classes on {'pairs' if pairwise else 'single examples'}, all samples", tuple(worlds))


def holdout(*, alone: bool = False) -> Experiment:
    """Return candidates fixed in advance on held-out letters; ``alone``: only one."""
    who = "one fixed candidate" if alone else "fixed candidates"
    return Experiment(f"{who} on held-out letters, all samples", (Holdout(2, alone=alone), Holdout(3, alone=alone)))


def norm_ball(norm: Norm) -> Experiment:
    """Return matrices of bounded norm on finitely many differences, all samples and signs; ``norm`` is the dual one."""
    sizes = ((1, 2, 2), (2, 2, 2), (2, 2, 1), (3, 2, 2), (2, 2, 3), (4, 1, 2))
    return _sizes("matrices of bounded norm, all samples and signs", partial(NormBall, norm), *sizes)


def norm_samples(norm: Norm) -> Experiment:
    """Return random differences, all samples; ``norm`` is the dual one of the ball's."""
    return _sizes("random differences, all samples", NormSamples, (norm,), (norm, 2), (norm, 3, 2, 1), (norm, 2, 3, 3))


def regularised(*, source: bool) -> Experiment:
    """Return regularised learning of one weight, solved exactly on every sample; ``source``: the anchor is not 0."""
    world = partial(Regularised, source=source)
    about = "regularised learning of one weight, solved exactly, all samples"
    return _sizes(about, world, (2, 2), (2, 4), (3, 3), (4, 2), (4, 3))


def matching(context: Context, *, unit_range: bool = False) -> Experiment:
    """Return cross-modal matching from n aligned items with a finite class, every sample enumerated.

    Parameters
    ----------
    context : str
        ``"any"`` (the worst f of the class, or the minimiser) or ``"single"`` (one f fixed in advance).
    unit_range : bool
        Whether the loss lies in [0, 1].
    """
    world = partial(Matching, context=context, unit_range=unit_range)
    worlds = (*(world(n) for n in (2, 3, 4)), *(world(n, shattered=True) for n in (2, 3)))
    return Experiment("finite classes of matching scores, all samples", worlds)


def tuples(*, order: int | None = None) -> Experiment:
    """Return functions of several letters, of one ``order`` only if it is given."""
    worlds = (Tuples(2, 2), Tuples(), Tuples(3, 3), Tuples(3, 3, 3), Tuples(3, 6), Tuples(2, 3, 3), Tuples(4, 5))
    kept = tuple(world for world in worlds if order in (None, world.order))
    return Experiment("functions of pairs, triplets or quadruples of letters, all samples", kept)


def bandwidths(*, modalities: bool = False) -> Experiment:
    """Return learnt bandwidths of one length, or of one length for each of several ``modalities``."""
    worlds = [Bandwidths(m) for m in (1, 2, 4)] + [Bandwidths(m, K) for m, K in ((3, 2), (3, 3)) if modalities]
    return Experiment("bandwidths on a grid, all samples and signs", tuple(worlds))


def rates(kind: Literal["fmr", "fnmr", "fdr"]) -> Experiment:
    """Return a fixed threshold on labelled rows; ``kind`` is the rate of errors spoken of."""
    return Experiment(
        "a fixed threshold on labelled rows, replicates", (Rates(kind), Rates(kind, 2000), Rates(kind, 2, labels=6))
    )


def fixed_functions(*, alone: bool = False) -> Experiment:
    """Return functions fixed in advance on i.i.d. letters, the worst served chosen; ``alone``: only one."""
    if alone:
        worlds = (*(FixedFunctions(*size) for size in ((2,), (3,), (5,), (2, 9))), CoinTosses())
        return Experiment("one fixed function, all samples", worlds)
    sizes = (2, 4, 4), (3, 3, 3), (2, 8, 8), (4, 2, 2)
    return _sizes("functions fixed in advance, the worst served chosen, all samples", FixedFunctions, *sizes)


def posterior_means(*, of: Literal["kl", "catoni"]) -> Experiment:
    """Return posteriors that look at i.i.d. letters; ``of`` is the function of a model that is compared with its risk."""
    about = "posteriors that look at i.i.d. letters, all samples"
    return _sizes(about, partial(PosteriorMeans, of), (2,), (3,), (5, 2))


#: What a name stands for: an experiment, or a function that returns one for the arguments that are given with it.
EXPERIMENTS: Mapping[str, Experiment | Callable[..., Experiment]] = {
    "u_statistics": _sizes(
        "finite populations and classes, all samples and permutations",
        UStatistics,
        (4, 3, 4),
        (3, 3, 4),
        (2, 3, 4),
        (5, 2, 2),
    ),
    "independent_pairs": Experiment(
        "finite classes on m independent pairs, all samples and signs",
        (
            IndependentPairs(2, 3, 4),
            IndependentPairs(1, 12, 12),
            IndependentPairs(1, 3, 3),
            IndependentPairs(3, 2, 3),
            Shattered(),
        ),
    ),
    "absolute_pairs": _sizes(
        "finite classes on m independent pairs, absolute deviations",
        AbsolutePairs,
        (2, 3, 4),
        (1, 12, 12),
        (1, 3, 3),
        (3, 2, 3),
    ),
    "two_sided_pairs": Experiment(
        "finite classes on m independent pairs, two functions at once",
        (TwoSidedPairs(2, 3, 4), TwoSidedPairs(1, 4, 4)),
    ),
    "finite_set": _sizes("finite sets of vectors, all signs", FiniteSet, (1, 2), (2, 4), (3, 6), (3, 1)),
    "matrix": Experiment("symmetric matrices with rational eigenbases", (Matrix(),)),
    "metric": _sizes(
        "metric classes by brute force over grid, thresholds, samples and signs",
        MetricClass,
        (1, 3, 2, 2),
        (1, 2, 1, 2),
        (2, 3, 2, 3),
        (3, 2, 1, 2),
        (1, 2, 1, 3),
        (2, 2, 3, 2),
    ),
    "metric_samples": Experiment(
        "random pairs, all samples",
        (MetricSamples(1), MetricSamples(2), MetricSamples(3, letters=3), ManyCoordinates(), SpherePairs()),
    ),
    "sign_draws": _sizes("all choices of S sign vectors", SignDraws, (2, 1), (2, 2), (3, 2), (1, 1)),
    "encoders": _sizes(
        "low-rank encoders through eigenvalues, all samples and signs",
        Encoders,
        (1, 2, 2, 1),
        (2, 2, 2, 1),
        (2, 2, 3, 2),
        (3, 2, 2, 2),
    ),
    "encoder_samples": _sizes("random differences, all samples", EncoderSamples, (1,), (2,), (2, 2, 3, 2)),
    "chernoff": Experiment("suprema on two letters, all samples", (Chernoff(), Chernoff(letters=3))),
    "holdout": holdout,
    "events": _sizes("events on few letters", Events, (), (4, 2), (8, 5)),
    "set_families": _sizes("families of subsets of few points", SetFamilies, (), (3, 4), (3, 8), (5, 16), (2, 4)),
    "fixed_functions": fixed_functions,
    "covers": _sizes("finite sets of vectors and covers of them, all signs", Covers, (2, 4), (3, 6), (1, 3)),
    "chains": Experiment(
        "finite sets of vectors and their smallest covers, all signs",
        (Chains(2, 4), Chains(3, 5, levels=3), Chains(2, 6, levels=1)),
    ),
    "vector_functions": _sizes(
        "functions with several outputs, all signs", VectorFunctions, (), (1, 2, 4), (3, 2, 3), (2, 3)
    ),
    "shells": _sizes(
        "functions with radii, the worst served chosen, all samples", Shells, (), (3, 2), (4, 2, 8), (1, 8, 8, 0)
    ),
    "martingales": _sizes("sums with terms that depend on the past, all paths", Martingales, (), (2,), (7,)),
    "measures": _sizes("priors and posteriors on a few models", Measures, (), (2,), (6,)),
    "posterior_means": posterior_means,
    "independent_variables": _sizes(
        "tables of independent letters, all samples", IndependentVariables, (), (2, 2), (4, 2), (3,)
    ),
    "tails": _sizes("variables with a few values, or with a fine tail", Tails, (), (40,)),
    "weighted_functions": _sizes(
        "functions with weights fixed in advance, the worst served chosen, all samples",
        partial(FixedFunctions, weighted=True),
        (2, 4, 4),
        (3, 3, 3),
        (2, 8, 8),
    ),
    "sample_size": Experiment("sample sizes found by search", (SampleSize(),)),
    "pilot": Experiment("pilot, certified kappa, choice among equal candidates, future sample, training", (Pilot(),)),
    "projections": _sizes("classes with missing modalities, every function listed", Projections, (), (1, 3, 2), (3,)),
    "hinge": Experiment(
        "finite classes trained with the hinge loss, all samples",
        (HingeLearning(2), HingeLearning(3), HingeLearning(2, large=True)),
    ),
    "claim": Experiment(
        "learning on all pairs with constant or superfluous modalities",
        (Claim(kind="constant"), Claim(kind="separated"), Claim(6)),
        all_witnesses=True,
    ),
    "cells": _sizes(
        "losses on letters in cells, all samples",
        Cells,
        (2,),
        (2, 6, 3),
        (3, 3, 1),
        (3, 4, 2),
        (2, 3, 3),
        (2, 20, 1),
        (4, 3, 2),
    ),
    "cell_counts": _sizes("frequencies of cells, all counts", CellCounts, (2, 4), (2, 40), (3, 9), (4, 5)),
    "cover": Experiment("balls covered greedily", (CoveredBall(1), CoveredBall(2))),
    "centred_costs": Experiment(
        "kernels of two letters, all samples, and rows misjudged with one partner each",
        (PairSample(2, 3), PairSample(4), OwnPartners()),
    ),
    "matched_rows": Experiment(
        "kernels of two letters, all samples and matchings",
        (PairSample(2, 3), PairSample(4), PairSample(4, halves=False), PairSample(2, 5)),
    ),
    "pair_rows": Experiment(
        "kernels of two letters, all samples and matchings, odd numbers with a triangle",
        (PairSample(2, 3), PairSample(3), PairSample(4), PairSample(5), PairSample(3, 3, halves=False)),
    ),
    "pair_gain": _sizes("two fixed models on the same letters, all samples", PairGain, (2, 3), (3,), (4,)),
    "fixed_candidates": Experiment(
        "fixed candidates on the same letters, the worst served one chosen, all samples",
        (Candidates(), Candidates(3, 3)),
    ),
    "lattice": Experiment(
        "classes covered by a lattice with slack, the worst served member chosen, all samples",
        (Candidates(slack=True), Candidates(3, 3, slack=True)),
    ),
    "posteriors": Experiment("posteriors that look at the letters, all samples", (Posteriors(), Posteriors(4, 2))),
    "looks": Experiment("batches of letters, the worst look taken, all samples", (Looks(2, 3), Looks(3, 2))),
    "replacement": Experiment(
        "pilot, new letters, and a model that is replaced only with a certified gain", (Replacement(),)
    ),
    "stratified_pairs": _sizes(
        "two classes with given numbers of rows, all samples and assignments",
        StratifiedPairs,
        (),
        ((3, 3), (1, 1, 1)),
        ((3, 2), (1, 0, 1)),
        ((2, 2), (1, 1, 0)),
    ),
    "distance_order": Experiment(
        "distances of same and different pairs, all samples of four rows", (DistanceOrder(), DistanceOrder(3))
    ),
    "gallery": Experiment("scores of new rows against stored ones, replicates", (Gallery(), Gallery(2))),
    "scalings": _sizes("matrices with known scalings and couplings, all permutations", Scalings, (1,), (2,), (3,)),
    "weighted_sums": _sizes("independent letters of different laws, all samples", FinnerSums, (2,), (3,), (4,)),
    "tuples": tuples,
    "two_samples": Experiment(
        "functions of one letter of each of two samples, all samples",
        (TwoSamples(), TwoSamples(1, 4), TwoSamples(3, 3), TwoSamples(4, 2)),
    ),
    "contrast": Experiment("classes of letters and one encoder", (Contrast(), Contrast(3, 2), Contrast(2, 2))),
    "triplets": Experiment(
        "encoders on triplets of two letters, all samples", (Triplets(1), Triplets(2, 2), Triplets(3), Triplets(3, 2))
    ),
    "gibbs_triplets": Experiment(
        "posteriors on encoders that look at the triplets, all samples",
        (GibbsTriplets(1), GibbsTriplets(2), GibbsTriplets(3)),
    ),
    "two_views": Experiment("joint laws of two views", (TwoViews(), TwoViews(2, 2), TwoViews(2, 4))),
    "pair_classifiers": Experiment(
        "joint laws of two views, learnt density ratios", (PairClassifiers(), PairClassifiers(2, 2))
    ),
    "landmarks": Experiment(
        "landmarks of the other view, all draws",
        (LandmarkDraws(1), LandmarkDraws(2), LandmarkDraws(4), LandmarkDraws(5, 2)),
    ),
    "task_and_views": Experiment("tasks with two or three labels on two views", (TaskAndViews(), TaskAndViews(2))),
    "predicted_view": Experiment("means of the second view in the plane", (PredictedView(),)),
    "linear_head": Experiment("least squares over a grid of heads, all samples", (LinearHead(), LinearHead(3))),
    "two_stages": Experiment(
        "finite classes of connections and hypotheses, all samples", (TwoStages(), TwoStages(1, 3), TwoStages(3, 1))
    ),
    "perturbed_matrix": Experiment("matrices of rank one in the plane, perturbed", (PerturbedMatrix(),)),
    "mismatched_pairs": Experiment(
        "pairs with some wrong partners, replicates", (MismatchedPairs(), MismatchedPairs(400))
    ),
    "landmark_pairs": Experiment(
        "landmark pairs of three inputs, all draws",
        (LandmarkPairs(), LandmarkPairs(1), LandmarkPairs(6), LandmarkPairs(150)),
    ),
    "kernel_families": Experiment(
        "finite families of kernels, all samples and signs",
        (KernelFamilies(), KernelFamilies(3, 2, 2), KernelFamilies(2, 9, 2), KernelFamilies(4, 1, 2)),
    ),
    "bandwidths": bandwidths,
    "walks": Experiment("sums of up to 400 signs", (Walks(),)),
    "views": Experiment("examples with two views, all signs", (Views(), Views(1, 3), Views(3, 1))),
    "contrastive_losses": Experiment(
        "losses of two items, all samples", (ContrastiveLosses(), ContrastiveLosses(2, 2), ContrastiveLosses(3, 3))
    ),
    "metric_triplets": _sizes("metrics on three labelled points, all samples", MetricTriplets, (3,), (4,)),
    "noise_modality": Experiment(
        "least squares with a modality of noise, all samples", (NoiseModality(2), NoiseModality())
    ),
    "shared_modalities": Experiment("four modalities that share their first", (SharedModalities(),)),
    "rates": rates,
    "learning": learning,
    "norm_ball": norm_ball,
    "norm_samples": norm_samples,
    "regularised": regularised,
    "matching": matching,
}


_ALONE, _SINGLES, _SUMS = (OneCount(),), (OneCount(order=1),), (LargestSum(),)
_EQUAL, _MATCHED = (EqualTerms(),), (FirstHalf(), OneCount())

#: Worlds with thousands of terms, by the experiment's name; a statement is tried on those that know all of its symbols.
LARGE: Mapping[str, tuple[Enumerable | SampleSpace, ...]] = {
    **dict.fromkeys(("holdout", "chernoff"), _ALONE),
    **dict.fromkeys(
        (
            "fixed_functions",
            "weighted_functions",
            "independent_variables",
            "two_samples",
            "shells",
            "regularised",
            "cell_counts",
        ),
        _SINGLES,
    ),
    "two_stages": (OneCount("truth", 1), EqualTerms()),
    "linear_head": (OneCount("truth", 1), EqualTerms(cut=False)),
    **dict.fromkeys(
        ("matched_rows", "pair_rows", "centred_costs", "fixed_candidates", "lattice", "pair_gain", "looks"), _MATCHED
    ),
    **dict.fromkeys(("stratified_pairs", "distance_order", "posteriors", "tails"), _MATCHED),
    **dict.fromkeys(("metric", "metric_samples", "norm_ball", "norm_samples", "encoders", "encoder_samples"), _EQUAL),
    **dict.fromkeys(("finite_set", "covers", "chains", "walks", "bandwidths"), _SUMS),
    **dict.fromkeys(("set_families", "martingales"), (LargestSum(segments=True),)),
    "independent_pairs": (OneCount(), OneCount("any")),
    "absolute_pairs": _EQUAL,
    "kernel_families": (EqualSigns(),),
    "views": (EqualSigns(1),),
    "u_statistics": (FirstLetters(),),
    "landmark_pairs": (ManyLandmarkPairs(),),
    "vector_functions": _SUMS,
    "two_sided_pairs": (OneCount("both"),),
    "hinge": (OneCount("future"),),
    "tuples": (OneCount(), OneCount(order=3)),
    "contrastive_losses": (OneCount(order=3),),
    "metric_triplets": (OneCount(order=3), OneCount("any", 3), EqualTerms(3)),
    "triplets": (OneCount("any", 1), EqualTerms()),
    "gibbs_triplets": (Posterior("catoni"),),
    "mismatched_pairs": (OneCount("error", 1),),
    "sign_draws": (TwoSigns(),),
    "landmarks": (ManyLandmarks(),),
    "gallery": (ManyScores(),),
    "pilot": (ManyPilotPairs(),),
    "replacement": (ManyGains(),),
    "scalings": (ManyRows(),),
    "weighted_sums": (ManyPairs(),),
}


def _large(asked: Named, options: Mapping[str, Any]) -> tuple[Enumerable | SampleSpace, ...]:
    """Return the worlds with thousands of terms that an experiment with options has."""
    if asked.name in ("learning", "matching"):
        order = 2 if options.get("pairwise", True) else 1
        return (OneCount(options["context"], order),)
    if asked.name == "posterior_means":
        return (Posterior(options["of"]), OneCount(order=1))
    return LARGE.get(asked.name, ())


def _extended(found: Experiment, large: tuple[Enumerable | SampleSpace, ...]) -> Experiment:
    """Return an experiment with large worlds after its first one, where what is false is soon found."""
    return replace(found, worlds=(*found.worlds[:1], *large, *found.worlds[1:]))


def resolve(experiment: Any) -> Experiment | None:
    """Return the experiment that a step carries: its own, the one of that name, or None if it carries none.

    Raises
    ------
    InvalidInputError
        If there is no experiment of that name, or it is told what it does not know.
    """
    if experiment is None or isinstance(experiment, Experiment):
        return experiment
    if isinstance(experiment, Named):
        return _of_name(experiment)
    raise InvalidInputError(
        f"experiment = {experiment!r}: give named('...'), or an Experiment of your own", context="check"
    )


@cache
def _of_name(asked: Named) -> Experiment:
    if asked.name not in EXPERIMENTS:
        raise InvalidInputError(
            f"experiment = {asked.name!r} does not exist{suggestion(asked.name, EXPERIMENTS)}; "
            f"there are {', '.join(EXPERIMENTS)}",
            context="check",
        )
    found, options = EXPERIMENTS[asked.name], dict(asked.options)
    if isinstance(found, Experiment):
        if options:
            raise InvalidInputError(f"experiment = {asked}: {asked.name} takes no arguments", context="check")
        return _extended(found, _large(asked, options))
    try:
        inspect.signature(found).bind(**options)
    except TypeError as error:
        raise InvalidInputError(f"experiment = {asked}: {error}", context="check") from None
    for argument, kind in get_type_hints(found).items():
        if get_origin(kind) is Literal and argument in options and options[argument] not in get_args(kind):
            raise InvalidInputError(
                f"experiment = {asked}: {argument} is one of {', '.join(get_args(kind))}", context="check"
            )
    return _extended(found(**options), _large(asked, options))
