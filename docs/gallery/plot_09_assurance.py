"""
How many rows for which target, how surely
==========================================

Provable for every population with an error of .2: the rows to hold out, for three probabilities of success.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

targets = np.linspace(0.26, 0.45, 20)
for power in (0.5, 0.9, 0.99):
    rows = bc.minimal_n(bc.assurance, target=targets, power=power, error=0.2)
    plt.semilogy(targets, rows, label=f"power {power}")
plt.xlabel("target")
plt.ylabel("rows to hold out")
plt.legend(frameon=False)
