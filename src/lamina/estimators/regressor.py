"""The multilayer perceptron regressor."""

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
from lamina.training.meaning import Meaning

__all__ = ["MLPRegressor"]


@final
@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MultilayerPerceptron):  # type: ignore[misc]
    __doc__ = f"""Multilayer perceptron regressor for one or several numbers per row.

It is a drop-in replacement for scikit-learn's estimator of the same name: it has the parameters, methods and fitted attributes of
version 1.9, with the same defaults and meaning. Parameters that scikit-learn does not have are keyword-only.

Parameters
----------
loss : str, Loss or function, default="squared_error"
    "squared_error" (times one half), "absolute_error", "huber", "log_cosh", "quantile" (the median); half the deviance with a
    log link: "poisson" (``y >= 0``), "gamma" (``y > 0``), "tweedie" (``y >= 0``); "gaussian_nll", which learns a mean and a
    spread: ``predict`` gives the mean, ``predict_distribution`` both; a Loss, such as ``Quantile((0.1, 0.5, 0.9))``, which
    predicts one column per target and level; or a function of logits and targets (see :class:`lamina.losses.CustomLoss`).
    :data:`lamina.losses.ALIASES` are accepted, too.
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

    # positional, as in scikit-learn
    loss: LossParameter = "squared_error"
    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"

    @available_if(has_partial_fit)
    @exclusive("sklearn.base.clone(model)")
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch on the given rows.

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

    def predict(self, X: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The predicted numbers.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        mc_samples : int, optional
            Predict the mean over this many dropout masks, >= 2, instead of one pass without dropout.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        if mc_samples is not None:
            return self._mean_over_masks(X, mc_samples, seed, precision)
        return _flat(self._predictions(X, precision))

    @property
    def _meaning(self) -> Meaning:
        return Meaning.of(self._fit.target.loss).then(_flat, _flat)

    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return checked_numbers(self, X, y, reset)


def _flat(predicted: np.ndarray) -> np.ndarray:
    return predicted.ravel() if predicted.shape[1] == 1 else predicted
