"""
What more held-out rows are worth
=================================

The same model on more and more rows: transport certificate, Hoeffding's certificate, measured error, constant rule.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

rng = np.random.default_rng(0)
y = rng.integers(0, 4, 3200)
X = rng.normal(size=(3200, 4)) + 3 * np.eye(4)[y]
sizes = [50, 100, 200, 400, 800, 1600, 3200]
found = [bc.certify(embeddings=X[:n], y=y[:n], threshold=13.0) for n in sizes]
hoeffding = bc.theorem("certificates.transport").bound("hoeffding")
print(hoeffding)
plt.semilogx(sizes, [one.value for one in found], "o-", label="transport certificate (95 %)")
plt.semilogx(sizes, [one.error for one in found], "o-", label="measured")
plt.axhline(found[-1].constant, color="0.35", linestyle="--", label="constant rule")
plt.xlabel("held-out rows")
plt.ylabel("balanced pair error")
plt.legend(frameon=False)
