"""
How many hidden units?
======================

One hidden layer can approximate any continuous function on a bounded set, if it is wide enough (row L7). How wide must it be for
*this* function?
"""

import numpy as np

from lamina import width_sweep
from lamina.plots import plot_width_sweep

sweep = width_sweep(lambda X: np.sin(2 * np.pi * X[:, 0]), widths=(1, 2, 3, 4, 6, 8, 16, 32, 64), seeds=5)
print(sweep)

# %%
# Every point is a network trained from its own seed, and the vertical axis is logarithmic: a function without noise can be
# approximated ever more closely, so the error falls for long. "Enough" is a matter of ``tolerance``: the dashed line is at the
# smallest width whose mean error is as low as the lowest, within one standard error or 10 %. If only the widest network is,
# then not enough was tried, and the sweep says so instead.

ax = plot_width_sweep(sweep)
