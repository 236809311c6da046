"""
P11 · Digits from Xavier's weights
==================================

The same network as in P10, with initial weights from N(0, 1/n), where n is the number of the layer's inputs (row L31). The
weighted sums have about the variance of the outputs before them, as the rule requires (row L33).
"""

from lamina.lecture import p11_xavier_outputs as p11

result = p11.compute()
print(result)

# %%
# Before training, every layer passes on more than half of the variance that it gets; tanh takes the rest. After four epochs, few
# outputs are near -1 or 1: most units stay where tanh is steep, and the network gets more test images right than that of P10.

figure = p11.draw(result)

# %%
# From the command line: ``lamina lecture P11 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/layer_densities.py
#    :pyobject: densities_from
