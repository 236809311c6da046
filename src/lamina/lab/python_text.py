"""A state of the lab as Python: the same rows, network and training, without the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamina.lab.losses import losses_of
from lamina.lab.plane_features import COORDINATES, FEATURES
from lamina.lab.state import FURTHER, MOST_EPOCHS, LabState, LayerState, TrainingState, to_address
from lamina.lab.toy_data import TOYS
from lamina.losses import get_loss

__all__ = ["as_python"]

_EPOCHS = 100  # of a training that has no end


def as_python(state: LabState, *, done: int = 0) -> str:
    """Lines of Python that build and train what a state describes; the weights are those that the lab gets.

    Parameters
    ----------
    state : LabState
    done : int, default=0
        The epochs that the lab has done. A state that asks for no end is trained for as many, or for 100 if there are none; but
        for all of 100,000 if its schedule goes by the length of the run.

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
    # The lab goes on to 100,000 epochs.
    trainer.fit(X, y, validation_data=(X_val, y_val), max_epochs=100)
    print(trainer.evaluate(X_val, y_val))
    """
    is_toy = state.data.source in TOYS
    network = list(_network(state, is_toy))
    trainer = list(_trainer(state, is_toy, *_epochs(state.training, done)))
    used = [name for name in _NAMES if any(f"{name}(" in line for line in (*network, *trainer))]
    lines = [f"from lamina import {', '.join(sorted(used))}"]
    of_lab = ["TOYS"] if is_toy else ["from_address", "rows_of"]
    lines += [f"from lamina.lab import {', '.join(sorted(of_lab))}"]
    if is_toy:
        lines = ["import numpy as np", *lines]
    lines += ["from lamina.data import read_table"] if state.data.source == "table" else []
    return "\n".join([*lines, "", *_rows(state, is_toy), "", *network, "", *trainer])


_NAMES = (
    *("Activation", "BatchNorm", "Clipping", "Concat", "Dense", "Dropout", "EarlyStopping", "Graph", "Input"),
    *("SmallGradient", "TargetLoss", "Trainer"),
)


def _rows(state: LabState, is_toy: bool) -> Iterator[str]:
    data, training = state.data, state.training
    if not is_toy:
        table = ', read_table("table.csv", as_text=True)' if data.source == "table" else ""
        yield f'rows = rows_of(from_address("{to_address(state)}"){table})'
        yield "X, y, X_val, y_val = rows.X, rows.y, rows.X_val, rows.y_val"
        if training.loss != "auto":
            yield f'y, y_val = rows.targets("{training.loss}")'
        return
    count = round(data.train_share * data.rows)
    yield f'X, y = TOYS["{data.source}"].draw(rows={data.rows}, noise={data.noise!r}, seed={state.seed})'
    if data.features != COORDINATES:
        yield "x1, x2 = X.T"
        yield f"X = np.column_stack([{', '.join(FEATURES[name].code for name in data.features)}])"
    yield f"order = np.random.default_rng([{state.seed}, 1]).permutation({data.rows})"
    yield f"train, judge = order[:{count}], order[{count}:]"
    yield "X, y, X_val, y_val = X[train], y[train], X[judge], y[judge]"
    if get_loss(_loss(state)).label_codes == (-1, 1):
        yield "y, y_val = 2 * y - 1, 2 * y_val - 1"


def _network(state: LabState, is_toy: bool) -> Iterator[str]:
    penalties = "".join(f", {name}={value!r}" for name in ("l1", "l2", "max_norm") if (value := getattr(state.training, name)))
    yield f'x = h = Input({len(state.data.features) if is_toy else "X.shape[1]"}, name="x")'
    if state.training.input_dropout:
        yield f'h = Dropout({state.training.input_dropout!r}, name="input_dropout")(h)'
    for number, layer in enumerate(state.layers, 1):
        yield from _hidden(layer, number, penalties)
    yield f'network = Graph(x, Dense({"1" if is_toy else "rows.num_outputs"}, name="output"{penalties})(h))'


def _hidden(layer: LayerState, number: int, penalties: str) -> Iterator[str]:
    comes_between = layer.batch_norm and layer.norm_place == "before"
    activation = "" if comes_between else f', "{layer.activation}"'
    init = "" if layer.init == "auto" else f", weight_init={_quoted(layer.weight_init)}"
    momentum = "" if layer.norm_momentum == LayerState().norm_momentum else f"{layer.norm_momentum!r}, "
    values = "values" if layer.skip else "h"
    yield f'{values} = Dense({layer.units}{activation}, name="hidden_{number}"{init}{penalties})(h)'
    if layer.batch_norm:
        yield f'{values} = BatchNorm({momentum}name="norm_{number}")({values})'
    if comes_between:
        yield f'{values} = Activation("{layer.activation}", name="activation_{number}")({values})'
    if layer.dropout:
        yield f'{values} = Dropout({layer.dropout!r}, name="dropout_{number}")({values})'
    if layer.skip:
        yield f'h = Concat(name="beside_{number}")([h, values])'


def _epochs(training: TrainingState, done: int) -> tuple[int, str]:
    """How many to train for, and a comment on it."""
    goes_by_length = "steps" in FURTHER["schedule"][training.schedule] and training.schedule_settings.get("steps") is None
    if training.max_epochs < MOST_EPOCHS or goes_by_length or done >= MOST_EPOCHS:
        return training.max_epochs, ""
    if done:
        return done, f"# As far as the lab had come: it goes on to {MOST_EPOCHS:,} epochs."
    return _EPOCHS, f"# The lab goes on to {MOST_EPOCHS:,} epochs."


def _trainer(state: LabState, is_toy: bool, epochs: int, comment: str) -> Iterator[str]:
    training = state.training
    loss = f'"{_loss(state)}"' if is_toy or training.loss != "auto" else "rows.loss"
    count = training.restarts
    several = count > 1
    indent = "    " if several else ""
    if several:
        yield "trainers = []"
        yield f"for seed in range({state.seed}, {state.seed + count}):"
    yield f"{indent}trainer = Trainer("
    yield f"{indent}    network,"
    yield f"{indent}    {loss},"
    yield f"{indent}    {_quoted(training.described_optimizer)},"
    yield f"{indent}    batch_size={training.batch_size or None},"
    yield from (f"{indent}    {line}," for line in _further(training))
    yield f"{indent}    seed={'seed' if several else state.seed},"
    yield f"{indent})"
    if comment:
        yield f"{indent}{comment}"
    yield f"{indent}trainer.fit(X, y, validation_data=(X_val, y_val), max_epochs={epochs})"
    if several:
        yield "    trainers.append(trainer)"
        yield 'trainer = min(trainers, key=lambda each: each.evaluate(X_val, y_val)["loss"])'
    yield "print(trainer.evaluate(X_val, y_val))"


def _loss(state: LabState) -> str:
    """The name of a toy's loss, or of one that was chosen."""
    chosen = state.training.loss
    return losses_of(len(TOYS[state.data.source].classes))[0] if chosen == "auto" else chosen


def _further(training: TrainingState) -> Iterator[str]:
    """The settings that are not usual."""
    if training.schedule != "constant":
        yield f"schedule={_quoted(training.described_schedule)}"
    bounds = {"layer_norm": training.clip_layer_norm, "norm": training.clip_norm}
    value = training.clip_value
    clipped = [f"({-value!r}, {value!r})"] if value is not None else []
    clipped += [f"{name}={bound!r}" for name, bound in bounds.items() if bound is not None]
    if clipped:
        yield f"clipping=Clipping({', '.join(clipped)})"
    if stops := list(_stops(training)):
        yield f"callbacks=[{', '.join(stops)}]"
    if training.patience and training.stop_monitor == "validation_accuracy":
        yield 'metrics=["accuracy"]'


def _stops(training: TrainingState) -> Iterator[str]:
    usual = TrainingState()
    if training.patience:
        settings = f'"{training.stop_monitor}", patience={training.patience}'
        settings += "" if training.stop_tol == usual.stop_tol else f", tol={training.stop_tol!r}"
        settings += ', mode="max"' if training.stop_monitor == "validation_accuracy" else ""
        settings += "" if training.keeps_best else ", restore_best=False"
        yield f"EarlyStopping({settings})"
    if training.target_loss is not None:
        yield f"TargetLoss({training.target_loss!r})"
    if training.small_gradient is not None:
        yield f"SmallGradient({training.small_gradient!r})"


def _quoted(given: Any) -> str:
    """A value as Python with double quotes."""
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{_quoted(name)}: {_quoted(value)}" for name, value in given.items()) + "}"
    return f'"{given}"' if isinstance(given, str) else repr(given)
