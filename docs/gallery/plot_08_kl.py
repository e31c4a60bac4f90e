"""
Two ways to bound a mean
========================

What 500 disjoint pairs leave open, by Hoeffding's inequality and by the exact inverse of the relative entropy.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

measured = np.linspace(0.005, 0.5, 60)
kl = bc.theorem("certificates.transport").bound("kl")
hoeffding = bc.theorem("certificates.transport").bound("hoeffding")
print(kl)
print(hoeffding)
for name, bound in {"Hoeffding": hoeffding, "relative entropy": kl}.items():
    plt.plot(measured, bound.evaluate(delta=0.05, n_h=1000, C=1, rhat_holdout=measured) - measured, label=name)
plt.xlabel("measured risk")
plt.ylabel("what the bound adds")
plt.legend(frameon=False)
