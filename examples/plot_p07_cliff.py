"""
P7 · The cliff, with and without clipping
=========================================

A recurrent unit multiplies its weight with itself step after step, and its loss has a cliff (row L28): a gentle slope,
then a wall. A step that ends on the wall sees a gradient a hundred times longer than before.
"""

from lamina.lecture import p07_cliff as p07

result = p07.compute()
print(result)

# %%
# Without clipping (row L27), the third step is thrown out of the valley, seven units away, and everything learned is
# lost; where it lands is mere chance. With the gradient norm clipped at 1, no step is longer than the learning rate,
# the direction stays the same, and the descent follows the valley along the foot of the cliff.

figure = p07.draw(result)

# %%
# From the command line: ``lamina lecture P7 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p07_cliff.py
#    :pyobject: compute
