"""
A plan
======

Certificates against rows for the recommended subset and its rivals, and the learning curves behind them.
"""

import boundcalc as bc

answer = bc.plan("penguins", target=0.25)
print(answer.sentence)
answer.draw()
