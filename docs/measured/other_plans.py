"""Two plans that were tried and left out: unbalanced transport for unequal classes, Gromov-Wasserstein where no pair is known.

``python docs/measured/other_plans.py`` prints both tables of ``docs/howto/align.md``; it needs the extras ``data`` and ``align``.
"""

from __future__ import annotations

import argparse

import numpy as np
import ot
from aligned_views import blocks_of
from scipy.spatial.distance import cdist

from boundcalc.aligner import AlignedEncoders, closed_form, retrieval_measures, sinkhorn_plan, softmax_plan
from boundcalc.aligner.comparison import interval

TEST, PAIR = 0.3, "uci.pixels-uci.zernike"


def unbalanced_plan(cost: np.ndarray, *, eps: float, sweeps: int = 20, reach: float = 0.5) -> np.ndarray:
    """Return the entropic plan whose marginals are free at the price of a KL divergence, ``reach`` in mean costs."""
    scale = float(np.abs(cost).mean())
    uniform = [np.full(size, 1.0 / size) for size in cost.shape]
    return ot.unbalanced.sinkhorn_unbalanced(*uniform, cost, eps * scale, reach * scale, numItermax=sweeps, warn=False)


def split(seed: int) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """Return standardised blocks, labels, and the rows that train and test."""
    blocks, y = blocks_of(PAIR)
    test, train = np.split(np.random.default_rng(seed).permutation(len(y)), [round(TEST * len(y))])
    scaled = {k: (v - v[train].mean(axis=0)) / np.maximum(v[train].std(axis=0), 1e-9) for k, v in blocks.items()}
    return scaled, y, train, test


def unequal_classes(seed: int) -> dict[str, float]:
    """Return recall@10 where pixels of digits 0 to 6 and Zernike moments of digits 3 to 9 have no partner."""
    blocks, y, train, test = split(seed)
    pairs, rest = train[:56], np.random.default_rng(seed).permutation(train[56:])
    kept = [rest[y[rest] <= 6], rest[y[rest] >= 3]]
    rows = {k: np.concatenate([v[pairs], v[own]]) for (k, v), own in zip(blocks.items(), kept, strict=True)}
    closed_form._MIXED = ((1.0, 0.8),)  # one share of pseudo-pairs is enough to tell plans apart
    known, found = np.repeat(np.arange(56)[:, None], 2, axis=1), {}
    for name, plan in {
        "balanced": sinkhorn_plan,
        "unbalanced": unbalanced_plan,
        "softmax": softmax_plan,
    }.items():
        closed_form.PLANS["cca_ot"] = plan
        model = AlignedEncoders(method="cca_ot", random_state=seed).fit(rows, known)
        left, right = model.transform({k: v[test] for k, v in blocks.items()}).values()
        found[name] = retrieval_measures(model.similarity(left, right), k=10)["recall@10"]
    return found


def no_pairs(seed: int, size: int = 200) -> dict[str, float]:
    """Return the share of pairs of one class under plans between pixels and Zernike moments that know no pair."""
    blocks, y, train, _ = split(seed)
    rng = np.random.default_rng(seed)
    ends = [rng.permutation(train[:size]) for _ in blocks]
    inner = [cdist(v[rows], v[rows]) for v, rows in zip(blocks.values(), ends, strict=True)]
    inner = [one / one.mean() for one in inner]
    masses = [np.full(size, 1.0 / size)] * 2
    same = y[ends[0]][:, None] == y[ends[1]]
    # The control: rows whose distances to all others are alike, without solving for a plan of distances.
    profiles = cdist(*(np.sort(one, axis=1) for one in inner), "sqeuclidean")
    plans = {
        "Gromov-Wasserstein": ot.gromov.entropic_gromov_wasserstein(
            *inner, *masses, epsilon=0.01, max_iter=30, tol=1e-6
        ),
        "distance profiles": sinkhorn_plan(profiles, eps=0.05),
        "product": np.outer(*masses),
    }
    return {name: float(plan[same].sum() / plan.sum()) for name, plan in plans.items()}


def main() -> None:
    """Print means and gains over the control with corrected 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--only", choices=("unequal_classes", "no_pairs"))
    args = parser.parse_args()
    tried = {"unequal_classes": (unequal_classes, "unbalanced"), "no_pairs": (no_pairs, "Gromov-Wasserstein")}
    for name, (measure, ours) in tried.items():
        if args.only in (None, name):
            found = [measure(seed) for seed in range(args.seeds)]
            for arm in found[0]:
                gain, half = interval([one[ours] - one[arm] for one in found], overlap=TEST / (1 - TEST))
                print(f"| {name} | {arm} | {np.mean([one[arm] for one in found]):.3f} | {gain:+.3f} ± {half:.3f} |")


if __name__ == "__main__":
    main()
