"""
P6 · Dropout
============

During training, each unit of a layer is dropped with probability 1/2, anew in every step and for every example (row L22). The
units that are kept count twice, so that the expected input of the next layer stays the same. At test time, all units are used
and nothing is scaled (row L23).

The lecture scales at test time instead. Its example is a unit with two inputs, y = w1 x1 + w2 x2: over the four masks, the mean
is (w1 x1 + w2 x2) / 2, and the lecture halves the weights at test time to get it. Here the kept inputs are doubled in training,
so that the mean is w1 x1 + w2 x2 itself, and the weights stay as they are. The lecture's weights are twice as large for the
same outputs.
"""

from lamina.lecture import p06_dropout as p06

result = p06.compute()
print(result)

# %%
# Below on the right is the lecture's example: 0.75 there and 1.5 here, each the mean over its own masks. Below on the left, the
# network above: one pass through the whole of it stands for the mean over all masks. For a linear network it is exactly that
# mean; with tanh units the two differ by less than a third of the spread. The spread over masks shows how sure the network is:
# ``trainer.predict_distribution(X, mc_samples=100)`` measures both (Monte Carlo dropout).

figure = p06.draw(result)

# %%
# From the command line: ``lamina lecture P6 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p06_dropout.py
#    :pyobject: compute
