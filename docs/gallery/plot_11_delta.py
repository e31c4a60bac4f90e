"""
What confidence costs
=====================

The certificate of the same 400 rows at every delta from .5 to one in a million.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

rng = np.random.default_rng(0)
y = rng.integers(0, 3, 400)
X = rng.normal(size=(400, 3)) + 3 * np.eye(3)[y]
deltas = np.geomspace(1e-6, 0.5, 13)
found = [bc.certify(embeddings=X, y=y, threshold=12.0, delta=float(delta), splits=5) for delta in deltas]
plt.semilogx(deltas, [one.value for one in found], "o-", label="certificate")
plt.axhline(found[0].error, color="0.35", linestyle="--", label="measured")
plt.xlabel("delta")
plt.ylabel("balanced pair error")
plt.legend(frameon=False)
