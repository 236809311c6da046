"""Rewording of errors about settings for the command line: ``--learning-rate``, not ``learning_rate``."""

from __future__ import annotations

import re
from dataclasses import fields

from lamina.model.setting_words import OWNER
from lamina.model.table_settings import TableSettings

__all__ = ["in_option_words"]

_OWNERS = {
    OWNER,
    "Bounds",
    "TabularClassifier",
    "TabularRegressor",
    "diagnose",
    "fit",
    "search_table",
    "serve",
    "treat",
    "workers",
}
_OF_COMMANDS = {"budget", "jobs", "max_body", "max_requests", "max_rows", "port", "record", "trials"}


def in_option_words(text: str) -> str:
    """Replace settings by options in an error of ``fit_table`` or the doctor; other lines stay as they are.

    >>> in_option_words("fit_table: learning_rate must be a number > 0, got -1.")
    '--learning-rate must be a number > 0, got -1.'
    >>> in_option_words("diagnose: X must have at least 20 rows, got 12.")
    'the table must have at least 20 rows, got 12.'
    >>> in_option_words("fit: workers must be at most the number of pieces, 1, got 2.")
    '--workers must be at most the number of pieces, 1, got 2.'
    """
    return "\n".join(map(_reworded, text.split("\n")))


def _reworded(line: str) -> str:
    owner, colon, sentence = line.partition(": ")
    if not colon or owner not in _OWNERS:
        return line
    names = _names()
    sentence = re.sub("^X(?= must)", "the table", sentence)
    # A word such as "loss" is an option's name at the beginning of a sentence or condition, and a plain word elsewhere.
    plain = re.compile(rf"(^|(?:\b(?:with|when|unless|without|or|Use|Set) ))({'|'.join(names)})\b(?!')")
    compound = re.compile(rf"(?<![-\w'])({'|'.join(name for name in names if '_' in name)})\b(?!')")
    sentence = plain.sub(lambda found: found[1] + _option(found[2]), sentence)
    return compound.sub(lambda found: _option(found[1]), sentence)


def _names() -> list[str]:
    groups = [field.default_factory for field in fields(TableSettings)]
    names = {field.name for group in groups for field in fields(group)}  # type: ignore[arg-type]
    return sorted(names | _OF_COMMANDS, key=len, reverse=True)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
