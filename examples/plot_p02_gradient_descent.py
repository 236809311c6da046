"""
P2 · Gradient descent on a curve
================================

Gradient descent knows only the slope where it stands (row L14): new = old − learning rate · slope, until the
slope is almost zero. Steps are long where the curve is steep, and become short by themselves near the bottom.
"""

from lamina import minimize
from lamina.descent import get_surface
from lamina.lecture import p02_gradient_descent as p02
from lamina.optimizers import Adam, Momentum
from lamina.plots import plot_descent_paths

result = p02.compute()
print(result)

# %%
# The curve has two valleys. Descent from the left ends in the deeper one, descent from the right in the other: it
# finds *a* minimum, not the best one. That is why it helps to train several times from different weights (row L13).

figure = p02.draw(result)

# %%
# From the command line: ``lamina lecture P2 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p02_gradient_descent.py
#    :pyobject: compute

# %%
# :func:`lamina.minimize` takes any function and any optimizer of the library, and keeps the whole path:

beale = get_surface("beale")
ways = {
    "momentum": minimize(beale, beale.gradient, beale.start, optimizer=Momentum(0.005), max_steps=300),
    "Adam": minimize(beale, beale.gradient, beale.start, optimizer=Adam(0.1), max_steps=300),
}
for name, way in ways.items():
    print(f"{name:9} {way}")

ax = plot_descent_paths(beale, ways, log=True, title="Beale's function")
