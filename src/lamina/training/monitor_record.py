"""The record of a training that :class:`lamina.training.Monitor` keeps: numbers of every layer, in memory of a fixed size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina.errors import InvalidSettingError, counted, phrase
from lamina.forms import ANYTHING, COUNT, REAL, TEXT, AtLeast, Entries, Form, Maybe, check_form
from lamina.html import Printed
from lamina.stop_reason import STOP_CODES
from lamina.text_table import text_table
from lamina.training.step_losses import StepLosses
from lamina.validation import Rule, choice, integer

__all__ = ["CAPACITY", "MonitorRecord", "Probes"]


class Probes(NamedTuple):
    """The probes of a run; arrays of float64, one row a probe. What a layer does not have is NaN.

    A probe that looks at the rows of several steps sees each at the weights of its step, and normalized with the batch of its
    step. Weights, their gradient and their update are those of the first of these steps.

    Attributes
    ----------
    steps, epochs : ndarray of shape (p,), int64
        Steps and epochs done before the probe.
    loss : ndarray of shape (p,)
        The mean loss of the probe's rows, without penalties.
    mean, std, zero : ndarray of shape (p, layers)
        Of the layer's outputs over rows and units; the share that is exactly 0.
    sum_std : ndarray of shape (p, layers)
        Of the weighted sums before the activation, after normalization.
    saturated : ndarray of shape (p, layers)
        The share of sums at which the activation is flat: its derivative is at most 5 % of its largest. NaN if the activation
        does not saturate.
    dead : ndarray of shape (p, layers)
        The share of units whose activation is flat in every row.
    gradient_rms, gradient_zero : ndarray of shape (p, layers)
        Of the gradient of each row's own loss with respect to the sums: root of the mean square; the share that is exactly 0.
    weight_norm : ndarray of shape (p, layers)
        The Euclidean norm of the weights, without biases.
    weight_gradient_norm, weight_gradient_rms, weight_gradient_zero : ndarray of shape (p, layers)
        Of the gradient of the mean loss with respect to the weights, without penalties and before clipping.
    update_norm, update_ratio : ndarray of shape (p, layers)
        The norm of what the step after the probe changed in the weights, after the optimizer, ‖Δw‖; and ‖Δw‖ / ‖w‖. NaN if no
        step followed, and for the ratio if the weights are 0.
    distinct : ndarray of shape (p, layers)
        The number of units that differ in their weights.
    non_finite : ndarray of shape (p, layers)
        The number of outputs and gradients that are NaN or infinite.
    histogram : ndarray of shape (p, layers, bins)
        The share of sums in each of the record's ``bins``.
    """

    steps: np.ndarray
    epochs: np.ndarray
    loss: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    sum_std: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray
    zero: np.ndarray
    gradient_rms: np.ndarray
    gradient_zero: np.ndarray
    weight_norm: np.ndarray
    weight_gradient_norm: np.ndarray
    weight_gradient_rms: np.ndarray
    weight_gradient_zero: np.ndarray
    update_norm: np.ndarray
    update_ratio: np.ndarray
    distinct: np.ndarray
    non_finite: np.ndarray
    histogram: np.ndarray


_COLUMNS = Probes._fields[3:-1]
_PLACES = {name: place for place, name in enumerate(_COLUMNS)}
# Losses of steps that are kept, as multiples of the capacity.
_FIRST_LOSSES = 4
_LAST_LOSSES = 16
_SHOWN = ("mean", "std", "saturated", "dead", "gradient_rms", "update_ratio")

#: How many probes and epochs a record may keep; even, so that every second one of a full record lies on a grid.
CAPACITY = Rule("an even integer in [2, 65536]", lambda given: integer(2, 65536).accepts(given) and given % 2 == 0)  # type: ignore[operator]

_FORM: dict[str, Form] = {
    "layers": [TEXT],
    "capacity": CAPACITY,
    "first_step": COUNT,
    "columns": tuple(choice((name,)) for name in _COLUMNS),
    "history": [AtLeast({"epoch": COUNT})],
    "epochs_apart": integer(1, 2**60),
    "num_steps": COUNT,
    "failure": Maybe((COUNT, TEXT, TEXT)),
    "stop": Maybe((choice(STOP_CODES), TEXT)),
    **dict.fromkeys(("bins", "steps", "epochs", "loss", "table", "histogram", "step_loss"), ANYTHING),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """One probe: ``table`` (columns, layers) and ``histogram`` (layers, bins)."""

    step: int
    epoch: int
    loss: float
    table: np.ndarray
    histogram: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """A live row of the table."""
        row: np.ndarray = self.table[_PLACES[name]]
        return row


class MonitorRecord(Printed):
    """What a :class:`Monitor` wrote down of a training. Its memory does not grow with the run.

    Of probes and of epochs at most ``capacity`` are kept: when there are more, every second is dropped, and from then on only
    every second is taken. Equal trainings have equal records.

    Parameters
    ----------
    layers : sequence of str
        Names of the layers that make units, each with its normalization, activation and dropout.
    bins : sequence of float
        The edges of the histograms' bins, in ascending order; the outermost are infinite.
    capacity : int
        An even number >= 2.
    first_step : int, default=0
        Steps that the trainer had done before.

    Attributes
    ----------
    layers : tuple of str
    bins : ndarray of shape (num_bins + 1,)
    capacity, first_step : int
    failure : (step, layer, quantity) or None
        Where a number became NaN or infinite first; see :class:`lamina.engine.plan.Failure`. The losses that led there are in
        ``step_loss``.
    stop : (code, text) or None
        Why training ended.

    Examples
    --------
    >>> from lamina import Dense, Monitor, Sequential, Trainer
    >>> monitor, X = Monitor(), np.random.default_rng(0).normal(size=(100, 3))
    >>> network = Sequential([Dense(8, activation="tanh"), Dense(1)])
    >>> history = Trainer(network, "squared_error", callbacks=monitor, seed=1).fit(X, X[:, 0] * X[:, 1], max_epochs=40)
    >>> monitor.record
    MonitorRecord(2 layers, 41 probes, 160 steps, 40 epochs)
    >>> monitor.record.probes.update_ratio.shape
    (41, 2)
    """

    def __init__(self, layers: Sequence[str], bins: Sequence[float] | np.ndarray, capacity: int, first_step: int = 0) -> None:
        self.layers = tuple(layers)
        self.bins = np.array(bins, dtype=np.float64)
        self.capacity = int(capacity)
        self.first_step = int(first_step)
        self.failure: tuple[int, str, str] | None = None
        self.stop: tuple[str, str] | None = None
        self._probes: list[_Probe] = []
        self._epochs: list[dict[str, float]] = []
        self._epochs_apart = 1
        self._losses = StepLosses(_FIRST_LOSSES * self.capacity, _LAST_LOSSES * self.capacity, self.first_step)

    @property
    def probes(self) -> Probes:
        """The probes, as arrays over probes and layers."""
        found = self._probes
        shape, num_bins = (len(found), len(self.layers)), max(0, len(self.bins) - 1)
        tables = np.array([probe.table for probe in found]).reshape(shape[0], len(_COLUMNS), shape[1])
        return Probes(
            steps=np.array([probe.step for probe in found], dtype=np.int64),
            epochs=np.array([probe.epoch for probe in found], dtype=np.int64),
            loss=np.array([probe.loss for probe in found], dtype=np.float64),
            **dict(zip(_COLUMNS, tables.transpose(1, 0, 2), strict=True)),
            histogram=np.array([probe.histogram for probe in found], dtype=np.float64).reshape(*shape, num_bins),
        )

    @property
    def epoch(self) -> dict[str, np.ndarray]:
        """The history's columns by key, float64, with an entry for each epoch that is kept; the last one always is."""
        keys = dict.fromkeys(key for row in self._epochs for key in row)
        return {key: np.array([row.get(key, np.nan) for row in self._epochs]) for key in keys}

    @property
    def clipped_share(self) -> np.ndarray:
        """For each epoch of :attr:`epoch`, the share of steps whose gradient was clipped; NaN without clipping."""
        return self._epoch_column("clipped_share")

    @property
    def clipping_factor(self) -> np.ndarray:
        """For each epoch of :attr:`epoch`, the mean factor by which clipping shortened the gradients that it shortened.

        NaN if there were none, or if they were not clipped by the norm of the whole gradient alone.
        """
        return self._epoch_column("clipping_factor")

    @property
    def step_loss(self) -> np.ndarray:
        """The losses of the first steps, 4 · capacity, and of the last, 16 · capacity; penalties included, before each update."""
        return self._losses.values

    @property
    def step_loss_steps(self) -> np.ndarray:
        """The steps of :attr:`step_loss`, counted from 0, int64."""
        return self._losses.steps

    @property
    def num_steps(self) -> int:
        """The number of steps recorded."""
        return self._losses.count

    @property
    def num_epochs(self) -> int:
        """The number of epochs done when the last one was recorded."""
        return int(self._epochs[-1]["epoch"]) if self._epochs else 0

    # What Monitor writes

    @property
    def num_probes(self) -> int:
        """The number of probes kept."""
        return len(self._probes)

    @property
    def last_probe(self) -> tuple[int, np.ndarray] | None:
        """Step and weight norms of the last probe."""
        return (self._probes[-1].step, self._probes[-1].column("weight_norm")) if self._probes else None

    def add_probes(
        self,
        steps: np.ndarray,
        epochs: np.ndarray,
        losses: np.ndarray,
        columns: Mapping[str, np.ndarray],
        histogram: np.ndarray,
        changes: np.ndarray | None = None,
    ) -> int:
        """Add probes, and return how often every second one had to be dropped for them.

        Parameters
        ----------
        steps, epochs, losses : ndarray of shape (p,)
        columns : dict of str to ndarray of shape (p, layers)
            Those that are not given are NaN.
        histogram : ndarray of shape (p, layers, bins)
        changes : ndarray of shape (u, layers), optional
            What the steps after the first u probes changed.
        """
        tables = np.full((len(steps), len(_COLUMNS), len(self.layers)), np.nan)
        for name, column in columns.items():
            tables[:, _PLACES[name]] = column
        if changes is not None:
            _put_changes(tables[: len(changes)], changes)
        shares = histogram.astype(np.float32)  # a model's file is half as large for it
        times_full = 0
        for step, epoch, loss, table, share in zip(steps.tolist(), epochs.tolist(), losses.tolist(), tables, shares, strict=True):
            if len(self._probes) == self.capacity:
                del self._probes[1::2]
                times_full += 1
            # copies, lest a probe that is kept keep those that are dropped later in memory
            self._probes.append(_Probe(step, epoch, loss, table.copy(), share.copy()))
        return times_full

    def add_update(self, norms: np.ndarray) -> None:
        """Add what the step after the last probe changed."""
        _put_changes(self._probes[-1].table, norms)

    def add_losses(self, losses: np.ndarray) -> None:
        """Add the losses of the next steps."""
        self._losses.add(losses)

    def add_epoch(self, row: Mapping[str, float]) -> None:
        """Add an epoch; the last one is always there."""
        if self._epochs and not self._is_kept(self._epochs[-1]):
            self._epochs.pop()
        if len(self._epochs) == self.capacity:
            self._epochs_apart *= 2
            self._epochs = [kept for kept in self._epochs if self._is_kept(kept)]
        self._epochs.append(dict(row))

    def _is_kept(self, row: Mapping[str, float]) -> bool:
        return (row["epoch"] - 1) % self._epochs_apart == 0

    def _epoch_column(self, key: str) -> np.ndarray:
        return np.array([row.get(key, np.nan) for row in self._epochs], dtype=np.float64)

    # As text

    def __repr__(self) -> str:
        sizes = {"layer": len(self.layers), "probe": len(self._probes), "step": self.num_steps, "epoch": self.num_epochs}
        return f"MonitorRecord({', '.join(counted(number, what) for what, number in sizes.items())})"

    def __str__(self) -> str:
        if not self._probes:
            return repr(self)
        last = self._probes[-1]
        # the last probe may stand at the end, where no step follows
        moved = next((probe for probe in reversed(self._probes) if not np.isnan(probe.column("update_norm")).all()), last)
        columns: dict[str, Any] = {"layer": self.layers}
        for name in _SHOWN:
            columns[name.replace("_", " ")] = (moved if name == "update_ratio" else last).column(name).tolist()
        lines = [f"After step {last.step} of {self.first_step + self.num_steps}, loss {last.loss:.4g}:", text_table(columns)]
        if self.failure is not None:
            step, layer, quantity = self.failure
            lines.append(f"In step {step + 1}, the {quantity} of layer {layer!r} became NaN or infinite.")
        return "\n".join(lines)

    # As data

    def to_dict(self, *, arrays: bool = False) -> dict[str, Any]:
        """The record as numbers, strings, lists and dicts, which :meth:`from_dict` reads back; NaN where nothing is known.

        Parameters
        ----------
        arrays : bool, default=False
            Whether to leave arrays as they are, in place of lists.
        """
        seen = self.probes
        tables = {
            "bins": self.bins,
            "steps": seen.steps,
            "epochs": seen.epochs,
            "loss": seen.loss,
            "table": np.array([probe.table for probe in self._probes]).reshape(
                len(self._probes), len(_COLUMNS), len(self.layers)
            ),
            "histogram": seen.histogram.astype(np.float32),
            "step_loss": self.step_loss,
        }
        return {
            "layers": list(self.layers),
            "capacity": self.capacity,
            "first_step": self.first_step,
            "columns": list(_COLUMNS),
            "history": [dict(row) for row in self._epochs],
            "epochs_apart": self._epochs_apart,
            "num_steps": self.num_steps,
            "failure": None if self.failure is None else list(self.failure),
            "stop": None if self.stop is None else list(self.stop),
            **{name: table if arrays else table.tolist() for name, table in tables.items()},
        }

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> MonitorRecord:
        """The record of :meth:`to_dict`.

        Raises
        ------
        InvalidSettingError
            If it is not the description of a record.
        """
        check_form(description, _FORM, "the record")
        check_form(description["history"], [Entries(REAL)], "the record's history")
        layers, bins = description["layers"], _array(description, "bins", (None,))
        steps = _array(description, "steps", (None,))
        size = len(steps), len(layers)
        record = cls(layers, bins, description["capacity"], description["first_step"])
        columns = (
            steps.tolist(),
            _array(description, "epochs", size[:1]).tolist(),
            _array(description, "loss", size[:1]).tolist(),
            _array(description, "table", (size[0], len(_COLUMNS), size[1])),
            _array(description, "histogram", (*size, max(0, len(bins) - 1))).astype(np.float32),
        )
        record._probes = [_Probe(int(step), int(epoch), *rest) for step, epoch, *rest in zip(*columns, strict=True)]
        record._epochs = [dict(row) for row in description["history"]]
        record._epochs_apart = description["epochs_apart"]
        record._losses.put(description["num_steps"], _array(description, "step_loss", (None,)))
        record.failure = None if description["failure"] is None else tuple(description["failure"])
        record.stop = None if description["stop"] is None else tuple(description["stop"])
        return record


def _put_changes(tables: np.ndarray, norms: np.ndarray) -> None:
    """Write the norms (..., layers) of changes of the weights into tables (..., columns, layers) of probes."""
    weights = tables[..., _PLACES["weight_norm"], :]
    tables[..., _PLACES["update_norm"], :] = norms
    np.divide(norms, weights, out=tables[..., _PLACES["update_ratio"], :], where=weights > 0)


def _array(description: Mapping[str, Any], name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Numbers of a description as a new array, whose shape is checked; one without entries has any shape."""
    try:
        found = np.array(description[name], dtype=np.float64)
    except (TypeError, ValueError):
        found = np.array(np.nan)
    if found.size == 0 and 0 in shape:
        return found.reshape([0 if size is None else size for size in shape])
    if found.ndim != len(shape) or any(size not in (None, own) for size, own in zip(shape, found.shape, strict=True)):
        raise InvalidSettingError(phrase(name, f"must be numbers of shape {shape}", found.shape, owner="the record"))
    return found
