"""
Variances, layer by layer
=========================

Good initial weights keep the variance of the outputs from layer to layer, and the variance of the gradients on the way back (row
L33). You can measure both before training.
"""

import numpy as np

from lamina import Dense, Sequential, activation_statistics, data_driven_initialization
from lamina.initializers import Normal
from lamina.plots import plot_activation_statistics

X = np.random.default_rng(0).normal(size=(300, 100))
y = X[:, 0]


def deep_net(weight_init):
    hidden = [Dense(100, activation="tanh", weight_init=weight_init, name=f"tanh {i}") for i in range(1, 9)]
    return Sequential([*hidden, Dense(1, weight_init=weight_init, name="out")], 100)


starts = {"N(0, 0.01²)": Normal(0.01), "Xavier": "xavier", "N(0, 1)": Normal(1.0)}
measured = {name: activation_statistics(deep_net(init), X, y, "squared_error") for name, init in starts.items()}
weights = data_driven_initialization(deep_net("xavier"), X)
measured["data-driven"] = activation_statistics(deep_net("xavier"), X, y, "squared_error", weights=weights)
print(measured["Xavier"])

# %%
# Small weights make signals and gradients vanish (rows L17, L30). Weights from N(0, 1) saturate every unit, and the gradients
# explode on their way back. Xavier and data-driven initialization (row L32) preserve both variances.

axes = plot_activation_statistics(measured)
