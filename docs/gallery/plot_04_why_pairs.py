"""
Pairs are not independent
=========================

All pairs of 200 rows, given to a confidence bound for independent draws, and to ours, five hundred times. The population is
finite, so the true risk is known exactly: a tenth of the rows are of a kind whose pairs are always misjudged.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import beta

import boundcalc as bc

rng, n, runs, delta = np.random.default_rng(0), 200, 500, 0.05
share = 0.1
truth = 1 - (1 - share) ** 2
ours, naive = [], []
for _ in range(runs):
    bad = rng.random(n) < share
    wrong, y = bad[:, None] | bad[None, :], rng.integers(0, 2, n)
    rows, columns = np.triu_indices(n, 1)
    errors, pairs = wrong[rows, columns].sum(), rows.size
    naive.append(beta.ppf(1 - delta, errors + 1, pairs - errors) if errors < pairs else 1.0)
    distance = np.where(wrong == (y[:, None] == y), 2.0, 0.0)  # right pairs: same below, different above the threshold
    answer = bc.certify(distance=distance, y=y, threshold=1.0, weights=None, splits=5)
    ours.append(answer.value)
for name, values in {"all pairs as if independent": naive, "boundcalc": ours}.items():
    print(f"{name}: false in {np.mean(np.array(values) < truth):.1%} of runs, where {delta:.0%} are allowed")
    plt.hist(values, bins=np.linspace(0, 0.7, 60), alpha=0.6, label=name)
plt.axvline(truth, color="k", label="true risk")
plt.xlabel("certified upper bound on the risk")
plt.ylabel("runs")
plt.legend(frameon=False, loc="upper right")
