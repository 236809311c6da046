"""Facts about a training before its first step: the network, its outputs and layers, and the settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.analysis.subject import Weights
from lamina.doctor.probes.beginning import beginning_of
from lamina.doctor.probes.first_step_facts import FirstStepFacts, first_step_facts
from lamina.doctor.probes.layer_facts import LayerFacts, layer_facts
from lamina.doctor.probes.network_facts import NetworkFacts, network_facts
from lamina.doctor.probes.one_batch_facts import OneBatchFacts, one_batch_facts
from lamina.doctor.probes.output_facts import OutputFacts, output_facts
from lamina.doctor.probes.pace_facts import PaceFacts, pace_facts
from lamina.doctor.probes.quantity_facts import QuantityFacts, quantity_facts
from lamina.doctor.probes.row_order import likeness_in_batches
from lamina.engine.plan import Batches
from lamina.training import Trainer

__all__ = ["StartFacts", "start_facts"]


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What is known of a training before it begins; see the parts' own classes.

    Attributes
    ----------
    network : NetworkFacts
    outputs : tuple of OutputFacts
    layers : tuple of LayerFacts
    first_step : FirstStepFacts
    one_batch : OneBatchFacts
    pace : PaceFacts
    quantity : QuantityFacts or None
        Of a network with one input and one column of numbers as its target.
    likeness_in_batches : float
        See :func:`~lamina.doctor.probes.row_order.likeness_in_batches`.
    """

    network: NetworkFacts
    outputs: tuple[OutputFacts, ...]
    layers: tuple[LayerFacts, ...]
    first_step: FirstStepFacts
    one_batch: OneBatchFacts
    pace: PaceFacts
    quantity: QuantityFacts | None
    likeness_in_batches: float = 0.0


def start_facts(
    trainer: Trainer,
    training: Batches,
    *,
    epochs: int | None = None,
    rows: int = 512,
    weights: Weights = None,
    state: np.ndarray | None = None,
) -> StartFacts:
    """Measure a training before its first step; the trainer does not change.

    Parameters
    ----------
    trainer : Trainer
        Trained or not: its settings count, and the weights it began with.
    training : Batches
        The training rows, as the engine gets them.
    epochs : int, optional
        Epochs of the run at most.
    rows : int, default=512
        Rows to measure on, drawn by the trainer's seed; all if there are fewer.
    weights, state : optional
        The first weights. Default: the trainer's own before its first step, and later those that its network and seed give.

    Returns
    -------
    StartFacts

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> rng = np.random.default_rng(0)
    >>> data = Batches([rng.normal(size=(300, 4))], [rng.integers(0, 3, size=(300, 1)).astype(float)])
    >>> trainer = Trainer(Sequential([Dense(16, activation="tanh"), Dense(3)]), "softmax_cross_entropy")
    >>> facts = start_facts(trainer, data, epochs=10)
    >>> round(facts.outputs[0].loss_at_zero, 4), facts.pace.steps, facts.network.is_linear
    (1.0986, 100, False)
    """
    beginning = beginning_of(trainer, training, rows=rows, weights=weights, state=state)
    outputs, pace = output_facts(beginning), pace_facts(beginning, epochs)
    return StartFacts(
        network_facts(beginning.subject.network, beginning.num_rows),
        outputs,
        layer_facts(beginning),
        first_step_facts(beginning),
        one_batch_facts(beginning),
        pace,
        quantity_facts(beginning, outputs[0]),
        likeness_in_batches(training, trainer.losses[0], pace.batch_size),
    )
