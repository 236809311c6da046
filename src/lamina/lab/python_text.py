"""A state of the lab as Python: the same rows, network and training, without the page."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.lab.state import LabState, LayerState, TrainingState, to_address
from lamina.lab.toy_data import TOYS

__all__ = ["as_python"]

_EPOCHS = 100  # of a training that has no end


def as_python(state: LabState, *, epochs: int = _EPOCHS) -> str:
    """Lines of Python that build and train what a state describes; the weights are those that the lab gets.

    Parameters
    ----------
    state : LabState
    epochs : int, default=100
        How many epochs they train for, unless the state asks for fewer.

    Examples
    --------
    >>> print(as_python(LabState(layers=(LayerState(8),))))
    import numpy as np
    from lamina import Dense, Graph, Input, Trainer
    from lamina.lab import TOYS
    <BLANKLINE>
    X, y = TOYS["xor"].draw(rows=400, noise=0.1, seed=0)
    order = np.random.default_rng([0, 1]).permutation(400)
    train, judge = order[:280], order[280:]
    X, y, X_val, y_val = X[train], y[train], X[judge], y[judge]
    <BLANKLINE>
    x = h = Input(2, name="x")
    h = Dense(8, "tanh", name="hidden_1")(h)
    network = Graph(x, Dense(1, name="output")(h))
    <BLANKLINE>
    trainer = Trainer(
        network,
        "sigmoid_cross_entropy",
        {"kind": "adam", "learning_rate": 0.01},
        batch_size=32,
        seed=0,
    )
    trainer.fit(X, y, validation_data=(X_val, y_val), max_epochs=100)
    print(trainer.evaluate(X_val, y_val))
    """
    is_toy = state.data.source in TOYS
    network = list(_network(state, is_toy))
    trainer = list(_trainer(state, is_toy, min(epochs, state.training.max_epochs)))
    used = [name for name in _NAMES if any(f"{name}(" in line for line in (*network, *trainer))]
    lines = [f"from lamina import {', '.join(sorted(used))}"]
    if is_toy:
        lines = ["import numpy as np", *lines, "from lamina.lab import TOYS"]
    else:
        lines += ["from lamina.lab import from_address, rows_of"]
        lines += ["from lamina.data import read_table"] if state.data.source == "table" else []
    return "\n".join([*lines, "", *_rows(state, is_toy), "", *network, "", *trainer])


_NAMES = ("Activation", "BatchNorm", "Clipping", "Concat", "Dense", "Dropout", "EarlyStopping", "Graph", "Input", "Trainer")


def _rows(state: LabState, is_toy: bool) -> Iterator[str]:
    data = state.data
    if not is_toy:
        table = ', read_table("table.csv", as_text=True)' if data.source == "table" else ""
        yield f'rows = rows_of(from_address("{to_address(state)}"){table})'
        yield "X, y, X_val, y_val = rows.X, rows.y, rows.X_val, rows.y_val"
        return
    count = round(data.train_share * data.rows)
    yield f'X, y = TOYS["{data.source}"].draw(rows={data.rows}, noise={data.noise!r}, seed={state.seed})'
    yield f"order = np.random.default_rng([{state.seed}, 1]).permutation({data.rows})"
    yield f"train, judge = order[:{count}], order[{count}:]"
    yield "X, y, X_val, y_val = X[train], y[train], X[judge], y[judge]"


def _network(state: LabState, is_toy: bool) -> Iterator[str]:
    penalties = "".join(f", {name}={value!r}" for name in ("l1", "l2") if (value := getattr(state.training, name)))
    yield f'x = h = Input({"2" if is_toy else "X.shape[1]"}, name="x")'
    for number, layer in enumerate(state.layers, 1):
        yield from _hidden(layer, number, penalties)
    yield f'network = Graph(x, Dense({"1" if is_toy else "rows.num_outputs"}, name="output"{penalties})(h))'


def _hidden(layer: LayerState, number: int, penalties: str) -> Iterator[str]:
    activation = "" if layer.batch_norm else f', "{layer.activation}"'
    init = "" if layer.init == "auto" else f', weight_init="{layer.init}"'
    values = "values" if layer.skip else "h"
    yield f'{values} = Dense({layer.units}{activation}, name="hidden_{number}"{init}{penalties})(h)'
    if layer.batch_norm:
        yield f'{values} = BatchNorm(name="norm_{number}")({values})'
        yield f'{values} = Activation("{layer.activation}", name="activation_{number}")({values})'
    if layer.dropout:
        yield f'{values} = Dropout({layer.dropout!r}, name="dropout_{number}")({values})'
    if layer.skip:
        yield f'h = Concat(name="beside_{number}")([h, values])'


def _trainer(state: LabState, is_toy: bool, epochs: int) -> Iterator[str]:
    training = state.training
    loss = "rows.loss"
    if is_toy:
        loss = '"sigmoid_cross_entropy"' if TOYS[state.data.source].task == "classification" else '"squared_error"'
    yield "trainer = Trainer("
    yield "    network,"
    yield f"    {loss},"
    yield f'    {{"kind": "{training.optimizer}", "learning_rate": {training.learning_rate!r}}},'
    yield f"    batch_size={training.batch_size or None},"
    yield from _further(training)
    yield f"    seed={state.seed},"
    yield ")"
    yield f"trainer.fit(X, y, validation_data=(X_val, y_val), max_epochs={epochs})"
    yield "print(trainer.evaluate(X_val, y_val))"


def _further(training: TrainingState) -> Iterator[str]:
    """The settings that are not usual."""
    if training.schedule != "constant":
        yield f'    schedule="{training.schedule}",'
    value, norm = training.clip_value, training.clip_norm
    bounds = [f"({-value!r}, {value!r})"] if value is not None else []
    bounds += [f"norm={norm!r}"] if norm is not None else []
    if bounds:
        yield f"    clipping=Clipping({', '.join(bounds)}),"
    if training.patience:
        yield f"    callbacks=EarlyStopping(patience={training.patience}),"
