"""A cure: a small change of settings, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lamina.errors import InvalidSettingError, phrase_unknown

__all__ = ["CHANGES", "Cure", "Spell", "spelled"]

#: The words in which a cure says what to change, whatever it is that is cured: an estimator, a pipeline or a trainer.
CHANGES: dict[str, str] = {
    "learning_rate": "the step size, > 0",
    "optimizer": "the name of an update rule, which keeps the rate",
    "schedule": "the name of a schedule of the learning rate",
    "batch_size": "rows per step",
    "epochs": "epochs at most",
    "activation": "the function of the hidden layers",
    "output_activation": "the function of the last layer; None for none",
    "weight_init": "the initializer of the weights; biases start as they do by default",
    "widths": "units of each hidden layer",
    "batch_norm": "whether hidden layers are normalized by the batch, in place of by the layer",
    "dropout": "the rate of dropout of the hidden layers; that of the inputs is at most as large",
    "l2": "the factor of the L2 penalty, in place of all other penalties and bounds on weights",
    "clip_norm": "the largest norm of the gradient, in place of other bounds; None for no bound",
    "loss": "the name of a loss",
    "class_weight": 'None or "balanced"',
    "scale_inputs": 'whether each input is centered and divided by its standard deviation; "ranks": takes the scores of ranks',
    "scale_targets": "whether targets are centered and divided by their standard deviation",
    "early_stopping": "whether training stops by held-out rows, and restores the best weights",
    "patience": "epochs without any improvement (of more than 0.0001) until training stops",
    "shuffle": "whether each epoch takes the rows in a new random order",
    "shuffle_split": "that held-out rows are drawn at random from the training rows",
}

#: How changes are written for the user of one kind of model.
Spell: TypeAlias = Callable[[Mapping[str, Any]], str]


def spelled(changes: Mapping[str, Any]) -> str:
    """Changes by their own words.

    >>> spelled({"activation": "relu", "weight_init": "he"})
    "activation='relu', weight_init='he'"
    """
    return ", ".join(f"{word}={value!r}" for word, value in changes.items())


@dataclass(frozen=True)
class Cure:
    """What to change, and why it helps.

    Attributes
    ----------
    name : str
        A few words, such as "scale the inputs".
    changes : mapping of str to value
        By the words of :data:`CHANGES`.
    why : str
        One sentence.
    row : str
        The lecture's row that it belongs to, such as "L19".

    Examples
    --------
    >>> Cure("lower the learning rate", {"learning_rate": 0.001}, "Steps that are too long jump over the valley.", "L15").text
    'lower the learning rate: learning_rate=0.001'
    """

    name: str
    changes: Mapping[str, Any]
    why: str = field(compare=False)
    row: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for word in self.changes:
            if word not in CHANGES:
                raise InvalidSettingError(phrase_unknown("what a cure changes", word, CHANGES, owner="Cure"))

    @property
    def text(self) -> str:
        """The name and the changes in one line."""
        return self.told(spelled)

    def told(self, spell: Spell) -> str:
        """The name and the changes in one line, in a user's own words."""
        return f"{self.name}: {spell(self.changes)}"

    def to_dict(self) -> dict[str, Any]:
        """All attributes as JSON-able values."""
        changes = {word: list(value) if isinstance(value, tuple) else value for word, value in self.changes.items()}
        return {"name": self.name, "changes": changes, "why": self.why, "row": self.row}
