"""Facts about a training: the courses of its layers and losses, and how it ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.doctor.probes.clipping_course import ClippingCourse, clipping_course
from lamina.doctor.probes.course import Course
from lamina.doctor.probes.layer_course import LayerCourse, gradient_decay, layer_courses
from lamina.doctor.probes.loss_course import LossCourse, loss_course
from lamina.doctor.probes.restraint import Restraint, restraint_of
from lamina.doctor.probes.row_losses import constant_loss, losses_by_batch, row_losses
from lamina.doctor.probes.step_swings import StepSwings, step_swings
from lamina.doctor.probes.validation_course import ValidationCourse, validation_course

if TYPE_CHECKING:
    from lamina.doctor.patients import Stay
    from lamina.training import History
    from lamina.training.monitor_record import MonitorRecord

__all__ = ["RunFacts", "facts_of_record", "run_facts"]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a training showed; see the parts' own classes.

    Attributes
    ----------
    layers : tuple of LayerCourse
    gradient_decay : Course
        The gradient of the first layer's sums over that of the last layer's; NaN for one layer.
    loss : LossCourse
    swings : StepSwings
    validation : ValidationCourse or None
    clipping : ClippingCourse
    restraint : Restraint
    steps, epochs : int
        Those that were done.
    max_epochs : int
        Those that were asked for.
    stop : str
        The code of the stop reason; "" if there is none.
    failure : (int, str, str) or None
        Step, layer and quantity where a number became NaN or infinite first.
    trained_loss : float
        Of the training rows by the weights that training left, without penalties and dropout; NaN after a failure.
    """

    layers: tuple[LayerCourse, ...]
    gradient_decay: Course
    loss: LossCourse
    swings: StepSwings
    validation: ValidationCourse | None
    clipping: ClippingCourse
    restraint: Restraint
    steps: int
    epochs: int
    max_epochs: int
    stop: str
    failure: tuple[int, str, str] | None
    trained_loss: float

    @property
    def hidden(self) -> tuple[LayerCourse, ...]:
        """All layers but the last."""
        return self.layers[:-1]


def run_facts(stay: Stay) -> RunFacts:
    """The facts about a watched training.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import MLPRegressor
    >>> from lamina.doctor.patients import admit
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> stay = admit(MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, random_state=0), owner="me").stay(X, X[:, 0])
    >>> facts = run_facts(stay)
    >>> facts.epochs, facts.stop, len(facts.layers), facts.loss.end < facts.loss.constant
    (30, 'max_epochs', 2, True)
    """
    trainer = stay.trainer
    has_failed = stay.record.failure is not None or bool(stay.failure)
    return facts_of_record(
        stay.record,
        stay.history,
        stay.setup.max_epochs,
        constant=constant_loss(trainer, stay.training),
        batch_losses=np.empty(0) if has_failed else losses_by_batch(trainer, stay.training, stay.setup.batch_size),
        trained_loss=math.nan
        if has_failed
        else float(np.average(row_losses(trainer, stay.training), weights=stay.training.sample_weight)),
        restraint=restraint_of(trainer, stay.training, stay.first_weights[0]),
    )


def facts_of_record(
    record: MonitorRecord,
    history: History,
    max_epochs: int,
    *,
    constant: float,
    batch_losses: np.ndarray,
    trained_loss: float,
    restraint: Restraint,
) -> RunFacts:
    """The facts in a record and a history, with the losses that these do not hold; see the fields of :class:`RunFacts`."""
    with np.errstate(all="ignore"):  # losses that ran away overflow when squared
        return RunFacts(
            layers=layer_courses(record),
            gradient_decay=gradient_decay(record),
            loss=loss_course(history, record.step_loss, constant),
            swings=step_swings(record.step_loss, batch_losses),
            validation=validation_course(history),
            clipping=clipping_course(record),
            restraint=restraint,
            steps=record.num_steps,
            epochs=len(history),
            max_epochs=max_epochs,
            stop="" if record.stop is None else record.stop[0],
            failure=record.failure,
            trained_loss=trained_loss,
        )
