"""The trainer: a ladder of small methods, ``fit`` → ``fit_loop`` → ``fit_epoch`` → one call of the engine.

What few trainings need (checkpoints, L-BFGS) is imported by the methods that need it.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from lamina import optimizers
from lamina.engine import permutation, plan
from lamina.engine.executor import runs_epochs
from lamina.engine.plan import Batches, Epochs, Failure, StepValues, TrainingPlan
from lamina.errors import InvalidSettingError, phrase
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.optimizers import LBFGS, Optimizer, PerturbationOptimizer, StepOptimizer, get_optimizer
from lamina.schedules import Schedule, get_schedule
from lamina.stop_reason import StopReason
from lamina.training.callbacks.callback import Callback, list_of_callbacks
from lamina.training.callbacks.moments import Moments
from lamina.training.callbacks.schedule_watch import ScheduleWatch
from lamina.training.chunks import ChunkSize, run_in_chunks
from lamina.training.contradictions import check_batches, check_program, first_batch_norm
from lamina.training.epoch import Epoch
from lamina.training.history import History, Record
from lamina.training.predictor import PREDICTOR_RULES, Predictor
from lamina.training.run_state import load_run_state, run_state
from lamina.training.running_fit import RunningFit, report_failure
from lamina.training.short_epochs import ShortEpochs, run_short_epochs
from lamina.training.weighted_network import Metric
from lamina.validation import Rule, boolean, check_parameters, choice, instance, integer, one_of, value

__all__ = ["Trainer"]

_RULES: dict[str, Rule] = {
    "batch_size": one_of(integer(1), value(None), choice(("auto",))),
    "clipping": one_of(instance(plan.Clipping), value(None)),
    "shuffle": boolean(),
    "penalty_per_row": boolean(),
} | PREDICTOR_RULES
_USUAL_BATCH_SIZE = 32


class Trainer(Predictor):
    """Trains a network on data, and measures and applies it.

    Parameters
    ----------
    network : Network
        Built or not; if not, the first data say how wide its inputs are.
    loss : str, Loss, callable, or a list or dict of these
        One an output; a function of logits and targets is wrapped in :class:`lamina.losses.CustomLoss`.
    optimizer : str or Optimizer, default="adam"
    batch_size : int, None or "auto", default="auto"
        Rows a step, >= 1; None: all rows (batch gradient descent); "auto": 32. The last batch of an epoch may be shorter; under
        batch norm, a last batch of one row, which has no variance, is left out.
        L-BFGS takes all rows at once, and refuses smaller batches.
    schedule : str, Schedule, callable or None, default=None
        How the learning rate changes; a function of the step gives the rate itself. None: constant.
    clipping : Clipping, optional
    callbacks : Callback or sequence of Callback, default=()
    metrics : dict of str to callable, optional
        ``function(targets, predictions) -> float``, computed on the validation data at the end of every epoch, and put
        into the record as ``validation_<name>``. Targets are those given, predictions those of :meth:`predict`.
    seed : int, default=0
        Keys all randomness: first weights, order of the rows, dropout.
    dtype : {"float32", "float64"}, default="float32"
    shuffle : bool, default=True
        Whether every epoch has its own order of the rows.
    engine : {"auto", "native", "reference"}, default="auto"
    n_threads : int in [1, 1024], optional
        Threads of the engine; results do not depend on it. None chooses by the size of the work, within the limits that people
        set: see :doc:`/how-to/reproducibility`.
    penalty_per_row : bool, default=False
        Whether L1 and L2 penalties are divided by the batch's rows (sum of sample weights), as scikit-learn does with ``alpha``.
    loss_weights : sequence of float or dict, optional
        Factors of the outputs' losses.

    Attributes
    ----------
    network, losses, optimizer, schedule, ...
        The settings, each under its name.
    history : History
        One record an epoch.
    epoch, step : int
        Epochs and steps done so far, over all calls of :meth:`fit`.
    stop_reason : StopReason or None
        Why the last :meth:`fit` ended.

    Examples
    --------
    The exclusive or, which no single layer can learn:

    >>> import numpy as np
    >>> from lamina.layers import Dense
    >>> from lamina.network import Sequential
    >>> from lamina.optimizers import Adam
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    >>> y = np.array([0, 1, 1, 0])
    >>> network = Sequential([Dense(4, activation="tanh"), Dense(1)])
    >>> trainer = Trainer(network, "sigmoid_cross_entropy", Adam(0.05), batch_size=None, seed=1)
    >>> history = trainer.fit(X, y, max_epochs=300)
    >>> trainer.predict(X).round().ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    >>> trainer.stop_reason.text
    'All 300 epochs asked for were run.'
    """

    def __init__(
        self,
        network: Network,
        loss: Losses,
        optimizer: str | Optimizer | Mapping[str, Any] = "adam",
        *,
        batch_size: int | str | None = "auto",
        schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
        clipping: plan.Clipping | None = None,
        callbacks: Callback | Sequence[Callback] = (),
        metrics: Mapping[str, Metric] | None = None,
        seed: int = 0,
        dtype: str = "float32",
        shuffle: bool = True,
        engine: str = "auto",
        n_threads: int | None = None,
        penalty_per_row: bool = False,
        loss_weights: Sequence[float] | Mapping[str, float] | None = None,
    ) -> None:
        given = {
            "network": network,
            "batch_size": batch_size,
            "clipping": clipping,
            "seed": seed,
            "dtype": _name_of(dtype),
            "shuffle": shuffle,
            "n_threads": n_threads,
            "penalty_per_row": penalty_per_row,
        }
        check_parameters(given, _RULES, owner="Trainer")
        super().__init__(
            network,
            loss,
            metrics=metrics,
            seed=seed,
            dtype=dtype,
            engine=engine,
            n_threads=n_threads,
            loss_weights=loss_weights,
        )
        self.optimizer = get_optimizer(optimizer)
        self._chosen_batch_size = None if isinstance(batch_size, str) else batch_size
        self.batch_size = _USUAL_BATCH_SIZE if isinstance(batch_size, str) else batch_size
        # A schedule may watch the training and remember; another trainer's must not know.
        self.schedule: Schedule = copy.deepcopy(get_schedule(schedule))
        self._given_schedule = self.schedule  # callbacks may put others in its place
        self.clipping = clipping or plan.Clipping()
        self.callbacks = list_of_callbacks(callbacks)
        self.shuffle = bool(shuffle)
        self.penalty_per_row = bool(penalty_per_row)
        self.history = History()
        self.epoch = 0
        self.step = 0
        self.steps_per_epoch = 1
        self.stop_reason: StopReason | None = None
        self._fit = RunningFit()
        self._moments = Moments([ScheduleWatch(), *self.callbacks])
        self._chunk_size = ChunkSize()
        if network.is_built:
            self.build()

    def build(self, widths: int | Sequence[int] | None = None) -> Self:
        super().build(widths)
        self._configure()
        return self

    @property
    def last_epoch(self) -> int:
        """The epoch after which the running ``fit`` ends at the latest."""
        return self._fit.last_epoch

    # The ladder

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        validation_data: tuple[Any, ...] | None = None,
        max_epochs: int = 100,
    ) -> History:
        """Train for up to ``max_epochs`` further epochs; epochs, steps and randomness go on where the last ``fit`` stopped.

        After a checkpoint was loaded that was written in the midst of a ``fit``, the same call finishes that ``fit``:
        ``max_epochs`` then counts from its beginning.

        Parameters
        ----------
        X : array of shape (n, width), or a list or dict of such
            One an input; float32 or float64 in any memory order, a memmap, or a sparse matrix. It is not copied.
        y : array of shape (n,) or (n, target width), or a list or dict of such
            One an output; class indices, 0 and 1, or numbers, as the loss wants them.
        sample_weight : array of shape (n,), optional
            Not negative.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Measured at the end of every epoch.
        max_epochs : int, default=100
            >= 1.

        Returns
        -------
        History
            The trainer's own, with all epochs so far.

        Raises
        ------
        ShapeError, DataError
            If the data do not fit the network or the loss.
        NonFiniteError
            If a loss or gradient became NaN or infinite before any epoch was done. Later on the training stops with the
            best weights so far and a :class:`TrainingWarning`.
        """
        check_parameters({"max_epochs": max_epochs}, {"max_epochs": integer(1)}, owner="Trainer.fit")
        data = self.batches(X, y, sample_weight)
        validation = self._checked_validation(validation_data)
        self._moments = Moments([ScheduleWatch(), *self.callbacks])
        self._configure()
        check_batches(self.executor.program, self.optimizer, self._chosen_batch_size, data.num_rows)
        if self._fit.open(self.executor, self.epoch, max_epochs, validation):
            self.stop_reason = None
        try:
            self._moments.call("on_fit_begin", self)
            self.fit_loop(data)
        except KeyboardInterrupt:
            self.stop("interrupted", f"The training was interrupted after {self.epoch} epochs.")
        finally:
            self._fit.close(self.executor, self.stop_reason)
            self._moments.call("on_fit_end", self)
        report_failure(self.stop_reason, self.epoch)
        return self.history

    def fit_loop(self, data: Batches) -> None:
        """Run epochs until something stops the training."""
        if isinstance(self.optimizer, LBFGS):
            self._fit_full_batch(data, self.optimizer)
        while self.stop_reason is None and self.epoch < self.last_epoch:
            num_epochs = self._epochs_a_call(data)
            if num_epochs > 1:
                self._fit_short_epochs(data, num_epochs)
            else:
                self.fit_epoch(data)
        if self.stop_reason is None:
            self.stop("max_epochs", f"All {self.last_epoch - self._fit.first_epoch} epochs asked for were run.")

    def fit_epoch(self, data: Batches) -> Record | None:
        """Train one epoch on what :meth:`batches` made, and measure the validation data of the running ``fit``.

        Returns
        -------
        dict or None
            The epoch's record, also the last of the history; None if a number was not finite, or a callback would not begin.
        """
        if not self._fit.is_open:
            self.stop_reason = None
        began = time.perf_counter()
        self._moments.call("on_epoch_begin", self)
        epoch = self._next_epoch(data)
        try:
            run_in_chunks(self, epoch, self._built().steps, self._moments, self._chunk_size)
        except KeyboardInterrupt:
            # What the engine did in earlier calls is whole: the epoch ends here, and is recorded with the steps that it had.
            if not epoch.steps_done:
                raise
            self.stop("interrupted", f"The training was interrupted in epoch {self.epoch + 1}.")
        self._stop_at(epoch.failure)
        if epoch.failure is not None or not epoch.steps_done:
            return None
        record = epoch.record()
        if self.clipping.is_bounded:
            record["clipped_steps"] = epoch.num_clipped
            record["clipped_share"] = epoch.num_clipped / epoch.steps_done
        return self._end_epoch(record, began)

    def stop(self, code: str, text: str = "") -> None:
        """End the training after the present epoch, or after the present native call of it; the first reason counts.

        Parameters
        ----------
        code : str
            A key of :data:`lamina.training.STOP_CODES`; "callback" is for callbacks of one's own.
        text : str, default=""
            A plain sentence; by default the code's own.
        """
        reason = StopReason(code, text)
        if self.stop_reason is None:
            self.stop_reason = reason

    # Checkpoints

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write all that is needed to go on from the end of the present epoch, bit for bit.

        Raises
        ------
        FileError
            If the file cannot be written; an earlier one stays as it was.
        """
        from lamina.training.checkpoint import identity_of, write_checkpoint

        callbacks = [callback.state() for callback in self.callbacks]
        state = {
            "identity": identity_of(self, self._given_schedule),
            "fit": self._fit.state(),
            "callbacks": callbacks,
            **run_state(self),
        }
        write_checkpoint(path, state)

    def load_checkpoint(self, path: str | os.PathLike[str]) -> Trainer:
        """Go on where a checkpoint was written. The trainer must be made as the one that wrote it was.

        Returns
        -------
        Trainer
            This trainer.

        Raises
        ------
        FileError
            If the file is missing, damaged or not a checkpoint.
        InvalidSettingError
            If network, losses, seed, dtype, optimizer, schedule, clipping, batch size, shuffling or callbacks are not those
            of the checkpoint.
        """
        from lamina.training.checkpoint import check_identity, identity_of, read_checkpoint

        state = read_checkpoint(path)
        if not self.network.is_built:
            self.build([item["width"] for item in state["identity"]["network"]["inputs"]])
        check_identity(identity_of(self, self._given_schedule), state["identity"], owner="Trainer.load_checkpoint")
        load_run_state(self, state)
        self._fit.load_state(state["fit"])
        for callback, stored in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state(stored)
        return self

    # Private rungs

    def _checked_validation(self, validation_data: tuple[Any, ...] | None) -> tuple[Batches, Any] | None:
        if validation_data is None:
            return None
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            came = type(validation_data).__name__
            raise InvalidSettingError(
                phrase("validation_data", "must be (X, y) or (X, y, sample_weight)", came, owner="Trainer.fit")
            )
        return self.batches(*validation_data), validation_data[1]

    def _configure(self) -> None:
        # L-BFGS takes no steps of the engine's; the plan then only says how to divide the penalty.
        stepping = self.optimizer if isinstance(self.optimizer, StepOptimizer) else optimizers.GradientDescent()
        norms = self._moments.needs_gradient_norms
        plan = TrainingPlan(stepping.rule(), self.clipping, self.penalty_per_row, self.seed, norms)
        self._built().configure(plan, self.optimizer)
        check_program(self.executor.program, self.optimizer, self.clipping, self.schedule)

    def _epochs_a_call(self, data: Batches) -> int:
        """How many epochs one call of the engine may run; 1 if something is to be done between them, or watched within."""
        own_epoch = type(self).fit_epoch is not Trainer.fit_epoch  # a subclass asks for every epoch
        if own_epoch or self._fit.validation is not None or self.clipping.is_bounded or data.sample_weight is not None:
            return 1
        if self._rows_an_epoch(data.num_rows) < data.num_rows or not runs_epochs(self._built().steps):
            return 1
        num_steps = -(-data.num_rows // self._rows_a_step(data.num_rows))
        most = min(self._chunk_size.steps // num_steps, self.last_epoch - self.epoch)
        return int(min(most, self._moments.epochs_ahead(self)))

    def _fit_short_epochs(self, data: Batches, num_epochs: int) -> None:
        """Many times :meth:`fit_epoch` in one call of the engine, with equal results."""
        steps = self._built().steps
        assert runs_epochs(steps)
        size = self._rows_a_step(data.num_rows)
        values = self._values(data.num_rows, size, num_epochs)
        epochs = ShortEpochs(data, Epochs(self.epoch, num_epochs, self.shuffle), size, values)
        told = self._moments if self.callbacks else None
        self._stop_at(run_short_epochs(self, epochs, steps, self._fit.best, self._chunk_size, told))

    def _stop_at(self, failure: Failure | None) -> None:
        if failure is not None:
            where = f"the {failure.quantity} of layer {failure.layer!r}"
            self.stop("non_finite", f"In step {failure.step + 1}, {where} became NaN or infinite.")

    def _next_epoch(self, data: Batches) -> Epoch:
        """The order of the rows in the coming epoch, and the values of its steps."""
        size, num_rows = self._rows_a_step(data.num_rows), self._rows_an_epoch(data.num_rows)
        values = self._values(num_rows, size, 1)
        if self.shuffle:
            order = permutation(data.num_rows, seed=self.seed, epoch=self.epoch)
        else:
            order = np.arange(data.num_rows, dtype=np.int64)
        return Epoch(data, order[:num_rows], size, values)

    def _rows_a_step(self, num_rows: int) -> int:
        return min(self.batch_size or num_rows, num_rows)

    def _rows_an_epoch(self, num_rows: int) -> int:
        """All, but for a lone last row under batch norm: the running variance would take its 0 for a batch's."""
        lone = num_rows % self._rows_a_step(num_rows) == 1
        return num_rows - 1 if lone and first_batch_norm(self.executor.program) else num_rows

    def _values(self, num_rows: int, batch_size: int, num_epochs: int) -> StepValues:
        """The values of the steps of the coming epochs."""
        optimizer = self.optimizer
        if not isinstance(optimizer, StepOptimizer | PerturbationOptimizer):
            raise InvalidSettingError(phrase("optimizer", "must take steps to train an epoch", optimizer, owner="Trainer"))
        per_epoch = self.steps_per_epoch = -(-num_rows // batch_size)
        num_steps = num_epochs * per_epoch
        total = max(self.last_epoch, self.epoch + 1) * per_epoch
        rates = self.schedule.rates(optimizer.step_size, self.step, num_steps, per_epoch, total)
        decays = np.full(num_steps, optimizer.weight_decay) if optimizer.weight_decay else None
        return StepValues(rates, decays)

    def _end_epoch(self, measured: Record, began: float) -> Record:
        """Everything between an epoch's last step and the next epoch. The record is in the history before anything can fail."""
        self.epoch += 1
        record: Record = {"epoch": self.epoch, "step": self.step, **measured, "duration_s": 0.0}
        self.history.append(record)
        if self._fit.validation is not None:
            measures = self._built().measure(*self._fit.validation)
            record |= {f"validation_{name}": number for name, number in measures.items()}
        record["duration_s"] = time.perf_counter() - began
        self._fit.best.offer(record["validation_loss" if self._fit.validation else "loss"], self.executor)
        self._moments.call("on_epoch_end", self, record)
        return record

    def _fit_full_batch(self, data: Batches, optimizer: LBFGS) -> None:
        from lamina.training.full_batch import minimize_full_batch

        if self._built().has_custom_loss:
            names = [loss.name for loss in self.losses]
            raise InvalidSettingError(phrase("loss", "must be one of Lamina's own with L-BFGS", names, owner="Trainer"))

        def on_iteration(loss: float) -> bool:
            self.step += 1
            self._end_epoch({"loss": loss}, began=clock[0])
            clock[0] = time.perf_counter()
            return self.stop_reason is None

        if self.epoch < self.last_epoch and self.stop_reason is None:
            clock = [time.perf_counter()]
            self.stop(*minimize_full_batch(self.executor, data, optimizer, self.last_epoch - self.epoch, on_iteration))


def _name_of(dtype: object) -> object:
    """The name of a dtype, however it is given; what is none comes back, to be refused."""
    try:
        return np.dtype(dtype).name  # type: ignore[call-overload]
    except TypeError:
        return dtype
