"""
A threshold for a false-match rate
==================================

Chosen on a fifth of the rows for one false match in twenty, then certified on the rest: both rates, beside the promise.
"""

import numpy as np

import boundcalc as bc

rng = np.random.default_rng(0)
y = rng.integers(0, 10, 1500)
X = rng.normal(size=(1500, 10)) + 4 * np.eye(10)[y]
answer = bc.certify(embeddings=X, y=y, threshold={"fmr": 0.05}, calibration=0.2)
print(answer.sentence)
answer.draw()
