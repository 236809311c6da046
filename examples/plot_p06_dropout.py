"""
P6 · Dropout
============

In training, each unit of a layer is silenced with probability 1/2 in every step and for every example (row L22), and the
units that are kept count twice, so that the sum that the next layer expects stays the same. At test time all units speak and
nothing is scaled (row L23); the lecture scales at test time instead, which comes to the same.
"""

from lamina.lecture import p06_dropout as p06

result = p06.compute()
print(result)

# %%
# One pass of the whole net stands for the mean over all masks. For a linear net it is exactly that; here it is near. The
# spread over masks says how sure the net is: ``trainer.predict_distribution(X, mc_samples=100)`` measures both (Monte Carlo
# dropout).

figure = p06.draw(result)

# %%
# From the command line: ``lamina lecture P6 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p06_dropout.py
#    :pyobject: compute
