"""Measures each layer during training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.activations import get_activation
from lamina.engine.executor import Probe, StepProbes, Watch
from lamina.engine.layer_buffers import UnitLayer, unit_layers, unit_widths
from lamina.engine.plan import Batches, Clipping, TrainingResult
from lamina.engine.probe import EDGES, weight_norms
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.callbacks.own_rows import Begun, OwnRows
from lamina.training.history import Record
from lamina.training.monitor_record import CAPACITY, MonitorRecord
from lamina.validation import boolean, check_parameters, integer, one_of, value

__all__ = ["Monitor"]

_PROBES_A_RUN = 20
# More work than this, in rows times weights, takes tenths of a second; then probes look at a thirty-second of the rows at most.
_MUCH_WORK = 2**30
_ROWS_A_PROBED_ROW = 32
# Of rows in blocks whose number is not known; when the record is full, it has fewer.
_STEPS_IF_UNKNOWN = 256
# Of the first probe: at the start weights may move so fast that a later step says nothing of it.
_MOST_FIRST_STEPS = 2
_RULES = {"every": one_of(value(None), integer(1)), "rows": integer(1), "capacity": CAPACITY, "sparing": boolean()}


class Monitor(Callback):
    """Measures during training how each layer fares: activations, gradients, weights, and how far a step moves them.

    There is a *probe* before the first step, and then one an epoch, or 20 a run if that is more. It looks at the rows that the
    next steps train on, of as many steps as hold ``rows`` rows, and measures what the first of these steps changes. Where
    steps do not do (see Notes), it runs both passes of a step over rows of its own. All goes into ``record``, whose memory
    does not grow with the run: when it is full, every second probe is dropped, and from then on probes are twice as far
    apart. Training is the same, bit for bit, with and without a monitor.

    Parameters
    ----------
    every : int, optional
        Steps between probes at first, >= 1. Default: those of an epoch, or a twentieth of the run's if that is less; see
        ``sparing``.
    rows : int, default=256
        The number of training rows that a probe looks at, >= 1; all if there are fewer.
    capacity : int, default=128
        The most probes that are kept, and the most epochs; an even number in [2, 65536]. Of steps, the losses of the first
        4 · ``capacity`` and of the last 16 · ``capacity`` are kept.
    sparing : bool, default=True
        Whether probes with passes of their own, whose number is not given, stand further apart where they would take much time:
        if all of them together would take more than tenths of a second, they look at no more than 1/32 as many rows as
        training does.

    Attributes
    ----------
    record : MonitorRecord
        What was measured. A trainer's further fits add to it; a new training starts a new one. Estimators have that of their fit
        as ``monitor_``.

    Notes
    -----
    What cannot be measured is NaN: gradients where weights are perturbed, saturation of activations that do not saturate.

    A probe has no dropout, and no rows of weight 0. So it needs passes of its own, over rows that the trainer's seed draws once,
    if the network has dropout, a sample weight is 0, or rows come in blocks; if ``rows`` rows take more than 8 steps, or more
    steps than lie between two probes (before the first step, if they take more than 2); if the loss is a function or weights are
    perturbed; with L-BFGS; and at the end, where too few steps follow. A probe that training stops in the midst of is left out,
    unless a number became infinite or NaN: then it has the rows until there.

    Examples
    --------
    A deep network of sigmoid units: the gradient fades from the last layer to the first.

    >>> from lamina import Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).normal(size=(200, 8))
    >>> network = Sequential([*(Dense(8, activation="sigmoid") for _ in range(6)), Dense(1)])
    >>> monitor = Monitor()
    >>> history = Trainer(network, "squared_error", callbacks=monitor).fit(X, X[:, 0], max_epochs=10)
    >>> first, *_, last = monitor.record.probes.gradient_rms[0]
    >>> bool(first < 1e-3 * last)
    True
    """

    def __init__(self, every: int | None = None, rows: int = 256, capacity: int = 128, sparing: bool = True) -> None:
        check_parameters({"every": every, "rows": rows, "capacity": capacity, "sparing": sparing}, _RULES, owner="Monitor")
        self.every = every
        self.rows = rows
        self.capacity = capacity
        self.sparing = sparing
        self.record = MonitorRecord((), (), capacity)
        self._interval = 0
        self._begin = (0, 0)  # steps and epochs done when the first epoch of the fit began
        self._rows: Batches | None = None
        self._before: np.ndarray | None = None
        self._watch: Watch | None = None
        self._own: OwnRows | None = None
        # First steps and ends of the probes that the next call of the engine goes on with or begins.
        self._windows: list[tuple[int, int]] = []
        self._begun: Begun | None = None
        self._widths: list[int] = []
        self._saturates = np.zeros(0, dtype=bool)
        self._shortened = (0, 0.0)  # clipped steps of the epoch, and the sum of their factors

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the rows."""
        return vars(self) | {"_rows": None, "_before": None, "_watch": None}

    def on_fit_begin(self, trainer: Run) -> None:
        drawn = trainer.draw_rows(self.rows)
        self._rows = drawn if drawn.num_rows else None
        self._begin = trainer.step - trainer.steps_this_epoch, trainer.epoch
        program = trainer.executor.program
        units = unit_layers(program)
        self._widths = unit_widths(program)
        self._saturates = np.array([_saturates(unit) for unit in units])
        self._own = OwnRows.of(trainer, drawn.num_rows)
        if not self._goes_on(trainer, [unit.name for unit in units]):
            self.record = MonitorRecord([unit.name for unit in units], EDGES, self.capacity, trainer.step)
            self._interval = self.every or self._usual_interval(trainer, drawn.num_rows)
            self._begun = None
        if self._own is not None and self._own.most_steps > self._interval:
            self._own = None
        self.record.failure = self.record.stop = None
        self._await_update(trainer)
        self._look(trainer)

    def on_steps_done(self, trainer: Run, first_step: int, result: TrainingResult) -> None:
        self.record.add_losses(result.losses)
        if result.failure is not None:
            self.record.failure = result.failure
        if result.gradient_norms is not None and _clips_norm_alone(trainer.clipping):
            self._add_clipped(result.gradient_norms, trainer.clipping.norm)
        watch, self._watch = self._watch, None
        if watch is not None:
            self._add_watched(trainer, watch, has_failed=result.failure is not None)

    def watch(self, trainer: Run, num_steps: int) -> Watch | None:
        if self._rows is None:
            return None
        end = trainer.step + num_steps
        due = self._due_before(trainer, end)
        stops = [self._stop(step) for step in due]
        self._windows = [(step, stop) for step, stop in zip(due, stops, strict=True) if stop is not None]
        probes = [step for step, stop in zip(due, stops, strict=True) if stop is None]
        own = [step for first, stop in self._windows for step in range(max(first, trainer.step), min(stop, end))]
        updates = [step for step in due if step >= trainer.step]
        if self._before is not None:
            updates.insert(0, trainer.step)
        if own or updates:
            self._watch = Watch(self._rows, *(np.array(steps, dtype=np.int64) for steps in (probes, updates, own)))
        return self._watch

    def next_step(self, trainer: Run) -> int | None:
        if self._rows is None or trainer.watches_steps:
            return None
        return trainer.step + 1 if self._before is not None else self._due(trainer)

    def on_step_end(self, trainer: Run, losses: np.ndarray) -> None:
        self._look(trainer)

    def epochs_ahead(self, trainer: Run) -> float:
        return math.inf  # only records are read; where weights are wanted, next_step says

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        count, factors = self._shortened
        self._shortened = (0, 0.0)
        own = {"clipping_factor": factors / count} if count else {}
        self.record.add_epoch(_numbers(record) | own)
        self._look(trainer)  # with L-BFGS there are no other steps

    def on_fit_end(self, trainer: Run) -> None:
        self._rows = self._before = self._begun = None
        self._shortened = (0, 0.0)
        if trainer.stop_reason is not None:
            self.record.stop = trainer.stop_reason.code, trainer.stop_reason.text

    def identity(self) -> dict[str, Any]:
        return super().identity() | {name: getattr(self, name) for name in _RULES}

    def state(self) -> dict[str, Any]:
        begun = None if self._begun is None else self._begun.to_dict()
        count, factors = self._shortened
        clipped = {"steps": count, "factors": factors}
        return {"interval": self._interval, "record": self.record.to_dict(arrays=True), "begun": begun, "clipped": clipped}

    def load_state(self, state: dict[str, Any]) -> None:
        self._interval, self.record = state["interval"], MonitorRecord.from_dict(state["record"])
        self._begun = None if state["begun"] is None else Begun.from_dict(state["begun"])
        self._shortened = state["clipped"]["steps"], state["clipped"]["factors"]

    def _goes_on(self, trainer: Run, layers: list[str]) -> bool:
        """Whether the record is of this training so far."""
        done = self.record.first_step + self.record.num_steps
        return 0 < trainer.step == done and self.record.layers == tuple(layers)

    def _usual_interval(self, trainer: Run, num_rows: int) -> int:
        if trainer.steps_per_epoch is None:
            return _STEPS_IF_UNKNOWN
        num_steps = (trainer.last_epoch - trainer.epoch) * trainer.steps_per_epoch
        interval = max(1, min(trainer.steps_per_epoch, (num_steps - 1) // (_PROBES_A_RUN - 1)))
        work = num_steps // interval * num_rows * trainer.executor.program.num_parameters
        is_cheap = work <= _MUCH_WORK or (self._own is not None and self._own.most_steps <= interval)
        if is_cheap or not self.sparing:
            return interval
        return max(interval, -(-_ROWS_A_PROBED_ROW * num_rows // trainer.rows_per_step))

    def _due(self, trainer: Run) -> int:
        """The step before which the next probe stands, or at which the one that is begun stands."""
        last = self.record.last_probe
        step = self.record.first_step if last is None else last[0] + self._interval
        return step if self._begun is not None else max(step, trainer.step)

    def _due_before(self, trainer: Run, end: int) -> list[int]:
        """The steps before ``end`` at which probes stand; a record that becomes full on the way has them further apart."""
        due, step, interval, count = [], self._due(trainer), self._interval, self.record.num_probes
        while step < end:
            due.append(step)
            if count == self.capacity:
                count, interval = count // 2, 2 * interval
            count, step = count + 1, step + interval
        return due

    def _stop(self, step: int) -> int | None:
        """The steps done at the end of the probe of own rows that begins at ``step``; None if it takes passes of its own."""
        if self._own is None or (step == self.record.first_step and self._own.most_steps > _MOST_FIRST_STEPS):
            return None
        return self._own.stop(step)

    def _await_update(self, trainer: Run) -> None:
        """After a resume: the last probe was taken at these weights, and its step is still to come."""
        last = self.record.last_probe
        if last is None or last[0] != trainer.step:
            return
        weights = _parameters(trainer)
        if np.allclose(weight_norms(trainer.executor.program, weights), last[1], rtol=1e-6, atol=0, equal_nan=True):
            self._before = weights

    def _look(self, trainer: Run) -> None:
        """Measure what a step changed, and probe, if it is time."""
        last = self.record.last_probe
        if self._before is not None and last is not None and trainer.step > last[0]:
            if trainer.step == last[0] + 1:
                self.record.add_update(trainer.executor.weight_change(self._before))
            self._before = None
        due = self._due(trainer)
        if self._rows is not None and trainer.step >= due and self._stop(due) is None:
            self._probe(trainer, self._rows)

    def _probe(self, trainer: Run, rows: Batches) -> None:
        loss, found = trainer.probe(rows)
        alone = Probe(**{name: column[np.newaxis] for name, column in found._asdict().items()})
        self._add_probes(trainer, np.array([trainer.step]), np.array([loss]), alone)
        self._before = _parameters(trainer)

    def _add_watched(self, trainer: Run, watch: Watch, *, has_failed: bool) -> None:
        """Add what the engine measured on its way."""
        changes = watch.changes
        if self._before is not None and len(changes):
            self.record.add_update(changes[0])
            changes = changes[1:]
        self._before = None
        if len(watch.seen.losses):
            changes = self._add_seen(trainer, watch.seen, changes, has_failed=has_failed)
        self._add_probes(trainer, watch.probes[: len(watch.losses)], watch.losses, watch.found, changes)

    def _add_seen(self, trainer: Run, seen: StepProbes, changes: np.ndarray, *, has_failed: bool) -> np.ndarray:
        """Add the probes that steps made of their own rows, keep one that is not complete, and return the changes that are left.

        After a failure no steps will complete it: what there is says what went wrong.
        """
        begun = Begun(seen, changes) if self._begun is None else self._begun.add(seen, changes)
        lengths, num_left = [], len(begun.seen.losses)
        for first, stop in self._windows:
            if stop - first > num_left and not (has_failed and num_left):
                break
            lengths.append(min(stop - first, num_left))
            num_left -= lengths[-1]
        if lengths:
            steps = np.array([first for first, _ in self._windows[: len(lengths)]])
            losses, found, own, begun = begun.probes(lengths, self._widths)
            self._add_probes(trainer, steps, losses, found, own)
        self._begun = begun if num_left else None
        return changes[:0] if num_left else begun.changes

    def _add_probes(
        self, trainer: Run, steps: np.ndarray, losses: np.ndarray, found: Probe, changes: np.ndarray | None = None
    ) -> None:
        first_step, first_epoch = self._begin
        length = trainer.steps_per_epoch
        epochs = np.full(len(steps), trainer.epoch) if length is None else first_epoch + (steps - first_step) // length
        columns = found._asdict()
        histogram, flat, _ = (columns.pop(name) for name in ("histogram", "flat", "sum_mean"))
        columns["saturated"] = np.where(self._saturates, flat, np.nan)
        self._interval *= 2 ** self.record.add_probes(steps, epochs, losses, columns, histogram, changes)

    def _add_clipped(self, norms: np.ndarray, most: float | None) -> None:
        clipped = norms[norms > most]
        count, factors = self._shortened
        # one after the other: the sum must not depend on how an epoch is cut into calls
        total = np.add.accumulate([factors, *(most / clipped).tolist()])[-1]
        self._shortened = count + len(clipped), float(total)


def _saturates(unit: UnitLayer) -> bool:
    return unit.activation is not None and get_activation(unit.activation.function).saturates


def _clips_norm_alone(clipping: Clipping) -> bool:
    return clipping.norm is not None and clipping.layer_norm is None and clipping.value is None


def _parameters(trainer: Run) -> np.ndarray:
    parameters = np.empty(trainer.executor.program.num_parameters, trainer.executor.dtype)
    trainer.executor.copy_into(parameters)
    return parameters


def _numbers(record: Record) -> dict[str, float]:
    """The numbers of a history's record, without times: equal trainings have equal records."""
    kept = {key: value for key, value in record.items() if key != "duration_s" and _is_number(value)}
    return {key: int(value) if key in ("epoch", "step") else float(value) for key, value in kept.items()}


def _is_number(given: object) -> bool:
    return isinstance(given, int | float | np.number) and not isinstance(given, bool)
