"""
A proof with its verdicts
=========================

Each step of Theorem 3.13 and how we know that it holds.
"""

import boundcalc as bc
from boundcalc.checker import check

entry = bc.theorem("Theorem 3.13")
bc.report.plot_proof(entry, report=check(entry, budget=15))
