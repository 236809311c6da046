"""
P13 · Stochastic gradient descent
=================================

The same network, start and rows as in P12, but every step sees a single row (row L16). The order is reshuffled every
epoch.
"""

from lamina.lecture import p13_stochastic_descent as p13

result = p13.compute()
print(result)

# %%
# Each row has its own surface, so many steps lead uphill on the one that is drawn. Yet after three passes over the rows
# the loss is lower than batch descent's after its three steps. At the end it does not rest: with a constant learning
# rate, it wanders around the minimum.

figure = p13.draw(result)

# %%
# From the command line: ``lamina lecture P13 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/two_weights.py
#    :pyobject: train_two_weights
