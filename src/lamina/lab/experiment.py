"""What a state of the lab describes, made real: rows, a network and its trainer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina.clipping import Clipping
from lamina.data import load_digits
from lamina.errors import InvalidSettingError, phrase
from lamina.lab.losses import losses_of
from lamina.lab.plane_features import FEATURES, features_of
from lamina.lab.state import LabState, LayerState, TrainingState
from lamina.lab.toy_data import TOYS
from lamina.layers import Activation, BatchNorm, Concat, Dense, Dropout, Input, Symbol
from lamina.losses import Loss, get_loss
from lamina.model.fit import given_table, learned_rows
from lamina.model.table_rows import prepare
from lamina.model.table_settings import EncodingSettings, RunSettings, TableSettings
from lamina.network import Graph, Network
from lamina.training import Callback, EarlyStopping, SmallGradient, TargetLoss, Trainer

__all__ = ["MOST_WEIGHTS", "Experiment", "LabRows", "build", "rows_of"]

#: A larger network would not move while one looks.
MOST_WEIGHTS = 2_000_000
_FEWEST_ROWS = 10


class LabRows(NamedTuple):
    """Rows to learn from and to validate with.

    Attributes
    ----------
    X, X_val : ndarray of shape (n, features), float32
    y, y_val : ndarray of shape (n,)
        Numbers, or the indices of classes.
    features : tuple of str
    classes : tuple of str
        Empty for numbers.
    points, points_val : ndarray of shape (n, 2), optional
        Where the rows lie in the plane; None where they lie in none.
    """

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    features: tuple[str, ...]
    classes: tuple[str, ...]
    points: np.ndarray | None = None
    points_val: np.ndarray | None = None

    @property
    def num_outputs(self) -> int:
        """Of the network: one for numbers and for two classes."""
        return len(self.classes) if len(self.classes) > 2 else 1

    @property
    def losses(self) -> tuple[str, ...]:
        """The names of those that can be lowered; the usual one comes first."""
        return losses_of(len(self.classes))

    @property
    def loss(self) -> str:
        """The usual one."""
        return self.losses[0]

    def targets(self, loss: str) -> tuple[np.ndarray, np.ndarray]:
        """y and y_val as a loss takes them: some have other numbers than 0 and 1 for two classes."""
        low, high = get_loss(loss).label_codes or (0, 1)
        if len(self.classes) != 2 or (low, high) == (0, 1):
            return self.y, self.y_val
        return low + (high - low) * self.y, low + (high - low) * self.y_val

    @property
    def is_plane(self) -> bool:
        """Whether the rows lie in a plane, which can be drawn."""
        return self.points is not None


@dataclass(frozen=True)
class Experiment:
    """A state, its rows, and the trainer that learns from them.

    Attributes
    ----------
    state : LabState
    rows : LabRows
    trainer : Trainer
    hidden : tuple of str
        For each hidden layer the name of the node whose values it hands on, before dropout.
    weighted : tuple of str
        The names of the layers that hold the weights: hidden ones, and the output.
    loss : Loss
        That of the trainer.
    y, y_val : ndarray of shape (n,)
        Those of the rows, as the loss takes them.
    """

    state: LabState
    rows: LabRows
    trainer: Trainer
    hidden: tuple[str, ...]
    weighted: tuple[str, ...]
    loss: Loss
    y: np.ndarray
    y_val: np.ndarray


def rows_of(state: LabState, table: Any = None) -> LabRows:
    """The rows that a state asks for.

    Parameters
    ----------
    state : LabState
    table : data frame, optional
        The table that was opened.

    Raises
    ------
    InvalidSettingError
        If there is no table, or it has no such column.
    DataError
        If the table cannot be learned from.
    """
    if state.data.source in TOYS:
        return _toy_rows(state)
    return _digit_rows(state) if state.data.source == "digits" else _table_rows(state, table)


def build(state: LabState, rows: LabRows, callbacks: Sequence[Callback] = (), *, start: int = 0) -> Experiment:
    """The network and the trainer of a state.

    Parameters
    ----------
    state : LabState
    rows : LabRows
        Those that :func:`rows_of` gives.
    callbacks : sequence of Callback, default=()
        Of the trainer, besides those that stop it.
    start : int, default=0
        The number of the restart: each has other first weights, and another order of the rows.

    Returns
    -------
    Experiment

    Raises
    ------
    InvalidSettingError
        If the network is too large, or settings contradict each other.
    """
    training = state.training
    network, hidden, weighted = _network(state, rows)
    network = network.build(rows.X.shape[1])
    if network.num_parameters > MOST_WEIGHTS:
        rule, repair = f"must have at most {MOST_WEIGHTS:,} weights", "Choose fewer units or layers."
        raise InvalidSettingError(phrase("the network", rule, f"{network.num_parameters:,}", repair=repair, owner="The lab"))
    loss = _loss(training.loss, rows)
    value = training.clip_value
    bounds = None if value is None else (-value, value)
    trainer = Trainer(
        network,
        loss,
        training.described_optimizer,
        batch_size=training.batch_size or None,
        schedule=training.described_schedule,
        clipping=Clipping(bounds, layer_norm=training.clip_layer_norm, norm=training.clip_norm),
        callbacks=[*_stops(training), *callbacks],
        metrics=_metrics(training, rows),
        seed=state.seed + start,
        n_threads=1,
    )
    return Experiment(state, rows, trainer, hidden, weighted, get_loss(loss), *rows.targets(loss))


def _loss(chosen: str, rows: LabRows) -> str:
    """The name of the loss of a training.

    Raises
    ------
    InvalidSettingError
        If the rows do not allow the one that was chosen.
    """
    if chosen != "auto" and chosen not in rows.losses:
        of = f"one of {'two' if rows.num_outputs == 1 else 'several'} classes is" if rows.classes else "numbers are"
        rule = f"must be one of {', '.join(('auto', *rows.losses[1:]))}, where {of} predicted"
        raise InvalidSettingError(phrase("loss", rule, chosen, repair="Choose one of these.", owner="The lab"))
    return rows.loss if chosen == "auto" else chosen


def _stops(training: TrainingState) -> Iterator[Callback]:
    """What ends the training before all epochs are done."""
    if training.patience:
        monitor = training.stop_monitor
        mode = "max" if monitor == "validation_accuracy" else "min"
        settings: dict[str, Any] = {"tol": training.stop_tol, "mode": mode, "restore_best": training.keeps_best}
        yield EarlyStopping(monitor, training.patience, **settings)
    if training.target_loss is not None:
        yield TargetLoss(training.target_loss)
    if training.small_gradient is not None:
        yield SmallGradient(training.small_gradient)


def _metrics(training: TrainingState, rows: LabRows) -> list[str]:
    """The accuracy, if training stops by it: it takes another pass of the validation rows after each epoch."""
    if not training.patience or training.stop_monitor != "validation_accuracy":
        return []
    if not rows.classes:
        rule, repair = "must be a loss, where numbers are predicted", "Choose validation_loss."
        raise InvalidSettingError(phrase("stop_monitor", rule, training.stop_monitor, repair=repair, owner="The lab"))
    return ["accuracy"]


def _network(state: LabState, rows: LabRows) -> tuple[Network, tuple[str, ...], tuple[str, ...]]:
    """The network, and the names that :class:`Experiment` has of it."""
    first = Input(name="x")
    rate = state.training.input_dropout
    x: Symbol = Dropout(rate, name="input_dropout")(first) if rate else first
    hidden = []
    for number, layer in enumerate(state.layers, 1):
        values, name = _hidden(x, layer, number, state)
        x = Concat(name=f"beside_{number}")([x, values]) if layer.skip else values
        hidden.append(name)
    output = _dense("output", rows.num_outputs, None, "auto", state)(x)
    return Graph(first, output), tuple(hidden), (*(f"hidden_{i}" for i in range(1, len(hidden) + 1)), "output")


def _hidden(x: Symbol, layer: LayerState, number: int, state: LabState) -> tuple[Symbol, str]:
    """A hidden layer's values, and the name of the node that has them before dropout."""
    name, norm_name = f"hidden_{number}", f"norm_{number}"
    norm = BatchNorm(layer.norm_momentum, name=norm_name)
    comes_between = layer.batch_norm and layer.norm_place == "before"
    values = _dense(name, layer.units, None if comes_between else layer.activation, layer.weight_init, state)(x)
    if comes_between:
        name = f"activation_{number}"
        values = Activation(layer.activation, name=name)(norm(values))
    elif layer.batch_norm:
        name = norm_name
        values = norm(values)
    return (Dropout(layer.dropout, name=f"dropout_{number}")(values) if layer.dropout else values), name


def _dense(name: str, units: int, activation: str | None, init: str | dict[str, Any], state: LabState) -> Dense:
    training = state.training
    bounds: dict[str, Any] = {"l1": training.l1, "l2": training.l2, "max_norm": training.max_norm}
    return Dense(units, activation, name=name, weight_init=init, **bounds)


def _toy_rows(state: LabState) -> LabRows:
    data, toy = state.data, TOYS[state.data.source]
    order = np.random.default_rng([state.seed, 1]).permutation(data.rows)
    points, y = toy.draw(data.rows, data.noise, state.seed)
    labels = tuple(FEATURES[name].label for name in data.features)
    rows = _divided(state, features_of(points, data.features), y, order, labels, toy.classes)
    count = len(rows.y)
    return rows._replace(points=points[order[:count]], points_val=points[order[count:]])


def _digit_rows(state: LabState) -> LabRows:
    digits = load_digits()
    X, y = digits.train_images, digits.train_labels
    order = np.random.default_rng(state.seed).permutation(len(y))[: state.data.rows]
    return _divided(state, X, y, order, tuple(f"pixel {i}" for i in range(X.shape[1])), tuple(map(str, range(10))))


def _divided(
    state: LabState, X: np.ndarray, y: np.ndarray, order: np.ndarray, features: tuple[str, ...], classes: tuple[str, ...]
) -> LabRows:
    """The rows with the numbers in ``order``, the first ones to train on."""
    count = round(state.data.train_share * len(order))
    train, judge = order[:count], order[count:]
    return LabRows(X[train], y[train], X[judge], y[judge], features, classes)


def _table_rows(state: LabState, table: Any) -> LabRows:
    data = state.data
    if table is None:
        raise InvalidSettingError(phrase("the table", "must be opened first", "none", repair="Open a file.", owner="The lab"))
    if not data.target:
        repair = "Choose the column to predict."
        raise InvalidSettingError(phrase("target", "must be a column of the table", "none", repair=repair, owner="The lab"))
    kinds: Any = {column: kind for column, kind in data.kinds.items() if column != data.target}
    # Without codes of categories: the page draws a line from each feature.
    settings = TableSettings(encoding=EncodingSettings(kinds=kinds, embed_from=None), run=RunSettings(seed=state.seed))
    task: Any = data.task
    given = learned_rows(given_table(_some(table, data.rows, state.seed), data.target), task, settings)
    prepared = prepare(given, validation=1 - data.train_share, test=0, settings=settings, fewest_rows=_FEWEST_ROWS)
    judging = prepared.validation or prepared.training
    X, X_val = (_dense_features(prepared.encoder.transform(part.table)) for part in (prepared.training, judging))
    y, y_val = (part.y.astype(np.float64) for part in (prepared.training, judging))
    classes = tuple(map(str, prepared.goal.classes))
    if not classes:  # numbers of any size, on a scale that networks learn
        largest = float(np.abs(y).max()) or 1.0  # its square may be no number any more
        mean, scale = float((y / largest).mean()), float((y / largest).std()) or 1.0
        y, y_val = ((part / largest - mean) / scale for part in (y, y_val))
    features = tuple(prepared.encoder.get_feature_names_out())
    rows = LabRows(X, y.astype(np.float32), X_val, y_val.astype(np.float32), features, classes)
    return rows._replace(points=X, points_val=X_val) if len(features) == 2 else rows


def _some(table: Any, rows: int, seed: int) -> Any:
    """At most so many rows of a table of pyarrow, drawn at random, in their order."""
    if table.num_rows <= rows:
        return table
    return table.take(np.sort(np.random.default_rng(seed).permutation(table.num_rows)[:rows]))


def _dense_features(X: Any) -> np.ndarray:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float32)
