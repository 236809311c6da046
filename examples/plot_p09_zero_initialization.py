"""
P9 · Zero initialization
========================

If all weights of a net are zero, every hidden unit computes the same, gets the same gradient, and stays like its neighbors
for ever (row L29). With tanh units it is worse still: tanh(0) = 0, so no weight gets any gradient, and only the output's bias
learns.
"""

from lamina.lecture import p09_zero_initialization as p09

result = p09.compute()
print(result)

# %%
# The upper curve does not move in 600 epochs, and the plane stays white: probability 1/2 everywhere. Random weights, however
# small, break the symmetry. :class:`lamina.SymmetryRecord` counted the different units of the first layer: one.

figure = p09.draw(result)

# %%
# From the command line: ``lamina lecture P9 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/starts.py
#    :pyobject: train_from
