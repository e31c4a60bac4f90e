"""
Looking while rows come in
==========================

Certificates after every batch of a hundred rows, valid at all looks together: stop when the target is reached.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

rng = np.random.default_rng(0)
batches = []
for _ in range(15):
    y = rng.integers(0, 2, 100)
    batches.append({"embeddings": (rng.normal(size=100) + 3 * y)[:, None], "y": y})
found = bc.certification.certify_looks(batches, threshold=3.0, weights=None)
plt.plot([one.rows for one in found], [one.value for one in found], "o-", label="certified at this look")
plt.plot([one.rows for one in found], [one.error for one in found], "o-", label="measured")
plt.axhline(0.25, color="0.35", linestyle="--", label="target")
plt.xlabel("rows so far")
plt.ylabel("pair error")
plt.legend(frameon=False)
