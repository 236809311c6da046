"""
P3 · Data that are not linearly separable
=========================================

Rosenblatt's rule finds a separating line if there is one, and never ends if there is none (row L2). Whether there is
one can be decided by a linear program, and its answer can be checked by anyone: a separating line, or a point that is
a weighted mean of rows of the one class and, with other weights, of rows of the other. A line with the classes on its
two sides would have that point on both.
"""

from lamina.lecture import p03_not_separable as p03

result = p03.compute()
print(result)

# %%
# Left: the colored lines lead from the common point to the rows of which it is a mean; the dashed line is the one
# that the perceptron kept. Right: the accuracy of the present weights rises, and falls, and rises again, for ever;
# one mistake in the last step may spoil everything. The pocket keeps the best weights on the training rows, and they
# do well on the test rows too.

figure = p03.draw(result)

# %%
# From the command line: ``lamina lecture P3 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p03_not_separable.py
#    :pyobject: compute
