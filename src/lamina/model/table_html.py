"""What a notebook shows of a model of a table."""

from __future__ import annotations

import math
from typing import Any

from lamina.data.column_summary import columns_html
from lamina.errors import counted
from lamina.html import folded, paragraph
from lamina.metrics import Evaluation
from lamina.metrics.evaluation import evaluation_html
from lamina.network.network import network_html
from lamina.training.history_html import loss_figure

__all__ = ["table_html"]

_MOST_COLUMNS, _LONGEST = 8, 60  # beside scores, losses and the network


def table_html(model: Any) -> list[str]:
    """Pieces: what is predicted, scores on the test rows, losses with the kept epoch; folded: columns and network."""
    estimator = model.estimator
    measured = model.summary.get("metrics")
    rows = model.summary.get("rows", {}).get("test")
    scores = evaluation_html(Evaluation(measured), f"On {counted(rows, 'test row')}") if measured and rows else []
    return [
        paragraph(str(model)),
        *scores,
        paragraph(_course(model)),
        loss_figure(list(estimator.history_), model.kept_epoch),
        folded(
            f"The {counted(len(model.columns_), 'column')} as the model sees them",
            *columns_html(model.columns_, _MOST_COLUMNS, _LONGEST),
        ),
        folded("The network", *network_html(estimator.network_)),
    ]


def _course(model: Any) -> str:
    """How long was trained on how much, and why it ended; files hold no times."""
    history = model.estimator.history_
    rows = model.summary.get("rows", {}).get("training")
    seconds = sum(record.get("duration_s", math.nan) for record in history)
    on = f" on {counted(rows, 'row')}" if rows else ""
    took = f", {seconds:.3g} s" if history and math.isfinite(seconds) else ""
    return f"Trained{on} for {counted(len(history), 'epoch')}{took}. {model.estimator.stop_reason_.text}"
