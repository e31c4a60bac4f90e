"""
Provable and estimated assurance
================================

With a variance from a pilot far fewer rows are expected to do; what is expected is not promised, and is drawn apart.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

rows = np.unique(np.geomspace(40, 2000, 40).astype(int))
plt.semilogx(rows, [bc.assurance(int(n), error=0.2, target=0.3) for n in rows], label="provable")
plt.semilogx(
    rows, [bc.assurance(int(n), error=0.2, target=0.3, variance=0.01) for n in rows], label="estimated, variance .01"
)
plt.xlabel("rows held out")
plt.ylabel("probability that .3 is certified")
plt.legend(frameon=False)
