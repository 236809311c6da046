"""A training that got nowhere."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, has_run_away
from lamina.doctor.findings.rates import higher_rate, pace, rate_over_usual, relu_and_he
from lamina.doctor.findings.stopped_too_early import find as stopped_too_early
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_OPEN = 0.95
_MEANING = "The loss ended hardly below that of a constant answer, or above it: next to nothing of the inputs is in the answers."
_NO_WAY_ON = "The gradient is almost zero, or points nowhere useful, and more epochs alone will hardly help."
_CAUSES = (
    "vanishing_gradient",
    "symmetric_units",
    "dead_units",
    "saturated_units",
    "poor_initial_variance",
    "lopsided_weights",
    "outlying_inputs",
    "unscaled_inputs",
    "unscaled_targets",
    "wrong_loss",
    "wrong_output_activation",
    "over_regularized",
    "dropout_too_high",
    "linear_network",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "clipped_all_the_time",
    "batch_too_large",
    "stopped_too_early",
)


def find(case: Case) -> Finding | None:
    """A loss at the end that is hardly below that of the best constant prediction, though the control learned the rows."""
    loss = case.run.loss
    if not fits_badly(case) or has_run_away(case) or not loss.open_share > _OPEN:
        return None
    evidence = (
        Evidence("loss at the end, relative to that of a constant", loss.open_share, _OPEN),
        Evidence("what another third of the epochs would gain, as a share of the loss", loss.fall_to_come),
    )
    meaning = _MEANING if stopped_too_early(case) else f"{_MEANING} {_NO_WAY_ON}"
    return Finding(
        "stalled", "harm", sureness(loss.open_share / _OPEN), evidence, meaning, "L12", _cures(case), because_of=_CAUSES
    )


def _cures(case: Case) -> tuple[Cure, ...]:
    cures = [
        Cure("normalize each layer by the batch", {"batch_norm": True}, "Signals and gradients keep their size.", "L24"),
        Cure("use relu with He's weights", relu_and_he(case.setup), "Neither vanishes on the way.", "L32"),
    ]
    if rate_over_usual(case.setup) < 1 and pace(case) < 0.01:
        changes = {"learning_rate": higher_rate(case.setup)}
        cures.append(Cure("raise the learning rate", changes, "Longer steps leave the plateau sooner.", "L15"))
    return tuple(cures)
