"""
P7 · The cliff, with and without clipping
=========================================

A recurrent unit whose weight is multiplied with itself step after step has a loss with a cliff (row L28): on one side
a gentle slope, then a wall. A step that comes to stand on the wall sees a gradient a hundred times longer than
before.
"""

from lamina.lecture import p07_cliff as p07

result = p07.compute()
print(result)

# %%
# Without clipping (row L27), the third step is thrown out of the valley, seven units away, and all that was learnt is
# lost; where it lands is mere chance. With the gradient's norm clipped at 1 no step is longer than the learning rate,
# the direction stays, and the descent follows the valley along the foot of the cliff.

figure = p07.draw(result)

# %%
# From the command line: ``lamina lecture P7 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p07_cliff.py
#    :pyobject: compute
