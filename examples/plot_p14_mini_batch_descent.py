"""
P14 · Mini-batch gradient descent
=================================

The same net, start and rows as in P12, with ten rows a step (row L16).
"""

from lamina.lecture import p14_mini_batch_descent as p14

result = p14.compute()
print(result)

# %%
# The mean over ten rows has a third of the noise of one: the way is straighter than the stochastic one, and far
# cheaper than the one over all rows. Which size suits your own data, :func:`lamina.gradient_noise_scale` estimates.

figure = p14.draw(result)

# %%
# From the command line: ``lamina lecture P14 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/two_weights.py
#    :pyobject: train_two_weights
