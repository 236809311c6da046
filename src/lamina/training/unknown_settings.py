"""Settings that a trainer does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamina.errors import phrase, phrase_unknown
from lamina.validation import InvalidParameterError

__all__ = ["check_known"]


def check_known(unknown: Mapping[str, object], known: Sequence[str]) -> None:
    """Raise for a keyword that :class:`lamina.training.Trainer` does not have, and say what to write.

    Raises
    ------
    InvalidParameterError
    """
    if "n_restarts" in unknown:
        many = unknown["n_restarts"]
        rule = "must be given to an estimator, since a trainer trains once"
        of_estimators = f"Write MLPClassifier(network=network, n_restarts={many!r}) or MLPRegressor(…)"
        of_trainers = "min(trainers, key=lambda trainer: trainer.evaluate(X, y)['loss'])"
        repair = f"{of_estimators}, or train with several seeds and keep the best: {of_trainers}."
        raise InvalidParameterError(phrase("n_restarts", rule, many, repair=repair, owner="Trainer"))
    for name in unknown:
        raise InvalidParameterError(phrase_unknown("a setting's name", name, known, owner="Trainer"))
