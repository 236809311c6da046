"""
P4 · The learning rate
======================

The same network with the same initial weights, trained by gradient descent with batches of 50 rows at four learning
rates (row L15).
"""

from lamina.lecture import p04_learning_rates as p04

result = p04.compute()
print(result)

# %%
# If the rate is too small, the loss falls slowly and is still far away at the end. If it is good, the loss falls to
# near the level of the noise. If it is too large, the weights overshoot the valley again and again: the loss swings, and
# even its lowest values stay above those of the good rate. If it is larger still, the loss leaves the picture within
# ten epochs. The vertical axis is logarithmic.
# :func:`lamina.learning_rate_range` finds out which rate suits your own data.

figure = p04.draw(result)

# %%
# From the command line: ``lamina lecture P4 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p04_learning_rates.py
#    :pyobject: compute
