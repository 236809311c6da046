"""
P11 · Digits from Xavier's weights
==================================

The same net as in P10, from first weights of N(0, 1/n), n being the layer's inputs (row L31). Every layer passes on about the
variance that it gets, as the rule asks (row L33).
"""

from lamina.lecture import p11_xavier_outputs as p11

result = p11.compute()
print(result)

# %%
# Before training the densities are alike from layer to layer. While the net learns, they widen, but units stay where tanh is
# steep.

figure = p11.draw(result)

# %%
# From the command line: ``lamina lecture P11 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/layer_densities.py
#    :pyobject: densities_from
