"""MLPRegressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from sklearn.base import RegressorMixin

from lamina.estimators.available import available_if
from lamina.estimators.documentation import ATTRIBUTES, NOTES, PARAMETERS
from lamina.estimators.given_data import checked_numbers
from lamina.estimators.multilayer_perceptron import MultilayerPerceptron
from lamina.estimators.parameters import ActivationParameter, HiddenLayerSizes, LossParameter
from lamina.estimators.solver import has_partial_fit
from lamina.training.exclusive import exclusive

__all__ = ["MLPRegressor"]


@final
@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MultilayerPerceptron):  # type: ignore[misc]
    __doc__ = f"""Multilayer perceptron for one number or several.

It takes the place of scikit-learn's estimator of that name: parameters, methods and fitted attributes of version 1.9 are here
under their names, with their defaults and meaning. What scikit-learn does not have is keyword-only.

Parameters
----------
loss : str, Loss or function, default="squared_error"
    "squared_error" (half of it), "absolute_error", "huber", "quantile" (the median), "poisson" (half the deviance, with the
    logarithm as link; ``y >= 0``); a Loss, such as ``Quantile((0.1, 0.5, 0.9))``, which predicts one column a target and level;
    or a function of logits and targets (see :class:`lamina.losses.CustomLoss`).
{PARAMETERS}
Attributes
----------
{ATTRIBUTES}
Notes
-----
{NOTES}
Examples
--------
>>> from sklearn.datasets import load_diabetes
>>> from lamina import MLPRegressor
>>> X, y = load_diabetes(return_X_y=True)
>>> model = MLPRegressor(loss="huber", hidden_layer_sizes=8, solver="lbfgs", alpha=1.0, max_iter=500, random_state=0).fit(X, y)
>>> bool(model.score(X, y) > 0.5)
True
"""

    # scikit-learn's three that may come without their names
    loss: LossParameter = "squared_error"
    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"

    @available_if(has_partial_fit)
    @exclusive("sklearn.base.clone(model)")
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch more on the rows given.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        y : array of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array of shape (n_samples,), optional

        Returns
        -------
        self
        """
        return self._train_epoch(X, y, sample_weight)

    def predict(self, X: Any, *, mc_samples: int | None = None, seed: int = 0) -> np.ndarray:
        """The predicted numbers.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        mc_samples : int, optional
            Predict the mean over so many masks of dropout, >= 2, in place of one pass of the whole network.
        seed : int, default=0
            Of the masks.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        if mc_samples is not None:
            return self.predict_distribution(X, mc_samples=mc_samples, seed=seed).mean
        return _flat(self._predictions(X))

    def _meaning(self, logits: np.ndarray) -> np.ndarray:
        return _flat(self._fit.target.loss.predict(logits))

    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return checked_numbers(self, X, y, reset)


def _flat(predicted: np.ndarray) -> np.ndarray:
    return predicted.ravel() if predicted.shape[1] == 1 else predicted
