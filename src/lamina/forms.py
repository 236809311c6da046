"""Forms: what data from a file must look like. All of the data are checked before any are used.

A form is one of

- a :class:`~lamina.validation.Rule`, for a single value;
- a dict of forms: the value is a dict with exactly these keys;
- a list of one form: the value is a list of any length whose entries all have that form;
- a tuple of forms: the value is a list of that length, whose entries have these forms in order;
- :class:`Maybe`, :class:`AnyOf`, :class:`AtLeast`, :class:`Entries` or :class:`ArrayOf`.

>>> form = {"epoch": integer(0), "best": Maybe(REAL)}
>>> check_form({"epoch": 3, "best": None}, form, "the run")
>>> check_form({"epoch": -5, "best": None}, form, "the run")
Traceback (most recent call last):
lamina.errors.InvalidSettingError: "epoch" of the run must be an integer >= 0, got -5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from itertools import repeat
from math import isnan
from types import UnionType
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.validation import Rule, boolean, choice, integer, number
from lamina.validation import value as exactly

__all__ = [
    "ANYTHING",
    "COMPARABLE",
    "COUNT",
    "REAL",
    "TEXT",
    "AnyOf",
    "ArrayOf",
    "AtLeast",
    "Entries",
    "Form",
    "Maybe",
    "Problem",
    "check_form",
    "form_of",
    "like",
]

ANYTHING = Rule("anything", lambda given: True)
TEXT = Rule("a string", lambda given: isinstance(given, str))
# The engine counts in 64 bits; this leaves room for what a run adds.
COUNT = integer(0, 2**60)
REAL = Rule("a number", lambda given: isinstance(given, float) or (_is_whole(given) and abs(given) < 2**1023))  # type: ignore[arg-type]
"""Any measured number, including NaN and infinity."""
COMPARABLE = Rule("a number, not NaN", lambda given: REAL.accepts(given) and not isnan(given))  # type: ignore[arg-type]

# Numbers in files must be finite, and booleans do not count as numbers.
_FORMS: dict[Any, Rule] = {
    str: TEXT,
    bool: boolean(),
    int: integer(-(2**63), 2**63 - 1),
    float: number(),
    type(None): exactly(None),
}


class Problem(NamedTuple):
    """The rule that a value breaks, the value, and its path from the inside out."""

    rule: str
    got: object
    path: tuple[str, ...] = ()

    def within(self, step: str) -> Problem:
        """The same problem, seen from one level further out."""
        return Problem(self.rule, self.got, (*self.path, step))


def _is_whole(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


class _Form(ABC):
    @abstractmethod
    def problem(self, value: object) -> Problem | None:
        """What is wrong with ``value``; None if it has this form."""


Form: TypeAlias = "Rule | Mapping[str, Form] | list[Form] | tuple[Form, ...] | _Form"


class Maybe(_Form):
    """None, or a value of ``form``."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def problem(self, value: object) -> Problem | None:
        return None if value is None else _problem(value, self.form)


class AnyOf(_Form):
    """A value that has at least one of several forms; errors describe the last of them."""

    def __init__(self, *forms: Form) -> None:
        self.forms = forms

    def problem(self, value: object) -> Problem | None:
        found = None
        for form in self.forms:
            found = _problem(value, form)
            if found is None:
                return None
        return found


class AtLeast(_Form):
    """A dict with at least these keys; other keys may hold anything."""

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self.forms = forms

    def problem(self, value: object) -> Problem | None:
        if not isinstance(value, Mapping):
            return Problem("must be a dict", value)
        missing = [key for key in self.forms if key not in value]
        if missing:
            return Problem(f"must have the key {missing[0]!r}", list(value))
        return _first((f'"{key}"', value[key], form) for key, form in self.forms.items())


class Entries(_Form):
    """A dict with any keys whose values all have one form."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def problem(self, value: object) -> Problem | None:
        if not isinstance(value, Mapping):
            return Problem("must be a dict", value)
        return _first((f'"{key}"', entry, self.form) for key, entry in value.items())


@dataclass(frozen=True, slots=True)
class ArrayOf(_Form):
    """An array of this dtype and shape, in which None means any length; ``finite`` also forbids NaN and infinity."""

    shape: tuple[int | None, ...]
    dtype: np.dtype
    finite: bool = True

    def problem(self, value: object) -> Problem | None:
        if not isinstance(value, np.ndarray):
            return Problem("must be an array", value)
        fits = value.ndim == len(self.shape) and all(n in (None, m) for n, m in zip(self.shape, value.shape, strict=True))
        if not fits or value.dtype != self.dtype:
            rule = f"must be an array of shape {self.shape} and dtype {self.dtype.name}"
            return Problem(rule, f"{value.dtype.name} {value.shape}")
        if self.finite and not np.isfinite(value).all():
            return Problem("must hold finite numbers", value[~np.isfinite(value)].ravel()[0].item())
        return None


def check_form(value: object, form: Form, what: str) -> None:
    """Raise if a value does not have the given form.

    Parameters
    ----------
    value : object
    form : Form
    what : str
        What the value is, for the error.

    Raises
    ------
    InvalidSettingError
        If it does not; the message names the first place that is wrong.
    """
    found = _problem(value, form)
    if found is not None:
        raise InvalidSettingError(phrase(" of ".join([*found.path, what]), found.rule, found.got))


def like(example: object) -> Form:
    """The form with the same keys as ``example`` and values of the same types; numbers may have any size.

    >>> check_form({"best": 0.5, "count": 3, "done": True}, like({"best": 1.0, "count": 0, "done": False}), "the state")
    """
    if isinstance(example, Mapping):
        return {key: like(entry) for key, entry in example.items()}
    if isinstance(example, bool):
        return Rule("True or False", lambda given: isinstance(given, bool))
    if isinstance(example, int):
        return COUNT
    if isinstance(example, float):
        return COMPARABLE
    return TEXT if isinstance(example, str) else ANYTHING


def form_of(annotation: Any) -> Form:
    """The form that a value of this type has in JSON; a dataclass becomes a dict of its fields.

    >>> from lamina.stop_reason import StopReason
    >>> check_form({"code": "converged", "text": 3}, form_of(StopReason), "the reason")
    Traceback (most recent call last):
    lamina.errors.InvalidSettingError: "text" of the reason must be a string, got 3.
    """
    if is_dataclass(annotation):
        return {name: form_of(kind) for name, kind in get_type_hints(annotation).items() if get_origin(kind) is not ClassVar}
    if annotation in _FORMS:
        return _FORMS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return AnyOf(*(form_of(argument) for argument in arguments))
    if origin is Literal:
        return choice(arguments)
    if origin in (tuple, list) and (origin is list or arguments[1:] == (...,)):
        return [form_of(arguments[0])]
    if origin is tuple:
        return tuple(form_of(argument) for argument in arguments)
    return Entries(form_of(arguments[1])) if origin is dict else ANYTHING


def _problem(value: object, form: Form) -> Problem | None:
    if isinstance(form, Rule):
        return None if form.accepts(value) else Problem(f"must be {form.text}", value)
    if isinstance(form, _Form):
        return form.problem(value)
    if isinstance(form, Mapping):
        return _problem_of_dict(value, form)
    return _problem_of_list(value, form)


def _problem_of_dict(value: object, forms: Mapping[str, Form]) -> Problem | None:
    found = AtLeast(forms).problem(value)
    unknown = [key for key in value if key not in forms] if found is None and isinstance(value, Mapping) else []
    return Problem(f"must have no keys other than {', '.join(forms)}", unknown[0]) if unknown else found


def _problem_of_list(value: object, forms: list[Form] | tuple[Form, ...]) -> Problem | None:
    if not isinstance(value, list | tuple):
        return Problem("must be a list", value)
    if isinstance(forms, tuple) and len(value) != len(forms):
        return Problem(f"must be a list of {len(forms)}", value)
    each: Iterable[Form] = forms if isinstance(forms, tuple) else repeat(forms[0], len(value))
    return _first((f"entry {i + 1}", entry, form) for i, (entry, form) in enumerate(zip(value, each, strict=True)))


def _first(parts: Iterable[tuple[str, object, Any]]) -> Problem | None:
    """The first problem among (step, value, form) parts, extended by its step."""
    for step, value, form in parts:
        if (found := _problem(value, form)) is not None:
            return found.within(step)
    return None
