"""Rewording of errors from the estimator and callbacks, so that they use the names of a table's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

from lamina.errors import DataError, InvalidSettingError

__all__ = ["NAMES_OF_ESTIMATORS", "OWNER", "Words", "in_setting_words", "setting_words"]

OWNER = "fit_table"
"""The owner named in errors about a setting."""

NAMES_OF_ESTIMATORS: Mapping[str, str] = {
    "hidden_layer_sizes": "hidden",
    "solver": "optimizer",
    "learning_rate_init": "learning_rate",
    "learning_rate": "schedule",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "epsilon": "eps",
    "max_iter": "max_epochs",
    "random_state": "seed",
    "n_threads": "threads",
    "n_restarts": "restarts",
}
"""The settings that the estimators of networks name otherwise."""

_OF: Mapping[str, Mapping[str, str]] = {
    "MLPClassifier": NAMES_OF_ESTIMATORS,
    "MLPRegressor": NAMES_OF_ESTIMATORS,
    OWNER: {},
    "TableEncoder": {},
    "TableModel": {},
    "EarlyStopping": {},
    "SmallGradient": {"tol": "gradient_tol"},
    "TargetLoss": {"target": "target_loss"},
}
# Alternatives that an estimator accepts but a setting does not.
_NOT_SETTINGS = re.compile(
    r"one of 'auto', or (?=an integer)|None, or (?=an? )| Give the loss object its own label_smoothing\."
    r"|, or an instance of \w+(?: or \w+)*|, or a function of .*?(?=, or |, got |\)|$)"
)
_QUOTED = re.compile(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")


class Words(NamedTuple):
    """In whose words errors speak: the function or class, its own names of settings, and phrases of its own."""

    owner: str = OWNER
    names: Mapping[str, str] = MappingProxyType({})
    phrases: Mapping[str, str] = MappingProxyType({})


_FIT_TABLE = Words()


@contextmanager
def setting_words(words: Words = _FIT_TABLE) -> Iterator[None]:
    """Reword errors about settings and data within the block by :func:`in_setting_words`."""
    try:
        yield
    except (InvalidSettingError, DataError) as error:
        error.args = (in_setting_words(str(error), words),)
        raise


def in_setting_words(text: str, words: Words = _FIT_TABLE) -> str:
    """Reword each line of an error that comes from the estimator or a callback, using the names of the settings.

    >>> in_setting_words("MLPClassifier: learning_rate_init must be a number > 0, got -1.")
    'fit_table: learning_rate must be a number > 0, got -1.'
    >>> in_setting_words("Adam: beta1 must be a number in [0, 1), got 2.")
    'Adam: beta1 must be a number in [0, 1), got 2.'
    >>> in_setting_words("MLPClassifier: n_restarts must be an integer >= 1, got 0.", Words("Owner", {"restarts": "n_restarts"}))
    'Owner: n_restarts must be an integer >= 1, got 0.'
    """
    return "\n".join(_reworded(line, words) for line in text.split("\n"))


def _reworded(line: str, words: Words) -> str:
    for phrase, own in words.phrases.items():
        line = line.replace(phrase, own)
    owner, colon, sentence = line.partition(": ")
    if not colon or owner not in _OF:
        return line
    settings = words.names if owner == OWNER else {}
    names = {**settings, **{theirs: words.names.get(ours, ours) for theirs, ours in _OF[owner].items()}}
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, names)) + r")\b") if names else None
    sentence = _NOT_SETTINGS.sub("", sentence)
    pieces = _QUOTED.split(sentence)
    if pattern is not None:
        # Every other piece is a quoted value, which must not change.
        pieces[::2] = [pattern.sub(lambda found: names[found[0]], piece) for piece in pieces[::2]]
    return f"{words.owner}: {''.join(pieces)}"
