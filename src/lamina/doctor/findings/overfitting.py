"""A network that learned its rows by heart."""

from __future__ import annotations

import math
from typing import TypeAlias

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, gap
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

Sign: TypeAlias = "tuple[float, tuple[Evidence, ...]]"

_GAP = 0.05
_BY_HEART = 0.9
_EXACTLY, _MOSTLY = 0.995, 0.8
_CERTAIN = 1.2
_SURER = 2.0
_FEWEST_ERRORS = 3
_ENTROPIES = (("softmax_cross_entropy",), ("sigmoid_cross_entropy",))
_L2 = 0.05  # in a step's loss: enough to be seen, far from what takes a slope away
_MEANING = (
    "The network is much better on the rows of its training than on others: it learned noise by heart along with the rule. "
    "A plainer network, a penalty, dropout or an earlier stop keep it to the rule."
)


def find(case: Case) -> Finding | None:
    """Behind on held-out rows but not on training rows, or training rows that are known by heart to the harm of others."""
    signs = [sign for look in (_wider_gap, _learned_by_heart, _too_certain) if (sign := look(case)) is not None]
    if not signs:
        return None
    evidence = [each for _, told in signs for each in told]
    evidence.append(Evidence("training rows per parameter", case.setup.rows_per_parameter))
    sure = max(sure for sure, _ in signs)
    causes = ("label_noise", "leak")
    return Finding("overfitting", "harm", sure, tuple(evidence), _MEANING, "L20", _cures(case), because_of=causes)


def _wider_gap(case: Case) -> Sign | None:
    """Behind, and a gap between training and held-out rows that is wider than the control's."""
    wider = gap(case)
    if not case.is_behind or fits_badly(case) or not wider > _GAP:
        return None
    what = "score on training rows above that on held-out rows, beyond the same of a standard network"
    return sureness(wider / _GAP), (Evidence(what, wider, _GAP),)


def _learned_by_heart(case: Case) -> Sign | None:
    """Training rows known of which nothing carries over, or numbers hit exactly, noise and all; it takes no control to tell."""
    known, carried = _learned(case.outcome.train, case.outcome.constant), case.outcome.learned
    is_exact = not case.setup.learns_labels and known > _EXACTLY
    least, most = (_EXACTLY, _MOSTLY) if is_exact else (_BY_HEART, 0.0)
    if not known > least or carried > most:
        return None
    evidence = (
        Evidence("what it learned of the training rows (0: as a constant, 1: all)", known, least),
        Evidence("what of held-out rows", carried, most, is_above=False),
    )
    return 0.9 if carried <= 0 else 0.75, evidence


def _too_certain(case: Case) -> Sign | None:
    """Training rows known so surely that wrong answers to others cost more than to know nothing.

    Guo et al. 2017, "On calibration of modern neural networks": the loss on other rows rises while their errors stay.
    """
    if not _learned(case.outcome.train, case.outcome.constant) > _BY_HEART or case.setup.losses not in _ENTROPIES:
        return None
    if case.control is not None and case.beside.is_oversure:
        own, other = float(case.outcome.log_losses.mean()), float(case.control.log_losses.mean())
        if own > _SURER * case.run.trained_loss:  # else it is as unsure of the rows that it learned from
            return sureness(own / other), (Evidence("held-out log loss, beside that of a plain model", own, other),)
    certainty = _loss_of_certainty(case)
    if not certainty > _CERTAIN:
        return None
    what = "estimated loss of held-out rows, answered as surely as training rows, relative to that of a constant"
    return sureness(certainty), (Evidence(what, certainty, _CERTAIN),)


def _loss_of_certainty(case: Case) -> float:
    """An estimate of the cross-entropy of held-out rows over that of a constant: errors are as sure as right answers are.

    An answer that is right with the probability exp(−loss) leaves wrong ones about −log(loss).
    """
    run, wrong = case.run, case.outcome.errors
    if not 0 < run.trained_loss < 1 or not run.loss.constant > 0 or wrong.sum() < _FEWEST_ERRORS:
        return 0.0
    return float(wrong.mean()) * -math.log(run.trained_loss) / run.loss.constant


def _learned(score: float, constant: float) -> float:
    return (score - constant) / (1 - constant) if constant < 1 else math.nan


def _cures(case: Case) -> tuple[Cure, ...]:
    setup = case.setup
    halved = tuple(max(8, width // 2) for width in setup.hidden_widths)
    stop = Cure("stop by held-out rows", {"early_stopping": True}, "Training ends when other rows gain no more.", "L20")
    cures = [] if setup.stops_on_validation else [stop]
    cures += [
        Cure(
            "add a penalty",
            {"l2": max(10 * setup.l2, _L2 * case.run.restraint.divisor)},
            "Small weights bend less around single rows.",
            "L21",
        ),
        Cure("drop units", {"dropout": 0.2}, "No unit can rely on the others to remember a row.", "L22"),
    ]
    if halved:
        cures.append(Cure("take fewer units", {"widths": halved}, "Fewer units have less room for noise.", "L7"))
    return tuple(cures)
