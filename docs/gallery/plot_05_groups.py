"""
Rows of one person are not independent either
=============================================

Sixty subjects with ever more rows of each: counted as rows, the certificate follows the measured error of the same sixty people;
counted as groups it stays honest about new ones.
"""

import matplotlib.pyplot as plt
import numpy as np

import boundcalc as bc

rng = np.random.default_rng(3)
kind, offset = rng.integers(0, 2, 60), rng.normal(size=60)
sizes, naive, honest = [2, 5, 10, 20], [], []
for rows in sizes:
    subject = np.repeat(np.arange(60), rows)
    X = (kind + 0.5 * offset)[subject] + 0.1 * rng.normal(size=subject.size)
    given = {"embeddings": X[:, None], "y": kind[subject], "threshold": 0.4, "splits": 5}
    naive.append(bc.certify(**given).value)
    honest.append(bc.certify(**given, groups=subject).value)
plt.plot(sizes, naive, "o-", label="rows as if independent")
plt.plot(sizes, honest, "o-", label="groups=subject")
plt.xlabel("rows of each of 60 subjects")
plt.ylabel("certificate")
plt.legend(frameon=False)
