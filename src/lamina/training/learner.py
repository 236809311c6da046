"""A network that is to be trained: settings, first weights, gradients, and what of it is frozen; the trainer is a subclass."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from lamina.engine import plan
from lamina.engine.plan import Batches
from lamina.layers.trainable_layer import setting_of_trainable
from lamina.losses.as_functions import as_functions
from lamina.network import Network
from lamina.optimizers import Optimizer
from lamina.schedules import Schedule, get_schedule
from lamina.training.adaptation import adapted_to
from lamina.training.contradictions import check_program
from lamina.training.exclusive import is_running
from lamina.training.own_layers import check_own_gradients, has_own_layers
from lamina.training.predictor import Predictor
from lamina.training.rows import Rows
from lamina.training.settings import TrainerSettings, setting
from lamina.training.trainer_rules import opened_settings
from lamina.validation import boolean, check_parameters

__all__ = ["Learner"]


class Learner(Predictor):
    """A network that is to be trained: its settings, first weights, gradients, and what of it is frozen.

    Attributes
    ----------
    step : int
        Steps done so far, over all fits.
    """

    step: int
    _checked_own_layers = False
    _drawn: np.ndarray | None  # parameters that are still to be fitted to rows
    _schedule: Schedule  # the setting, or the one that a callback set

    optimizer: Optimizer = setting("optimizer")
    dropout_schedule: Schedule = setting("dropout_schedule")
    weight_decay_schedule: Schedule = setting("weight_decay_schedule")
    clipping: plan.Clipping = setting("clipping")
    shuffle: bool = setting("shuffle")
    shuffle_rows: int | str = setting("shuffle_rows")
    precision: str = setting("precision")
    penalty_per_row: bool = setting("penalty_per_row")
    on_interrupt: str = setting("on_interrupt")

    @property
    def batch_size(self) -> int | None:
        """Rows per step; None: all."""
        return self.settings.rows_a_step

    @batch_size.setter
    def batch_size(self, batch_size: int | str | None) -> None:
        self.settings = replace(self.settings, batch_size=batch_size)

    @property
    def schedule(self) -> Schedule:
        """The schedule that training follows: the setting, or the one that a callback set during a fit."""
        return self._schedule

    @schedule.setter
    def schedule(self, schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None) -> None:
        if is_running(self):
            self._schedule = get_schedule(schedule)  # not copied: a callback may rely on its schedule's state
        else:
            self.settings = replace(self.settings, schedule=get_schedule(schedule))
            self._schedule = copy.deepcopy(self.settings.schedule)

    @classmethod
    def from_settings(cls, settings: TrainerSettings, **besides: Any) -> Self:
        """Create a trainer with these settings.

        Parameters
        ----------
        settings : TrainerSettings
            For example from ``TrainerSettings.from_settings(json.loads(text))``.
        **besides
            ``callbacks``, ``metrics`` and ``initial_weights``.

        Raises
        ------
        InvalidSettingError
            If ``settings`` is not TrainerSettings, or a setting is also a keyword argument.

        Examples
        --------
        >>> from lamina import Dense, Sequential, Trainer
        >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error", seed=3)
        >>> Trainer.from_settings(trainer.settings).seed
        3
        """
        return cls(**opened_settings(settings, besides), **besides)

    def build(self, widths: int | Sequence[int] | None = None) -> Self:
        is_given = self._initial_weights is not None
        super().build(widths)
        self._configure()
        self._drawn = None if is_given or not self.network.adapts_weights else self.executor.snapshot().parameters
        return self

    def first_weights(self, data: Batches) -> np.ndarray:
        """The parameters that training begins with on rows from :meth:`batches`.

        These are the present ones, except before the first step: then those are fitted to the rows whose initializers do so, such
        as "unit_variance", and which are as they were drawn. Given ``initial_weights`` stay as they are.

        Returns
        -------
        ndarray of shape (num_parameters,)
        """
        parameters, state, _ = self.executor.snapshot()
        if self._drawn is None or self.step:
            return parameters
        own, drawn = self.network.unflatten(parameters), self.network.unflatten(self._drawn)
        changed = [name for name, array in own.items() if not np.array_equal(array, drawn[name])]
        return adapted_to(data, self.network, parameters, state, self.seed, keep=changed)

    def loss_and_gradients(
        self, X: Any, y: Any, sample_weight: Any = None, *, training: bool = True
    ) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch, and its gradient with respect to each parameter by name; nothing changes.

        Both are those of the next step if it had this batch, before clipping: with L1 and L2, and where that step would draw
        masks, with its masks.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`; all rows are one batch.
        training : bool, default=True
            Whether batch normalization uses the batch's statistics and dropout is on; else both work as in prediction.

        Returns
        -------
        loss : float
            Of all outputs, with penalties.
        gradients : dict of str to ndarray
            By the names of :attr:`weights`, each of the parameter's shape; frozen parameters have none.

        Raises
        ------
        ShapeError, DataError
            If the data do not fit the network or the loss.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina import Dense, Sequential, Trainer
        >>> trainer = Trainer(Sequential([Dense(1, weight_init="zeros")], 2), "squared_error", dtype="float64")
        >>> loss, gradients = trainer.loss_and_gradients(np.array([[1.0, 2.0]]), np.array([3.0]))
        >>> loss, gradients["dense_1.weight"].ravel().tolist(), gradients["dense_1.bias"].tolist()
        (4.5, [-3.0, -6.0], [-3.0])
        """
        from lamina.training.steppers.custom_loss import CustomSteps  # most runs have no such loss

        check_parameters({"training": training}, {"training": boolean()}, owner=f"{type(self).__name__}.loss_and_gradients")
        data = self.batches(X, y, sample_weight)
        if not is_running(self):
            self._configure()  # a setting may have changed
        self._check_own_layers(lambda: data)
        executor, rows = self.executor, np.arange(data.num_rows)
        custom = as_functions(self.losses, executor.program.members)
        steps = CustomSteps(executor, custom, self.settings.penalty_per_row) if custom else executor
        loss, vector = steps.loss_and_gradient(data, order=rows, training=training, step=self.step)
        parameters = executor.program.parameters
        return loss, {p.name: vector[p.slice].reshape(p.shape).copy() for p in parameters if p.trainable}

    def freeze(self, *layers: str) -> Self:
        """Train these layers, by default all, no further; see :meth:`Network.freeze <lamina.network.Network.freeze>`.

        Weights, the optimizer's memory of them and the history stay, so that ``unfreeze`` lets them go on from there. A callback
        may call either between epochs, to train one layer after the other.

        Parameters
        ----------
        *layers : str
            Names of layers with parameters.

        Returns
        -------
        Trainer
            This trainer.

        Raises
        ------
        UnknownNameError
            For the name of no such layer.
        InvalidSettingError
            For anything but names, such as a list of them; or during a fit with L-BFGS, which remembers how the weights moved
            together. A fit that is to begin or go on without any trained layer raises it, too.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina import Dense, Sequential, Trainer
        >>> X = np.random.default_rng(0).normal(size=(50, 4))
        >>> trainer = Trainer(Sequential([Dense(8, activation="tanh", name="encoder"), Dense(1)]), "squared_error")
        >>> history = trainer.fit(X, X[:, 0], max_epochs=3)
        >>> kept = trainer.weights.copy()
        >>> history = trainer.freeze("encoder").fit(X, X[:, 1], max_epochs=3)
        >>> [name for name, array in trainer.weights.items() if np.array_equal(array, kept[name])]
        ['encoder.weight', 'encoder.bias']
        """
        return self._go_on_with(self.network.freeze(*layers))

    def unfreeze(self, *layers: str) -> Self:
        """Train these layers, by default all, again; see :meth:`freeze`."""
        return self._go_on_with(self.network.unfreeze(*layers))

    def set_learning_rate_factors(self, factors: Mapping[str, float | Mapping[str, float]]) -> Self:
        """Train these layers faster or slower from now on; see
        :meth:`Network.with_learning_rate_factors <lamina.network.Network.with_learning_rate_factors>`.

        Weights, the optimizer's memory and the history stay, as with :meth:`freeze`; a callback may call it between epochs.

        Parameters
        ----------
        factors : dict of str to float, or to dict of str to float
            By the names of layers with parameters.

        Returns
        -------
        Trainer
            This trainer.

        Raises
        ------
        UnknownNameError
            For the name of no such layer.
        InvalidSettingError
            When a factor is not above 0, names no parameter of its layer, or the optimizer is L-BFGS, which has no learning rate.

        Examples
        --------
        >>> from lamina import Dense, Sequential, Trainer
        >>> trainer = Trainer(Sequential([Dense(8, name="encoder"), Dense(1)], 4), "squared_error")
        >>> trainer.set_learning_rate_factors({"encoder": {"weight": 0.1}}).network.parameters[0].learning_rate_factor
        0.1
        """
        network = self.network.with_learning_rate_factors(factors)
        if network.is_built:
            check_program(network.program(), self.settings, self.schedule)
        return self._go_on_with(network)

    @property
    def trainable(self) -> bool:
        """Whether training changes any layer; it cannot be set, see :meth:`freeze`."""
        return self.network.trainable

    @trainable.setter
    def trainable(self, given: bool) -> None:
        raise setting_of_trainable("Trainer", given)

    def _adapt_weights(self, rows: Rows) -> None:
        """Fit the first weights to the rows, once."""
        if self._drawn is not None:
            self.executor.restore(parameters=self.first_weights(rows.first()))
            self._drawn = None

    def _check_own_layers(self, data: Callable[[], Batches]) -> None:
        """Compare the gradients of layers in Python with differences, once."""
        if not self._checked_own_layers and has_own_layers(self.executor):
            check_own_gradients(self.executor, data())
        self._checked_own_layers = True

    def _go_on_with(self, network: Network) -> Self:
        """Replace the network by one that differs in what is frozen."""
        self.settings = replace(self.settings, network=network)
        if self._model is not None:
            self._model.adopt(network)
            self._configure()
        return self

    def _configure(self) -> None:
        """Tell the engine how the settings train."""
        raise NotImplementedError
