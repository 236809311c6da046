"""Rewording of errors from the estimator and callbacks, so that they use the names of a table's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lamina.errors import InvalidSettingError

__all__ = ["OWNER", "in_setting_words", "setting_words"]

OWNER = "fit_table"
"""The owner named in errors about a setting."""

_OF_ESTIMATORS = {
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
_OF: Mapping[str, Mapping[str, str]] = {
    "MLPClassifier": _OF_ESTIMATORS,
    "MLPRegressor": _OF_ESTIMATORS,
    "TableEncoder": {},
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


@contextmanager
def setting_words() -> Iterator[None]:
    """Reword errors about settings within the block by :func:`in_setting_words`."""
    try:
        yield
    except InvalidSettingError as error:
        error.args = (in_setting_words(str(error)),)
        raise


def in_setting_words(text: str) -> str:
    """Reword each line of an error that comes from the estimator or a callback, using the names of the settings.

    >>> in_setting_words("MLPClassifier: learning_rate_init must be a number > 0, got -1.")
    'fit_table: learning_rate must be a number > 0, got -1.'
    >>> in_setting_words("Adam: beta1 must be a number in [0, 1), got 2.")
    'Adam: beta1 must be a number in [0, 1), got 2.'
    """
    return "\n".join(map(_reworded, text.split("\n")))


def _reworded(line: str) -> str:
    owner, colon, sentence = line.partition(": ")
    if not colon or owner not in _OF:
        return line
    words = _OF[owner]
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + r")\b") if words else None
    sentence = _NOT_SETTINGS.sub("", sentence)
    pieces = _QUOTED.split(sentence)
    if pattern is not None:
        # Every other piece is a quoted value, which must not change.
        pieces[::2] = [pattern.sub(lambda found: words[found[0]], piece) for piece in pieces[::2]]
    return f"{OWNER}: {''.join(pieces)}"
