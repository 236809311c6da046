"""A network together with the executor that holds its weights, for evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.engine.plan import Batches, InputArray, TrainingPlan
from lamina.losses import CustomLoss, Loss
from lamina.losses.as_functions import as_functions
from lamina.losses.members import joint_logits, of_each_member, predictions_of
from lamina.losses.row_losses import losses_of_outputs
from lamina.network import Network
from lamina.optimizers import Optimizer
from lamina.training.batches import make_batches, make_inputs
from lamina.training.output_losses import loss_key
from lamina.training.steppers.choice import stepper_for
from lamina.training.steppers.stepper import Stepper
from lamina.validation import returned_number

if TYPE_CHECKING:
    from lamina.engine.executor import Probe

__all__ = ["Metric", "WeightedNetwork"]

Metric: TypeAlias = Callable[[Any, Any], float]


class WeightedNetwork:
    """A network, its losses, and an executor with the weights.

    Parameters
    ----------
    network : Network
        A built network, that is, with known widths.
    losses : sequence of Loss
        One per output.
    loss_weights : sequence of float, dict or None
        Factors of the outputs' losses.
    metrics : dict of str to callable
        Functions of the targets as the user gave them and the predictions (lists of them with several outputs).
    dtype : dtype
    engine : str
    n_threads : int or None
    seed : int
        Seed of the initial weights.
    weights : (parameters, state), optional
        Initial weights to use instead of random ones; flat vectors of the network's lengths.
    device : str, default="auto"

    Attributes
    ----------
    executor : Executor
    stepper : Stepper
    """

    def __init__(
        self,
        network: Network,
        losses: Sequence[Loss],
        loss_weights: Sequence[float] | Mapping[str, float] | None,
        metrics: Mapping[str, Metric],
        dtype: np.dtype,
        engine: str,
        n_threads: int | None,
        seed: int,
        weights: tuple[np.ndarray, np.ndarray] | None = None,
        device: str = "auto",
    ) -> None:
        self.network = network
        self._losses = losses
        self._input_names = network.input_names
        self._metrics = metrics
        self._dtype = dtype
        program = network.program(losses, loss_weights)
        # before the executor allocates, because its error names the layer that is too large
        first_values = network.initialize(seed, dtype) if weights is None else weights
        self.executor: Executor = make_executor(program, dtype=dtype.name, engine=engine, n_threads=n_threads, device=device)
        self.executor.restore(*first_values)
        self.stepper: Stepper = self.executor

    def adopt(self, network: Network) -> None:
        """Go on with what :meth:`~lamina.network.Network.freeze` made of the network; weights and the optimizer's memory stay."""
        self.network = network
        self.executor.reprogram(replace(network.program(), heads=self.executor.program.heads))

    @property
    def has_custom_loss(self) -> bool:
        """Whether a loss is a custom function."""
        return any(isinstance(loss, CustomLoss) for loss in self._losses)

    def configure(self, plan: TrainingPlan, optimizer: Optimizer) -> None:
        """Set how to train: by the ``plan``, whose update rule is ignored if ``optimizer`` perturbs weights."""
        self.executor.configure(plan)
        self.stepper = stepper_for(self.executor, self._losses, optimizer, plan.penalty_per_row)

    def inputs(self, X: Any) -> list[InputArray]:
        """X checked and converted for the engine; see :func:`lamina.training.batches.make_inputs`."""
        return make_inputs(X, self.executor.program, self._dtype, self._input_names)

    def batches(self, X: Any, y: Any, sample_weight: Any, *, may_be_blank: bool = False) -> Batches:
        """The data checked and converted for the engine; see :func:`lamina.training.batches.make_batches`."""
        names = (self.network.input_names, self.network.output_names)
        return make_batches(
            X, y, sample_weight, self.executor.program, self._losses, self._dtype, *names, may_be_blank=may_be_blank
        )

    def logits(self, inputs: Sequence[InputArray], *, mixed: bool = False) -> Any:
        """The logits: one array, or a list of arrays for several outputs."""
        outputs, members = self.executor.predict(inputs, mixed=mixed), self.executor.program.members
        return _single([joint_logits(loss.link, z, members) for loss, z in zip(self._losses, outputs, strict=True)])

    def predictions(self, inputs: Sequence[InputArray], *, mixed: bool = False) -> Any:
        """The predictions: one array, or a list of arrays for several outputs."""
        ends = [(loss.link, loss.predict) for loss in self._losses]
        return _single(predictions_of(self.executor, inputs, ends, mixed=mixed))

    def members(self, inputs: Sequence[InputArray]) -> Any:
        """The members' own predictions: one array (members, n, columns), or a list of arrays for several outputs."""
        outputs, members = self.executor.predict(inputs), self.executor.program.members
        return _single([of_each_member(loss.predict, z, members) for loss, z in zip(self._losses, outputs, strict=True)])

    def loss(self, data: Batches) -> float:
        """The total loss of all outputs, without penalties, in inference mode; of an ensemble, that of its predictions."""
        return self.total(self.losses_of(data))

    def losses_of(self, data: Batches) -> np.ndarray:
        """The loss of each output (heads,), as :meth:`loss` adds them up."""
        return losses_of_outputs(self.executor, self._losses, data, self.stepper.evaluate)

    def total(self, losses: np.ndarray) -> float:
        """The sum of the outputs' losses (heads,), each times its factor."""
        return float(sum(head.weight * loss for head, loss in zip(self.executor.program.heads, losses.tolist(), strict=True)))

    def probe(self, data: Batches, *, with_gradients: bool) -> tuple[float, Probe]:
        """The loss of the rows, and each layer's numbers from both passes of a training step, without dropout."""
        if not with_gradients:
            return self.loss(data), self.executor.probe(Batches(data.inputs))[1]
        if self.has_custom_loss:
            from lamina.training.steppers.mean_custom_loss import probe_with  # most runs need neither

            return probe_with(self.executor, as_functions(self._losses, self.executor.program.members), data)
        return self.executor.probe(data)

    def measure(self, data: Batches, y: Any) -> dict[str, float]:
        """The total loss of all outputs, the loss of each if there are several, and the metrics."""
        return self.named(self.losses_of(data), y, self.predictions(data.inputs) if self.has_metrics else None)

    @property
    def has_metrics(self) -> bool:
        """Whether any metric is computed, which takes targets and predictions."""
        return bool(self._metrics)

    def named(self, losses: np.ndarray, y: Any, predictions: Any) -> dict[str, float]:
        """The numbers of :meth:`measure`, of the outputs' losses (heads,), the targets as given, and the predictions."""
        measured = {"loss": self.total(losses)}
        if len(losses) > 1:
            names = self.network.output_names
            measured |= {loss_key(name): float(loss) for name, loss in zip(names, losses, strict=True)}
        for name, metric in self._metrics.items():
            measured[name] = returned_number(metric(y, predictions), f"the metric {name!r}", owner="Trainer")
        return measured


def _single(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts
