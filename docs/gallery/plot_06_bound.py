"""
A bound against n
=================

The certified risk gap of a metric class, one line for each sum of squared weights.
"""

import boundcalc as bc

gap = bc.theorem("Theorem 3.13").bound().substitute(R_M=bc.theorem("Theorem 3.18").bound())
values = {
    "delta": 0.05,
    "L": 1,
    "C": 1,
    "gamma": 0,
    "eps_opt": 0,
    "lam_min": 0,
    "lam_max": 1,
    "t_min": 0,
    "t_max": 1,
    "B": 1,
}
bc.report.plot(gap, x="n", hue="g_M", g_M=[4, 16, 52], **values)
