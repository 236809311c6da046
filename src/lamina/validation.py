"""Rules for parameters, and a check that applies a table of them and reports all wrong values at once.

A *rule* describes what a value must be and tests it. A table maps parameter names to rules:

>>> table = {"momentum": number(0, 1), "max_iter": integer(1)}
>>> check_parameters({"momentum": 1.2, "max_iter": 0}, table, owner="MLPClassifier")
Traceback (most recent call last):
...
lamina.validation.InvalidParameterError: MLPClassifier: momentum must be a number in [0, 1], got 1.2.
MLPClassifier: max_iter must be an integer >= 1, got 0.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from numbers import Integral, Real
from types import MappingProxyType

import numpy as np

from lamina.errors import InvalidSettingError, nearest, phrase

__all__ = [
    "InvalidParameterError",
    "Rule",
    "boolean",
    "check_parameters",
    "choice",
    "function",
    "instance",
    "integer",
    "mapping_of",
    "number",
    "one_of",
    "path",
    "returned_number",
    "sequence_of",
    "text",
    "value",
]


class InvalidParameterError(InvalidSettingError, TypeError):
    """One or more parameters are wrong; one sentence each. Both a ValueError and a TypeError, like scikit-learn's."""


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Rule:
    """What a value must be: ``text`` completes "must be …", ``accepts`` tests a value, ``names`` are strings to suggest."""

    text: str
    accepts: Callable[[object], bool]
    names: tuple[str, ...] = ()


def _is_number(given: object, kind: type) -> bool:
    return isinstance(given, kind) and not isinstance(given, bool | np.bool_)


def number(low: float = -math.inf, high: float = math.inf, closed: str = "both") -> Rule:
    """A real number from ``low`` to ``high``; ``closed`` is "both", "left", "right" or "neither" as in an interval.

    >>> number(0, 1, "left").text
    'a number in [0, 1)'
    """
    at_low, at_high = closed in ("both", "left"), closed in ("both", "right")

    def accepts(given: object) -> bool:
        if not _is_number(given, Real):
            return False
        try:
            x = float(given)  # type: ignore[arg-type]
        except OverflowError:  # an integer with hundreds of digits
            return False
        return (x >= low if at_low else x > low) and (x <= high if at_high else x < high) and math.isfinite(x)

    if math.isinf(high):
        text = "a finite number" if math.isinf(low) else f"a number {'>=' if at_low else '>'} {low:g}"
    else:
        text = f"a number in {'[' if at_low else '('}{low:g}, {high:g}{']' if at_high else ')'}"
    return Rule(text, accepts)


def integer(low: int, high: int | None = None) -> Rule:
    """An integer >= ``low``, and <= ``high`` if given."""

    def accepts(given: object) -> bool:
        return _is_number(given, Integral) and low <= int(given) and (high is None or int(given) <= high)  # type: ignore[call-overload]

    return Rule(f"an integer >= {low}" if high is None else f"an integer in [{low}, {high}]", accepts)


def boolean() -> Rule:
    """True or False."""
    return Rule("True or False", lambda given: isinstance(given, bool | np.bool_))


def choice(names: Iterable[str], aliases: Iterable[str] = ()) -> Rule:
    """One of several strings; ``aliases`` are accepted and suggested, too, but not listed."""
    listed = tuple(names)
    known = (*listed, *aliases)
    return Rule("one of " + ", ".join(map(repr, listed)), lambda given: isinstance(given, str) and given in known, known)


def value(constant: object) -> Rule:
    """Exactly ``constant``; meant for None and infinity."""
    return Rule(repr(constant), lambda given: given is constant or (isinstance(given, float) and given == constant))


def instance(*kinds: type) -> Rule:
    """An object of one of the classes ``kinds``."""
    names = " or ".join(kind.__name__ for kind in kinds)
    return Rule(f"an instance of {names}", lambda given: isinstance(given, kinds))


def function(arguments: str) -> Rule:
    """A callable; ``arguments`` names what it is called with."""
    return Rule(f"a function of {arguments}", lambda given: callable(given) and not isinstance(given, type))


def text() -> Rule:
    """A non-empty string."""
    return Rule("a non-empty string", lambda given: isinstance(given, str) and given != "")


def path() -> Rule:
    """A file path as a string or a path object."""
    return Rule("a path", lambda given: isinstance(given, str | os.PathLike) and given != "")


def mapping_of(rule: Rule) -> Rule:
    """A dict from names to values that all satisfy ``rule``."""

    def accepts(given: object) -> bool:
        return isinstance(given, Mapping) and all(isinstance(key, str) and rule.accepts(entry) for key, entry in given.items())

    return Rule(f"a dict from names to values (each {rule.text})", accepts)


def sequence_of(rule: Rule, length: int | None = None, *, at_least: int = 0) -> Rule:
    """A list, tuple or array (not a string) whose entries all satisfy ``rule``, with exactly ``length`` entries if given."""

    def accepts(given: object) -> bool:
        # not an iterator, which the test would exhaust, and not a set, which has no order
        if isinstance(given, str | bytes | Mapping | Set) or not isinstance(given, Collection) or getattr(given, "ndim", 1) == 0:
            return False
        entries = list(given)
        fits = len(entries) >= at_least if length is None else len(entries) == length
        return fits and all(rule.accepts(entry) for entry in entries)

    size = f"{length} entries, " if length is not None else f"at least {at_least}, " if at_least else ""
    return Rule(f"a sequence ({size}each {rule.text})", accepts, rule.names)


def one_of(*rules: Rule) -> Rule:
    """A value that at least one of ``rules`` accepts."""
    names = tuple(name for rule in rules for name in rule.names)
    return Rule(", or ".join(rule.text for rule in rules), lambda given: any(rule.accepts(given) for rule in rules), names)


def check_parameters(
    parameters: Mapping[str, object], rules: Mapping[str, Rule], *, owner: str, repairs: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Test every parameter that has a rule; ``repairs`` say by name what to do about one that breaks it.

    Raises
    ------
    InvalidParameterError
        One sentence for each wrong parameter, in the order of ``rules``.
    """
    wrong = []
    for name, rule in rules.items():
        if name in parameters and not _keeps(parameters[name], rule):
            repair = repairs.get(name) or _suggest(parameters[name], rule)
            wrong.append(phrase(name, f"must be {rule.text}", parameters[name], repair=repair, owner=owner))
    if wrong:
        raise InvalidParameterError("\n".join(wrong))


def _keeps(given: object, rule: Rule) -> bool:
    """Whether a value satisfies the rule; one that raises while it is tested (by its own comparison, say) does not."""
    try:
        return rule.accepts(given)
    except Exception:
        return False


def returned_number(returned: object, what: str, *, owner: str) -> float:
    """Convert what a user's function returned to a float; NaN and infinity are allowed.

    >>> returned_number("high", "the metric 'accuracy'", owner="Trainer")
    Traceback (most recent call last):
    ...
    lamina.validation.InvalidParameterError: Trainer: the metric 'accuracy' must return a number, got 'high'.

    Raises
    ------
    InvalidParameterError
        If it is not a number: a string, None, a complex number, an array with dimensions.
    """
    if type(returned) is float:
        return returned
    try:
        if isinstance(returned, str | bytes | complex | np.complexfloating) or np.ndim(returned) != 0:  # type: ignore[arg-type]
            raise TypeError
        return float(returned)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InvalidParameterError(phrase(what, "must return a number", returned, owner=owner)) from None


def _suggest(given: object, rule: Rule) -> str:
    """The fix for a misspelled name."""
    guess = nearest(given, rule.names) if isinstance(given, str) else None
    return f"Did you mean {guess!r}?" if guess else ""
