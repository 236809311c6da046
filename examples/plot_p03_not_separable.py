"""
P3 · Data that are not linearly separable
=========================================

Rosenblatt's rule finds a separating line if there is one, and never ends if there is none (row L2). A linear program
decides which is the case, and anyone can check its answer. The answer is either a separating line, or a point that is
a weighted mean of rows of one class and also, with other weights, of rows of the other class. A separating line would
have that point on both of its sides, so there is none.
"""

from lamina.lecture import p03_not_separable as p03

result = p03.compute()
print(result)

# %%
# Left: the colored lines lead from the common point to the rows that it is a mean of, in the color of their class. The
# dashed line is the one that the perceptron kept. Right: the accuracy of the current weights rises and falls to the
# end, because a single mistake in the last step may spoil everything; pale lines are the epochs, the others a mean over
# five epochs. The pocket keeps the weights that are best on the training rows, so that accuracy never falls.

figure = p03.draw(result)

# %%
# From the command line: ``lamina lecture P3 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p03_not_separable.py
#    :pyobject: compute
