"""
P5 · Early stopping
===================

A network of 150 units can memorize 100 rows, of which about one in ten has the wrong class. The training loss keeps falling,
while the validation loss rises again after a while (row L20). Early stopping waits for 20 epochs (its patience), ends training,
and restores the weights of the best epoch.
"""

from lamina.lecture import p05_early_stopping as p05

result = p05.compute()
print(result)

# %%
# The black point is the epoch whose weights are kept. From there to the dotted line, the run waited in vain; the dashed lines
# show what the same run does if nothing stops it.

figure = p05.draw(result)

# %%
# From the command line: ``lamina lecture P5 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p05_early_stopping.py
#    :pyobject: compute
