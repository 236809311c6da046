"""The space of a search: what each setting of a table's training is drawn from, around the defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.model.setting_words import NAMES_OF_ESTIMATORS
from lamina.model.table_settings import NetworkSettings, OptimizationSettings, TableSettings
from lamina.search.draws import Draw, Mostly, OneOf, Range

__all__ = ["SEARCHABLE", "SPACE", "Space"]

#: What each setting is drawn from, if nothing else is said.
SPACE: Mapping[str, Draw] = MappingProxyType(
    {
        "members": OneOf((1, 2, 4, 8)),
        "bins": OneOf((0, 8, 16, 32)),
        "hidden": OneOf(((64,), (128,), (256,), (64, 32), (128, 64), (256, 128), (128, 64, 32), (256, 128, 64))),
        "activation": OneOf((("mish",), ("relu",), ("silu",), ("gelu",), ("selu",))),
        "dropout": Range(0.0, 0.5),
        "input_dropout": OneOf((0.0, 0.05, 0.1, 0.2)),
        "layer_norm": OneOf((False, True)),
        "learning_rate": Range(5e-4, 2e-2, log=True),
        "weight_decay": Range(1e-4, 0.3, log=True),
        "batch_size": OneOf((32, 64, 128, 256)),
        "averaging": OneOf((0.0, 0.8, 0.95)),
    }
)
# What is judged, or whether there is a number to judge by, would differ from trial to trial.
_JUDGED = {"loss", "target_scale", "class_weight", "label_smoothing", "decision_threshold", "objective"}
#: The settings that a space may hold.
SEARCHABLE = tuple(
    field.name for group in (NetworkSettings, OptimizationSettings) for field in fields(group) if field.name not in _JUDGED
)
_ELSEWHERE = {**NAMES_OF_ESTIMATORS, "lr": "learning_rate", "layers": "hidden", "width": "hidden", "widths": "hidden"}
_OF_COMPARING = ("hidden", "activation", "layer_norm")  # where the optimizer compares losses on the same rows
_KEPT = object()
_TRIES = 100


@dataclass(frozen=True)
class Space:
    """The settings that trials change, and what their values are drawn from.

    Parameters
    ----------
    draws : mapping of str to Draw

    Examples
    --------
    >>> space = Space.of({"learning_rate": Range(1e-4, 1e-2, log=True), "hidden": [(32,), (64, 32)]})
    >>> space.changes({"learning_rate": 0.002, "hidden": (64, 32)}, seed=0, trial=2)
    {'hidden': (32,)}
    """

    draws: Mapping[str, Draw]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Space:
        """The space that a user describes: each setting by a list of values, or what draws them.

        Raises
        ------
        InvalidSettingError
            If it is empty, a setting is unknown or none to search for, or there is nothing to draw.
        """
        if not isinstance(given, Mapping) or not given:
            repair = "Give each setting a list of values, or a Range."
            raise InvalidSettingError(
                phrase("space", "must name at least one setting", given, repair=repair, owner="search_table")
            )
        return cls({name: _draw(name, values) for name, values in given.items()})

    @classmethod
    def around(cls, settings: TableSettings) -> Space:
        """The usual space, without the settings that are named: those stay."""
        usual = _OF_COMPARING if settings.optimization.compares_losses else tuple(SPACE)
        left = {name: SPACE[name] for name in usual if name not in settings.named}
        if not left:
            raise InvalidSettingError(
                "search_table: all settings that are searched for are named, so that nothing is left to vary. "
                "Leave some out, or give a space."
            )
        return cls(left)

    def changes(self, given: Mapping[str, Any], *, seed: int, trial: int) -> dict[str, Any]:
        """What a trial changes of the values that are given, to three digits; each setting keeps its own in every second case.

        A search that moves everything at once leaves a good default for places that are mostly worse.
        """
        rng = np.random.default_rng([seed, trial])
        for _ in range(_TRIES):
            drawn = {name: _rounded(Mostly(_KEPT, draw).draw(rng)) for name, draw in self.draws.items()}
            if changed := {
                name: value for name, value in drawn.items() if value is not _KEPT and value != given.get(name, _KEPT)
            }:
                return changed
        return {name: _rounded(draw.draw(rng)) for name, draw in self.draws.items()}  # whose only values are those given

    def check(self, accepts: Callable[[Mapping[str, Any]], None]) -> None:
        """Have the values of each setting checked, of a range its ends.

        Parameters
        ----------
        accepts : callable
            Is called with each value, as a dict of one change, and raises what is wrong with it.

        Raises
        ------
        InvalidSettingError
            What ``accepts`` raises, with the place in the space.
        """
        for name, draw in self.draws.items():
            for value in draw.examples():
                try:
                    accepts({name: _rounded(value)})
                except InvalidSettingError as error:
                    is_fraction = isinstance(draw, Range) and not draw.whole and "must be an integer" in str(error)
                    repair = " Give the Range whole=True." if is_fraction else ""
                    raise InvalidSettingError(f"{error} It is drawn from space[{name!r}].{repair}") from error

    def described(self) -> dict[str, str]:
        """The space as text, by setting."""
        return {name: repr(draw) for name, draw in self.draws.items()}


def _rounded(value: Any) -> Any:
    """Numbers as they are printed, so that the printed ones give the same training."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _draw(name: str, values: Any) -> Draw:
    if name not in SEARCHABLE:
        if name in _JUDGED:
            repair = "Give it as a setting of all trials."
            raise InvalidSettingError(
                phrase("space", f"must not vary {name}, by which trials are judged", values, repair=repair, owner="search_table")
            )
        if name in TableSettings().by_name():
            rule, repair = (
                f"must not vary {name}, which is none of the network or the optimization",
                "Give it as a setting of all trials.",
            )
            raise InvalidSettingError(phrase("space", rule, values, repair=repair, owner="search_table"))
        elsewhere = _ELSEWHERE.get(name)
        text = phrase_unknown("a setting to search for", name, SEARCHABLE, owner="search_table")
        if elsewhere is not None:
            text = f"{text.partition(' Did you mean')[0]} Did you mean {elsewhere!r}?"
        raise InvalidSettingError(text)
    if isinstance(values, list) and values:
        return OneOf(tuple(values))
    if isinstance(values, Mostly | OneOf | Range):
        return values
    rule, repair = "must be a non-empty list of values, or a Range", "Such as [64, 128] or Range(0.0, 0.5)."
    raise InvalidSettingError(phrase(f"space[{name!r}]", rule, values, repair=repair, owner="search_table"))
