"""
P9 · Zero initialization
========================

If all weights of a network are zero, every hidden unit computes the same value, gets the same gradient, and stays equal to its
neighbors forever (row L29). With tanh units it is even worse: tanh(0) = 0, so no weight gets any gradient, and only the bias of
the output learns.
"""

from lamina.lecture import p09_zero_initialization as p09

result = p09.compute()
print(result)

# %%
# After 600 epochs, the loss is not lower than at the start, and the plane stays white: the same probability everywhere, about
# 1/2. Random weights break the symmetry. :class:`lamina.SymmetryRecord` counted the distinct units of the first layer: one.

figure = p09.draw(result)

# %%
# From the command line: ``lamina lecture P9 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/starts.py
#    :pyobject: train_from
