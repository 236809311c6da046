"""The standard recipe: what an expert tries first, whatever was found."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lamina.doctor.cures.cure import Cure
from lamina.doctor.setup import Setup

__all__ = ["standard_recipe"]

_BATCH_SIZE = 32
_MOST_STEPS = 6000
_FEWEST_UNITS = 32
_FEWEST_TO_HOLD_OUT = 200  # of so many rows a tenth is enough to judge by
_PENALTY = 0.03  # in a step's loss: it holds back what few rows leave undecided


def standard_recipe(words: Collection[str], setup: Setup) -> tuple[Cure, ...]:
    """Scaled inputs and targets, relu with He's weights, Adam at 0.001 in batches of 32, early stopping.

    Two more take longer steps and train to the end, with hardly any penalty, and with one that is felt: of few rows too few are
    held out to stop by, and noisy ones are learned by heart.

    Parameters
    ----------
    words : collection of str
        What the patient can change.
    setup : Setup
        What it has: that is not changed again.
    """
    why = "It is what works on most data sets, and tells whether any network would."
    stopped = _recipe(setup)
    to_the_end = stopped | {"learning_rate": 0.005, "epochs": stopped["epochs"] // 2, "early_stopping": False, "l2": 0.01}
    penalty = _PENALTY * (stopped["batch_size"] if setup.penalty_per_row else 1)
    named = {
        "the standard recipe": stopped,
        "the standard recipe, trained to the end": to_the_end,
        "the standard recipe, held back by a penalty": to_the_end | {"l2": penalty},
    }
    return tuple(Cure(name, changes, why) for name, recipe in named.items() if (changes := _new(recipe, words, setup)))


def _new(recipe: dict[str, Any], words: Collection[str], setup: Setup) -> dict[str, Any]:
    return {word: value for word, value in recipe.items() if word in words and not _has(setup, word, value)}


def _recipe(setup: Setup) -> dict[str, Any]:
    steps_per_epoch = -(-setup.num_rows // _BATCH_SIZE)
    return {
        "scale_inputs": True,
        "scale_targets": True,
        "activation": "relu",
        "output_activation": None,
        "weight_init": "he",
        "widths": tuple(max(width, _FEWEST_UNITS) for width in setup.hidden_widths) or (_FEWEST_UNITS,),
        "loss": "log_loss" if setup.learns_labels else "squared_error",
        "optimizer": "adam",
        "learning_rate": 0.001,
        "schedule": "constant",
        "batch_size": min(_BATCH_SIZE, setup.num_rows),
        "epochs": int(min(max(_MOST_STEPS // steps_per_epoch, 10), 300)),
        "dropout": 0.0,
        "l2": 1e-4,
        "clip_norm": None,
        "early_stopping": setup.num_rows >= _FEWEST_TO_HOLD_OUT,
        "patience": 15,
        "shuffle": True,
        "shuffle_split": True,
    }


def _has(setup: Setup, word: str, value: Any) -> bool:
    """Whether the patient has it already."""
    if word == "loss":
        return setup.losses[0] in (value, "sigmoid_cross_entropy", "softmax_cross_entropy")
    has: dict[str, Any] = {
        "widths": setup.hidden_widths,
        "optimizer": setup.optimizer,
        "learning_rate": setup.learning_rate,
        "schedule": setup.schedule,
        "batch_size": setup.batch_size,
        "epochs": setup.max_epochs,
        "dropout": max(setup.dropout_rates, default=0.0),
        "clip_norm": max((setup.clip_value, setup.clip_norm, setup.clip_layer_norm), key=lambda bound: bound is not None),
        "early_stopping": setup.stops_on_validation,
        "shuffle": setup.shuffles,
    }
    return word in has and has[word] == value
