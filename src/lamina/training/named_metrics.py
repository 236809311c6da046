"""Metrics as users ask for them, by name, as functions, or for each output, made functions of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, TypeAlias

import numpy as np

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.losses import Loss, Quantile
from lamina.metrics import ALIASES, LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, label_metric
from lamina.validation import Rule, function, mapping_of, one_of, sequence_of, text, value

__all__ = ["METRICS_RULE", "Metrics", "NamedMetric", "OutputMetric", "named_metrics"]

_Metric: TypeAlias = str | Callable[[Any, Any], float]
Metrics: TypeAlias = "_Metric | Sequence[_Metric] | Mapping[str, _Metric | Sequence[_Metric] | Mapping[str, _Metric]]"
"""A metric, a list of metrics, or a dict: of metrics by their names, or of metrics by the names of outputs."""

_ONE = one_of(text(), function("targets, predictions"))
_SOME = one_of(_ONE, sequence_of(_ONE), mapping_of(_ONE))
METRICS_RULE = Rule(
    "a name, a function of targets, predictions, a list of these, or a dict of these by name or by output",
    one_of(value(None), _SOME, mapping_of(_SOME)).accepts,
)


@dataclass(frozen=True)
class NamedMetric:
    """A metric of :mod:`lamina.metrics` of one output, whose loss says what targets and predictions mean.

    >>> from lamina.losses import get_loss
    >>> NamedMetric("accuracy", get_loss("sigmoid_cross_entropy"))(np.array([0, 1]), np.array([[0.2], [0.3]]))
    0.5
    """

    name: str
    loss: Loss

    def __call__(self, targets: Any, predictions: np.ndarray) -> float:
        from lamina.training.objectives import check_labels, decide  # most trainers have no metrics by name

        truth = np.asarray(targets.toarray() if hasattr(targets, "toarray") else targets, dtype=np.float64)
        truth = truth.reshape(len(truth), -1)
        if self.name in NUMBER_METRICS:
            return self._of_numbers(self.loss.truth_of(truth), predictions)
        check_labels(self.name, self.loss, truth, "the metric")
        classes, decided = decide(self.loss, truth, predictions)
        if self.name in LABEL_METRICS:
            if classes.shape[1] > 1:
                return LABEL_METRICS[self.name](classes, decided)
            return label_metric(self.name, classes[:, 0], decided[:, 0], max(predictions.shape[1], 2))
        shares = predictions if predictions.shape[1] > 1 else np.hstack([1.0 - predictions, predictions])
        return PROBABILITY_METRICS[self.name](classes[:, 0], shares)

    def _of_numbers(self, truth: np.ndarray, predictions: np.ndarray) -> float:
        if self.name != "pinball" or not isinstance(self.loss, Quantile):
            return NUMBER_METRICS[self.name](truth, predictions)
        levels = cycle(np.atleast_1d(self.loss.levels).tolist())  # each target has a column for every level
        columns = zip(truth.T, predictions.T, levels, strict=False)
        return float(np.mean([NUMBER_METRICS["pinball"](t, p, level=level) for t, p, level in columns]))


@dataclass(frozen=True)
class OutputMetric:
    """A metric of one of several outputs, by its name and its place among them."""

    metric: Callable[[Any, Any], float]
    output: str
    place: int

    def __call__(self, targets: Any, predictions: Sequence[np.ndarray]) -> float:
        own = targets[self.output] if isinstance(targets, Mapping) else targets[self.place]
        return self.metric(own, predictions[self.place])


def named_metrics(
    given: Metrics | None, losses: Sequence[Loss], output_names: Sequence[str]
) -> dict[str, Callable[[Any, Any], float]]:
    """Each metric by its key in the history (behind ``validation_``), as a function of targets as given and predictions.

    With several outputs, a name is a metric of each output ("price_mae"), and so is what a dict holds under an output's name. A
    function is called with all targets and predictions, unless it stands under an output's name.

    Raises
    ------
    InvalidSettingError
        If a name is unknown or needs another kind of loss, or two metrics have the same key.
    """
    found: dict[str, Callable[[Any, Any], float]] = {}
    several = len(output_names) > 1
    for key, metric in _pairs(given):
        new: dict[str, Callable[[Any, Any], float]]
        is_one = callable(metric) or (isinstance(metric, str) and not (several and isinstance(given, Mapping)))
        if key in output_names and (several or not is_one):
            place = output_names.index(key)
            own = [(_name(each), each) if name is None else (name, each) for name, each in _listed(metric)]
            functions = {name: _function(each, losses[place]) for name, each in own}
            new = {f"{key}_{name}": OutputMetric(each, key, place) for name, each in functions.items()} if several else functions
        elif not is_one:
            raise InvalidSettingError(phrase_unknown("an output that has metrics", key, output_names, owner="Trainer"))
        elif several and isinstance(metric, str):
            pairs = zip(output_names, losses, strict=True)
            new = {f"{name}_{key}": OutputMetric(_function(metric, loss), name, i) for i, (name, loss) in enumerate(pairs)}
        else:
            new = {key: _function(metric, losses[0])}
        for name in new:
            if name in found:
                repair = "Give a dict of names and functions."
                raise InvalidSettingError(phrase("a metric's name", "must be used once", name, repair=repair, owner="Trainer"))
        found |= new
    return found


def _pairs(given: Metrics | None) -> list[tuple[str, Any]]:
    """Keys and metrics."""
    if isinstance(given, Mapping):
        return list(given.items())
    return [(_name(metric), metric) for _, metric in _listed(() if given is None else given)]


def _listed(given: Any) -> list[tuple[str | None, _Metric]]:
    """The metrics that stand under one key, with their own names if a dict gives them."""
    if isinstance(given, Mapping):
        return list(given.items())
    return [(None, metric) for metric in (given if isinstance(given, list | tuple) else [given])]


def _name(metric: _Metric) -> str:
    return ALIASES.get(metric, metric) if isinstance(metric, str) else str(getattr(metric, "__name__", type(metric).__name__))


def _function(metric: _Metric, loss: Loss) -> Callable[[Any, Any], float]:
    """The function itself, or that of a name, which must suit the loss."""
    if not isinstance(metric, str):
        return metric
    metric = ALIASES.get(metric, metric)
    known = [*LABEL_METRICS, *PROBABILITY_METRICS, *NUMBER_METRICS]
    if metric not in known:
        raise InvalidSettingError(phrase_unknown("a metric", metric, known, aliases=ALIASES, owner="Trainer"))
    learns_labels = loss.label_codes is not None
    if metric in LABEL_METRICS and not learns_labels:
        rule, repair = "must be one of numbers beside the loss " + loss.name, f"Choose one of {', '.join(NUMBER_METRICS)}."
        raise InvalidSettingError(phrase("a metric", rule, metric, repair=repair, owner="Trainer"))
    if metric in PROBABILITY_METRICS and not (learns_labels and loss.gives_probabilities):
        rule = "must not be one of probabilities beside the loss " + loss.name
        repair = "Choose a cross-entropy, or another metric."
        raise InvalidSettingError(phrase("a metric", rule, metric, repair=repair, owner="Trainer"))
    if metric in NUMBER_METRICS and loss.one_of_several:
        rule, repair = "must be one of labels or probabilities beside the loss " + loss.name, "Choose 'accuracy', for example."
        raise InvalidSettingError(phrase("a metric", rule, metric, repair=repair, owner="Trainer"))
    return NamedMetric(metric, loss)
