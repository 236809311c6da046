"""
How many hidden units?
======================

One hidden layer can approximate any continuous function on a bounded set, if it is wide enough (row L7). How wide must it be for
*this* function?
"""

import numpy as np

from lamina import width_sweep
from lamina.plots import plot_width_sweep

sweep = width_sweep(lambda X: np.sin(2 * np.pi * X[:, 0]), widths=(1, 2, 3, 4, 6, 8, 16), seeds=5)
print(sweep)

# %%
# Every point is a network trained from its own seed. Two waves need a handful of tanh units; more neither hurt nor help.

ax = plot_width_sweep(sweep)
