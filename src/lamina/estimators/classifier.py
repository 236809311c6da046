"""The multilayer perceptron classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, cast, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags

from lamina.estimators.available import available_if
from lamina.estimators.documentation import ATTRIBUTES, NOTES, PARAMETERS
from lamina.estimators.fitted import logits_of
from lamina.estimators.given_data import checked_labels
from lamina.estimators.multilayer_perceptron import MultilayerPerceptron
from lamina.estimators.parameters import ActivationParameter, ClassifierParameters, HiddenLayerSizes
from lamina.estimators.solver import has_partial_fit
from lamina.estimators.target import LabelTarget, gives_probabilities
from lamina.training.exclusive import exclusive
from lamina.training.meaning import Meaning

__all__ = ["MLPClassifier"]


@final
@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, ClassifierParameters, MultilayerPerceptron):  # type: ignore[misc]
    __doc__ = f"""Multilayer perceptron classifier for two or more classes, or several labels per row.

It is a drop-in replacement for scikit-learn's estimator of the same name: it has the parameters, methods and fitted attributes of
version 1.9, with the same defaults and meaning. Parameters that scikit-learn does not have are keyword-only.

Parameters
----------
{PARAMETERS}loss : str, Loss or function, default="log_loss"
    "log_loss" (softmax cross-entropy for three or more classes, sigmoid cross-entropy otherwise), "focal", "hinge",
    "squared_hinge", "categorical_hinge", "perceptron", "squared_error" and others of :data:`lamina.losses.LABEL_LOSSES`, a Loss,
    or a function of logits and targets (see :class:`lamina.losses.CustomLoss`).
    :data:`lamina.losses.ALIASES`, such as "binary_crossentropy", are accepted, too. ``predict_proba`` is available for losses
    that give probabilities, such as "log_loss", and ``decision_function`` for the others.
class_weight : dict, "balanced", list of dict or None, default=None
    Weight of each class, by its label; "balanced" is ``n_samples / (n_classes * count)``. A list with one dict per label if rows
    may have several labels. Multiplied by the sample weights. ``partial_fit`` does not accept "balanced", since class frequencies
    are not known from part of the rows.
label_smoothing : float, default=0.0
    Fraction of the target that is spread evenly over the classes, in [0, 1); for "log_loss".

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

    # positional, as in scikit-learn
    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"

    @available_if(has_partial_fit)
    @exclusive("sklearn.base.clone(model)")
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one more epoch on the given rows.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        y : array of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array of shape (n_samples,), optional
        classes : array of shape (n_classes,), optional
            All possible classes, in any order; required in the first call, and must be the same if given again.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If ``classes`` are missing in the first call, are not labels, or differ from before; if ``y`` has a label that is not
            among them, or is of another kind than before; if ``class_weight`` is "balanced", which needs all rows.
        """
        return self._train_epoch(X, y, sample_weight, classes)

    @property
    def classes_(self) -> np.ndarray:
        """The class labels, sorted."""
        return cast(LabelTarget, self._fitted("classes_").target).encoding.classes

    @property
    def _target(self) -> LabelTarget:
        return cast(LabelTarget, self._fit.target)

    def predict(self, X: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The most likely label of each row, or an indicator matrix if rows may have several labels.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        mc_samples : int, optional
            Predict from the mean over this many dropout masks, >= 2, instead of one pass without dropout.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        if mc_samples is None:
            logits = self._logits(X, precision)
            return self._target.labels_by_logits(logits)
        mean = self._mean_over_masks(X, mc_samples, seed, precision)
        return self._target.labels(mean)

    @property
    def _meaning(self) -> Meaning:
        target = self._target
        if not gives_probabilities(self.loss):
            return Meaning(target.loss.predict)
        return Meaning(lambda logits: target.probabilities(target.loss.predict(logits)))

    @available_if(lambda self: gives_probabilities(self.loss))
    def predict_proba(self, X: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The probability of each class.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        mc_samples : int, optional
            The mean over this many dropout masks, >= 2, instead of one pass without dropout; its spread is in
            :meth:`predict_distribution`.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        if mc_samples is not None:
            return self._mean_over_masks(X, mc_samples, seed, precision)
        predictions = self._predictions(X, precision)
        return self._target.probabilities(predictions)

    @available_if(lambda self: gives_probabilities(self.loss))
    def predict_log_proba(self, X: Any, *, precision: str = "full") -> np.ndarray:
        """The logarithm of :meth:`predict_proba`."""
        probabilities = self.predict_proba(X, precision=precision)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(probabilities, out=probabilities))

    @available_if(lambda self: not gives_probabilities(self.loss))
    def decision_function(self, X: Any, *, precision: str = "full") -> np.ndarray:
        """The logits minus the loss's threshold, for losses without probabilities; larger values mean higher confidence.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        logits = logits_of(self, X, precision)
        if self._target.loss.one_of_several and len(self.classes_) == 2:
            return np.asarray(logits[:, 1] - logits[:, 0])
        return logits.ravel() if logits.shape[1] == 1 else logits

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return checked_labels(self, X, y, reset)
