"""The evaluation of a model on rows that come block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.data.digests.number_digest import NumbersGoneBy
from lamina.data.table_reader import ReadTable
from lamina.errors import DataError
from lamina.metrics import LABEL_METRICS, PROBABILITY_METRICS, Evaluation, label_metric
from lamina.model.table_model import TableModel
from lamina.moments import RunningMoments

__all__ = ["RunningEvaluation"]

_BY_RANK = ("auc", "average_precision")
_FARTHEST = 40.0
_ALL_BINS = 1 << 22  # of all classes together
_MOST_BINS, _FEWEST_BINS = 1 << 19, 1 << 13  # of a class


class RunningEvaluation:
    """What :meth:`TableModel.evaluate <lamina.model.TableModel.evaluate>` computes, of rows that come block by block.

    All metrics are those of all rows together, up to rounding, but for three. AUC and average precision are those of
    probabilities whose log-odds are rounded: to 1/6,500 of up to eight classes, coarser of more, at most to 1/100. The mean
    absolute error of the baseline comes from a t-digest where targets have more than 4,096 distinct values, and is right to
    0.1 %.

    Parameters
    ----------
    model : TableModel
    """

    def __init__(self, model: TableModel) -> None:
        self.num_rows = 0
        self._model = model
        of_classes = model.target.task == "classification"
        self._scores: _ClassScores | _NumberScores = _ClassScores(model) if of_classes else _NumberScores(model)

    def add(self, table: ReadTable, y: np.ndarray) -> None:
        """Take in rows that were read, and their targets as numbers."""
        if len(y):
            self.num_rows += len(y)
            self._scores.add(self._model.rated(table), y)

    def result(self) -> Evaluation:
        """The metrics.

        Raises
        ------
        DataError
            If there was no row.
        """
        if not self.num_rows:
            raise DataError("a table must have a row with a known target to evaluate on, got none. Check where it comes from.")
        return self._scores.result()


class _ClassScores:
    """Counts of classes and decisions, sums of the proper scores, and counts of probabilities by their log-odds."""

    def __init__(self, model: TableModel) -> None:
        self._model = model
        self._num_classes = count = len(model.target.classes)
        self._confusion = np.zeros((count, count), np.int64)
        self._sums = dict.fromkeys((name for name in PROBABILITY_METRICS if name not in _BY_RANK), 0.0)
        # Of two classes, the second tells all.
        self._ranked = [1] if count == 2 else list(range(count))
        self._num_bins = min(max(_ALL_BINS // len(self._ranked), _FEWEST_BINS), _MOST_BINS)
        shape = (len(self._ranked), 2, self._num_bins)
        self._bins = np.zeros(shape, np.int64) if model.has_probabilities else None

    def add(self, rated: np.ndarray, y: np.ndarray) -> None:
        decided = rated
        if rated.ndim == 2:
            decided = rated.argmax(axis=1) if self._model.threshold is None else self._model.decided(rated)
            for name in self._sums:
                self._sums[name] += PROBABILITY_METRICS[name](y, rated) * len(y)
            self._rank(rated, y)
        np.add.at(self._confusion, (y, decided), 1)

    def result(self) -> Evaluation:
        truth, decided = np.nonzero(self._confusion)
        model = self._of_labels(truth, decided, self._confusion[truth, decided])
        counts = self._confusion.sum(axis=1)
        present = np.flatnonzero(counts)
        shares = np.tile(counts / counts.sum(), (len(present), 1))
        baseline = self._of_labels(present, shares.argmax(axis=1), counts[present])
        if self._bins is not None:
            for name, metric in PROBABILITY_METRICS.items():
                model[name] = self._by_rank(name) if name in _BY_RANK else self._sums[name] / int(counts.sum())
                baseline[name] = metric(present, shares, sample_weight=counts[present])
        return Evaluation(model=model, baseline=baseline)

    def _of_labels(self, truth: np.ndarray, decided: np.ndarray, weight: np.ndarray) -> dict[str, float]:
        return {name: label_metric(name, truth, decided, self._num_classes, weight) for name in LABEL_METRICS}

    def _rank(self, probabilities: np.ndarray, y: np.ndarray) -> None:
        assert self._bins is not None
        for place, label in enumerate(self._ranked):
            with np.errstate(divide="ignore"):
                p = probabilities[:, label].astype(np.float64)
                odds = np.clip(np.log(p) - np.log1p(-p), -_FARTHEST, _FARTHEST)
            found = np.round((odds + _FARTHEST) * ((self._num_bins - 1) / (2 * _FARTHEST))).astype(np.int64)
            for inside in (0, 1):
                self._bins[place, inside] += np.bincount(found[(y == label) == bool(inside)], minlength=self._num_bins)

    def _by_rank(self, name: str) -> float:
        """A metric of ranks: each bin is a row of a class, and one of the others, with as much weight as it has rows."""
        assert self._bins is not None
        metric, values = PROBABILITY_METRICS[name], []
        for outside, inside in self._bins:
            if not inside.any() or (name == "auc" and not outside.any()):
                continue
            place = np.linspace(0, 1, self._num_bins)
            weight = np.concatenate([outside, inside])
            used = weight > 0
            truth = np.repeat([0, 1], self._num_bins)[used]
            second = np.tile(place, 2)[used]
            values.append(metric(truth, np.column_stack([1 - second, second]), sample_weight=weight[used]))
        return float(np.mean(values)) if values else float("nan")


class _NumberScores:
    """Sums of errors and moments of the truth, of each target."""

    def __init__(self, model: TableModel) -> None:
        self._names = model.target.names
        self._truth = [NumbersGoneBy() for _ in self._names]
        self._absolute: Any = 0.0
        self._errors = RunningMoments()  # of squared errors, whose mean is asked for
        self._moments = RunningMoments()

    def add(self, rated: np.ndarray, y: np.ndarray) -> None:
        truth, predicted = (numbers.reshape(len(y), -1).astype(np.float64) for numbers in (y, rated))
        self._absolute = self._absolute + np.abs(truth - predicted).sum(axis=0)
        self._errors.add((truth - predicted) ** 2)
        self._moments.add(truth)
        for numbers, column in zip(self._truth, truth.T, strict=True):
            numbers.add(column)

    def result(self) -> Evaluation:
        of_each = {name: self._of_target(i) for i, name in enumerate(self._names)}
        if len(of_each) == 1:
            return next(iter(of_each.values()))
        names = list(next(iter(of_each.values()))["model"])
        parts: Any = {
            side: {name: float(np.mean([found[side][name] for found in of_each.values()])) for name in names}
            for side in ("model", "baseline")
        }
        parts["targets"] = of_each
        return Evaluation(**parts)

    def _of_target(self, i: int) -> Evaluation:
        count = self._moments.count
        squared, mean = float(self._errors.mean[i]), float(self._moments.mean[i])
        spread = 0.0 if self._truth[i].low == self._truth[i].high else float(self._moments.deviation[i])
        explained = 1 - squared / spread**2 if spread else float(squared == 0)
        model = {"r2": explained, "mae": float(self._absolute[i]) / count, "rmse": float(np.sqrt(squared))}
        return Evaluation(model=model, baseline={"r2": float(not spread), "mae": self._truth[i].distance(mean), "rmse": spread})
