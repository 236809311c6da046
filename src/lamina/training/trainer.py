"""The trainer: a chain of small methods, ``fit`` → ``fit_loop`` → ``fit_epoch`` → one call of the engine.

Modules that few runs need (checkpoints, L-BFGS) are imported by the methods that use them.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Never, Self

import numpy as np

from lamina.door import serve
from lamina.engine import plan
from lamina.engine.executor import runs_epochs
from lamina.engine.plan import Batches, Epochs, Failure, StepValues
from lamina.errors import InvalidSettingError
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.optimizers import LBFGS, Optimizer, PerturbationOptimizer
from lamina.schedules import Schedule
from lamina.stop_reason import StopReason
from lamina.training.best_weights import Weights
from lamina.training.blocked_gradients import warn_of_blocked_gradients
from lamina.training.blocks.source import BlockSource
from lamina.training.callbacks.callback import Callback, list_of_callbacks
from lamina.training.callbacks.displays import displays
from lamina.training.chunks import ChunkSize, run_in_chunks
from lamina.training.class_weights import CLASS_WEIGHT
from lamina.training.contradictions import check_batches, check_callbacks, check_program, check_trained
from lamina.training.epoch import Epoch
from lamina.training.exclusive import exclusive
from lamina.training.full_batch_fit import FullBatchFit, check_losses
from lamina.training.given_rows import GivenRows
from lamina.training.history import History, Record
from lamina.training.interrupts import Interrupts
from lamina.training.moments import Moments
from lamina.training.named_metrics import Metrics
from lamina.training.pace import Pace
from lamina.training.resumable import Resumable
from lamina.training.rows import Rows, as_rows
from lamina.training.running_fit import RunningFit
from lamina.training.schedule_watch import ScheduleWatch
from lamina.training.settings import DtypeLike, name_of_dtype
from lamina.training.short_epochs import ShortEpochs, run_short_epochs
from lamina.training.slow_precision import warn_of_slow_precision
from lamina.training.team import Help, helped, whole_batch
from lamina.training.trainer_rules import checked_settings
from lamina.training.unknown_settings import check_known
from lamina.training.validation_rows import ValidationRows
from lamina.validation import boolean, check_parameters, integer, one_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lamina.engine.executor import Probe

__all__ = ["Trainer"]


_FIT_RULES = {
    "max_epochs": integer(1),
    "final_check": boolean(),
    "class_weight": CLASS_WEIGHT,
    "verbose": one_of(boolean(), integer(0, 2)),
}


class Trainer(Resumable):
    """Trains, evaluates and applies a network.

    Parameters
    ----------
    network : Network
        Built or not; if not, the first data determine the widths of its inputs.
    loss : str, Loss, callable, or a list or dict of these
        One per output; a function of logits and targets is wrapped in :class:`lamina.losses.CustomLoss`. Names are those of
        :data:`lamina.losses.LOSSES` and :data:`lamina.losses.ALIASES`, and "log_loss": sigmoid cross-entropy for one column,
        softmax cross-entropy for several.
    optimizer : str or Optimizer, default="adam"
    batch_size : int, None or "auto", default="auto"
        Rows per step, >= 1; None: all rows (batch gradient descent); "auto": 32. The last batch of an epoch may be smaller; with
        batch norm, a last batch of one row, which has no variance, is left out.
        L-BFGS always uses all rows and does not accept smaller batches.
    schedule : str, Schedule, callable or None, default=None
        How the learning rate changes; a function of the step returns the rate itself. None: constant.
    dropout_schedule, weight_decay_schedule : str, Schedule, callable or None, default=None
        How the rates of all dropout layers, and the optimizer's weight decay, change: what the schedule does to a learning rate
        it does to these. A function of the step returns the rate, or the decay, itself. They follow the steps; schedules that
        watch the training are for the learning rate. A schedule of rates, or of a decay, that are 0 and stay so is refused.
        None: constant.
    clipping : Clipping, optional
    callbacks : Callback or sequence of Callback, default=()
    metrics : str, callable, or a list or dict of these, optional
        Computed on the validation data at the end of every epoch and recorded as ``validation_<name>``: names of
        :data:`lamina.metrics.LABEL_METRICS`, ``PROBABILITY_METRICS`` and ``NUMBER_METRICS``, such as "accuracy", which the loss
        makes labels of probabilities for; or ``function(targets, predictions) -> float``, of targets as given and predictions
        as those of :meth:`predict`. A dict gives functions their names.

        With several outputs, a name is computed for each (``validation_<output>_<name>``), and a function is called with the
        targets and the predictions of all; what a dict holds under an output's name is of that output alone.
    seed : int, default=0
        Seed of all randomness: initial weights, order of the rows, dropout.
    dtype : {"float32", "float64"}, default="float32"
    shuffle : bool, default=True
        Whether to shuffle the rows in every epoch.
    shuffle_rows : int or "auto", default="auto"
        Where rows come in blocks: how many of them are shuffled together, >= 1, and at least two batches. Twice as many are in
        memory, and two blocks. "auto": 262,144, or as many as take 128 MiB.
    precision : {"full", "mixed"}, default="full"
        "mixed": training rounds the operands of dense layers' matrix products to bfloat16, which has 8 significant bits, and
        adds up in float32; only with dtype "float32" and an optimizer that takes steps along gradients. It is faster where the
        processor multiplies bfloat16, which :func:`lamina.engine.engine_info` tells. Weights, optimizer, losses and metrics stay
        float32, and so do predictions unless :meth:`predict` is asked for mixed ones. See :doc:`/how-to/mixed-precision`.
    engine : {"auto", "native", "reference", "torch"}, default="auto"
        What computes; all give the same numbers, up to rounding. "auto": compiled code, or the reference where a layer is in
        Python.
        "torch": the reference's formulas on torch's tensors, on the ``device``; see :doc:`/how-to/gpu`.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        Where ``engine="torch"`` computes; "auto" is CUDA if torch finds it, or else Apple's MPS in float32, or else the CPU.
    n_threads : int in [1, 1024], optional
        Threads of the engine; results do not depend on it. None chooses by the size of the work, within the limits set by the
        environment: see :doc:`/how-to/reproducibility`.
    penalty_per_row : bool, default=False
        Whether L1 and L2 penalties are divided by the batch's rows (sum of sample weights), as scikit-learn does with ``alpha``.
    loss_weights : sequence of float or dict, optional
        Factors of the outputs' losses.
    on_interrupt : {"raise", "return"}, default="raise"
        What :meth:`fit` does after Ctrl-C, once training has ended cleanly and the best weights are restored: raise
        KeyboardInterrupt, so that its caller ends too, or return, which suits a notebook.
    initial_weights : (parameters, state), optional
        Flat vectors to start from, as returned by :meth:`lamina.network.Network.initialize`; they are copied, and must be finite
        in ``dtype``. By default the layers' initializers draw them.
    **unknown
        Nothing else is a setting: it is rejected, with the nearest name or what to write instead.

    Attributes
    ----------
    network, losses, optimizer, schedule, ...
        The settings, each under its name.
    history : History
        One record per epoch.
    epoch, step : int
        Epochs and steps done so far, over all calls of :meth:`fit`.
    stop_reason : StopReason or None
        Why the last :meth:`fit` ended.
    warns_of_blocked_gradients : bool
        Whether :meth:`fit` warns of weights that no gradient can reach; set it to False where that was said.

    Notes
    -----
    ``pickle`` and ``copy.deepcopy`` keep settings, callbacks, weights and optimizer state: a copy continues bit for bit.
    A pickle stores functions by name, so a custom loss or metric must be defined in a module, not as a lambda.

    A trainer trains once. To restart from several initial weights and keep the best, see :doc:`/how-to/restarts`.

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
        dropout_schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
        weight_decay_schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
        clipping: plan.Clipping | None = None,
        callbacks: Callback | Sequence[Callback] = (),
        metrics: Metrics | None = None,
        seed: int = 0,
        dtype: DtypeLike = "float32",
        shuffle: bool = True,
        shuffle_rows: int | str = "auto",
        precision: str = "full",
        engine: str = "auto",
        device: str = "auto",
        n_threads: int | None = None,
        penalty_per_row: bool = False,
        loss_weights: Sequence[float] | Mapping[str, float] | np.ndarray | None = None,
        on_interrupt: str = "raise",
        initial_weights: tuple[np.ndarray, np.ndarray] | None = None,
        **unknown: Never,
    ) -> None:
        settings: dict[str, Any] = {
            "network": network,
            "loss": loss,
            "optimizer": optimizer,
            "batch_size": batch_size,
            "schedule": schedule,
            "dropout_schedule": dropout_schedule,
            "weight_decay_schedule": weight_decay_schedule,
            "clipping": clipping,
            "seed": seed,
            "dtype": name_of_dtype(dtype),
            "shuffle": shuffle,
            "shuffle_rows": shuffle_rows,
            "precision": precision,
            "engine": engine,
            "device": device,
            "n_threads": n_threads,
            "penalty_per_row": penalty_per_row,
            "loss_weights": loss_weights,
            "on_interrupt": on_interrupt,
        }
        besides = {"initial_weights": initial_weights, "callbacks": callbacks, "metrics": metrics}
        check_known(unknown, [*settings, *besides])
        checked = checked_settings(settings, besides)
        super().__init__(checked, metrics, initial_weights)
        # A reactive schedule has state, which trainers must not share.
        self._schedule = copy.deepcopy(self.settings.schedule)
        self.callbacks = list_of_callbacks(callbacks)
        self.history = History()
        self.epoch = 0
        self.step = 0
        self.steps_per_epoch: int | None = 1
        self.rows_per_step = 1
        self.stop_reason: StopReason | None = None
        self.warns_of_blocked_gradients = True
        self._help: Help | None = None  # of other processes, within a fit
        self._display: list[Callback] = []  # what shows the running fit to the user
        self._fit = RunningFit()
        self._drawn: np.ndarray | None = None  # parameters that are still to be fitted to rows
        self._full_batch = FullBatchFit()
        self._moments = Moments([ScheduleWatch(), *self.callbacks])
        self._chunk_size = ChunkSize()
        if network.is_built:
            self.build()

    @property
    def last_epoch(self) -> int:
        """The epoch after which the running ``fit`` ends at the latest."""
        return self._fit.last_epoch

    @property
    def training_data(self) -> Batches | None:
        """The rows of the running ``fit`` in the engine's form; None outside of it, and where they come in blocks."""
        return None if self._fit.training is None else self._fit.training.all

    @property
    def validation_data(self) -> Batches | None:
        """The validation rows of the running ``fit`` in the engine's form; None without, and where they come in blocks."""
        return None if self._fit.validation is None else self._fit.validation.all

    @property
    def steps_this_epoch(self) -> int:
        """How many steps of the present epoch are done."""
        return 0 if self._fit.begun is None else self._fit.begun.steps_done

    @property
    def has_validation(self) -> bool:
        """Whether the running ``fit`` has validation rows."""
        return self._fit.validation is not None

    # The training loop

    @exclusive("copy.deepcopy(trainer)")
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        class_weight: str | Mapping[Any, float] | None = None,
        validation_data: Any = None,
        max_epochs: int = 100,
        final_check: bool = True,
        verbose: bool | int = False,
    ) -> History:
        """Train for up to ``max_epochs`` further epochs; epochs, steps and randomness continue where the last ``fit`` stopped.

        After loading a checkpoint that was written during a ``fit``, the same call finishes that ``fit``: ``max_epochs`` then
        counts from its start.

        Parameters
        ----------
        X : array of shape (n, width), or a list or dict of such
            One per input; float32 or float64 in any memory order, a memmap, or a sparse matrix. It is not copied. A memmap of
            more rows than are shuffled together is trained on in blocks (:class:`~lamina.training.ArrayBlocks`), except by an
            optimizer that needs all rows, or with ``batch_size=None``.

            Without y: a source of blocks (:class:`~lamina.training.BlockSource`), or an iterable of blocks, tuples ``(X, y)`` or
            ``(X, y, sample_weight)``; see :doc:`/how-to/larger-than-memory`.
        y : array of shape (n,) or (n, target width), or a list or dict of such
            One per output; class indices, 0 and 1, or numbers, as the loss requires.
        sample_weight : array of shape (n,), optional
            Not negative.
        class_weight : "balanced" or dict, optional
            Factors of the rows' weights by class, as y has it, where y has one class for each row: ``{0: 1.0, 1: 5.0}``;
            a class that is not named has 1. "balanced": every class counts as much. Validation rows are not weighted. Rows in
            blocks bring their weights with them.
        validation_data : (X, y) or (X, y, sample_weight), or a source or list of blocks, optional
            Evaluated at the end of every epoch.
        max_epochs : int, default=100
            >= 1.
        final_check : bool, default=True
            Whether to evaluate the rows of X at the end, which takes 0.1 to 0.7 of an epoch's time, so that a run whose last
            update ruined its predictions does not pass as a success. Without it only weights and statistics are checked, which
            suits many calls of one epoch each. Of rows in blocks, up to 8,192 of the first ones are evaluated.
        verbose : bool or int, default=False
            1 or True: a progress bar, as :class:`~lamina.training.Progress` draws it; 2: a printed line for each epoch.

        Returns
        -------
        History
            The trainer's history, with all epochs so far.

        Raises
        ------
        ShapeError, DataError
            If the data do not fit the network or the loss.
        BusyError
            If this trainer is already being fitted, in another thread or by one of its own callbacks.
        NonFiniteError
            If a number became NaN or infinite before any epoch was done. Later on, training stops with the best weights so
            far, whose loss was measured after they were restored, and a :class:`TrainingWarning`.
        TrainingWarning
            If no gradient can reach some weights, because an activation is flat everywhere ("step"); once a process, if mixed
            precision brings no speed.
        KeyboardInterrupt
            After Ctrl-C, with ``on_interrupt="raise"`` or before any epoch was done. The trainer stays valid and can continue.
        """
        given = {"max_epochs": max_epochs, "final_check": final_check, "class_weight": class_weight, "verbose": verbose}
        check_parameters(given, _FIT_RULES, owner="Trainer.fit")
        if self.settings.precision == "mixed":
            warn_of_slow_precision(self.engine)
        given_rows = GivenRows(self.settings, self.batches, self._reader)
        rows_given = given_rows.training(X, y, sample_weight, class_weight, max_epochs)
        validation = given_rows.validation(validation_data)
        with helped(self, rows_given) as self._help:
            self._display = displays(verbose)
            try:
                return self._fit_rows(rows_given if self._help is None else self._help.rows, validation, max_epochs, final_check)
            finally:
                self._help, self._display = None, []

    def fit_loop(self, data: Batches | Rows) -> None:
        """Run epochs until something stops the training."""
        if isinstance(self.optimizer, LBFGS) and isinstance(data, Batches):
            check_losses(self.losses)
            if self.stop_reason is None and (self.epoch < self.last_epoch or self._full_batch.is_stored):
                most = self.last_epoch - self._fit.first_epoch
                self._full_batch.run(self, data, self.network.output_names, self._moments, most, self._end_epoch, self._stop_at)
        while self.stop_reason is None and self.epoch < self.last_epoch:
            check_trained(self.executor.program)  # a callback may have frozen layers
            num_epochs = self._epochs_a_call(data) if isinstance(data, Batches) else 1
            if num_epochs > 1 and isinstance(data, Batches):
                self._fit_short_epochs(data, num_epochs)
            else:
                self.fit_epoch(data)
        if self.stop_reason is None:
            asked = self.last_epoch - self._fit.first_epoch
            self.stop("max_epochs", "The epoch asked for was run." if asked == 1 else f"All {asked} epochs asked for were run.")

    def fit_epoch(self, data: Batches | Rows) -> Record | None:
        """Train one epoch on data from :meth:`batches`, and evaluate the validation data of the running ``fit``.

        Where rows come in blocks, ``data`` is what :meth:`fit_loop` has of them.

        Returns
        -------
        dict or None
            The epoch's record, also the last of the history; None if a number was not finite, or a callback stopped the epoch
            before its first step.
        """
        first, rows = None, as_rows(data)
        if not self._fit.is_open:
            self._adapt_weights(rows)
            self.stop_reason, first = None, Weights.of(self.executor)
        began = time.perf_counter()
        epoch = self._begin_epoch()
        try:
            self._take_steps(epoch, rows)
        except KeyboardInterrupt:
            # The engine's earlier calls are complete: the epoch ends here and is recorded with the steps that were done.
            if not epoch.steps_done:
                raise
            self.stop("interrupted")
        finally:
            self._fit.begun = None
        self._stop_at(epoch.failure)
        if epoch.failure is not None and first is not None:
            first.put(self.executor)  # a failed update leaves no usable weights
        if epoch.failure is not None or not epoch.steps_done or not epoch.has_begun:
            return None
        record = epoch.record(self.network.output_names, with_norm=self._moments.needs_gradient_norms)
        if self.clipping.is_bounded:
            record["clipped_steps"] = epoch.num_clipped
            record["clipped_share"] = epoch.num_clipped / epoch.steps_done
        return self._end_epoch(record, began)

    @property
    def watches_steps(self) -> bool:
        """Whether the engine measures on its way what a callback's ``watch`` asks for: no custom loss, no perturbed weights."""
        return self._built().stepper is self.executor

    def stop(self, code: str, text: str = "") -> None:
        """Stop training after the current epoch or, during an epoch, after the current native call; the first reason counts.

        Parameters
        ----------
        code : str
            A key of :data:`lamina.training.STOP_CODES`; "callback" is for custom callbacks.
        text : str, default=""
            A plain sentence; by default that of :data:`lamina.training.STOP_CODES`.
        """
        reason = StopReason(code, text)
        if self.stop_reason is None:
            self.stop_reason = reason

    def draw_rows(self, count: int) -> Batches:
        """Copies of ``count`` training rows of the running ``fit``, drawn by the seed, or of all if there are fewer.

        Rows of weight 0 are left out. See :meth:`probe`.
        """
        return self._fit.draw_rows(count, self.seed)

    def probe(self, data: Batches) -> tuple[float, Probe]:
        """Measure each layer on rows from :meth:`batches` or :meth:`draw_rows`; nothing changes.

        Both passes are those of a training step at the present weights with these rows as its batch, but without dropout.
        Optimizers that perturb weights have no backward pass.

        Returns
        -------
        loss : float
            The mean loss of the rows, without penalties.
        probe : lamina.engine.executor.Probe
            A number of each layer for each quantity.
        """
        return self._built().probe(data, with_gradients=not isinstance(self.optimizer, PerturbationOptimizer))

    def put_best(
        self, candidates: Sequence[Weights], monitor: str = "loss", *, larger_is_better: bool = False, also_first: bool = False
    ) -> float:
        """Measure several sets of weights on the data of the running ``fit``, and restore the best.

        Parameters
        ----------
        candidates : sequence of Weights
            The first one wins a tie.
        monitor : str, default="loss"
            "loss", of the training rows; "validation_loss"; or a metric, such as "validation_accuracy".
        larger_is_better : bool, default=False
        also_first : bool, default=False
            Add the weights that the ``fit`` started with, as is done after a failure in any case.

        Returns
        -------
        float
            The best number; NaN, with the weights unchanged, if no number is finite or ``monitor`` cannot be measured.
        """
        failed = self.stop_reason is not None and self.stop_reason.code == "non_finite"
        return self._fit.put_best(candidates, monitor, larger_is_better=larger_is_better, also_first=also_first or failed)

    # Pictures

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the losses, or other ``keys`` of ``history``, and mark the epoch whose weights early stopping restored.

        See :func:`lamina.plots.plot_history`. Needs the extra ``plot``.
        """
        axes: Axes = serve("Trainer.plot", self, keys, log=log, ax=ax)
        return axes

    def live(self, keys: str | Sequence[str] | None = None, *, log: bool = False) -> Trainer:
        """This trainer, which from now on plots its losses, or other ``keys`` of ``history``, while it trains.

        See :class:`lamina.plots.LivePlot`, which becomes one of its callbacks.

        Examples
        --------
        >>> from lamina import Dense, Sequential, Trainer
        >>> Trainer(Sequential([Dense(1)]), "squared_error").live().callbacks
        [<lamina.plots.live_plot.LivePlot object at ...>]
        """
        trainer: Trainer = serve("Trainer.live", self, keys, log=log)
        return trainer

    # Private methods

    def _fit_rows(
        self, given: Batches | BlockSource, validation: ValidationRows | None, max_epochs: int, final_check: bool
    ) -> History:
        """Fit on rows for the engine, or on a source of them."""
        rows = GivenRows(self.settings, self.batches, self._reader).rows(given)
        self._moments = Moments([ScheduleWatch(), *self.callbacks, *self._display])
        self._configure()
        check_batches(self.executor.program, self.optimizer, self.settings.chosen_batch_size, rows.num_rows)
        if self.warns_of_blocked_gradients:
            warn_of_blocked_gradients(self.executor.program, self.optimizer)
        self._resume(rows, validation, max_epochs)
        if not self._fit.is_open:
            self.stop_reason = None
            self._adapt_weights(rows)
            self._check_own_layers(rows.first)
        with Interrupts(self._stop_for_interrupt) as interrupts:
            self._fit.open(self._built(), self.epoch, max_epochs, rows, validation)
            self._set_lengths(rows)
            try:
                with interrupts.second_raises:
                    self._moments.call("on_fit_begin", self)
                    self.fit_loop(rows if rows.all is None else rows.all)
            except KeyboardInterrupt:
                interrupts.add()
            finally:
                try:
                    with interrupts.second_raises:
                        rows.close()
                except KeyboardInterrupt:
                    interrupts.add()
                finally:
                    self._close(interrupts, final_check)
        self._fit.report_failure(self.stop_reason, self.epoch)
        if interrupts.count and (self.on_interrupt == "raise" or self.epoch == 0):
            raise KeyboardInterrupt
        return self.history

    def _stop_for_interrupt(self) -> None:
        self.stop("interrupted")

    def _close(self, interrupts: Interrupts, final_check: bool) -> None:
        """End the running ``fit``: restore the best weights if it was cut short, and check that a success is one."""
        code = None if self.stop_reason is None else self.stop_reason.code
        try:
            if code == "interrupted":
                done = "1 epoch" if self.epoch == 1 else f"{self.epoch} epochs"
                self.stop_reason = StopReason(code, f"The training was interrupted after {done}.")
                self._fit.put_last_or_best(lambda: interrupts.count > 1)
            elif code == "non_finite":
                self._fit.recover()
            with interrupts.second_raises:
                self._moments.call_all("on_training_end", self)
                succeeds = code not in (None, "interrupted", "non_finite")
                # Where time is over, the loss of the validation rows, which is finite, says enough.
                is_known = code == "time_limit" and self._fit.validation is not None
                what = self._fit.find_non_finite(final_check and not is_known) if succeeds else ""
            if what:
                self.stop_reason = StopReason("non_finite", f"After step {self.step}, {what} is NaN or infinite.")
                self._fit.recover()
        finally:
            self._fit.close()
            with interrupts.second_raises:
                self._moments.call_all("on_fit_end", self)

    def _go_on_with(self, network: Network) -> Self:
        pairs = zip(self.network.nodes, network.nodes, strict=True)
        changed = dict.fromkeys(new.layer_name for old, new in pairs if old.is_trainable != new.is_trainable)
        if changed and self._full_batch.is_begun:
            repair = "Wait for its end, or choose an optimizer that takes steps, such as Adam."
            rule = "frozen layers must stay the same during a fit with L-BFGS"
            raise InvalidSettingError(f"Trainer: {rule}, got a change of {', '.join(map(repr, changed))}. {repair}")
        return super()._go_on_with(network)

    def _configure(self) -> None:
        records_norms = self._moments.needs_gradient_norms or (self.clipping.is_bounded and self._moments.hears("on_steps_done"))
        model, how = self._built(), self.settings.plan(record_norms=records_norms)
        model.configure(how, self.optimizer)
        if self._help is not None:
            model.stepper = shared = self._help.steps_with(model.executor, how)
            self._chunk_size = ChunkSize(multiple=shared.steps_a_round)
        check_program(self.executor.program, self.settings, self.schedule)
        check_callbacks(self.callbacks, self.optimizer)

    def _epochs_a_call(self, data: Batches) -> int:
        """How many epochs one call of the engine may run; 1 if something must happen between or within epochs."""
        if self._fit.begun is not None:
            return 1
        own_epoch = type(self).fit_epoch is not Trainer.fit_epoch  # a subclass overrides the epoch
        if own_epoch or self._fit.validation is not None or self.clipping.is_bounded or data.sample_weight is not None:
            return 1
        pace = self._pace(as_rows(data))
        if pace.rows_an_epoch < data.num_rows or not runs_epochs(self._built().stepper):
            return 1
        most = min(self._chunk_size.steps // pace.steps_an_epoch, self.last_epoch - self.epoch)
        return int(min(most, self._moments.epochs_ahead(self, pace.steps_an_epoch)))

    def _fit_short_epochs(self, data: Batches, num_epochs: int) -> None:
        """Run several epochs in one call of the engine, with the same results as :meth:`fit_epoch`."""
        stepper, pace = self._built().stepper, self._pace(as_rows(data))
        assert runs_epochs(stepper)
        numbers = Epochs(self.epoch, num_epochs, self.shuffle)
        epochs = ShortEpochs(data, numbers, pace.rows_a_step, self._values(pace, num_epochs), self.network.output_names)
        told = self._moments if self.callbacks or self._display else None
        self._stop_at(run_short_epochs(self, epochs, stepper, self._fit.best, self._chunk_size, told))

    def _begin_epoch(self) -> Epoch:
        """A new epoch, or the one in whose midst a loaded checkpoint was written."""
        if self._fit.begun is None:
            self._moments.call("on_epoch_begin", self)
            self._fit.begun = Epoch()
        return self._fit.begun

    def _take_steps(self, epoch: Epoch, rows: Rows) -> None:
        """Train on all parts of the rows, unless something stops the training."""
        pace, schedule, last_epoch = self._pace(rows), self.schedule, max(self.last_epoch, self.epoch + 1)
        first_step = self.step - epoch.steps_done
        self.steps_per_epoch = None if rows.num_rows is None else pace.steps_an_epoch

        def values_of(before: int, num_steps: int) -> StepValues:
            return pace.step_values(schedule, first_step + before, num_steps, last_epoch)

        for part in rows.parts(self.epoch, pace, self.last_epoch, lambda: self.stop_reason is not None):
            epoch.begin(part, values_of)
            run_in_chunks(self, epoch, self._built().stepper, self._moments, self._chunk_size)
            if self.stop_reason is not None or epoch.failure is not None:
                return
        if not epoch.steps_done:  # the only row was left out
            check_batches(self.executor.program, self.optimizer, self.settings.chosen_batch_size, rows.num_rows)

    def _stop_at(self, failure: Failure | None) -> None:
        if failure is not None:
            where = f"the {failure.quantity} of layer {failure.layer!r}"
            self.stop("non_finite", f"In step {failure.step + 1}, {where} became NaN or infinite.")

    def _pace(self, rows: Rows) -> Pace:
        of_batch = whole_batch if self._help is None else self._help.rows_of_batch
        return Pace(self.settings, self.executor.program, rows.num_rows, of_batch)

    def _set_lengths(self, rows: Rows) -> None:
        """Say how long a step and an epoch are."""
        if isinstance(self.optimizer, LBFGS) and rows.num_rows is not None:
            self.steps_per_epoch, self.rows_per_step = 1, rows.num_rows
            return
        pace = self._pace(rows)
        self.steps_per_epoch = None if rows.num_rows is None else pace.steps_an_epoch
        self.rows_per_step = pace.rows_a_step

    def _values(self, pace: Pace, num_epochs: int) -> StepValues:
        """Learning rates, weight decays and dropout rates of the next epochs' steps."""
        self.steps_per_epoch = pace.steps_an_epoch
        return pace.values(self.schedule, self.step, num_epochs, max(self.last_epoch, self.epoch + 1))

    def _end_epoch(self, measured: Record, began: float) -> Record:
        """Everything between an epoch's last step and the next epoch. The record enters the history before anything can fail."""
        self.epoch += 1
        record: Record = {"epoch": self.epoch, "step": self.step, **measured, "duration_s": 0.0}
        self.history.append(record)
        if self._fit.validation is not None:
            measures = self._fit.validation.measure(self._built())
            record |= {f"validation_{name}": number for name, number in measures.items()}
        record["duration_s"] = time.perf_counter() - began
        self._fit.best.offer(record["validation_loss" if self._fit.validation else "loss"], self.executor)
        self._moments.call("on_epoch_end", self, record)
        return record
