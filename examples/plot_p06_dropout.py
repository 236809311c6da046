"""
P6 · Dropout
============

During training, each unit of a layer is dropped with probability 1/2, anew in every step and for every example (row L22). The
units that are kept count twice, so that the expected input of the next layer stays the same. At test time, all units are used
and nothing is scaled (row L23). The lecture scales at test time instead, which has the same effect.
"""

from lamina.lecture import p06_dropout as p06

result = p06.compute()
print(result)

# %%
# One pass through the whole network stands for the mean over all masks. For a linear network it is exactly that mean; here it is
# close. The spread over masks shows how sure the network is: ``trainer.predict_distribution(X, mc_samples=100)`` measures both
# (Monte Carlo dropout).

figure = p06.draw(result)

# %%
# From the command line: ``lamina lecture P6 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p06_dropout.py
#    :pyobject: compute
