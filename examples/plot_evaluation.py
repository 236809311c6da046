"""
How good are the predictions, and where are they wrong?
=======================================================

Four pictures of a classifier of handwritten digits, on rows that it was not trained on.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from lamina import MLPClassifier, permutation_importance
from lamina.plots import plot_calibration, plot_confusion, plot_roc

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.5, random_state=0)
model = MLPClassifier(8, early_stopping=True, learning_rate_init=0.01, random_state=0).fit(X_train, y_train)
probabilities = model.predict_proba(X_test)

# %%
# Each row is a true digit: what its pictures were taken for. The colors are shares of the row.

ax = plot_confusion(y_test, model.predict(X_test))

# %%
# Each digit against the rest, as the threshold falls. Of many classes, the five that rank worst are named.

ax = plot_roc(y_test, probabilities, model.classes_)

# %%
# Where the model gives its choice a probability of 0.8, is it right in 80 % of the rows? Bars are 95 % intervals.

ax = plot_calibration(y_test, probabilities, model.classes_)

# %%
# Shuffling a pixel shows how much the model relies on it.

importance = permutation_importance(model, X_test, y_test)
ax = importance.plot(top=12)
