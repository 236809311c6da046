"""
P4 · The learning rate
======================

The same net from the same weights, trained by batch gradient descent at four learning rates (row L15).
"""

from lamina.lecture import p04_learning_rates as p04

result = p04.compute()
print(result)

# %%
# Too small, and the loss creeps. Good, and it falls to the level of the noise. Too large, and every few dozen epochs
# the weights overshoot the valley, the loss leaps up, and the progress is lost. Larger still, and it leaves the
# picture within a few steps. The vertical axis is logarithmic. What suits your own data,
# :func:`lamina.learning_rate_range` finds out.

figure = p04.draw(result)

# %%
# From the command line: ``lamina lecture P4 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p04_learning_rates.py
#    :pyobject: compute
