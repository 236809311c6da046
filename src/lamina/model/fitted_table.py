"""What an estimator of tables has learned: one model, and views of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from lamina.data import ColumnSummary
from lamina.door import serve
from lamina.estimators.in_notebooks import InNotebooks
from lamina.model.table_model import TableModel
from lamina.training.exclusive import RUNNING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lamina.training import History, MonitorRecord, StopReason

__all__ = ["FittedTable"]


class FittedTable(InNotebooks, BaseEstimator):  # type: ignore[misc]
    """The fitted part of an estimator of tables."""

    model_: TableModel
    n_features_in_: int
    feature_names_in_: np.ndarray
    classes_: np.ndarray  # of a classifier

    @property
    def columns_(self) -> ColumnSummary:
        """What was learned of each column: its kind, how its texts are written, features, missing and rare rows, a note."""
        return self._fitted("columns_").columns_

    @property
    def history_(self) -> History:
        """The records of all epochs."""
        return self._fitted("history_").estimator.history_

    @property
    def monitor_(self) -> MonitorRecord:
        """How each layer fared during training; there is none with ``monitor=False``, nor in models of earlier versions."""
        return self._fitted("monitor_").estimator.monitor_

    @property
    def n_iter_(self) -> int:
        """The number of epochs."""
        return self._fitted("n_iter_").estimator.n_iter_

    @property
    def best_epoch_(self) -> int:
        """The epoch whose weights were kept."""
        return int(self._fitted("best_epoch_").summary["best_epoch"])

    @property
    def stop_reason_(self) -> StopReason:
        """Why training stopped."""
        return self._fitted("stop_reason_").estimator.stop_reason_

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the losses, or other ``keys`` of ``history_``, and mark the epoch whose weights were kept.

        See :func:`lamina.plots.plot_history`. Needs the extra ``plot``.
        """
        axes: Axes = serve("FittedTable.plot", self, keys, log=log, ax=ax)
        return axes

    def report(self, table: Any = None, *, seed: int = 0, max_rows: int = 20_000, diagnosis: bool = True) -> Any:
        """All that is to say of the model: the doctor's findings, curves, layers, errors, what matters, columns, settings.

        See :func:`lamina.report.report_on`.
        """
        model = self._fitted("report")
        return serve("FittedTable.report", model, table, seed=seed, max_rows=max_rows, diagnosis=diagnosis)

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the marker of a running fit."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop(RUNNING, None)
        return state

    def _learned_html(self) -> list[str]:
        from lamina.model.table_html import table_html  # few estimators are looked at

        return table_html(self.model_) if self.__sklearn_is_fitted__() else []

    def _fitted(self, attribute: str) -> TableModel:
        if "model_" not in vars(self):
            owner = type(self).__name__
            raise AttributeError(f"{owner!r} object has no attribute {attribute!r} before it is fitted. Call fit first.")
        return self.model_
