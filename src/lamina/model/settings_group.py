"""The base of the groups of settings: a group knows which of its settings were named when it was made."""

from __future__ import annotations

from typing import Any, Self

__all__ = ["SettingsGroup"]


class SettingsGroup:
    """Settings by keyword. Those that are not named have defaults, or the values of a model that training goes on from.

    Attributes
    ----------
    named : frozenset of str
        The settings that were named, even if with their defaults.

    Examples
    --------
    >>> from lamina.model import StoppingSettings
    >>> sorted(StoppingSettings(patience=15, max_epochs=50).named), StoppingSettings().named
    (['max_epochs', 'patience'], frozenset())
    """

    named: frozenset[str] = frozenset()

    def __new__(cls, **settings: Any) -> Self:
        group = super().__new__(cls)
        if settings:
            object.__setattr__(group, "named", frozenset(settings))  # the groups are frozen
        return group
