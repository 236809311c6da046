"""What matters to the model: how much worse it gets without a column's information."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.analysis import permutation_importance
from lamina.doctor.probes.given_rows import draw_rows
from lamina.html.numbers import floats, shown
from lamina.model import TableModel
from lamina.report.content import Bars, Part, Words
from lamina.report.judged import decided_of
from lamina.report.subject import Subject

__all__ = ["importance"]

_MOST_ROWS = 2000
_MOST_COLUMNS = 20
_REPEATS = 5


class _Deciding:
    """The model as one whose predictions are class indices, or numbers."""

    def __init__(self, model: TableModel) -> None:
        self.model = model

    def predict(self, table: Any) -> np.ndarray:
        return decided_of(self.model, self.model.rated(table))


def importance(subject: Subject) -> Part:
    """Permutation importance on the table's rows, with its spread over shuffles."""
    judged, title = subject.judged, "What matters"
    if judged is None:
        needs = "Which columns matter is measured on a table with the target: give it as TABLE."
        return Part("importance", title, (Words(needs, "missing"),))
    chosen = draw_rows(judged.num_rows, _MOST_ROWS, subject.seed)
    table = judged.table.drop_columns(list(subject.model.target.names)).take(chosen)
    score, word = subject.score
    found = permutation_importance(
        _Deciding(subject.model), table, judged.truth[chosen], repeats=_REPEATS, seed=subject.seed, score=score
    )
    order = found.order[:_MOST_COLUMNS]
    names = tuple(found.names[place] for place in order)
    told = (
        f"How much lower {word} is when a column's values are shuffled: the mean of {_REPEATS} shuffles of {len(chosen):,} rows, "
        f"and their standard deviation. It is {shown(found.value)} with nothing shuffled. "
        "Columns that say the same share their weight."
    )
    if len(found.names) > len(names):
        told += f" Of {len(found.names)} columns, the {len(names)} first are shown."
    bars = Bars(
        "Permutation importance", told, names, floats(found.means[order]), floats(found.deviations[order]), f"drop of {word}"
    )
    return Part("importance", title, (bars,))
