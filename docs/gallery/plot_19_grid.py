"""
A grid as a map
===============

Twenty thousand values of a bound in one call; the dashed line is where it begins to say something.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

bound = bc.theorem("zhou2026.margin").bound()
grid = bound.evaluate(
    n=np.geomspace(100, 1e6, 200).round(), R_M=np.geomspace(1e-3, 0.3, 100), delta=0.05, rho=0.5, rhat_ramp=0.05
)
axes = plt.gca()
mesh = axes.pcolormesh(grid["n"], grid["R_M"], grid.transpose("R_M", "n"), vmin=0, vmax=1, cmap="viridis")
axes.contour(grid["n"], grid["R_M"], grid.transpose("R_M", "n"), levels=[0.5], colors="w", linestyles="--")
axes.set(xscale="log", yscale="log", xlabel="n", ylabel="complexity R_M")
plt.colorbar(mesh, label="bound on the pair error")
