"""
P5 · Early stopping
===================

A net of 150 units and 100 noisy rows: it can learn them by heart. The training loss falls on for ever, the validation loss
turns (row L20). Early stopping waits for a while, ends the training, and hands the best epoch's weights back.
"""

from lamina.lecture import p05_early_stopping as p05

result = p05.compute()
print(result)

# %%
# The black point is the epoch whose weights are kept. Left of the dotted line is the run that stopped; the dashed lines show
# what the same run does if nothing stops it.

figure = p05.draw(result)

# %%
# From the command line: ``lamina lecture P5 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p05_early_stopping.py
#    :pyobject: compute
