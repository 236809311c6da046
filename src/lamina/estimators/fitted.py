"""The fitted attributes and predictions of an estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina.door import serve
from lamina.engine import predicts_mixed
from lamina.engine.codes import check_codes, code_columns
from lamina.estimators.given_data import DTYPES, checked_rows
from lamina.estimators.in_notebooks import InNotebooks
from lamina.estimators.layer_arrays import LayerArrays, dense_biases, dense_weights, write_into
from lamina.losses.members import joint_logits, predictions_of
from lamina.training.exclusive import RUNNING
from lamina.training.finite import is_finite
from lamina.training.slow_precision import asks_for_mixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lamina.engine.program import Parameter
    from lamina.estimators.fitting import Fit, Restarts
    from lamina.network import Network
    from lamina.training import History, MonitorRecord, PredictiveDistribution, StopReason
    from lamina.training.meaning import Map, Meaning

__all__ = ["FittedNetwork", "adopt", "distribution_of", "fit_of", "logits_of", "meaning_of_logits"]

_PLAIN = (np.ndarray, sparse.csr_matrix, sparse.csr_array)


def _of_curves(name: str) -> Any:
    """A property for a value of the last fit's curves."""
    return property(lambda self: getattr(self._fitted(name).curves, name))


class FittedNetwork(InNotebooks, BaseEstimator):  # type: ignore[misc]
    """The fitted part of an estimator: attributes and predictions of the last fit."""

    _fit: Fit
    n_features_in_: int
    feature_names_in_: np.ndarray
    restarts_: Restarts

    n_iter_: int = _of_curves("n_iter_")
    t_: int = _of_curves("t_")
    loss_: float = _of_curves("loss_")
    loss_curve_: list[float] = _of_curves("loss_curve_")
    best_loss_: float | None = _of_curves("best_loss_")
    validation_scores_: list[float] | None = _of_curves("validation_scores_")
    best_validation_score_: float | None = _of_curves("best_validation_score_")
    validation_loss_curve_: list[float] | None = _of_curves("validation_loss_curve_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return "_fit" in vars(self)

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights ``(in, out)`` of every dense layer, as live views; items can also be assigned to.

        Of an :class:`~lamina.network.Ensemble`, those that members have of their own are ``(members, in, out)``.
        """
        return self._views(dense_weights)

    @coefs_.setter
    def coefs_(self, arrays: Sequence[Any]) -> None:
        write_into(self.coefs_, arrays, "coefs_")

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases ``(out,)`` of every dense layer that has them, as live views; items can also be assigned to.

        Of an :class:`~lamina.network.Ensemble`, those that members have of their own are ``(members, out)``.
        """
        return self._views(dense_biases)

    @intercepts_.setter
    def intercepts_(self, arrays: Sequence[Any]) -> None:
        write_into(self.intercepts_, arrays, "intercepts_")

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the losses and the objective, or other ``keys`` of ``history_``, and mark the epoch whose weights were kept.

        That epoch is known with early stopping; see :func:`lamina.plots.plot_history`. Needs the extra ``plot``.
        """
        axes: Axes = serve("FittedNetwork.plot", self, keys, log=log, ax=ax)
        return axes

    @property
    def n_outputs_(self) -> int:
        """Width of the output."""
        return self._fitted("n_outputs_").target.num_outputs

    @property
    def out_activation_(self) -> str:
        """The function that turns logits into predictions."""
        return self._fitted("out_activation_").target.out_activation

    @property
    def stop_reason_(self) -> StopReason:
        """Why training stopped."""
        return self._fitted("stop_reason_").stop_reason

    @property
    def network_(self) -> Network:
        """The network that was trained."""
        return self._fitted("network_").trainer.network

    @property
    def history_(self) -> History:
        """The records of all epochs."""
        return self._fitted("history_").trainer.history

    @property
    def monitor_(self) -> MonitorRecord:
        """What a :class:`lamina.Monitor` among the callbacks recorded; there is none without."""
        record = self._fitted("monitor_").monitor
        if record is None:
            repair = "Give callbacks=[lamina.Monitor()] and fit again."
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'monitor_': no Monitor watched. {repair}")
        return record

    @property
    def n_layers_(self) -> int:
        """The number of dense layers plus one for the input."""
        return len(dense_weights(self._fitted("n_layers_").trainer.executor.program)) + 1

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the marker of a running fit."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop(RUNNING, None)
        return state

    def _views(self, parameters_of: Any) -> LayerArrays:
        executor = self._fitted("coefs_").trainer.executor
        parameters: list[Parameter] = parameters_of(executor.program)
        vector, _ = executor.views()
        return LayerArrays(vector[p.slice].reshape(p.shape) for p in parameters)

    @property
    def _last_fit(self) -> Fit | None:
        return vars(self).get("_fit")

    def _fitted(self, attribute: str) -> Fit:
        fit = self._last_fit
        if fit is None:
            owner = type(self).__name__
            raise AttributeError(f"{owner!r} object has no attribute {attribute!r} before it is fitted. Call fit first.")
        return fit

    def predict_distribution(self, X: Any, *, mc_samples: int | None = None, seed: int = 0) -> PredictiveDistribution:
        """Mean and spread of the predictions: over dropout masks, over members, or as the loss ``gaussian_nll`` predicts them.

        Over masks, the spread is the network's uncertainty (Monte Carlo dropout, Gal & Ghahramani 2016); so it is over the
        members of an :class:`~lamina.network.Ensemble`, which have a spread without masks. That of ``gaussian_nll`` is the
        standard deviation of y around the prediction. Where there are several of these, variances are added.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        mc_samples : int, optional
            The number of masks, >= 2. By default 100, or none for an ensemble or with ``gaussian_nll``.
        seed : int, default=0
            Seed of the masks.

        Returns
        -------
        PredictiveDistribution
            ``mean`` and ``spread`` of a classifier's probabilities, one column per class, or of a regressor's numbers.

        Raises
        ------
        InvalidSettingError
            If masks are to be drawn and the network has no dropout.
        """
        return distribution_of(self, X, mc_samples, seed)

    @property
    def _meaning(self) -> Meaning:
        """What logits say, as :meth:`predict_distribution` gives it: class probabilities, or numbers."""
        raise NotImplementedError

    def _learned_html(self) -> list[str]:
        from lamina.estimators.network_html import fit_html  # few estimators are looked at

        return [] if self._last_fit is None else fit_html(self._last_fit)

    def _checked(self, X: Any) -> Any:
        """Check new rows, whose columns must match the fit."""
        if self._is_plain(X):
            checked = X
        else:
            check_is_fitted(self)
            checked = checked_rows(self, X)
        program = self._fit.trainer.executor.program
        if program.reads_codes:
            check_codes(checked, code_columns(program)[program.inputs[0]], "X")
        return checked

    def _is_plain(self, X: Any) -> bool:
        """Whether scikit-learn's validation, which takes far longer than predicting a row, would return ``X`` unchanged."""
        if type(X) not in _PLAIN or X.dtype not in DTYPES or not self.__sklearn_is_fitted__():
            return False
        fits = X.ndim == 2 and X.shape[0] > 0 and X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")
        return fits and is_finite(X if isinstance(X, np.ndarray) else X.data[None])

    def _logits(self, X: Any, precision: str) -> np.ndarray:
        """Logits (n, outputs) of new rows."""
        checked, executor = self._checked(X), self._fit.trainer.executor
        outputs = executor.predict([checked], mixed=self._predicts_mixed(precision))
        return joint_logits(self._fit.target.loss.link, outputs[0], executor.program.members)

    def _predictions(self, X: Any, precision: str) -> np.ndarray:
        """The loss's predictions for new rows, (n, columns)."""
        checked, loss = self._checked(X), self._fit.target.loss
        ends = [(loss.link, loss.predict)]
        return predictions_of(self._fit.trainer.executor, [checked], ends, mixed=self._predicts_mixed(precision))[0]

    def _predicts_mixed(self, precision: str) -> bool:
        trainer = self._fit.trainer
        return asks_for_mixed(precision, trainer.dtype, trainer.engine)

    def _mean_over_masks(self, X: Any, mc_samples: int, seed: int, precision: str) -> np.ndarray:
        """The mean of the predictions over dropout masks."""
        check_is_fitted(self)
        predicts_mixed(precision, self._fit.trainer.dtype, mc_samples=mc_samples)
        return self.predict_distribution(X, mc_samples=mc_samples, seed=seed).mean


def fit_of(fitted: FittedNetwork) -> Fit:
    """The last fit of an estimator."""
    return fitted._fit


def distribution_of(
    fitted: FittedNetwork, X: Any, mc_samples: int | None, seed: int, further: tuple[Map, Map] | None = None
) -> PredictiveDistribution:
    """Mean and spread for new rows; ``further`` turns predictions and spreads into another unit, before means are taken."""
    from lamina.training.predictive_distribution import predict_distributions  # rarely needed

    checked, trainer = fitted._checked(X), fitted._fit.trainer
    meaning = fitted._meaning if further is None else fitted._meaning.then(*further)
    settings = (mc_samples, seed, trainer.engine, trainer.n_threads, trainer.device)
    (found,) = predict_distributions(trainer.network, [meaning], trainer.executor, [checked], *settings)
    return found


def logits_of(fitted: FittedNetwork, X: Any, precision: str = "full") -> np.ndarray:
    """The logits of new rows, less the loss's threshold, ndarray of shape (n, outputs)."""
    logits: np.ndarray = fitted._logits(X, precision) - fitted._fit.target.loss.threshold
    return logits


def meaning_of_logits(fitted: FittedNetwork, logits: np.ndarray) -> np.ndarray:
    """What logits (n, outputs) say: the probabilities of classes (n, classes), or numbers in the form of ``predict``."""
    return np.asarray(fitted._meaning.predict(logits))


def adopt(estimator: FittedNetwork, fit: Fit, restarts: Restarts | None = None) -> None:
    """Make ``fit``, the best of ``restarts``, the last fit of an estimator."""
    estimator._fit = fit
    if restarts is not None:
        estimator.restarts_ = restarts
