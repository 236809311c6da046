"""The setup of a training: what a trainer was told, in the words in which findings and cures speak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.losses import LABEL_LOSSES, NUMBER_LOSSES
from lamina.optimizers import LBFGS, StepOptimizer

if TYPE_CHECKING:
    from lamina.training import Trainer

__all__ = ["Setup", "learns_labels_by"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a trainer was told, and the sizes of its data.

    Attributes
    ----------
    learns_labels : bool
        Whether the (first) loss learns labels: it does unless numbers are all it learns, or the targets are not labels.
    losses : tuple of str
        The names of the losses, one per output.
    optimizer : str
    learning_rate : float
        The rate of the first step; NaN where the optimizer has none.
    momentum : float
        The share of its last step that the optimizer repeats; 0 where it has no such number.
    schedule : str
    batch_size : int
        Rows per step.
    steps_per_epoch, max_epochs : int
    num_rows, num_validation_rows, num_inputs, num_parameters : int
    output_widths : tuple of int
    hidden_widths : tuple of int
        Units of the dense layers but the last, in forward order.
    activations : tuple of str
        The function of each activation, in forward order.
    dropout_rates : tuple of float
    has_batch_norm, has_layer_norm : bool
    l1, l2, weight_decay : float
        The largest of all parameters.
    penalty_per_row : bool
        Whether a step divides the factors of penalties by the rows of its batch.
    clip_value, clip_norm, clip_layer_norm : float or None
    patience : float or None
        Epochs without improvement after which training stops; None if it does not stop early.
    stops_on_validation : bool
        Whether it stops, and keeps the best weights, by held-out rows.
    shuffles : bool
        Whether each epoch takes the rows in a new random order.
    has_sparse_inputs : bool
        Whether an input is a sparse matrix, which cannot be centered.
    """

    learns_labels: bool
    losses: tuple[str, ...]
    optimizer: str
    learning_rate: float
    momentum: float
    schedule: str
    batch_size: int
    steps_per_epoch: int
    max_epochs: int
    num_rows: int
    num_validation_rows: int
    num_inputs: int
    num_parameters: int
    output_widths: tuple[int, ...]
    hidden_widths: tuple[int, ...]
    activations: tuple[str, ...]
    dropout_rates: tuple[float, ...]
    has_batch_norm: bool
    has_layer_norm: bool
    l1: float
    l2: float
    weight_decay: float
    penalty_per_row: bool
    clip_value: float | None
    clip_norm: float | None
    clip_layer_norm: float | None
    patience: float | None
    stops_on_validation: bool
    shuffles: bool = True
    has_sparse_inputs: bool = False

    @classmethod
    def of(
        cls,
        trainer: Trainer,
        num_rows: int,
        num_validation_rows: int,
        max_epochs: int,
        *,
        has_sparse_inputs: bool = False,
        learns_labels: bool | None = None,
        patience: float | None = None,
        stops_on_validation: bool = False,
    ) -> Setup:
        """The setup of a trainer, and how many rows it was given; what a trainer does not know is given."""
        program, settings = trainer.executor.program, trainer.settings
        rate = getattr(settings.optimizer, "learning_rate", math.nan)
        bounds = settings.clipping
        rows_a_step = settings.rows_a_step or num_rows
        dense = [op for op in program.ops if op.makes_sums]
        names = tuple(loss.name for loss in trainer.losses)
        batch = num_rows if isinstance(settings.optimizer, LBFGS) else min(rows_a_step, num_rows)
        return cls(
            learns_labels=learns_labels_by(names[0]) if learns_labels is None else learns_labels,
            losses=names,
            optimizer=settings.optimizer.kind,
            learning_rate=float(rate),
            momentum=float(getattr(settings.optimizer, "momentum", 0.0)),
            schedule=getattr(trainer.schedule, "kind", "custom"),
            batch_size=batch,
            steps_per_epoch=-(-num_rows // batch),
            max_epochs=max_epochs,
            num_rows=num_rows,
            num_validation_rows=num_validation_rows,
            num_inputs=sum(program.widths[buffer] for buffer in program.inputs),
            num_parameters=program.num_trainable,
            output_widths=program.output_widths,
            hidden_widths=tuple(program.widths[op.output] // program.members for op in dense if op.output not in _ends(program)),
            activations=tuple(op.function for op in program.ops if op.kind == "activation"),
            dropout_rates=tuple(op.settings[0] for op in program.ops if op.kind == "dropout"),
            has_batch_norm=any(op.kind == "batch_norm" for op in program.ops),
            has_layer_norm=any(op.kind == "layer_norm" for op in program.ops),
            l1=max((p.l1 for p in program.parameters), default=0.0),
            l2=max((p.l2 for p in program.parameters), default=0.0),
            weight_decay=settings.optimizer.weight_decay if isinstance(settings.optimizer, StepOptimizer) else 0.0,
            penalty_per_row=settings.penalty_per_row,
            clip_value=None if bounds.value is None else float(max(map(abs, _pair(bounds.value)))),
            clip_norm=bounds.norm,
            clip_layer_norm=bounds.layer_norm,
            patience=patience,
            stops_on_validation=stops_on_validation,
            shuffles=bool(settings.shuffle),
            has_sparse_inputs=has_sparse_inputs,
        )

    @property
    def num_steps(self) -> int:
        """Steps of a whole training."""
        return self.steps_per_epoch * self.max_epochs

    @property
    def rows_per_parameter(self) -> float:
        return self.num_rows / max(self.num_parameters, 1)


def learns_labels_by(loss: str) -> bool:
    """Whether a loss of this name is for labels alone."""
    return loss in LABEL_LOSSES and loss not in NUMBER_LOSSES


def _pair(bound: Any) -> tuple[float, float]:
    return bound if isinstance(bound, tuple) else (-bound, bound)


def _ends(program: Any) -> set[int]:
    """The buffers from which only ops on units lead to an output: those of the last dense layers."""
    ends = set(program.outputs)
    for op in reversed(program.ops):
        if op.output in ends and op.acts_on_units:
            ends.add(op.inputs[0])
    return ends
