"""
Both error rates at all thresholds, certified together
======================================================

A DET curve whose upper edge holds for every threshold at once, so that one may choose afterwards.
"""

import numpy as np

import boundcalc as bc

rng = np.random.default_rng(0)
y = rng.integers(0, 5, 1000)
X = rng.normal(size=(1000, 5)) + 2.5 * np.eye(5)[y]
band = bc.certification.certify_band(embeddings=X, y=y, calibration=0.2)
band.draw()
