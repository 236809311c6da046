"""A trained network as a model: its weights and the meaning of its outputs, without the code that trained it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from lamina.activations import get_activation
from lamina.door import serve
from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.errors import InvalidSettingError, phrase
from lamina.losses import CustomLoss, Loss
from lamina.losses.members import joint_logits, of_each_member, predictions_of
from lamina.losses.row_losses import losses_of_outputs
from lamina.network import Network
from lamina.network.ensemble import check_has_members
from lamina.network.heads import Losses
from lamina.network.named_arrays import NamedArrays
from lamina.optimizers import Optimizer
from lamina.training import History, StopReason, Trainer
from lamina.training.batches import make_batches, make_inputs
from lamina.training.meaning import Meaning
from lamina.training.output_losses import loss_key
from lamina.training.slow_precision import asks_for_mixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NetworkModel", "OutputMeaning"]


@dataclass(frozen=True, slots=True)
class OutputMeaning:
    """The loss that an output was trained with, and the meaning of its logits.

    Attributes
    ----------
    loss : Loss or None
        None for a custom loss, which is a function and is not kept.
    loss_name : str
        Name of the loss.
    link : str or None
        The activation that turns logits into predictions; None if the loss predicts in another way, or if it was a custom
        function, which is not kept either.
    weight : float
        Factor of the loss in training.
    """

    loss: Loss | None
    loss_name: str
    link: str | None
    weight: float = 1.0

    @classmethod
    def of(cls, loss: Loss, weight: float) -> Self:
        """The meaning of an output that was trained with ``loss``."""
        return cls(None if isinstance(loss, CustomLoss) else loss, loss.name, loss.link, weight)


@final
@dataclass(frozen=True, eq=False)
class NetworkModel:
    """An immutable trained network that predicts and can be evaluated.

    :func:`lamina.load_model` returns one for a file that :func:`lamina.save_model` wrote from a
    :class:`~lamina.training.Trainer`. Its predictions are bit-for-bit the trainer's. A custom loss is not kept, as predictions do
    not need it.

    Parameters
    ----------
    network : Network
        A built network.
    outputs : tuple of OutputMeaning
        One per output.
    parameters, state : ndarray
        The flat vectors, of the same dtype; the model keeps read-only copies.
    history : History, default=History()
        History of the training.
    stop_reason : StopReason, optional
        Why the training ended.
    engine : {"auto", "native", "reference"}, default="auto"
        The engine that computes predictions.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lamina import Dense, Sequential, Trainer, load_model, save_model
    >>> X = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    >>> trainer = Trainer(Sequential([Dense(8, activation="relu"), Dense(3)]), "softmax_cross_entropy")
    >>> history = trainer.fit(X, X.argmax(axis=1) % 3, max_epochs=5)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.lamina"
    >>> save_model(path, trainer)
    >>> model = load_model(path)
    >>> model
    <NetworkModel of <Sequential 4 → 3: 2 layers, depth 2, 67 parameters>, trained with softmax_cross_entropy>
    >>> np.array_equal(model.predict(X), trainer.predict(X))
    True
    """

    network: Network
    outputs: tuple[OutputMeaning, ...]
    parameters: np.ndarray
    state: np.ndarray
    history: History = field(default_factory=History)
    stop_reason: StopReason | None = None
    engine: str = "auto"

    def __post_init__(self) -> None:
        for name in ("parameters", "state"):
            array = np.array(getattr(self, name))
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def of(cls, trainer: Trainer) -> Self:
        """The model of a trainer's network with its current weights.

        Raises
        ------
        ShapeError
            If the widths of the network's inputs are not known yet.
        """
        executor = trainer.executor
        outputs = tuple(
            OutputMeaning.of(loss, head.weight) for loss, head in zip(trainer.losses, executor.program.heads, strict=True)
        )
        engine = "reference" if trainer.engine == "reference" else "auto"
        history = History(trainer.history)
        return cls(trainer.network, outputs, *executor.snapshot()[:2], history, trainer.stop_reason, engine)

    @property
    def dtype(self) -> np.dtype:
        """Dtype of weights and predictions."""
        return self.parameters.dtype

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the network's inputs, in order."""
        return self.network.input_names

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the network's outputs, in order."""
        return self.network.output_names

    @property
    def weights(self) -> NamedArrays:
        """All parameters by name, read-only."""
        return self.network.unflatten(self.parameters)

    @property
    def running_statistics(self) -> NamedArrays:
        """The running means and variances of batch normalization by name, read-only."""
        return self.network.unflatten_state(self.state)

    def predict(self, X: Any, *, precision: str = "full") -> Any:
        """Predict for X: probabilities or numbers, computed from the logits as the losses have it.

        Parameters
        ----------
        X : array of shape (n, width), or a list or dict of arrays
            One array per input.
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

        Returns
        -------
        ndarray of shape (n, output width), or (n, targets) for means with ``gaussian_nll``; a list of these for several outputs

        Raises
        ------
        InvalidSettingError
            If an output's link was a custom function; :meth:`predict_logits` still works. If ``precision`` is "mixed", and the
            dtype is not float32.
        """
        meanings = self._meanings()
        ends = [(output.link, meaning.predict) for output, meaning in zip(self.outputs, meanings, strict=True)]
        return _single(
            predictions_of(self._executor, self._inputs(X), ends, mixed=asks_for_mixed(precision, self.dtype, self.engine))
        )

    def predict_logits(self, X: Any, *, precision: str = "full") -> Any:
        """The outputs before any link; see :meth:`lamina.training.Trainer.predict_logits`."""
        executor = self._executor
        found = zip(
            self.outputs, executor.predict(self._inputs(X), mixed=asks_for_mixed(precision, self.dtype, self.engine)), strict=True
        )
        return _single([joint_logits(output.link, logits, executor.program.members) for output, logits in found])

    def predict_members(self, X: Any) -> Any:
        """The predictions of each member of an ensemble; see :meth:`lamina.training.Trainer.predict_members`."""
        check_has_members(self.network)
        meanings, executor = self._meanings(), self._executor
        found = zip(meanings, executor.predict(self._inputs(X)), strict=True)
        return _single([of_each_member(meaning.predict, logits, executor.program.members) for meaning, logits in found])

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the losses of the training, or other ``keys`` of ``history``; see :func:`lamina.plots.plot_history`."""
        axes: Axes = serve("NetworkModel.plot", self, keys, log=log, ax=ax)
        return axes

    def predict_distribution(self, X: Any, *, mc_samples: int | None = None, seed: int = 0) -> Any:
        """Mean and spread of the predictions; see :meth:`lamina.training.Trainer.predict_distribution`."""
        from lamina.training.predictive_distribution import predict_distributions  # rarely needed

        settings = (mc_samples, seed, self.engine)
        return _single(predict_distributions(self.network, self._meanings(), self._executor, self._inputs(X), *settings))

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """The mean loss (without penalties), and each output's loss by name if there are several.

        See :meth:`lamina.training.Trainer.evaluate`.

        Raises
        ------
        InvalidSettingError
            If a loss was a custom function, which files do not hold.
        """
        losses = self._own_losses("NetworkModel.evaluate", "Compute the loss from predict_logits.")
        program = self.network.program(losses, [output.weight for output in self.outputs])
        data = make_batches(X, y, sample_weight, program, losses, self.dtype, self.input_names, self.output_names)
        measured = losses_of_outputs(self._executor, losses, data, self._executor.evaluate).tolist()
        total = sum(output.weight * loss for output, loss in zip(self.outputs, measured, strict=True))
        if len(measured) == 1:
            return {"loss": float(total)}
        return {"loss": float(total), **{loss_key(name): loss for name, loss in zip(self.output_names, measured, strict=True)}}

    def trainer(
        self, optimizer: str | Optimizer | Mapping[str, Any] = "adam", *, loss: Losses | None = None, **settings: Any
    ) -> Trainer:
        """A trainer that continues from this model: the same network and weights, and the losses it was trained with.

        It begins at epoch 0 with an empty history and a fresh optimizer. To resume a training exactly, bit for bit, use a
        checkpoint.

        Parameters
        ----------
        optimizer : str or Optimizer, default="adam"
        loss : loss, list or dict, optional
            Replaces the previous losses; required if they were functions.
        **settings
            Other settings of :class:`lamina.training.Trainer`; ``dtype`` defaults to the model's.

        Raises
        ------
        InvalidSettingError
            If a loss is required, or a setting is invalid.
        """
        if loss is None:
            loss = self._own_losses("NetworkModel.trainer", "Pass loss=….")
            settings = {"loss_weights": [output.weight for output in self.outputs]} | settings
        trainer = Trainer(self.network, loss, optimizer, **{"dtype": self.dtype.name, **settings})
        trainer.weights = self.weights
        trainer.running_statistics = self.running_statistics
        return trainer

    def summary(self) -> str:
        """The network as a table, and what each output was trained for."""
        lines = [
            f"{name}: {output.loss_name}{_meaning(output)}" for name, output in zip(self.output_names, self.outputs, strict=True)
        ]
        return "\n".join([self.network.summary(), *lines])

    def __repr__(self) -> str:
        return f"<NetworkModel of {self.network!r}, trained with {', '.join(output.loss_name for output in self.outputs)}>"

    def __getstate__(self) -> dict[str, Any]:
        """The fields without the engine, which cannot be pickled."""
        return {name: value for name, value in vars(self).items() if name != "_executor"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    @cached_property
    def _executor(self) -> Executor:
        losses = [output.loss for output in self.outputs]
        known = [loss for loss in losses if loss is not None]
        weights = [output.weight for output in self.outputs]
        program = self.network.program(known, weights) if len(known) == len(losses) else self.network.program()
        executor = make_executor(program, dtype=self.dtype.name, engine=self.engine)
        executor.restore(self.parameters, self.state)
        return executor

    def _inputs(self, X: Any) -> list[Any]:
        return make_inputs(X, self._executor.program, self.dtype, self.input_names)

    def _own_losses(self, owner: str, repair: str) -> list[Loss]:
        """The losses, if all of them are Lamina's."""
        for name, output in zip(self.output_names, self.outputs, strict=True):
            if output.loss is None:
                rule = "must be one of Lamina's, because files hold no functions"
                raise InvalidSettingError(phrase(f"the loss of {name!r}", rule, output.loss_name, repair=repair, owner=owner))
        return [output.loss for output in self.outputs if output.loss is not None]

    def _meanings(self) -> list[Meaning]:
        """What the logits of each output say."""
        return [_meaning_of(name, output) for name, output in zip(self.output_names, self.outputs, strict=True)]


def _meaning_of(name: str, output: OutputMeaning) -> Meaning:
    if output.loss is not None:
        return Meaning.of(output.loss)
    if output.link is None:
        rule = "must have a name to be kept in a file"
        repair = "Use predict_logits and apply the function, or train with CustomLoss(…, inverse_link=<name>)."
        raise InvalidSettingError(phrase(f"the inverse link of {name!r}", rule, "a function", repair=repair))
    return Meaning(get_activation(output.link).value)


def _meaning(output: OutputMeaning) -> str:
    if output.loss is None and output.link is None:
        return ", predicts with a function that the file does not hold"
    if output.loss is not None and output.loss.predicts_spread:
        return ", predicts means and spreads"
    return "" if output.link == "identity" else f", predicts with {output.link}"


def _single(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else list(parts)
