"""MLPRegressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

import numpy as np
from sklearn.base import RegressorMixin

from lamina import losses, metrics
from lamina.errors import DataError, phrase
from lamina.estimators import fitting
from lamina.estimators.available import available_if
from lamina.estimators.documentation import ATTRIBUTES, NOTES, PARAMETERS
from lamina.estimators.given_data import checked_numbers
from lamina.estimators.multilayer_perceptron import MultilayerPerceptron
from lamina.estimators.parameters import ActivationParameter, HiddenLayerSizes
from lamina.estimators.solver import has_partial_fit
from lamina.training.exclusive import exclusive
from lamina.training.finite import converted

if TYPE_CHECKING:
    from lamina.losses import Loss

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

    _family: ClassVar[str] = "MLPRegressor"
    loss: str | Loss | Callable[..., Any] = "squared_error"
    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"
    _: KW_ONLY
    _loss: Loss = field(init=False)
    _num_targets: int = field(init=False)

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
        return self._partial_fit(X, y, sample_weight)

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
        return _flat(self._loss.predict(logits))

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return checked_numbers(self, X, y, reset)

    def _learn_target(self, y: np.ndarray, first: bool, incremental: bool) -> None:
        num_targets = 1 if y.ndim == 1 else y.shape[1]
        if first:
            self._num_targets = num_targets
        elif num_targets != self._num_targets:
            rule = f"must have {self._num_targets} column(s), as in the previous call"
            repair = "Fit a new model for another number of outputs."
            raise DataError(phrase("y", rule, num_targets, repair=repair, owner="MLPRegressor"))
        self._loss = losses.get_loss(self.loss)
        domain = self._loss.domain(self._loss.width_for(num_targets))
        if domain.holds is not None and not (held := domain.holds(y)).all():
            repair = 'Use loss="squared_error" for numbers of any sign and size.'
            rule = f"{domain.rule} with the {self._loss.name} loss"
            raise DataError(phrase("y", rule, float(y[~held][0]), repair=repair, owner="MLPRegressor"))

    def _truth(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        return np.ascontiguousarray(converted(truth, dtype, "y"))

    def _objective(self) -> tuple[Loss, int, str]:
        return self._loss, self._loss.width_for(self._num_targets), self._loss.link or "function"

    def _score_of(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        return metrics.r2(truth, predicted, weight)

    def _target_state(self) -> dict[str, Any]:
        return {"num_targets": self._num_targets}

    def _load_target_state(self, state: Mapping[str, Any]) -> None:
        self._num_targets = state["num_targets"]
        self._loss = losses.get_loss(self.loss)

    def _objective_function(self, chosen: Any) -> Callable[[Any, Any], float]:
        return fitting.NumberObjective(chosen)


def _flat(predicted: np.ndarray) -> np.ndarray:
    return predicted.ravel() if predicted.shape[1] == 1 else predicted
