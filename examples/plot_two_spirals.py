"""
Two spirals
===========

Two classes that wind around each other: no line separates them, and neither does a simple curve. Below, one network is watched
while it learns where the border is.
"""

import matplotlib.pyplot as plt
import numpy as np

from lamina import Adam, Dense, Sequential, Trainer
from lamina.plots import plot_decision_map


def two_spirals(count, rng):
    """Points of both classes, in turn, with a little noise, and their classes."""
    angle = 2.5 * np.pi * np.sqrt(rng.random(count)) + 0.7
    y = np.arange(count) % 2
    X = (angle / 3 * np.array([np.cos(angle), np.sin(angle)]) * (1 - 2 * y)).T
    return X + rng.normal(0, 0.1, (count, 2)), y


rng = np.random.default_rng(0)
X, y = two_spirals(400, rng)
X_new, y_new = two_spirals(2000, rng)

network = Sequential([Dense(32, activation="tanh"), Dense(32, activation="tanh"), Dense(1)], 2)
trainer = Trainer(network, "sigmoid_cross_entropy", Adam(0.01), batch_size=32, seed=0)

# %%
# A trainer goes on where it stopped, so pictures can be taken on the way. The 400 points are those of the training. The titles
# say how many of 2,000 new points are on the wrong side of the border.

figure, axes = plt.subplots(2, 2, figsize=(6.4, 6.8), layout="constrained")
epochs = 0
for ax, until in zip(axes.flat, (1, 20, 50, 150), strict=True):
    trainer.fit(X, y, max_epochs=until - epochs)
    epochs = until
    wrong = int(((trainer.predict(X_new)[:, 0] > 0.5) != y_new).sum())
    title = f"Epoch {epochs}: {wrong:,} of 2,000 wrong"
    plot_decision_map(trainer, X, y, title=title, color_bar=False, ax=ax)
    ax.get_legend().remove()
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[], aspect="equal")
