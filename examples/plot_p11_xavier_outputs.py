"""
P11 · Digits from Xavier's weights
==================================

The same network as in P10, with initial weights from N(0, 1/n), where n is the number of the layer's inputs (row L31). Every
layer passes on about the variance that it gets, as the rule requires (row L33).
"""

from lamina.lecture import p11_xavier_outputs as p11

result = p11.compute()
print(result)

# %%
# Before training, the densities are alike from layer to layer. During training they widen, but units stay where tanh is steep.

figure = p11.draw(result)

# %%
# From the command line: ``lamina lecture P11 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/layer_densities.py
#    :pyobject: densities_from
