"""
Rival bounds on one risk
========================

Norm balls, group norms, kernels, stability and robustness, each with constants measured on the same fit.
"""

import boundcalc as bc

contest = bc.compare("breast_cancer")
print(contest.sentence)
contest.draw()
