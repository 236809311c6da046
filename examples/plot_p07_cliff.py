"""
P7 · The cliff, with and without clipping
=========================================

A recurrent unit multiplies its weight with itself step after step, and its loss has a cliff (row L28): a gentle slope,
then a wall. A step that ends on the wall sees a gradient more than twenty times longer than at the start.
"""

from lamina.lecture import p07_cliff as p07

result = p07.compute()
print(result)

# %%
# Without clipping, the third step is thrown out of the valley, to a loss six times higher than at the start. The
# descent walks back, touches the wall, and is thrown again, at least five times in 100 steps. With the gradient norm
# clipped at 1 (row L27), no step is longer than the learning rate and the direction stays the same: the loss is never
# higher than at the start, and it ends more than ten times lower than without clipping. The price is that here every
# step is clipped, so that the end bounces from one side of the narrow valley to the other.

figure = p07.draw(result)

# %%
# From the command line: ``lamina lecture P7 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p07_cliff.py
#    :pyobject: compute
