"""
P12 · Batch gradient descent
============================

A network with one weight and one bias fits a line to 100 noisy rows. Its loss is a surface over the plane, and training
follows a path on it (row L16). Here every step sees all rows: the gradient is that of the surface itself.
"""

from lamina.lecture import p12_batch_descent as p12

result = p12.compute()
print(result)

# %%
# The path leads downhill at every step, at right angles to the contours. The cross marks the minimum, the star the
# end. Each of the 60 steps needed the gradient of all 100 rows.

figure = p12.draw(result)

# %%
# From the command line: ``lamina lecture P12 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/two_weights.py
#    :pyobject: train_two_weights
