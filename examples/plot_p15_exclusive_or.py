"""
P15 · The exclusive or
======================

Four rows: the class is 1 if the inputs differ. No line has (0, 1) and (1, 0) on one side and (0, 0) and (1, 1) on
the other, because both pairs have the same midpoint (row L3). A perceptron gets at most three of them right; a hidden
layer of two units is enough, but training does not find it from every start (row L13): eight starts are tried, and the
one with the lowest loss is drawn.
"""

from lamina.lecture import p15_exclusive_or as p15

result = p15.compute()
print(result)

# %%
# Left: the perceptron's line gets three rows right. Right: each hidden unit has a line where its weighted sum is zero
# (dotted), and the output combines both into a band.

figure = p15.draw(result)

# %%
# From the command line: ``lamina lecture P15 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p15_exclusive_or.py
#    :pyobject: compute
