"""A network that learned its rows by heart."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, gap
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_GAP = 0.05
_MEANING = (
    "The network is much better on the rows of its training than on others: it learned noise by heart along with the rule. "
    "A plainer network, a penalty, dropout or an earlier stop keep it to the rule."
)


def find(case: Case) -> Finding | None:
    """Behind on held-out rows but not on training rows, with a gap between the two that is wider than the control's."""
    if not case.is_behind or fits_badly(case):
        return None
    wider = gap(case)
    if not wider > _GAP:
        return None
    evidence = (
        Evidence("score on training rows above that on held-out rows, beyond the same of a standard network", wider, _GAP),
        Evidence("score on the training rows", case.outcome.train),
        Evidence("training rows per parameter", case.setup.rows_per_parameter),
    )
    return Finding("overfitting", "harm", sureness(wider / _GAP), evidence, _MEANING, "L20", _cures(case))


def _cures(case: Case) -> tuple[Cure, ...]:
    setup = case.setup
    halved = tuple(max(8, width // 2) for width in setup.hidden_widths)
    cures = (
        []
        if setup.stops_on_validation
        else [Cure("stop by held-out rows", {"early_stopping": True}, "Training ends when other rows gain no more.", "L20")]
    )
    cures += [
        Cure("add a penalty", {"l2": max(10 * setup.l2, 0.01)}, "Small weights bend less around single rows.", "L21"),
        Cure("drop units", {"dropout": 0.2}, "No unit can rely on the others to remember a row.", "L22"),
    ]
    if halved:
        cures.append(Cure("take fewer units", {"widths": halved}, "Fewer units have less room for noise.", "L7"))
    return tuple(cures)
