"""How good a model of a table is: its metrics beside those of the best constant prediction."""

from __future__ import annotations

import math
from typing import Any

from lamina.html import display, paragraph, table

__all__ = ["Evaluation", "evaluation_html"]

_LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "pinball": "pinball loss",
}
_IN_UNITS = frozenset(_LABELS[name] for name in ("mae", "rmse", "pinball"))
_SMALL = 0.01


class Evaluation(dict[str, dict[str, float]]):
    """Metrics of a model and of a baseline that ignores all columns, by name; prints as a table.

    A dict of ``"model"`` and ``"baseline"``, each a dict by metric, or an empty one where no rows were held out. The baseline
    always predicts the class shares, or the mean, of the rows that were measured. Of several targets, these are means over them,
    and ``"targets"`` has an evaluation for each by its name.

    Examples
    --------
    >>> evaluation = Evaluation(model={"rmse": 2.0}, baseline={"rmse": 1.0})
    >>> evaluation["model"]["rmse"]
    2.0
    >>> print(evaluation)
    metric                    model    mean
    root mean squared error  2.0000  1.0000
    The model is worse than the constant guess (RMSE 2, not 1): there may be nothing to learn in these columns.
    """

    @property
    def targets(self) -> dict[str, Evaluation]:
        """The evaluation of each target by its name, if there are several, of which the metrics are means."""
        targets: dict[str, Any] = self.get("targets", {})
        return {name: Evaluation(of_target) for name, of_target in targets.items()}

    @property
    def headings(self) -> tuple[str, str, str]:
        """The headings of :attr:`rows`; the last is what the baseline always predicts."""
        return "metric", "model", "mean" if "rmse" in self.get("model", ()) else "majority"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Each metric's name for people, and its values as texts."""
        return [(label, _number(model, label), _number(baseline, label)) for label, model, baseline in self.numbers]

    @property
    def numbers(self) -> list[tuple[str, float, float]]:
        """Each metric's name for people, and its values."""
        model, baseline = self.get("model", {}), self.get("baseline", {})
        return [(_LABELS[name], float(value), float(baseline[name]) + 0.0) for name, value in model.items()]

    @property
    def shortcoming(self) -> str:
        """A sentence if the model is of no use on the rows that it was measured on, else an empty string.

        Of several targets each has its own, as their means mix units.
        """
        if not self or "targets" in self:
            return ""
        model, baseline = self["model"], self["baseline"]
        of_numbers = ("pinball", "pinball loss") if "pinball" in model else ("rmse", "RMSE")  # a quantile is far from the mean
        for name, label in (("log_loss", "log loss"), of_numbers):
            if name in model and model[name] > baseline[name]:
                compared = f"{label} {model[name]:.4g}, not {baseline[name] + 0.0:.4g}"  # never -0
                return f"The model is worse than the constant guess ({compared}): there may be nothing to learn in these columns."
        alike = [name for name in ("accuracy", "balanced_accuracy") if name in model and model[name] == baseline[name]]
        if len(alike) == 2:
            return (
                "The model predicts the most frequent class alone: class weights or a decision threshold make it predict others."
            )
        return ""

    def __str__(self) -> str:
        if not self:
            return "nothing measured"
        lines = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [f"{name:<{widths[0]}}  {ours:>{widths[1]}}  {other:>{widths[2]}}" for name, ours, other in lines]
        of_each = [line for name, of_target in self.targets.items() for line in (f"{name}:", str(of_target))]
        mean = ["mean of the targets:"] if of_each else []
        return "\n".join([*of_each, *mean, *table, *filter(None, [self.shortcoming])])

    def _repr_html_(self) -> str:
        """A table in a notebook."""
        return display("Metrics", *evaluation_html(self))


def evaluation_html(evaluation: Evaluation, title: str = "") -> list[str]:
    """Pieces of HTML without a frame: a table, of several targets one each and one of their means."""
    if not evaluation:
        return [paragraph("nothing measured", "soft")]
    of_each = [piece for name, of_target in evaluation.targets.items() for piece in evaluation_html(of_target, name)]
    title = "mean of the targets" if of_each else title
    short = [paragraph(evaluation.shortcoming, "alarm")] if evaluation.shortcoming else []
    return [*of_each, table(evaluation.headings, evaluation.rows, right=evaluation.headings[1:], title=title), *short]


def _number(value: float, label: str) -> str:
    if math.isnan(value):
        return "–"
    if label in _IN_UNITS and 0 < abs(value) < _SMALL:
        return f"{value:.4g}"  # its size is that of the target, which may be small
    value = round(value, 4) + 0.0  # never -0.0000
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.1f}"
