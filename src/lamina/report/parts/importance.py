"""What matters to the model: how much worse it gets without a column's information."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from lamina.analysis import permutation_importance
from lamina.data.table_reader import ReadTable
from lamina.doctor.probes.given_rows import draw_rows
from lamina.html.numbers import floats, shown
from lamina.model import TableModel
from lamina.report.content import Bars, Part, Words
from lamina.report.judged import decided_of
from lamina.report.subject import Subject

__all__ = ["importance"]

_MOST_ROWS, _FEWEST_ROWS = 2000, 200
_MOST_PREDICTED = 600_000  # rows; so that the time does not grow with the number of columns
_MOST_COLUMNS = 20
_REPEATS = 5


class _Shuffled:
    """The model on rows of which it is said, column for column, from which row a cell is taken.

    The table is read and encoded once, and a shuffled column's features are taken in their new order: to read and encode all
    columns again for each shuffle took the most time of a report.
    """

    def __init__(self, model: TableModel, read: ReadTable) -> None:
        encoders = model.encoder.encoders_
        self._model = model
        self.estimator = model.estimator  # of which a measurement asks which quantiles it predicts
        self._entries = model.encoder.entries(read)
        self._features = model.encoder.features_of(self._entries, read.num_rows)
        ends = accumulate((len(encoder.feature_names) for encoder in encoders), initial=0)
        self._slices = [slice(first, end) for first, end in pairwise(ends)]
        self.feature_names_in_ = np.array([encoder.column for encoder in encoders], dtype=object)
        self.places = np.repeat(np.arange(read.num_rows)[:, None], len(encoders), axis=1)

    def predict(self, places: np.ndarray) -> np.ndarray:
        """Class indices, or numbers: of several quantiles, all of them."""
        changed = np.flatnonzero((places != self.places).any(axis=0)).tolist()
        features = self._encoded(places, changed) if self._model.encoder.is_sparse else self._moved(places, changed)
        model = self._model
        return model.numbers_of(features) if model.levels else decided_of(model, model.rated_by(features))

    def _moved(self, places: np.ndarray, changed: list[int]) -> np.ndarray:
        features = self._features.copy()
        for column in changed:
            features[:, self._slices[column]] = self._features[places[:, column], self._slices[column]]
        return features

    def _encoded(self, places: np.ndarray, changed: list[int]) -> np.ndarray:
        """Of sparse features, which have no place for each column."""
        entries = list(self._entries)
        for column in changed:
            entries[column] = entries[column][places[:, column]]
        return self._model.encoder.features_of(entries, len(places))


def importance(subject: Subject) -> Part:
    """Permutation importance on the table's rows, with its spread over shuffles."""
    judged, title = subject.judged, "What matters"
    if judged is None:
        needs = "Which columns matter is measured on a table with the target: give it as TABLE."
        return Part("importance", title, (Words(needs, "missing"),))
    most = _most_rows(len(subject.model.encoder.encoders_))
    chosen = draw_rows(judged.num_rows, most, subject.seed)
    model = _Shuffled(subject.model, judged.read.take(chosen))
    of_labels, word = subject.score
    score = of_labels if subject.learns_labels else None  # of numbers: what suits those that are predicted
    found = permutation_importance(model, model.places, judged.truth[chosen], repeats=_REPEATS, seed=subject.seed, score=score)
    word = "the pinball loss" if found.score == "pinball" else word
    order = found.order[:_MOST_COLUMNS]
    names = tuple(found.names[place] for place in order)
    way = "higher" if found.change == "rise" else "lower"
    told = (
        f"How much {way} {word} is when a column's values are shuffled: the mean of {_REPEATS} shuffles of {len(chosen):,} rows, "
        f"and their standard deviation. It is {shown(found.value)} with nothing shuffled. "
        "Columns that say the same share their weight."
    )
    if subject.model.levels:
        told += f" It is the mean over the {len(subject.model.levels)} quantiles that are predicted."
    if len(found.names) > len(names):
        told += f" Of {len(found.names)} columns, the {len(names)} with the largest {found.change}s are shown."
    if most < _MOST_ROWS and len(chosen) < judged.num_rows:
        told += f" With so many columns, no more of {judged.num_rows:,} rows were shuffled: small {found.change}s are less sure."
    bars = Bars(
        "Permutation importance",
        told,
        names,
        floats(found.means[order]),
        floats(found.deviations[order]),
        f"{found.change} of {word}",
    )
    return Part("importance", title, (bars,))


def _most_rows(num_columns: int) -> int:
    """The more columns, the fewer rows, down to so many that a score still says something."""
    return int(np.clip(_MOST_PREDICTED // max(1, num_columns * _REPEATS), _FEWEST_ROWS, _MOST_ROWS))
