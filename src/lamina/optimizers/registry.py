"""All optimizers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.lazy import LazyRegistry, exported_classes
from lamina.optimizers.optimizer import Optimizer
from lamina.settings import from_name_or_dict

__all__ = ["OPTIMIZERS", "get_optimizer"]

OPTIMIZERS: Mapping[str, type[Optimizer]] = LazyRegistry(
    "lamina.optimizers",
    exported_classes(
        "lamina.optimizers",
        besides="optimizer perturbation registry",
        renamed={"perturb_one": "perturb-one", "perturb_all": "perturb-all"},
    ),
)


def get_optimizer(optimizer: str | Optimizer | Mapping[str, Any], **settings: Any) -> Optimizer:
    """Return the optimizer for a name, a description or an optimizer.

    Parameters
    ----------
    optimizer : str, Optimizer or mapping
        A name in :data:`OPTIMIZERS`, an optimizer (returned as is), or a description from :meth:`Optimizer.to_dict`.
    **settings
        Settings of the optimizer; not allowed together with an optimizer object.

    Returns
    -------
    Optimizer

    Raises
    ------
    InvalidSettingError
        If the name or a setting is unknown, or a setting is out of range.

    Examples
    --------
    >>> get_optimizer("adam", learning_rate=0.01).learning_rate
    0.01
    >>> from lamina.optimizers import AdamW
    >>> get_optimizer(AdamW().to_dict()) == AdamW()
    True
    >>> get_optimizer("adm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.InvalidSettingError: an optimizer must be one of adagrad, adam, ..., got 'adm'. Did you mean 'adam'?
    """
    if isinstance(optimizer, Optimizer) and not settings:
        return optimizer
    return from_name_or_dict(optimizer, OPTIMIZERS, settings, family="optimizer", accepted="a name, a dict or an Optimizer")
