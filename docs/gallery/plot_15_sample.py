"""
What the rows at hand guarantee
===============================

Certificates of the trained metrics on the left, theorems on whole classes against n beside them.
"""

import boundcalc as bc

trained = bc.train("breast_cancer")
answer = bc.assess(trained.measured)
print(answer.sentence)
answer.draw()
