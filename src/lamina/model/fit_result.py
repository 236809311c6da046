"""What a training of a table's model brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamina.errors import counted
from lamina.html import display, paragraph
from lamina.metrics import Evaluation
from lamina.model.table_html import table_html
from lamina.model.table_model import TableModel
from lamina.stop_reason import StopReason

if TYPE_CHECKING:
    from lamina.distributed import Report

__all__ = ["FitResult"]


@dataclass(frozen=True, repr=False)
class FitResult:
    """A trained model and a record of its training.

    Parameters
    ----------
    model : TableModel
        With the best weights of the training.
    metrics : Evaluation
        ``"model"`` and ``"baseline"`` on the test part, as returned by :meth:`TableModel.evaluate`; empty if no rows were held
        out.
    rows : dict of str to int
        ``read``, ``dropped`` (no target), ``training``, ``validation``, ``test``.
    stop_reason : StopReason
        Why training ended.
    duration_s : float
        Seconds of training.
    together : Report or None
        How several workers worked together, if there were.
    """

    model: TableModel
    metrics: Evaluation
    rows: dict[str, int]
    stop_reason: StopReason
    duration_s: float
    together: Report | None = None

    def __repr__(self) -> str:
        return f"<FitResult of {self.model!r}>"

    def __str__(self) -> str:
        return "\n".join([str(self.model), *([str(self.metrics)] if self.metrics else []), self._course])

    def _repr_html_(self) -> str:
        """What was learned, how well, and how the training went, in a notebook."""
        together = [] if self.together is None else [paragraph(str(self.together))]
        return display(f"Trained: a model of {self.model.target.name}", *table_html(self.model), *together)

    @property
    def _course(self) -> str:
        rows, epochs = self.rows["training"], len(self.model.estimator.history_)
        course = f"Trained on {rows:,} rows for {counted(epochs, 'epoch')}, {self.duration_s:.1f} s. {self.stop_reason.text}"
        return course if self.together is None else f"{course}\n{self.together}"
