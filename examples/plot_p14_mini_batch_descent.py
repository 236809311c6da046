"""
P14 · Mini-batch gradient descent
=================================

The same network, start and rows as in P12, with ten rows per step (row L16).
"""

from lamina.lecture import p14_mini_batch_descent as p14

result = p14.compute()
print(result)

# %%
# The mean over ten rows has about a third of the noise of one row: the path is shorter than the stochastic one. After
# its ten passes over the rows, the loss is lower than batch descent's after ten.
# :func:`lamina.gradient_noise_scale` estimates which size suits your own data.

figure = p14.draw(result)

# %%
# From the command line: ``lamina lecture P14 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/two_weights.py
#    :pyobject: train_two_weights
