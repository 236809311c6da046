"""Gradient clipping: bounds that keep one huge gradient from throwing the weights far away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.engine import plan
from lamina.errors import InvalidSettingError, phrase
from lamina.validation import check_parameters, number, one_of
from lamina.validation import value as exactly

__all__ = ["Clipping"]

_NORM = one_of(number(0, closed="neither"), exactly(None))


@dataclass(frozen=True, slots=True)
class Clipping(plan.Clipping):
    """Bounds on the gradient, applied in this order; None means no bound.

    ::

        value = (low, high):   g_i ← min(max(g_i, low), high)
        layer_norm = v:        g_layer ← g_layer · v / ‖g_layer‖   if ‖g_layer‖ > v, layer by layer
        norm = v:              g ← g · v / ‖g‖                     if ‖g‖ > v

    Clipping by value may change the direction of the gradient; clipping by norm keeps it.

    Parameters
    ----------
    value : float or (float, float), optional
        The two thresholds, low < high, where None or infinity means no threshold; a single positive number v means (−v, v).
    layer_norm : float, optional
        Bound on the Euclidean norm of each layer's gradient, > 0.
    norm : float, optional
        Bound on the Euclidean norm of the whole gradient, > 0.

    References
    ----------
    Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", 2013, section 3.2.

    Examples
    --------
    >>> Clipping(value=0.5)
    Clipping(value=(-0.5, 0.5), layer_norm=None, norm=None)
    >>> Clipping(norm=-1)
    Traceback (most recent call last):
        ...
    lamina.validation.InvalidParameterError: Clipping: norm must be a number > 0, or None, got -1.
    """

    if TYPE_CHECKING:  # the accepted types; the fields below have the stored types

        def __init__(
            self,
            value: float | tuple[float | None, float | None] | None = None,
            layer_norm: float | None = None,
            norm: float | None = None,
        ) -> None: ...

    value: tuple[float, float] | None = None
    layer_norm: float | None = None
    norm: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The bounds by name, JSON-able: None in place of infinity."""
        pair = None if self.value is None else [bound if math.isfinite(bound) else None for bound in self.value]
        norms = {"layer_norm": self.layer_norm, "norm": self.norm}
        return {"value": pair} | {name: None if bound is None else float(bound) for name, bound in norms.items()}

    def __post_init__(self) -> None:
        check_parameters(
            {"layer_norm": self.layer_norm, "norm": self.norm}, {"layer_norm": _NORM, "norm": _NORM}, owner="Clipping"
        )
        if self.value is not None:
            object.__setattr__(self, "value", _thresholds(self.value))


def _thresholds(value: Any) -> tuple[float, float]:
    """(low, high) from one number or a pair."""
    pair = (-float(value), value) if number().accepts(value) else value
    try:
        low, high = (float(none if bound is None else bound) for bound, none in zip(pair, (-math.inf, math.inf), strict=True))
    except Exception:  # iterating over a custom object may raise anything
        low, high = math.nan, math.nan
    if not low < high:
        repair = "Use 0.5, or (-0.5, 0.5)."
        raise InvalidSettingError(
            phrase("value", "must be a positive number or (low, high) with low < high", value, repair=repair, owner="Clipping")
        )
    return low, high
