"""A network that is too small."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, has_run_away
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_NARROW = 8
_CAUSES = ("linear_network", "dropout_too_high", "over_regularized", "dead_units", "not_separable")
_MEANING = (
    "The network learns even its own training rows badly, though its training went as far as it could. "
    "A layer with so few units cannot pass on what the answer needs: it takes more units, or more layers."
)


def find(case: Case) -> Finding | None:
    """A hidden layer of fewer than 8 units, or none, and training rows that the control, with 32 and more, learns better."""
    widths = case.setup.hidden_widths
    narrowest = min(widths, default=0)
    if narrowest >= _NARROW or not fits_badly(case) or has_run_away(case) or case.control is None:
        return None
    evidence = (
        Evidence("units of the narrowest hidden layer", narrowest, _NARROW, is_above=False),
        Evidence("score on the training rows", case.outcome.train),
        Evidence("that of a plain model", case.control.train),
    )
    sure = sureness(_NARROW / max(narrowest, 1))
    return Finding("underfitting", "harm", sure, evidence, _MEANING, "L7", _cures(widths), because_of=_CAUSES)


def _cures(widths: tuple[int, ...]) -> tuple[Cure, ...]:
    wider = tuple(max(32, 4 * width) for width in widths) or (32,)
    return (
        Cure("take more units", {"widths": wider}, "Each unit bends the answer in one more place.", "L7"),
        Cure("take more units and a layer", {"widths": (*wider, 32)}, "Layers combine what units found.", "L6"),
    )
