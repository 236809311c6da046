"""
P8 · A bad and a good start
===========================

Three layers of tanh units learn two half-moons for 600 epochs, once with initial weights from N(0, 0.01²) and once from Xavier's
N(0, 1/n) (rows L30, L31). With tiny weights, the signals vanish from layer to layer, and with them the gradients.
"""

from lamina.lecture import p08_initialization as p08

result = p08.compute()
print(result)

# %%
# After the bad start, training waits on a plateau and then gets about as many rows right as a straight line does. After the good
# start, the boundary bends around both moons.

figure = p08.draw(result)

# %%
# From the command line: ``lamina lecture P8 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/starts.py
#    :pyobject: train_from
