"""A model of a table: an encoder, an estimator and a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data import ColumnSummary, TableEncoder
from lamina.data.arrow_tables import as_columns
from lamina.data.row import Row, as_rows
from lamina.data.row_encoder import RowEncoder
from lamina.data.several_targets import AnyTarget
from lamina.data.table_reader import ReadTable
from lamina.door import serve
from lamina.errors import DataError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import distribution_of, fit_of, logits_of
from lamina.html import escaped
from lamina.losses import Quantile
from lamina.metrics import Evaluation, constant_prediction, report
from lamina.model.target_scale import LinearScale, LogScale, QuantileScale, SeveralScales, TargetScale, spread_on

if TYPE_CHECKING:
    from lamina.training import PredictiveDistribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TableModel"]


@dataclass(frozen=True, repr=False)
class TableModel:
    """Predicts the columns ``target.names`` of a table; created by :func:`lamina.model.fit_table` or read from a model file.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted; turns the columns into features.
    estimator : MLPClassifier or MLPRegressor
        Fitted on the features; its classes are the indices of ``target.classes``.
    target : Target or SeveralTargets
        The column, or columns, to predict.
    scale : LinearScale, LogScale, QuantileScale or SeveralScales, default=LinearScale()
        For regression: the estimator predicts ``scale.forward(y)``.
    threshold : float, optional
        Of two classes, the second is predicted where its probability is above this; by default, the more probable one is.
    summary : dict, default={}
        How it was trained: rows, metrics on the test part, settings, the trainings that it went on from (``earlier``), and so
        on. JSON-serializable.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.model import fit_table
    >>> table = pa.table({"x": list(range(100)), "kind": ["low"] * 50 + ["high"] * 50})
    >>> model = fit_table(table, "kind").model
    >>> model.predict(pa.table({"x": [3, 96]})).tolist()
    ['low', 'high']
    """

    encoder: TableEncoder
    estimator: MLPClassifier | MLPRegressor
    target: AnyTarget
    scale: TargetScale = field(default_factory=LinearScale)
    threshold: float | None = None
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def columns_(self) -> ColumnSummary:
        """What was learned of each column: its kind, how its texts are written, features, missing and rare rows, a note."""
        return self.encoder.columns_

    @property
    def scales(self) -> tuple[LinearScale | LogScale | QuantileScale, ...]:
        """The scale of each of ``target.names``."""
        return self.scale.scales if isinstance(self.scale, SeveralScales) else (self.scale,)

    def predict(self, table: Any, *, mc_samples: int | None = None, seed: int = 0) -> np.ndarray:
        """The target of each row.

        Parameters
        ----------
        table : data frame of pandas, polars or pyarrow; or one row, or a list of dicts
            With the columns that the model was trained on; the target may be present, but is ignored. A row is a dict or a
            pandas.Series by these names, or a tuple or list of values in the order of training, without the target.
        mc_samples : int, optional
            Predict from the mean over this many dropout masks, >= 2, instead of one pass without dropout.
        seed : int, default=0
            Seed of the masks.

        Returns
        -------
        prediction : ndarray of shape (n,), or (n, targets) for several targets, or (n, number of levels) for several quantiles
            Classes (text, or numbers if the target held numbers), or float64 numbers.

        Raises
        ------
        DataError
            If a column is missing or holds values of a different kind than in training; if a tuple or list holds more or fewer
            values than there are columns.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from lamina.model import fit_table
        >>> table = pa.table({"x": list(range(100)), "kind": ["low"] * 50 + ["high"] * 50})
        >>> model = fit_table(table, "kind").model
        >>> model.predict({"x": 3}).tolist(), model.predict((96,)).tolist(), model.predict([{"x": 3}, {"x": 96}]).tolist()
        (['low'], ['high'], ['low', 'high'])
        """
        if self.target.task == "classification":
            return self.target.decode(self._predicted_classes(table, mc_samples, seed))
        if mc_samples is not None:
            return self.predict_distribution(table, mc_samples=mc_samples, seed=seed).mean
        return self._predicted_numbers(table)

    def predict_proba(self, table: Any, *, mc_samples: int | None = None, seed: int = 0) -> np.ndarray:
        """The probability of each class of ``target.classes``, ndarray of shape (n, classes).

        Parameters
        ----------
        table
            As in :meth:`predict`.
        mc_samples : int, optional
            The mean over this many dropout masks, >= 2, instead of one pass without dropout.
        seed : int, default=0
            Seed of the masks.

        Raises
        ------
        DataError
            As for :meth:`predict`; also if the model predicts numbers, or was trained with a loss that gives no probabilities.
        """
        if not self.has_probabilities:
            raise DataError("predict_proba needs a classifier trained with log_loss, which this model is not. Use predict.")
        return np.asarray(self.estimator.predict_proba(self._features(table), mc_samples=mc_samples, seed=seed))

    def decision_function(self, table: Any) -> np.ndarray:
        """How far each row is from the decision, in logits; what is above 0 of two classes, or largest of several, is predicted.

        Returns
        -------
        ndarray of shape (n,) for two classes, else (n, classes)
            Of two classes ``log(p / (1 - p))`` of the second, less that of ``threshold`` if there is one.

        Raises
        ------
        DataError
            As for :meth:`predict`; also if the model predicts numbers.
        """
        if self.target.task == "regression":
            raise DataError("decision_function needs a classifier, which this model is not. Use predict.")
        logits = logits_of(self.estimator, self._features(table))
        if len(self.target.classes) != 2:
            return logits
        of_second = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        return of_second if self.threshold is None else of_second - np.log(self.threshold / (1 - self.threshold))

    def predict_distribution(self, table: Any, *, mc_samples: int | None = None, seed: int = 0) -> PredictiveDistribution:
        """Mean and spread of the prediction: over dropout masks, or as the loss ``gaussian_nll`` predicts them.

        Parameters
        ----------
        table
            As for :meth:`predict`.
        mc_samples : int, optional
            The number of masks, >= 2. By default 100, or none with ``gaussian_nll``.
        seed : int, default=0
            Seed of the masks.

        Returns
        -------
        PredictiveDistribution
            Of numbers, in the target's unit and the shape of :meth:`predict`; of the probability of each class, (n, classes).

        Raises
        ------
        DataError
            As for :meth:`predict`.
        InvalidSettingError
            If masks are to be drawn and the network has no dropout.
        """
        units = (self._in_units, partial(spread_on, self.scale)) if self.target.task == "regression" else None
        return distribution_of(self.estimator, self._features(table), mc_samples, seed, units)

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantile levels, if the model predicts several; predictions then have one column per level."""
        loss = self.estimator.loss
        levels = tuple(loss.levels) if isinstance(loss, Quantile) else ()  # type: ignore[arg-type]
        return levels if len(levels) > 1 else ()

    @property
    def middle(self) -> int:
        """The column of the level nearest to the median, used wherever a single prediction is needed."""
        return int(np.argmin(np.abs(np.array(self.levels) - 0.5))) if self.levels else 0

    @property
    def predicts_spread(self) -> bool:
        """Whether the network predicts how far the target lies from a prediction; see :meth:`predict_distribution`."""
        return self.target.task == "regression" and fit_of(self.estimator).target.loss.predicts_spread

    @property
    def has_probabilities(self) -> bool:
        """Whether :meth:`predict_proba` works."""
        return self.target.task == "classification" and hasattr(self.estimator, "predict_proba")

    def evaluate(self, table: Any) -> Evaluation:
        """Compute metrics on a table that holds the target; rows where it is missing are left out with a note.

        Returns
        -------
        metrics : Evaluation
            A dict of ``"model"`` and ``"baseline"``, each a dict by metric, which prints as a table. The baseline always predicts
            the class shares, or the mean.
            Classification: accuracy, balanced accuracy, precision, recall, F1, and with probabilities AUC, average precision, log
            loss and Brier score.
            Regression: R2, mean absolute error and root mean squared error; with several quantiles, for the one nearest to the
            median. Of several targets, these are means over them, and ``"targets"`` has both dicts for each by its name.

        Raises
        ------
        DataError
            As for :meth:`predict`; also if the target is missing or holds unknown classes or invalid numbers.
        """
        columns = as_columns(table, owner="TableModel")
        rows, y = self.target.present_rows(columns)
        read = self.read(columns)
        return self.measure(read if len(rows) == read.num_rows else read.take(rows), y)

    def measure(self, table: ReadTable, y: np.ndarray) -> Evaluation:
        """:meth:`evaluate` of a table that was read, whose targets ``y`` are numbers."""
        constant = constant_prediction(self.target.task, y, len(self.target.classes))
        guess = np.broadcast_to(constant, (len(y), *constant.shape))
        num_classes = len(self.target.classes) or None
        rated = self._rated(table)
        decided = None if self.threshold is None else self._decided(rated)
        model = report(self.target.task, y, rated, num_classes, decided)
        baseline = report(self.target.task, y, guess, num_classes)
        evaluation = Evaluation(model=model, baseline={name: baseline[name] for name in model})
        if y.ndim == 2:
            columns = zip(self.target.names, y.T, rated.T, guess.T, strict=True)
            of_each: Any = {  # the one entry of another form
                name: Evaluation(model=report("regression", truth, rated), baseline=report("regression", truth, guess))
                for name, truth, rated, guess in columns
            }
            evaluation["targets"] = of_each
        return evaluation

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the losses of the training, or other ``keys`` of its history, and mark the epoch whose weights were kept.

        See :func:`lamina.plots.plot_history`. Needs the extra ``plot``.
        """
        axes: Axes = serve("TableModel.plot", self, keys, log=log, ax=ax)
        return axes

    def read(self, table: Any) -> ReadTable:
        """The values of the columns that the model uses; :meth:`predict` and others take them in place of the table.

        Raises
        ------
        DataError
            If a column is missing or holds values of another kind than in training.
        """
        columns = as_columns(table, owner="TableModel")
        return self.encoder.read(columns.without(*self.target.names))

    def numbers_of(self, features: Any) -> np.ndarray:
        """:meth:`predict` for regression, of rows that the encoder has encoded."""
        return self._in_units(self.estimator.predict(features))

    def __repr__(self) -> str:
        return f"<TableModel of {self.target.name!r}: {self.target.task} from {len(self.encoder.encoders_)} columns>"

    def __str__(self) -> str:
        classes, columns = len(self.target.classes), len(self.encoder.encoders_)
        of_classes = f" ({classes} classes)" if classes else ""
        network = f"a network of {self.estimator.network_.num_parameters:,} parameters"
        return f"Predicts {self.target.name!r}: {self.target.task}{of_classes} from {columns} columns by {network}."

    def _repr_html_(self) -> str:
        """What is predicted and what was learned of each column, in a notebook."""
        return f"<p>{escaped(self)}</p>{self.columns_._repr_html_()}"

    def __getstate__(self) -> dict[str, Any]:
        """The fields, without what is found again when it is needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _rated(self, table: Any) -> np.ndarray:
        """Probabilities (n, classes), or classes where there are none, or numbers."""
        if self.target.task == "regression":
            numbers = self._predicted_numbers(table)
            return numbers[:, self.middle] if self.levels else numbers
        return self.predict_proba(table) if self.has_probabilities else self._predicted_classes(table)

    def _decided(self, probabilities: np.ndarray) -> np.ndarray:
        return np.asarray(probabilities[:, 1] > self.threshold, dtype=np.int64)

    def _predicted_classes(self, table: Any, mc_samples: int | None = None, seed: int = 0) -> np.ndarray:
        if self.threshold is not None:
            return self._decided(self.predict_proba(table, mc_samples=mc_samples, seed=seed))
        return np.asarray(self.estimator.predict(self._features(table), mc_samples=mc_samples, seed=seed))

    def _predicted_numbers(self, table: Any) -> np.ndarray:
        return self.numbers_of(self._features(table))

    def _in_units(self, scaled: np.ndarray) -> np.ndarray:
        return self.scale.inverse(scaled.astype(np.float64))

    def _features(self, table: Any) -> Any:
        if isinstance(table, ReadTable):
            return self.encoder.transform(table)
        given = as_rows(table, self.encoder.reader_.names, owner="TableModel")
        if not isinstance(given, Row):
            return self.encoder.transform(self.read(table if given is None else given))
        return self._row_encoder.encode(given.without(*self.target.names), on_error=self.encoder.on_error)

    @cached_property
    def _row_encoder(self) -> RowEncoder:
        return RowEncoder(self.encoder.reader_, self.encoder.encoders_, as_sparse=self.encoder.is_sparse)
