"""
What a bound is made of
=======================

Its terms on top of each other: which one has to shrink?
"""

import boundcalc as bc

gap = bc.theorem("Theorem 3.13").bound()
bc.report.plot_terms(gap, x="n", delta=0.05, L=1, C=1, gamma=0.02, eps_opt=0.01, R_M=0.03)
