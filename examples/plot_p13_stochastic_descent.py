"""
P13 · Stochastic gradient descent
=================================

The same net, start and rows as in P12, but every step sees a single row (row L16), in an order that is shuffled anew
every epoch.
"""

from lamina.lecture import p13_stochastic_descent as p13

result = p13.compute()
print(result)

# %%
# Each row has a surface of its own, so many steps lead uphill on the one that is drawn. Yet the way arrives after
# three passes over the rows where batch descent needed sixty. At the end it does not rest: with a constant learning
# rate it wanders around the minimum.

figure = p13.draw(result)

# %%
# From the command line: ``lamina lecture P13 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/two_weights.py
#    :pyobject: train_two_weights
