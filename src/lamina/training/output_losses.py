"""The keys of each output's loss in records and measurements of networks with several outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lamina.errors import InvalidSettingError, phrase

__all__ = ["check_loss_keys", "loss_key"]


def loss_key(output_name: str) -> str:
    """The key of an output's loss; in a record the validation loss has the prefix ``validation_``.

    >>> loss_key("price")
    'price_loss'
    """
    return f"{output_name}_loss"


def check_loss_keys(output_names: Sequence[str], metric_names: Iterable[str]) -> None:
    """Raise if two numbers of a record would have the same key.

    Raises
    ------
    InvalidSettingError
        If a metric has the key of a loss, or an output's loss has the key of a validation number.

    Examples
    --------
    >>> check_loss_keys(["kind", "validation"], [])
    Traceback (most recent call last):
    lamina.errors.InvalidSettingError: Trainer: the loss of an output must have a unique key in the history, got ...
    """
    own = [loss_key(name) for name in output_names] if len(output_names) > 1 else []
    metrics = list(metric_names)
    for name in metrics:
        if name in ("loss", *own):
            rule = "must not be that of the loss" if name == "loss" else "must not be that of an output's loss"
            raise InvalidSettingError(phrase("a metric's name", rule, name, owner="Trainer"))
    validation = {f"validation_{name}" for name in ("loss", *own, *metrics)}
    for key in own:
        if key in validation:
            rule, repair = "must have a unique key in the history", "Give the output layer another name."
            raise InvalidSettingError(phrase("the loss of an output", rule, key, repair=repair, owner="Trainer"))
