"""The torch executor: the reference engine on tensors, with steps that do not wait for the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lamina.engine.executor import Gradient, Observation, OutputGradients, Probe, Snapshot, Update, Watch, check_shape
from lamina.engine.formulas.array import Array, in_numpy
from lamina.engine.order import as_order
from lamina.engine.own_functions import OwnFunctions
from lamina.engine.plan import Batches, InputArray, StepValues, TrainingPlan, TrainingResult
from lamina.engine.program import Program
from lamina.engine.reference.executor import ReferenceExecutor, observation_in_numpy
from lamina.engine.reference.setting import Setting
from lamina.engine.torch.device_rows import DeviceRows, tensor_of
from lamina.engine.torch.devices import chosen_device
from lamina.engine.torch.masks import keep_mask
from lamina.engine.torch.mirror import Mirrors
from lamina.engine.torch.training import DeviceTraining
from lamina.extras import require

if TYPE_CHECKING:
    from lamina.engine.perturbation import BatchObjective, PerturbationRule

__all__ = ["TorchExecutor"]


class TorchExecutor:
    """Runs a program by the formulas of the reference engine, on tensors; see :class:`lamina.engine.executor.Executor`.

    Several threads may use it at once, and wait for each other where the device's memory is not the host's. Parameters and data
    stay on the device. A call of :meth:`train` waits for it once, at its end, except for steps that are
    watched. Everything that is returned is a NumPy array.

    Parameters
    ----------
    program : Program
    dtype : {"float32", "float64"}, default "float32"
    device : {"auto", "cpu", "cuda", "mps"}, default "auto"
        See :func:`~lamina.engine.torch.devices.chosen_device`.

    Raises
    ------
    MissingPackageError
        If torch is not installed.
    InvalidSettingError
        If torch does not find the device, or it has no float64.
    """

    program: Program
    dtype: np.dtype

    def __init__(self, program: Program, dtype: str | np.dtype = "float32", device: str = "auto") -> None:
        self._torch = torch = require("torch", owner="engine='torch'", extra="torch")
        self.dtype = np.dtype(dtype)
        self.device = chosen_device(torch, device, self.dtype)
        scalar: Callable[[float], Array | float] = float
        if self.device.type != "mps":
            scalar = partial(torch.tensor, dtype=torch.float64, device=self.device)
        setting = Setting(torch, self.device, scalar, partial(keep_mask, torch, self.device))
        self.program = program
        self._plain = ReferenceExecutor(program, dtype, setting=setting)
        self._training = DeviceTraining(torch, self._plain)
        # what views of the parameters and the state are where the host cannot reach the tensors' memory
        self._mirrors = Mirrors(torch, () if self.device.type == "cpu" else self._vectors[:2])
        self._reader = object()  # under which data keep what was copied to the device

    def configure(self, plan: TrainingPlan) -> None:
        """Set the training plan; slots are reset to 0 if their number changed."""
        changes = plan != self._plain.learner.plan
        self._plain.configure(plan)
        if changes:
            self._training.forget()

    def reprogram(self, program: Program) -> None:
        """Go on with a program that differs only in how its parameters are trained."""
        self.program = program
        self._plain.reprogram(program)
        self._training.forget()

    # Stored values

    def snapshot(self) -> Snapshot:
        """Copies of parameters, state and slots."""
        with self._mirrors.call(changes=False):
            return Snapshot(*(np.array(in_numpy(vector)) for vector in self._vectors))

    def copy_into(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Copy parameters, state and slots into existing arrays."""
        with self._mirrors.call(changes=False):
            for to, vector in zip((parameters, state, slots), self._vectors, strict=True):
                if to is not None:
                    np.copyto(to, in_numpy(vector))

    def restore(
        self, parameters: np.ndarray | None = None, state: np.ndarray | None = None, slots: np.ndarray | None = None
    ) -> None:
        """Set parameters, state and slots to copies of these arrays."""
        with self._mirrors.call(changes=True):
            given = dict(zip(Snapshot._fields, (parameters, state, slots), strict=True))
            for (name, array), vector in zip(given.items(), self._vectors, strict=True):
                if array is not None:
                    check_shape(name, array, tuple(vector.shape))
            self._plain.restore(**{name: None if array is None else self._tensor(array) for name, array in given.items()})

    def views(self) -> tuple[np.ndarray, np.ndarray]:
        """The tensors' own memory on the CPU; elsewhere arrays that each call reads at its beginning and writes at its end."""
        parameters, state = self._mirrors.arrays or map(in_numpy, self._vectors[:2])
        return parameters, state

    # Steps

    def train(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        values: StepValues,
        watches: Sequence[Watch] = (),
    ) -> TrainingResult:
        """Train on the rows ``order``, ``batch_size`` at a time; stops before the first step that is not finite."""
        with self._mirrors.call(changes=True):
            order = as_order(order, data.num_rows)
            return self._training.train(self._rows(data), order, batch_size, first_step, values, watches)

    def gradient(
        self,
        data: Batches,
        rows: np.ndarray,
        step: int,
        first_row: int = 0,
        weight_sum: float | None = None,
        *,
        dropout_rates: Sequence[float] | np.ndarray | None = None,
        out: np.ndarray | None = None,
    ) -> Gradient:
        """First half of a step: losses of ``rows`` and their gradient; running statistics are updated."""
        with self._mirrors.call(changes=True):
            rows = as_order(rows, data.num_rows)
            on_device = self._rows(data).batches
            found = self._plain.gradient(on_device, rows, step, first_row, weight_sum, dropout_rates=dropout_rates)
            vector = in_numpy(found.vector) if out is None else out
            if out is not None:
                out[:] = in_numpy(found.vector)
            return found._replace(vector=vector)

    def update(self, gradient: Gradient, step: int, learning_rate: float, weight_decay: float = 0.0) -> Update:
        """Second half of a step: penalties, clipping, update, shrinkage."""
        with self._mirrors.call(changes=True):
            check_shape("gradient.vector", gradient.vector, (self.program.num_parameters,))
            return self._plain.update(gradient._replace(vector=self._tensor(gradient.vector)), step, learning_rate, weight_decay)

    def forward(
        self,
        inputs: Sequence[InputArray],
        rows: np.ndarray,
        step: int,
        first_row: int = 0,
        *,
        dropout_rates: Sequence[float] | np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Outputs of one batch in training mode; running statistics are updated."""
        with self._mirrors.call(changes=True):
            rows = as_order(rows, inputs[0].shape[0])
            return _all_in_numpy(self._plain.forward(inputs, rows, step, first_row, dropout_rates=dropout_rates))

    def backward(self, d_outputs: Sequence[np.ndarray], step: int) -> np.ndarray:
        """The flat gradient from gradients of the outputs of the last :meth:`forward`."""
        with self._mirrors.call(changes=True):
            return in_numpy(self._plain.backward([self._tensor(d) for d in d_outputs], step))

    def perturb(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        values: StepValues,
        rule: PerturbationRule,
        objective: BatchObjective | None = None,
    ) -> TrainingResult:
        """Train by perturbing weights; after each trial the host looks at its objective."""
        with self._mirrors.call(changes=True):
            order = as_order(order, data.num_rows)
            return self._plain.perturb(self._rows(data).batches, order, batch_size, first_step, values, rule, objective)

    # Without side effects

    def predict(
        self, inputs: Sequence[InputArray], links: Sequence[str] | None = None, *, mixed: bool = False
    ) -> list[np.ndarray]:
        """Outputs for all rows in inference mode: logits, or the activations ``links`` of them, averaged over members."""
        with self._mirrors.call(changes=False):
            return _all_in_numpy(self._plain.predict(inputs, links, mixed=mixed))

    def evaluate(self, data: Batches) -> np.ndarray:
        """The weighted mean loss of every head in inference mode, float64 (heads,); 0 if the weights sum to 0.

        NaN where logits are not finite.
        """
        with self._mirrors.call(changes=False):
            return self._plain.evaluate(self._rows(data).batches)

    def loss_and_gradient(
        self,
        data: Batches,
        *,
        order: np.ndarray | None = None,
        training: bool = True,
        step: int = 0,
        head_losses: np.ndarray | None = None,
    ) -> tuple[float, np.ndarray]:
        """The training objective and its flat gradient, over ``order`` as one batch; nothing changes."""
        with self._mirrors.call(changes=False):
            rows, on_device = as_order(order, data.num_rows), self._rows(data).batches
            loss, vector = self._plain.loss_and_gradient(
                on_device, order=rows, training=training, step=step, head_losses=head_losses
            )
            return loss, in_numpy(vector)

    def observe(
        self,
        data: Batches,
        rows: np.ndarray | None = None,
        *,
        training: bool = True,
        step: int = 0,
        dropout_rates: Sequence[float] | None = None,
        d_outputs: OutputGradients | None = None,
    ) -> Observation:
        """Every buffer of both passes, and the gradient with respect to it; nothing changes."""
        with self._mirrors.call(changes=False):
            given = None if d_outputs is None else self._told_in_numpy(d_outputs)
            on_device, rows = self._rows(data).batches, as_order(rows, data.num_rows)
            seen = self._plain.observe(
                on_device, rows, training=training, step=step, dropout_rates=dropout_rates, d_outputs=given
            )
            return observation_in_numpy(seen)

    def probe(self, data: Batches) -> tuple[float, Probe]:
        """The loss of all rows as one batch, and how each layer fares."""
        with self._mirrors.call(changes=False):
            return self._plain.probe(self._rows(data).batches)

    def own_functions(self, code: OwnFunctions) -> OwnFunctions:
        """What an op of the user's own computes on tensors, as functions of NumPy arrays; on the CPU if MPS has no float64."""
        torch = self._torch
        place = {"device": "cpu" if self.device.type == "mps" else self.device}
        return code.on(
            partial(tensor_of, torch, number=place),
            lambda found: in_numpy(found.detach()) if isinstance(found, torch.Tensor) else found,
        )

    def weight_change(self, before: np.ndarray) -> np.ndarray:
        """The norm of the change of each layer's weights."""
        with self._mirrors.call(changes=False):
            return self._plain.weight_change(before)

    @property
    def _vectors(self) -> tuple[Array, Array, Array]:
        learner = self._plain.learner
        return learner.parameters, learner.state, learner.slots

    def _rows(self, data: Batches) -> DeviceRows:
        found = data.read.get(self._reader)
        if found is None:
            learner = self._plain.learner
            found = data.read[self._reader] = DeviceRows.of(self._torch, data, learner.number, learner.wide)
        assert isinstance(found, DeviceRows)
        return found

    def _tensor(self, array: np.ndarray) -> Array:
        return tensor_of(self._torch, array, self._plain.learner.number)

    def _told_in_numpy(self, d_outputs: OutputGradients) -> OutputGradients:
        return lambda outputs: [self._tensor(d) for d in d_outputs(_all_in_numpy(outputs))]


def _all_in_numpy(arrays: Sequence[Array]) -> list[np.ndarray]:
    return [in_numpy(array) for array in arrays]
