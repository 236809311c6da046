"""Small immutable objects described by their settings: layers, losses, initializers, regularizers.

Such an object is a frozen dataclass with a table of rules for its fields. It reports all wrong settings at once, and converts
to a JSON-able dict and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import numpy as np

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.validation import Rule, check_parameters

__all__ = ["Settings", "check_description", "check_keys", "from_name_or_dict", "kind_of"]

_Built = TypeVar("_Built", bound="Settings")


class Settings:
    """Base class of the frozen dataclasses.

    ``kind`` is the name in files. ``rules`` test the fields, and ``converters`` then normalize them. ``writers`` are the inverses
    of the converters, which :meth:`to_dict` uses for fields whose objects have no ``to_dict``. Errors name the ``owner``, by
    default the class.
    """

    kind: ClassVar[str]
    rules: ClassVar[Mapping[str, Rule]] = {}
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    writers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    owner: ClassVar[str] = ""

    def __post_init__(self) -> None:
        owner = self.owner or type(self).__name__
        check_parameters({name: getattr(self, name) for name in self.rules}, self.rules, owner=owner)
        for name, convert in self.converters.items():
            object.__setattr__(self, name, convert(getattr(self, name)))

    def to_dict(self) -> dict[str, Any]:
        """All settings by name as JSON-able values, with ``"kind"`` first."""
        settings = {
            f.name: _plain(self.writers.get(f.name, lambda setting: setting)(getattr(self, f.name)))
            for f in fields(self)  # type: ignore[arg-type]
        }
        return {"kind": self.kind} | settings

    @classmethod
    def from_settings(cls: type[_Built], description: Mapping[str, Any]) -> _Built:
        """The object that :meth:`to_dict` described; raises and names a setting that is unknown or missing.

        A different ``"kind"`` raises too; a missing one is that of the class.
        """
        check_description(description, cls)
        known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
        settings = {name: value for name, value in description.items() if name != "kind"}
        check_keys(settings, known, owner=cls.owner or cls.__name__)
        missing = [
            name for name, f in known.items() if name not in settings and f.default is MISSING and f.default_factory is MISSING
        ]
        if missing:
            raise InvalidSettingError(phrase(missing[0], "must be given", list(settings), owner=cls.owner or cls.__name__))
        return cls(**settings)


def _plain(value: Any) -> Any:
    """``value`` as a JSON type."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise InvalidSettingError(phrase("a setting", "must be a number, a string or an object with to_dict to be saved", value))


def check_description(description: object, built: type[Settings]) -> None:
    """Raise if the description is not a dict, or describes an object of a different kind."""
    if not isinstance(description, Mapping):
        raise InvalidSettingError(phrase("settings", "must be a dict, as returned by to_dict", description, owner=built.__name__))
    kind = description.get("kind", built.kind)
    if kind != built.kind:
        raise InvalidSettingError(phrase('the key "kind"', f"must be {built.kind!r} or missing", kind, owner=built.__name__))


def check_keys(given: Mapping[str, Any], known: Mapping[str, Any], *, owner: str) -> None:
    """Raise if a setting is unknown, and suggest the nearest known one."""
    for name in given:
        if name not in known:
            raise InvalidSettingError(phrase_unknown("a setting's name", name, known, owner=owner))


def kind_of(description: Mapping[str, Any], known: Mapping[str, Any], *, family: str) -> str:
    """The ``"kind"`` of a description, checked against the names of its family."""
    if not isinstance(description, Mapping) or "kind" not in description:
        rule = 'must be a dict with the key "kind"'
        raise InvalidSettingError(phrase(f"a description of {_with_article(family)}", rule, description))
    kind = description["kind"]
    if not isinstance(kind, str) or kind not in known:
        raise InvalidSettingError(phrase_unknown(f"the kind of {_with_article(family)}", kind, known))
    return str(kind)


def from_name_or_dict(
    given: object,
    known: Mapping[str, type[_Built]],
    settings: Mapping[str, Any],
    *,
    family: str,
    accepted: str,
    aliases: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> _Built:
    """Build an object from a name or a description, plus ``settings``; shared by all ``get_…`` functions.

    Parameters
    ----------
    given : str or mapping
        A name in ``known``, or the result of :meth:`Settings.to_dict`.
    known : mapping of str to class
        The family's registry.
    settings : mapping
        These take precedence over a description.
    family, accepted : str
        For errors: what an object of the family is called, and everything that the caller accepts.
    aliases : mapping of str to mapping, optional
        Other names, and the descriptions that they stand for.

    Raises
    ------
    InvalidSettingError
        If ``given`` has another type, the name or a setting is unknown, or a setting is out of range.
    """
    if isinstance(given, str) and given in aliases:
        given = aliases[given]
    if isinstance(given, Mapping):
        kind = kind_of(given, {**dict.fromkeys(known), **aliases}, family=family)
        described = aliases.get(kind, {"kind": kind})
        return known[described["kind"]].from_settings({**described, **given, **settings, "kind": described["kind"]})
    if isinstance(given, str):
        if given not in known:
            raise InvalidSettingError(phrase_unknown(_with_article(family), given, known, aliases=aliases))
        return known[given].from_settings(settings)
    repair = f"Settings belong to a name or a dict; make the {family} with them instead." if settings else ""
    raise InvalidSettingError(phrase(_with_article(family), f"must be {accepted}", given, repair=repair))


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
