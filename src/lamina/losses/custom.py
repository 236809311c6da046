"""A custom loss: any Python function of logits and targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from lamina import validation
from lamina.activations import ACTIVATIONS, get_activation
from lamina.engine.foreign_arrays import library_errors_as_ours
from lamina.errors import InvalidSettingError, ShapeError, counted, phrase
from lamina.losses.domain import ANYTHING, Domain
from lamina.losses.loss import Loss
from lamina.losses.members import rows_of_members
from lamina.validation import Rule, choice, integer, one_of, value

__all__ = ["LINKS", "CustomLoss"]

LINKS = tuple(name for name, activation in ACTIVATIONS.items() if not activation.settings)
"""Names of the activations that may turn logits into predictions: those without settings."""

_REPAIR = "Make tensors of them: torch.from_numpy(logits)."  # which a loss gets on no engine

# The step that balances truncation, O(h^2), against rounding, O(eps / h): the cube root of float64's eps.
_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


@final
@dataclass(frozen=True)
class CustomLoss(Loss):
    """The loss ``function(logits, targets)``, with its gradient from the function or from central differences.

    The function gets float64 arrays ``logits`` (n, k) and ``targets`` (n, m) and returns either a pair, the loss of each row (n,)
    and its gradient with respect to the logits (n, k), or only the loss of each row. In the latter case central differences give
    the gradient, ``d L_i / d z_ij = (L_i(z_ij + h) - L_i(z_ij - h)) / 2h`` with ``h = 6e-6 max(1, |z_ij|)``, all rows at once:
    2 k calls per step. This requires that the loss of a row depends on that row alone. In an ensemble the function gets a row for
    each row of the batch and each member.

    Parameters
    ----------
    function : callable
        See above. It is called from Python, once or 2 k + 1 times per step, so training is slower than with a built-in loss.
    num_targets : int, optional
        Number of columns of the target, at least 1; by default the number of outputs.
    inverse_link : str or callable, optional
        Turns logits (n, k) into predictions; by default the identity. The name of an activation without settings, such as
        "softmax", "sigmoid" or "exp", can be written to a file, so that a saved network predicts with it; a function cannot.

    Raises
    ------
    ShapeError
        When the function returns arrays of another shape, or more than two results.
    InvalidSettingError
        When it does not return arrays of numbers, or takes tensors of torch instead of arrays. Other
        exceptions that it raises itself are passed on.

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
        with library_errors_as_ours("inverse_link", given=logits, owner=self.name, repair=_REPAIR):
            returned = link(logits)  # type: ignore[operator]
        predicted = self._as_numbers(returned, "what inverse_link returns")
        if predicted.shape[:1] != logits.shape[:1]:
            rule = f"must have {len(logits)} rows, like the logits"
            raise ShapeError(phrase("what inverse_link returns", rule, predicted.shape, owner=self.name))
        return predicted

    def to_dict(self) -> dict[str, Any]:
        """Always raises an error: a function cannot be written as data."""
        repair = "Pass the function again when you load the file."
        raise InvalidSettingError(phrase("a custom loss", "cannot be written to a file", self.name, repair=repair))

    def values(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """The loss of each row, float64 ndarray (n,), without its gradient."""
        values, _ = self._call(np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64))
        return self._checked(values, logits.shape[:1], "loss")

    def value_and_gradient(self, logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each row, ndarray (n,), and its gradient, ndarray (n, k), both float64."""
        return self._value_and_gradient(logits, targets, members=1)

    def over(self, members: int) -> CustomLoss:
        """The mean of the losses of an ensemble's members, whose logits lie side by side, (n, members * k)."""
        if members == 1:
            return self

        def mean(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows, repeated = rows_of_members(logits, members), np.repeat(targets, members, axis=0)
            values, gradient = self._value_and_gradient(rows, repeated, members)
            return values.reshape(-1, members).mean(axis=1), gradient.reshape(logits.shape) / members

        mean.__name__ = self.name
        return CustomLoss(mean)

    def _value_and_gradient(self, logits: np.ndarray, targets: np.ndarray, members: int) -> tuple[np.ndarray, np.ndarray]:
        z, t = np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64)
        values, gradient = self._call(z, t)
        losses = self._checked(values, z.shape[:1], "loss", members)
        if gradient is None:
            return losses, self._central_differences(z, t)
        return losses, self._checked(gradient, z.shape, "gradient", members)

    def _call(self, z: np.ndarray, t: np.ndarray) -> tuple[Any, Any]:
        """The loss and the gradient that the function returns; the gradient is None if it returns only the loss."""
        with library_errors_as_ours("the function", given=z, owner=self.name, repair=_REPAIR):
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
            # the steps as they were after rounding, which is not exactly 2 step
            gradient[:, j] = (self.values(above, t) - self.values(below, t)) / (above[:, j] - below[:, j])
        return gradient

    def _checked(self, values: Any, shape: tuple[int, ...], quantity: str, members: int = 1) -> np.ndarray:
        array = self._as_numbers(values, f"the {quantity}").astype(np.float64, copy=False)
        if array.shape != shape:
            repair = "Sum over outputs only: one number per row." if quantity == "loss" else "Return one number for each logit."
            rule = f"must have shape {shape}"
            if members > 1:
                rule += f", like the logits of {members} members for {counted(shape[0] // members, 'row')}"
            raise ShapeError(phrase(f"the {quantity}", rule, array.shape, repair=repair, owner=self.name))
        return array

    def _as_numbers(self, returned: Any, what: str) -> np.ndarray:
        try:
            array = np.asarray(returned)
            if array.dtype.kind not in "biufO":
                raise TypeError(f"cannot read {array.dtype} as numbers")
            return array if array.dtype.kind == "f" else array.astype(np.float64)
        except Exception as error:  # also from the __array__ of a tensor that requires gradients
            raise InvalidSettingError(phrase(what, "must be an array of numbers", returned, owner=self.name)) from error
