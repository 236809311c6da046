"""MLPClassifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import unique_labels

from lamina import metrics
from lamina.errors import DataError, phrase
from lamina.estimators import fitting
from lamina.estimators.available import available_if
from lamina.estimators.class_weights import weigh_rows
from lamina.estimators.decision import Decision, choose_decision, has_probabilities
from lamina.estimators.documentation import ATTRIBUTES, NOTES, PARAMETERS
from lamina.estimators.given_data import checked_labels, classes_of
from lamina.estimators.labels import LabelEncoding
from lamina.estimators.multilayer_perceptron import MultilayerPerceptron
from lamina.estimators.parameters import ActivationParameter, HiddenLayerSizes
from lamina.estimators.solver import has_partial_fit
from lamina.training.exclusive import exclusive

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["MLPClassifier"]


@final
@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, MultilayerPerceptron):  # type: ignore[misc]
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

    _family: ClassVar[str] = "MLPClassifier"

    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"
    _: KW_ONLY
    loss: str | Loss | Callable[..., Any] = "log_loss"
    class_weight: str | Mapping[Any, float] | Sequence[Mapping[int, float]] | None = None
    label_smoothing: float = 0.0
    _encoding: LabelEncoding = field(init=False)
    _decision: Decision = field(init=False)

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
        if isinstance(self.class_weight, str):
            rule = "must not be 'balanced' in partial_fit, which sees a part of the rows and cannot know how frequent a class is"
            repair = (
                'Give the weights as a dict: dict(zip(classes, compute_class_weight("balanced", classes=classes, y=y))), with '
                "compute_class_weight of sklearn.utils.class_weight and a sample y of all the targets."
            )
            raise DataError(phrase("class_weight", rule, self.class_weight, repair=repair, owner="MLPClassifier"))
        if not self.__sklearn_is_fitted__():
            if classes is None:
                raise DataError("classes must be passed on the first call to partial_fit, got None.")
            self._encoding = LabelEncoding.learn(y, classes_of(classes, "MLPClassifier.partial_fit"))
            self.classes_ = self._encoding.classes
        elif classes is not None and not np.array_equal(self.classes_, classes_of(classes, "MLPClassifier.partial_fit")):
            raise DataError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}.")
        return self._partial_fit(X, y, sample_weight)

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
        labels: np.ndarray
        if mc_samples is None:
            logits = self._logits(X)
            labels = self._encoding.decode(logits, self._decision.loss.threshold)
        else:
            mean = self.predict_distribution(X, mc_samples=mc_samples, seed=seed).mean
            labels = self._encoding.decode(mean, self._decision.loss.threshold_of_predictions(mean.shape[1]))
        return labels

    def _meaning(self, logits: np.ndarray) -> np.ndarray:
        if has_probabilities(self.loss):
            return self._decision.probabilities(self._encoding, self._decision.loss.predict(logits))
        return self._decision.loss.predict(logits)

    @available_if(lambda self: has_probabilities(self.loss))
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
        return self._decision.probabilities(self._encoding, predictions)

    @available_if(lambda self: has_probabilities(self.loss))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of :meth:`predict_proba`."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(probabilities, out=probabilities))

    @available_if(lambda self: not has_probabilities(self.loss))
    def decision_function(self, X: Any) -> np.ndarray:
        """The logits, for losses without probabilities; the larger, the surer.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        logits = self._logits(X) - self._decision.loss.threshold
        return logits.ravel() if logits.shape[1] == 1 else logits

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return checked_labels(self, X, y, reset)

    def _learn_target(self, y: Any, first: bool, incremental: bool) -> None:
        if first and not incremental:
            self._encoding = LabelEncoding.learn(y)
            self.classes_ = self._encoding.classes
        elif self.warm_start:
            self._encoding.check_kind(y)
            classes = unique_labels(y)
            if set(classes) != set(self.classes_):
                raise DataError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        self._decision = choose_decision(self.loss, self._encoding, self.label_smoothing)

    def _truth(self, y: Any) -> np.ndarray:
        return self._encoding.encode(y)

    def _targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        return self._decision.targets(self._encoding, truth, dtype)

    def _objective(self) -> tuple[Loss, int, str]:
        return self._decision.loss, self._decision.num_outputs(self._encoding), self._decision.out_activation

    def _score_of(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        if not np.isfinite(predicted).all():
            return float("nan")
        return metrics.accuracy(truth, self._decision.choose(self._encoding, predicted), weight)

    def _objective_function(self, chosen: Any) -> Callable[[Any, Any], float]:
        return fitting.LabelObjective(chosen, self._decision, self._encoding)

    def _target_state(self) -> dict[str, Any]:
        encoding = self._encoding
        classes = {"dtype": encoding.classes.dtype.str, "values": encoding.classes.tolist()}
        return {"classes": classes, "kind": encoding.kind, "sparse_output": encoding.sparse_output}

    def _load_target_state(self, state: Mapping[str, Any]) -> None:
        self.classes_ = np.array(state["classes"]["values"], dtype=np.dtype(state["classes"]["dtype"]))
        self._encoding = LabelEncoding(self.classes_, state["kind"], state["sparse_output"])
        self._decision = choose_decision(self.loss, self._encoding, self.label_smoothing)

    def _row_weights(self, truth: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        return weigh_rows(self.class_weight, self._encoding, truth, weight)

    def _strata(self, truth: np.ndarray) -> np.ndarray | None:
        # as scikit-learn: two classes are stratified, several are not
        return truth.astype(bool) if self._encoding.kind == "binary" else None
