"""
Where one bound overtakes another
=================================

Bernstein's inequality against Hoeffding's for a mean of m independent values: below the curve the variance is small enough.
"""

import numpy as np

import boundcalc as bc
from boundcalc import symbols as S

bernstein = bc.theorem("lemmas.bernstein").bound()
hoeffding = bc.theorem("lemmas.hoeffding_u").bound().substitute(n=2 * S.m)
sizes = np.geomspace(20, 1e5, 12).round()
found = bc.crossing(bernstein, hoeffding, "m", "var_f", over=sizes, within=(1e-4, 0.25), delta=0.05, C=1)
found.plot()
