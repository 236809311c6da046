"""A model of a table: an encoder, an estimator and a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lamina.data import ColumnSummary, TableEncoder
from lamina.data.arrow_tables import as_columns
from lamina.data.row import Row, as_rows
from lamina.data.row_encoder import RowEncoder
from lamina.data.several_targets import AnyTarget
from lamina.data.table_reader import ReadTable
from lamina.door import serve
from lamina.engine import predicts_mixed
from lamina.errors import DataError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import distribution_of, fit_of, logits_of, meaning_of_logits
from lamina.html import display
from lamina.losses import Quantile
from lamina.losses.domain import NON_NEGATIVE, POSITIVE
from lamina.metrics import Evaluation, constant_prediction, pinball, report
from lamina.model.class_calibration import ClassCalibration
from lamina.model.number_calibration import NumberCalibration
from lamina.model.target_scale import LinearScale, LogScale, QuantileScale, SeveralScales, TargetScale, spread_on
from lamina.model.unfamiliar import Unfamiliar, index_of
from lamina.network import Ensemble

if TYPE_CHECKING:
    from lamina.training import PredictiveDistribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TableModel"]

_Calibration = TypeVar("_Calibration", ClassCalibration, NumberCalibration)


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
    calibration : ClassCalibration or NumberCalibration, optional
        What the validation rows said of how far predictions are to be trusted; None without such rows, or with
        ``calibration=False``.

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
    calibration: ClassCalibration | NumberCalibration | None = None

    @property
    def columns_(self) -> ColumnSummary:
        """What was learned of each column: its kind, how its texts are written, features, missing and rare rows, a note."""
        return self.encoder.columns_

    @property
    def scales(self) -> tuple[LinearScale | LogScale | QuantileScale, ...]:
        """The scale of each of ``target.names``."""
        return self.scale.scales if isinstance(self.scale, SeveralScales) else (self.scale,)

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the network's weights."""
        return fit_of(self.estimator).trainer.dtype

    def predict(self, table: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
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
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

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
            return self.target.decode(self._predicted_classes(table, mc_samples, seed, precision))
        if mc_samples is not None:
            predicts_mixed(precision, self.dtype, mc_samples=mc_samples)
            return self.predict_distribution(table, mc_samples=mc_samples, seed=seed).mean
        return self.numbers_of(self._features(table), precision)

    def predict_proba(self, table: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The probability of each class of ``target.classes``, ndarray of shape (n, classes).

        Logits are divided by :attr:`temperature`, so that of rows with a probability of 0.8, about 80 % are of the class.

        Parameters
        ----------
        table
            As in :meth:`predict`.
        mc_samples : int, optional
            The mean over this many dropout masks, >= 2, instead of one pass without dropout; without the temperature.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

        Raises
        ------
        DataError
            As for :meth:`predict`; also if the model predicts numbers, or was trained with a loss that gives no probabilities.
        """
        if not self.has_probabilities:
            raise DataError("predict_proba needs a classifier trained with log_loss, which this model is not. Use predict.")
        return self._probabilities(self._features(table), mc_samples, seed, precision)

    def predict_set(self, table: Any, coverage: float = 0.9) -> np.ndarray:
        """Which classes each row may be of: sets that hold the true class of a share of at least ``coverage`` of new rows.

        The share is one of all rows that are like those of training and validation, not of each kind of row. How improbable the
        true classes of validation rows were says how improbable a class may be in a set (:mod:`lamina.model.class_calibration`);
        the temperature and the epoch of each of these rows were chosen by others.

        Parameters
        ----------
        table
            As in :meth:`predict`.
        coverage : float, default=0.9
            In (0, 1). A note says so if there were too few validation rows for it.

        Returns
        -------
        ndarray of shape (n, classes) bool
            Columns in the order of ``target.classes``. The most probable class is always in the set, so that more rows are
            covered where more predictions are right.

        Raises
        ------
        DataError
            As for :meth:`predict_proba`; also if the model was trained with fewer than two validation rows or with
            ``calibration=False``.
        InvalidSettingError
            If the coverage is out of range.

        References
        ----------
        Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", 2019.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from lamina.model import fit_table
        >>> table = pa.table({"x": list(range(200)), "kind": ["low"] * 100 + ["high"] * 100})
        >>> model = fit_table(table, "kind").model
        >>> model.target.classes, model.predict_set(pa.table({"x": [3, 196]})).tolist()
        (('high', 'low'), [[False, True], [True, False]])
        """
        if not self.has_probabilities:
            raise DataError("predict_set needs a classifier trained with log_loss, which this model is not. Use predict.")
        calibration = self._calibrated(ClassCalibration, "predict_set")
        return calibration.sets(self.predict_proba(table), coverage, owner="TableModel")

    def predict_interval(self, table: Any, coverage: float = 0.9) -> np.ndarray:
        """Where the target of each row may lie: intervals that hold that of a share of at least ``coverage`` of new rows.

        The share is one of all rows that are like those of training and validation, not of each kind of row. How far off the
        predictions for validation rows were says how wide intervals are, and a small network where wider, where narrower
        (:mod:`lamina.model.number_calibration`); the epoch that predicted each of these rows was chosen by others.

        Parameters
        ----------
        table
            As in :meth:`predict`.
        coverage : float, default=0.9
            In (0, 1). A note says so if there were too few validation rows for it.

        Returns
        -------
        ndarray of shape (n, 2), or (n, targets, 2) for several targets
            The lower and the upper end, float64, with the prediction between them. For several targets the coverage is that of
            each; for several quantiles, there is one interval around the one nearest to the median. With the losses of targets
            that are never negative (gamma, poisson, tweedie), no end is below 0.

        Raises
        ------
        DataError
            As for :meth:`predict`; also if the model predicts classes, or was trained with fewer than two validation rows or with
            ``calibration=False``.
        InvalidSettingError
            If the coverage is out of range.

        References
        ----------
        Lei et al., "Distribution-free predictive inference for regression", 2018, section 5.2: "locally-weighted conformal
        inference".

        Examples
        --------
        >>> import pyarrow as pa
        >>> from lamina.model import fit_table
        >>> rng = np.random.default_rng(0)
        >>> x = rng.uniform(size=1000)
        >>> table = pa.table({"x": x, "y": x + rng.normal(size=1000) * 0.1})
        >>> low, high = fit_table(table, "y").model.predict_interval(table).T
        >>> bool(0.86 < np.mean((low <= table["y"]) & (table["y"] <= high)) < 0.94)
        True
        """
        if self.target.task == "classification":
            raise DataError("predict_interval needs a model of numbers, which this model is not. Use predict_set.")
        calibration = self._calibrated(NumberCalibration, "predict_interval")
        features = self._features(table)
        centers = self.centers(self.estimator.predict(features)).astype(np.float64)
        margins = calibration.margins(features, centers, coverage, owner="TableModel")
        ends = [self.scale.inverse(end if len(self.scales) > 1 else end[:, 0]) for end in (centers - margins, centers + margins)]
        # No target is lost, because training took none below. Margins of logarithms would keep above 0, too, and cover about
        # as much, but intervals were 1.1 to 2.8 times as wide on two tables with the loss gamma.
        return np.asarray(np.maximum(np.stack(ends, axis=-1), 0.0 if self._takes_no_negative else -np.inf))

    def decision_function(self, table: Any, *, precision: str = "full") -> np.ndarray:
        """How far each row is from the decision, in logits; what is above 0 of two classes, or largest of several, is predicted.

        Parameters
        ----------
        table
            As for :meth:`predict`.
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

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
        logits = logits_of(self.estimator, self._features(table), precision) / self.temperature
        if len(self.target.classes) != 2:
            return logits
        of_second = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        return of_second if self.threshold is None else of_second - np.log(self.threshold / (1 - self.threshold))

    def predict_distribution(self, table: Any, *, mc_samples: int | None = None, seed: int = 0) -> PredictiveDistribution:
        """Mean and spread of the prediction: over members, over dropout masks, or as the loss ``gaussian_nll`` predicts them.

        A model of several members, as by default, has a spread without masks: how far its members differ. Where there are
        several of these, variances are added.

        Parameters
        ----------
        table
            As for :meth:`predict`.
        mc_samples : int, optional
            The number of masks, >= 2. By default none with several members or ``gaussian_nll``, else 100.
        seed : int, default=0
            Seed of the masks.

        Returns
        -------
        PredictiveDistribution
            Of numbers, in the target's unit and the shape of :meth:`predict`, which without masks is the mean; of the
            probability of each class, (n, classes), without the temperature.

        Raises
        ------
        DataError
            As for :meth:`predict`.
        InvalidSettingError
            If masks are to be drawn and the network has no dropout.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from lamina.model import fit_table
        >>> table = pa.table({"x": list(range(100)), "y": [x * x for x in range(100)]})
        >>> model = fit_table(table, "y").model
        >>> found = model.predict_distribution(table)
        >>> bool((found.mean == model.predict(table)).all() and (found.spread > 0).all())
        True
        """
        units = (self._in_units, partial(spread_on, self.scale)) if self.target.task == "regression" else None
        features = self._features(table)
        found = distribution_of(self.estimator, features, mc_samples, seed, units)
        if units is None or found.mc_samples or not isinstance(self.estimator.network_, Ensemble):
            return found
        # The mean of members in another unit, such as of their exponentials, is not the prediction, which averages before.
        return replace(found, mean=self.numbers_of(features))

    def unfamiliar(self, table: Any) -> Unfamiliar:
        """Which cells are unlike those of training: out of range, of an unseen or rare category, or missing where none was.

        Rows with many such cells are far from what the model has learned, and so are its predictions from any guarantee. A few
        rows have one by chance.

        Parameters
        ----------
        table
            As in :meth:`predict`.

        Returns
        -------
        Unfamiliar
            ``counts`` has the number of such cells of each row, ``cells`` says which; ``to_frame()`` has the index of a pandas
            data frame.

        Raises
        ------
        DataError
            As for :meth:`predict`.

        Examples
        --------
        >>> import pyarrow as pa
        >>> from lamina.model import fit_table
        >>> table = pa.table({"x": list(range(100)), "color": ["red", "blue"] * 50, "y": list(range(100))})
        >>> model = fit_table(table, "y").model
        >>> model.unfamiliar(pa.table({"x": [50, 500], "color": ["red", "green"]})).counts.tolist()
        [0, 2]
        """
        read = self._read(table)
        found = [encoder.is_unfamiliar(read[encoder.column]) for encoder in self.encoder.encoders_]
        names = tuple(encoder.column for encoder in self.encoder.encoders_)
        return Unfamiliar(names, np.column_stack(found), index_of(table))

    @property
    def temperature(self) -> float:
        """What logits of classes are divided by before they become probabilities: 1 unless validation rows chose another."""
        return self.calibration.temperature if isinstance(self.calibration, ClassCalibration) else 1.0

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantile levels, if the model predicts several; predictions then have one column per level."""
        loss = self.estimator.loss
        levels = tuple(loss.levels) if isinstance(loss, Quantile) else ()  # type: ignore[arg-type]
        return levels if len(levels) > 1 else ()

    @property
    def middle(self) -> int:
        """The column of the level nearest to the median, used wherever a single prediction is needed."""
        return loss.middle if isinstance(loss := self.estimator.loss, Quantile) else 0

    @property
    def predicts_spread(self) -> bool:
        """Whether the network predicts how far the target lies from a prediction; see :meth:`predict_distribution`."""
        return self.target.task == "regression" and fit_of(self.estimator).target.loss.predicts_spread

    @property
    def is_averaged(self) -> bool:
        """Whether the weights are an average over epochs, as by default, and not those of a single one."""
        history = self.estimator.history_
        averages = len(history) > 0 and any(key.startswith("averaged_") for key in history[-1])
        return averages and self.summary.get("best_epoch") != 0

    @property
    def kept_epoch(self) -> int | None:
        """The epoch whose weights it has, 0 for those before the first; None: of no single epoch, or it is not known."""
        return None if self.is_averaged else self.summary.get("best_epoch")

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
        return self.compare(self.rated(table), y)

    def compare(self, rated: np.ndarray, y: np.ndarray) -> Evaluation:
        """:meth:`measure` of predictions in the form of :meth:`rated`."""
        constant = constant_prediction(self.target.task, y, len(self.target.classes))
        guess = np.broadcast_to(constant, (len(y), *constant.shape))
        num_classes = len(self.target.classes) or None
        decided = None if self.threshold is None else self.decided(rated)
        model = report(self.target.task, y, rated, num_classes, decided) | self._of_level(y, rated)
        baseline = report(self.target.task, y, guess, num_classes) | self._of_level(y, guess)
        evaluation = Evaluation(model=model, baseline={name: baseline[name] for name in model})
        if y.ndim == 2:
            columns = zip(self.target.names, y.T, rated.T, guess.T, strict=True)
            of_each: Any = {  # the one entry of another form
                name: Evaluation(
                    model=report("regression", truth, rated) | self._of_level(truth, rated),
                    baseline=report("regression", truth, guess) | self._of_level(truth, guess),
                )
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

    def report(self, table: Any = None, *, seed: int = 0, max_rows: int = 20_000, diagnosis: bool = True) -> Any:
        """All that is to say of the model: the doctor's findings, curves, layers, errors, what matters, columns, settings.

        See :func:`lamina.report.report_on`.
        """
        return serve("TableModel.report", self, table, seed=seed, max_rows=max_rows, diagnosis=diagnosis)

    def read(self, table: Any) -> ReadTable:
        """The values of the columns that the model uses; :meth:`predict` and others take them in place of the table.

        Raises
        ------
        DataError
            If a column is missing or holds values of another kind than in training.
        """
        columns = as_columns(table, owner="TableModel")
        return self.encoder.read(columns.without(*self.target.names))

    def numbers_of(self, features: Any, precision: str = "full") -> np.ndarray:
        """:meth:`predict` for regression, of rows that the encoder has encoded."""
        return self._in_units(self.estimator.predict(features, precision=precision))

    def centers(self, predicted: np.ndarray) -> np.ndarray:
        """What intervals are centered on, (n, targets), of what the estimator predicts: of several levels the middle one."""
        return predicted[:, [self.middle]] if self.levels else predicted.reshape(len(predicted), -1)

    def __repr__(self) -> str:
        return f"<TableModel of {self.target.name!r}: {self.target.task} from {len(self.encoder.encoders_)} columns>"

    def __str__(self) -> str:
        classes, columns = len(self.target.classes), len(self.encoder.encoders_)
        of_classes = f" ({classes} classes)" if classes else ""
        network, members = f"a network of {self.estimator.network_.num_parameters:,} parameters", self.estimator.members
        network += f" and {members} members" if members > 1 else ""
        return f"Predicts {self.target.name!r}: {self.target.task}{of_classes} from {columns} columns by {network}."

    def _repr_html_(self) -> str:
        """What is predicted, how good it is, how the training went and what was learned of each column, in a notebook."""
        from lamina.model.table_html import table_html  # few models are looked at

        return display(f"Model of {self.target.name}", *table_html(self))

    def __getstate__(self) -> dict[str, Any]:
        """The fields, without what is found again when it is needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _calibrated(self, kind: type[_Calibration], method: str) -> _Calibration:
        if isinstance(self.calibration, kind):
            return self.calibration
        needs = f"{method} needs a model that was calibrated on validation rows, which this one is not"
        if self.summary.get("rows", {}).get("validation") == 1:
            raise DataError(f"{needs}: too few validation rows, 1 and not 2. Train again on more rows, or hold out more of them.")
        raise DataError(f"{needs}. Train again with validation rows, and without calibration=False.")

    @property
    def _takes_no_negative(self) -> bool:
        return fit_of(self.estimator).target.loss.domain(1) in (NON_NEGATIVE, POSITIVE)

    def rated(self, table: Any) -> np.ndarray:
        """What metrics compare with the truth: probabilities (n, classes), or classes where there are none, or numbers."""
        return self.rated_by(self._features(table))

    def rated_by(self, features: Any) -> np.ndarray:
        """:meth:`rated` of rows that the encoder has encoded."""
        if self.target.task == "regression":
            numbers = self.numbers_of(features)
            return numbers[:, self.middle] if self.levels else numbers
        return self._probabilities(features) if self.has_probabilities else np.asarray(self.estimator.predict(features))

    def decided(self, probabilities: np.ndarray) -> np.ndarray:
        """The class of each row by the threshold, of two classes' probabilities."""
        return np.asarray(probabilities[:, 1] > self.threshold, dtype=np.int64)

    def _probabilities(self, features: Any, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        if self.temperature == 1 or mc_samples is not None:
            return np.asarray(self.estimator.predict_proba(features, mc_samples=mc_samples, seed=seed, precision=precision))
        return meaning_of_logits(self.estimator, logits_of(self.estimator, features, precision) / self.temperature)

    def _predicted_classes(self, table: Any, mc_samples: int | None, seed: int, precision: str) -> np.ndarray:
        if self.threshold is not None:
            return self.decided(self.predict_proba(table, mc_samples=mc_samples, seed=seed, precision=precision))
        return np.asarray(self.estimator.predict(self._features(table), mc_samples=mc_samples, seed=seed, precision=precision))

    def _of_level(self, y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """The metric of a quantile that is not the median, which R squared does not judge; else none."""
        loss = self.estimator.loss
        level = loss.level_of_points if isinstance(loss, Quantile) else None
        return {} if level is None else {"pinball": pinball(y, predicted, level)}

    def _in_units(self, scaled: np.ndarray) -> np.ndarray:
        return self.scale.inverse(scaled.astype(np.float64))

    def _read(self, table: Any) -> ReadTable:
        """The values of a table, or of rows."""
        if isinstance(table, ReadTable):
            return table
        given = as_rows(table, self.encoder.reader_.names, owner="TableModel")
        if isinstance(given, Row):
            given = given.to_columns()
        return self.read(table if given is None else given)

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
