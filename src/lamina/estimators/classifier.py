"""MLPClassifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, cast, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags

from lamina.estimators.available import available_if
from lamina.estimators.documentation import ATTRIBUTES, NOTES, PARAMETERS
from lamina.estimators.given_data import checked_labels
from lamina.estimators.multilayer_perceptron import MultilayerPerceptron
from lamina.estimators.parameters import ActivationParameter, ClassifierParameters, HiddenLayerSizes
from lamina.estimators.solver import has_partial_fit
from lamina.estimators.target import LabelTarget, gives_probabilities
from lamina.training.exclusive import exclusive

__all__ = ["MLPClassifier"]


@final
@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, ClassifierParameters, MultilayerPerceptron):  # type: ignore[misc]
    __doc__ = f"""Multilayer perceptron for two classes, several classes, or several labels a row.

It takes the place of scikit-learn's estimator of that name: parameters, methods and fitted attributes of version 1.9 are here
under their names, with their defaults and meaning. What scikit-learn does not have is keyword-only.

Parameters
----------
{PARAMETERS}loss : str, Loss or function, default="log_loss"
    "log_loss" (softmax cross-entropy for three and more classes, sigmoid cross-entropy otherwise), "hinge", "perceptron",
    "squared_error", a Loss, or a function of logits and targets (see :class:`lamina.losses.CustomLoss`). Probabilities come
    with "log_loss" alone, ``decision_function`` with the others.
class_weight : dict, "balanced", list of dict or None, default=None
    Weight of each class, by its label; "balanced" is ``n_samples / (n_classes * count)``. A list with one dict a label, when a
    row may have several. Multiplied by the sample weights. ``partial_fit`` refuses "balanced": a part of the rows cannot say how
    frequent a class is.
label_smoothing : float, default=0.0
    Share of the target that is spread evenly over the classes, in [0, 1); for "log_loss".

Attributes
----------
classes_ : ndarray of shape (n_classes,)
    The class labels, sorted.
{ATTRIBUTES}
Notes
-----
{NOTES}
Examples
--------
>>> from sklearn.datasets import load_iris
>>> from lamina import MLPClassifier
>>> X, y = load_iris(return_X_y=True)
>>> model = MLPClassifier(hidden_layer_sizes=16, learning_rate_init=0.02, batch_norm=True, random_state=0).fit(X, y)
>>> bool(model.score(X, y) > 0.95)
True
>>> model.predict_proba(X[:2]).shape
(2, 3)
"""

    # scikit-learn's two that may come without their names
    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"

    @available_if(has_partial_fit)
    @exclusive("sklearn.base.clone(model)")
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch more on the rows given.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        y : array of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array of shape (n_samples,), optional
        classes : array of shape (n_classes,), optional
            All classes that will ever come, in any order; required in the first call, and the same ever after if given again.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If ``classes`` are missing in the first call, no labels, or others than before; if ``y`` has a label that is not among
            them, or is of another kind than before; if ``class_weight`` is "balanced", which needs all rows.
        """
        return self._train_epoch(X, y, sample_weight, classes)

    @property
    def classes_(self) -> np.ndarray:
        """The class labels, sorted."""
        return cast(LabelTarget, self._fitted("classes_").target).encoding.classes

    @property
    def _target(self) -> LabelTarget:
        return cast(LabelTarget, self._fit.target)

    def predict(self, X: Any, *, mc_samples: int | None = None, seed: int = 0) -> np.ndarray:
        """The most likely label of each row, or an indicator matrix when a row may have several.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        mc_samples : int, optional
            Predict the mean over so many masks of dropout, >= 2, in place of one pass of the whole network.
        seed : int, default=0
            Of the masks.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        if mc_samples is None:
            logits = self._logits(X)
            return self._target.labels_by_logits(logits)
        return self._target.labels(self.predict_distribution(X, mc_samples=mc_samples, seed=seed).mean)

    def _meaning(self, logits: np.ndarray) -> np.ndarray:
        predicted = self._target.loss.predict(logits)
        return self._target.probabilities(predicted) if gives_probabilities(self.loss) else predicted

    @available_if(lambda self: gives_probabilities(self.loss))
    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        predictions = self._predictions(X)
        return self._target.probabilities(predictions)

    @available_if(lambda self: gives_probabilities(self.loss))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of :meth:`predict_proba`."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(probabilities, out=probabilities))

    @available_if(lambda self: not gives_probabilities(self.loss))
    def decision_function(self, X: Any) -> np.ndarray:
        """The logits, for losses without probabilities; the larger, the surer.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        logits = self._logits(X) - self._target.loss.threshold
        return logits.ravel() if logits.shape[1] == 1 else logits

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return checked_labels(self, X, y, reset)
