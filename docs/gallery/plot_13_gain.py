"""
The certified gain of one model over another
============================================

Two models on the same rows: a lower bound on the difference of their true risks, against the number of rows.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

rng = np.random.default_rng(0)
y = rng.integers(0, 3, 2000)
good, poor = (rng.normal(size=(2000, 3)) + shift * np.eye(3)[y] for shift in (3.5, 1.5))
sizes = [100, 200, 400, 800, 1600]
both = [
    bc.certify(embeddings=good[:n], against=poor[:n], y=y[:n], threshold=12.0, weights=None, splits=5) for n in sizes
]
print(both[-1].sentence)
plt.semilogx(sizes, [one.error for one in both], "o-", label="measured gain")
plt.semilogx(sizes, [one.value for one in both], "o-", label="certified gain (95 %)")
plt.axhline(0, color="0.35", linestyle="--")
plt.xlabel("held-out rows")
plt.ylabel("difference in pair error")
plt.legend(frameon=False)
