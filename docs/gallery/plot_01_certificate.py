"""
What held-out rows certify, at every threshold
==============================================

Both error rates of a linear discriminant on digits that it has not seen, with the band that holds at all thresholds at once.
"""

from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import train_test_split

import boundcalc as bc

images, digits = load_digits(return_X_y=True)
images, new_images, digits, new_digits = train_test_split(images, digits, test_size=0.5, random_state=0)
model = LinearDiscriminantAnalysis().fit(images, digits)
answer = bc.certify(model=model, data=(new_images, new_digits), calibration=0.2)
print(answer.sentence)
answer.draw()
