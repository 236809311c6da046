"""Wrong output activation: the last layer's function keeps predictions away from the targets, or gradients from the layers."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.probes.output_facts import OutputFacts

__all__ = ["find"]

#: Of what a constant prediction costs, the share that no weights can remove; a twentieth is an error that nobody would see.
FLOOR = 0.05
#: The share of the trained loss that is this floor, from which on the range, and neither noise nor haste, holds the loss up.
BINDING = 0.6
#: The same where the output's own trained loss is not known: of several outputs, and after a training that failed.
BINDING_ALONE = 0.3
#: A network that cannot learn 32 rows by heart is at fault (Karpathy 2019); sound ones come below 0.01 of the loss at the start.
STUCK = 0.05

_OUT_OF_REACH = (
    "The function of the last layer bounds the predictions, and the targets lie outside: no weights come closer. A network that "
    "predicts numbers ends in plain sums, and so does one whose loss takes logits and has its softmax or sigmoid inside."
)
_FLAT = (
    "The function of the last layer is flat for half of its sums, and where it is flat no gradient comes back to any layer. "
    "Units that start there never learn; end the network in plain sums."
)
_NONE = Cure(
    "no output activation", {"output_activation": None}, "Plain sums reach every target, and pass every gradient on.", "L4"
)
_SCALED = Cure(
    "scale the targets", {"scale_targets": True}, "Targets of mean 0 and deviation 1 lie nearer to what it can give.", "L4"
)


def find(case: Case) -> Finding | None:
    """The worst output whose activation holds back what the network can predict, if that shows in the outcome.

    The least loss within the activation's range is compared with the least loss of all. A bound counts where the model stays
    behind, or where the trained loss is mostly this floor. An activation that is flat on a side counts where the model stays
    behind and cannot learn a single batch by heart.
    """
    found = [finding for output in case.start.outputs if (finding := _judge(case, output)) is not None]
    return max(found, key=lambda finding: finding.confidence, default=None)


def _judge(case: Case, output: OutputFacts) -> Finding | None:
    if output.activation == "identity":
        return None
    floor = _share(output, output.least_loss)
    trained = _share(output, case.run.trained_loss) if len(case.start.outputs) == 1 else math.nan
    evidence = [Evidence("share of a constant's loss that no weights can remove", floor, FLOOR)]
    if floor >= FLOOR:
        is_binding = floor >= (BINDING_ALONE if math.isnan(trained) else BINDING * trained)
        if not (is_binding or case.is_behind):
            return None
        if math.isfinite(output.unreachable):
            evidence.append(Evidence("share of targets out of reach", output.unreachable))
        if math.isfinite(trained):
            evidence.append(Evidence("share of a constant's loss that is left after training", trained))
        return _finding(output, "certain harm", 0.97 if case.is_behind else 0.9, evidence, _OUT_OF_REACH)
    batch = case.start.one_batch
    stuck = batch.good_loss / batch.loss_at_start if batch.loss_at_start > 0 else 0.0
    if case.is_behind and stuck >= STUCK and not math.isnan(output.least_loss):
        evidence = [Evidence("share of one batch's loss that cannot be learned", stuck, STUCK)]
        return _finding(output, "harm", 0.8, evidence, _FLAT)
    return None


def _share(output: OutputFacts, loss: float) -> float:
    """A loss between the least of all (0) and that of the best constant (1)."""
    span = output.loss_of_constant - output.least_loss_without_range
    return (loss - output.least_loss_without_range) / span if span > 0 else math.nan


def _finding(output: OutputFacts, severity: str, confidence: float, evidence: list[Evidence], meaning: str) -> Finding:
    cures = (_NONE,) if output.learns_labels else (_NONE, _SCALED)
    where = Where(layer=output.name)
    return Finding("wrong_output_activation", severity, confidence, tuple(evidence), meaning, "L4", cures, where)
