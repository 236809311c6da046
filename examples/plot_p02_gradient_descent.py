"""
P2 · Gradient descent on a curve
================================

Gradient descent knows nothing but the slope under its feet (row L14): new = old − learning rate · slope, until the
slope is almost zero. Where the curve is steep the steps are long, near the bottom they become short by themselves.
"""

from lamina import minimize
from lamina.descent import get_surface
from lamina.lecture import p02_gradient_descent as p02
from lamina.optimizers import Adam, Momentum
from lamina.plots import plot_descent_paths

result = p02.compute()
print(result)

# %%
# The curve has two valleys. From the left start the descent ends in the deeper one, from the right start in the
# other: it finds *a* minimum, not the best one. That is why one trains several times from different weights (row
# L13).

figure = p02.draw(result)

# %%
# From the command line: ``lamina lecture P2 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p02_gradient_descent.py
#    :pyobject: compute

# %%
# :func:`lamina.minimize` takes any function and any optimizer of the library, and keeps the whole way:

beale = get_surface("beale")
ways = {
    "momentum": minimize(beale, beale.gradient, beale.start, optimizer=Momentum(0.005), max_steps=300),
    "Adam": minimize(beale, beale.gradient, beale.start, optimizer=Adam(0.1), max_steps=300),
}
for name, way in ways.items():
    print(f"{name:9} {way}")

paths = {name: way.points for name, way in ways.items()}
ax = plot_descent_paths(*beale.grid(), paths, minima=beale.minima, log=True, title="Beale's function")
