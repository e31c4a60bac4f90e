"""
Beside other models
===================

The default model, Euclidean distance and scikit-learn's own on the same splits: held-out errors, and what is certified of each.
"""

import boundcalc as bc

answer = bc.bench("penguins", splits=1)
print(answer.sentence)
answer.draw()
