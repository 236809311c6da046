"""
Which learning rate?
====================

The range test (row L15) trains a copy of a network for a few steps and raises the learning rate at each step. The curve shows
where rates help; short trainings at constant rates there, from the same weights, decide which one is suggested.
"""

from sklearn.datasets import load_digits

from lamina import Dense, Sequential, Trainer, gradient_noise_scale, learning_rate_range
from lamina.plots import plot_learning_rate_range

X, y = load_digits(return_X_y=True)
X /= 16.0
trainer = Trainer(Sequential([Dense(64, activation="relu"), Dense(10)]), "softmax_cross_entropy", "adam")
test = learning_rate_range(trainer, X, y)
print(test)

# %%
# The lines are the range test: at rates that are far too small, the loss stays where it is, and at rates that are far too large,
# it grows. The squares are the losses at the end of the short trainings. The best rate depends on how long one trains: for much
# longer trainings, raise ``trial_steps``. The trainer itself does not change.

ax = plot_learning_rate_range(test)

# %%
# How large should a mini-batch be? At the gradient noise scale (row L16), half of a step is signal and half is noise.

print(gradient_noise_scale(trainer, X, y))
