"""A loss of the user's own: any Python function of logits and targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from lamina import validation
from lamina.activations import ACTIVATIONS, get_activation
from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.losses.domain import ANYTHING, Domain
from lamina.losses.loss import Loss
from lamina.validation import Rule, choice, integer, one_of, value

__all__ = ["LINKS", "CustomLoss"]

LINKS = tuple(name for name, activation in ACTIVATIONS.items() if not activation.settings)
"""What may turn logits into predictions by its name alone."""

# The step that balances truncation, O(h^2), against rounding, O(eps / h): the cube root of float64's eps.
_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


@final
@dataclass(frozen=True)
class CustomLoss(Loss):
    """The loss ``function(logits, targets)``, with its gradient from the function or from central differences.

    The function gets float64 arrays ``logits`` (n, k) and ``targets`` (n, m) and returns either the pair (loss of each row (n,),
    gradient of it with respect to the logits (n, k)), or the loss of each row alone. Then the gradient is taken by central
    differences, ``d L_i / d z_ij = (L_i(z_ij + h) - L_i(z_ij - h)) / 2h`` with ``h = 6e-6 max(1, |z_ij|)``, all rows at once: 2 k
    calls a step. For that, the loss of a row must depend on that row alone.

    Parameters
    ----------
    function : callable
        See above. It is called once or 2 k + 1 times a step, from Python: expect a slower training than with a built-in loss.
    num_targets : int, optional
        Number of the target's columns, at least 1; default: as many as outputs.
    inverse_link : str or callable, optional
        Turns logits (n, k) into predictions; default: the identity. The name of an activation without settings of its own, such
        as "softmax", "sigmoid" or "exp", can be written to a file, so that a saved network predicts with it; a function cannot.

    Raises
    ------
    ShapeError
        When the function returns arrays of another shape, or more than two things.
    InvalidSettingError
        When it returns what is no array of numbers. What it raises itself comes through as it is.

    Examples
    --------
    >>> import numpy as np
    >>> loss = CustomLoss(lambda logits, targets: np.sum((logits - targets) ** 4, axis=1))
    >>> values, gradient = loss.value_and_gradient(np.array([[1.0]]), np.array([[3.0]]))
    >>> values, gradient.round(6)
    (array([16.]), array([[-32.]]))
    """

    function: Callable[[np.ndarray, np.ndarray], Any]
    num_targets: int | None = None
    inverse_link: str | Callable[[np.ndarray], np.ndarray] | None = None

    kind: ClassVar[str] = "external"
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    rules: ClassVar[Mapping[str, Rule]] = {
        "function": validation.function("logits, targets"),
        "num_targets": one_of(value(None), integer(1)),
        "inverse_link": one_of(value(None), choice(LINKS), validation.function("logits")),
    }

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def link(self) -> str | None:  # type: ignore[override]  # of the object here, not of the class
        given = "identity" if self.inverse_link is None else self.inverse_link
        return given if isinstance(given, str) else None

    @property
    def one_of_several(self) -> bool:  # type: ignore[override]  # of the object here, not of the class
        return self.link == "softmax"

    @property
    def gives_probabilities(self) -> bool:
        return self.inverse_link is not None

    def domain(self, width: int) -> Domain:
        return ANYTHING

    def target_width(self, width: int) -> int:
        return width if self.num_targets is None else self.num_targets

    def predict(self, logits: np.ndarray) -> np.ndarray:
        if self.inverse_link is None:
            return logits
        link = get_activation(self.link).value if self.link else self.inverse_link
        predicted = self._as_numbers(link(logits), "what inverse_link returns")  # type: ignore[operator]
        if predicted.shape[:1] != logits.shape[:1]:
            rule = f"must have {len(logits)} rows, as the logits"
            raise ShapeError(phrase("what inverse_link returns", rule, predicted.shape, owner=self.name))
        return predicted

    def to_dict(self) -> dict[str, Any]:
        """Refused: a function cannot be written as data."""
        repair = "Give the function again when you load what you saved."
        raise InvalidSettingError(phrase("a loss of one's own", "cannot be written to a file", self.name, repair=repair))

    def values(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Loss of each row alone, float64 ndarray (n,)."""
        values, _ = self._call(np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64))
        return self._checked(values, logits.shape[:1], "loss")

    def value_and_gradient(self, logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of each row, ndarray (n,), and its gradient, ndarray (n, k), both float64."""
        z, t = np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64)
        values, gradient = self._call(z, t)
        losses = self._checked(values, z.shape[:1], "loss")
        return losses, self._central_differences(z, t) if gradient is None else self._checked(gradient, z.shape, "gradient")

    def _call(self, z: np.ndarray, t: np.ndarray) -> tuple[Any, Any]:
        """What the function returns for the loss, and for the gradient; None if it returns the loss alone."""
        returned = self.function(z, t)
        if not isinstance(returned, tuple):
            return returned, None
        if len(returned) != 2:
            rule = "must return the loss of each row, or the pair (loss of each row, gradient)"
            raise ShapeError(phrase("the function", rule, f"{len(returned)} results", owner=self.name))
        return returned

    def _central_differences(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        gradient = np.empty_like(z)
        for j in range(z.shape[1]):
            step = _STEP * np.maximum(1.0, np.abs(z[:, j]))
            above, below = z.copy(), z.copy()
            above[:, j] += step
            below[:, j] -= step
            # the steps as rounded, not as meant
            gradient[:, j] = (self.values(above, t) - self.values(below, t)) / (above[:, j] - below[:, j])
        return gradient

    def _checked(self, values: Any, shape: tuple[int, ...], quantity: str) -> np.ndarray:
        array = self._as_numbers(values, f"the {quantity}").astype(np.float64, copy=False)
        if array.shape != shape:
            repair = "Sum over outputs only: one number a row." if quantity == "loss" else "One number for each logit."
            raise ShapeError(phrase(f"the {quantity}", f"must have shape {shape}", array.shape, repair=repair, owner=self.name))
        return array

    def _as_numbers(self, returned: Any, what: str) -> np.ndarray:
        try:
            array = np.asarray(returned)
            if array.dtype.kind not in "biufO":
                raise TypeError(f"cannot read {array.dtype} as numbers")
            return array if array.dtype.kind == "f" else array.astype(np.float64)
        except Exception as error:  # also from the __array__ of a tensor that follows gradients
            raise InvalidSettingError(phrase(what, "must be an array of numbers", returned, owner=self.name)) from error
