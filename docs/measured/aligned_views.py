"""Does transport help to align two views of one object? CCA, CCA with pseudo-pairs, and the control without marginals.

``python docs/measured/aligned_views.py --seeds 6 --records views.jsonl`` prints the table of ``docs/howto/align.md``; records
that the file holds are not measured again. The data set ``multiple_features`` needs the extra ``data``.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from boundcalc.aligner import AlignedEncoders, Comparison, image_views, retrieval_measures
from boundcalc.datasets import load

METHODS = ("cca", "cca_ot", "cca_softmax")
TEST = 0.3


def blocks_of(pair: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the two blocks that a pair names, and labels: of the UCI views, of digits (8 x 8), or of a data set."""
    if "-" not in pair:
        data = load(pair)
        return data.arrays, data.codes
    digits = load_digits()
    names = pair.split("-")
    made = image_views(digits.images)
    if names[0].startswith("uci."):
        data = load("multiple_features")
        return {name: data.arrays[name.removeprefix("uci.")] for name in names}, data.codes
    return {name: made[name] for name in names}, digits.target


def measure(pair: str, share: float, seed: int, method: str) -> dict:
    """Fit on a random split, of which a share of the training rows is aligned, and measure on the test rows."""
    blocks, y = blocks_of(pair)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    test, train = np.split(order, [round(TEST * len(y))])
    count = round(share * len(train))
    scaled = {}
    for name, block in blocks.items():
        mean, spread = block[train].mean(axis=0), block[train].std(axis=0)
        scaled[name] = (block - mean) / np.where(spread > 0, spread, 1.0)
    rows = {name: np.concatenate([b[train[:count]], rng.permutation(b[train[count:]])]) for name, b in scaled.items()}
    model = AlignedEncoders(method=method, random_state=seed).fit(rows, np.arange(len(train)) < count)
    left, right = model.transform({name: block[test] for name, block in scaled.items()}).values()
    found = [
        retrieval_measures(model.similarity(*ends), query_labels=y[test], gallery_labels=y[test], k=10)
        for ends in ((left, right), (right, left))
    ]
    means = {name: float(np.mean([one[name] for one in found])) for name in ("recall@10", "mAP")}
    what = {"regulariser": method, "pair": pair, "aligned": share, "seed": seed, "pairs": count}
    return what | means | {"gamma": model.chosen_.get("gamma", 0.0)}


def main() -> None:
    """Measure what the records do not hold, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    pairs = "uci.pixels-uci.zernike,uci.profiles-uci.zernike,uci.pixels-uci.fourier,pixels-zernike,digits,htad"
    parser.add_argument("--pairs", default=pairs)
    parser.add_argument("--shares", default="0.04")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--records", type=Path, default=Path("aligned_views.jsonl"))
    args = parser.parse_args()
    pairs, shares = args.pairs.split(","), [float(part) for part in args.shares.split(",")]
    known = [json.loads(line) for line in args.records.read_text().splitlines()] if args.records.exists() else []
    done = {(r["pair"], r["aligned"], r["seed"], r["regulariser"]) for r in known}
    with args.records.open("a") as stream:
        for seed, share, pair, method in product(range(args.seeds), shares, pairs, METHODS):
            if (pair, share, seed, method) not in done:
                known.append(measure(pair, share, seed, method))
                stream.write(json.dumps(known[-1]) + "\n")
                stream.flush()
    print(
        "| views | aligned | measure | CCA | with transport | gain | over softmax | claim |\n|---|---|---|---|---|---|---|---|"
    )
    for pair, share, name in product(pairs, shares, ("recall@10", "mAP")):
        own = [r for r in known if r["pair"] == pair and r["aligned"] == share]
        facts = {"overlap": TEST / (1.0 - TEST)}
        # All rows of the table hold together.
        rows = Comparison(own, True, facts).summary(name, level=1.0 - 0.05 / (len(pairs) * len(shares)))
        one = {row["regulariser"]: row for row in rows}
        ours = one["cca_ot"]
        print(
            f"| {pair} | {share:g} | {name} | {one['cca']['mean']:.3f} | {ours['mean']:.3f} "
            f"| {ours['gain']:+.3f} ± {ours['gain_half_width']:.3f} "
            f"| {ours['over_control']:+.3f} ± {ours['over_control_half_width']:.3f} | {ours['claim'] or '-'} |"
        )


if __name__ == "__main__":
    main()
