"""The docstrings of the estimators of tables: their parameters are described by the settings that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from lamina.model.table_settings import TableSettings

__all__ = ["ATTRIBUTES", "OWN_NAMES", "PARAMETERS_OF_CLASSES", "PARAMETERS_OF_NUMBERS", "documented_parameters"]

OWN_NAMES = {"seed": "random_state", "threads": "n_threads", "restarts": "n_restarts"}
"""The settings that estimators name otherwise, as scikit-learn does."""

PARAMETERS_OF_CLASSES = {
    "class_weight": (
        'dict, "balanced" or None, default=None',
        "Weight of each class, by its label; balanced: every class has the same weight, however rare.",
    ),
    "label_smoothing": (
        "float or None, default=None",
        "Share of a class label spread over all classes, in [0, 1); default: 0.03 for three or more classes, 0 for two.",
    ),
    "decision_threshold": (
        'float, "f1", "balanced_accuracy" or None, default=None',
        (
            "Probability from which on the second of two classes is predicted, in (0, 1), or the metric by which it is chosen on "
            "the validation rows (``model_.threshold``). None: whichever class is more probable."
        ),
    ),
}
"""The parameters of classifiers alone, each with its type and a sentence."""

PARAMETERS_OF_NUMBERS = {
    "target_scale": (
        '{"auto", "linear", "log", "quantile"}, default="auto"',
        (
            "Scale on which the numbers are learned (``model_.scale``): centered and scaled as they are, their logarithms, or "
            "the normal quantiles of their ranks. auto: linear, or log where y is skewed, nowhere negative, and a short trial on "
            "the validation rows finds that better, which a note says; always linear with other losses than squared_error."
        ),
    ),
}
"""The parameters of regressors alone, each with its type and sentences."""

_OTHERS = {
    "random_state": (
        "int, RandomState or None, default=None",
        "Determines the validation rows, initial weights, the order of rows and dropout. An int makes a fit reproducible.",
    ),
    "validation": ("float, default=0.1", "Share of the rows held out to decide when to stop, in [0, 1); 0: none."),
    "warm_start": (
        "bool, default=False",
        (
            "Whether a further ``fit`` goes on from what the last one learned: columns, classes and network stay, and the "
            "weights are trained on the new rows; they are kept if no epoch is better. A clone begins anew."
        ),
    ),
    "callbacks": (
        "Callback or sequence of Callback, default=()",
        "Called during training, after early stopping; see :class:`lamina.training.Callback`.",
    ),
    "verbose": ("bool, default=False", "Whether to show progress, as :class:`lamina.training.Progress` does."),
    "on_interrupt": (
        '{"raise", "return"}, default="raise"',
        "After Ctrl-C, once the model has its best weights: raise KeyboardInterrupt, or warn and return.",
    ),
}

ATTRIBUTES = """\
model_ : TableModel
    All that was learned: how columns are read and encoded, the network, the target.
columns_ : ColumnSummary
    What was learned of each column: its kind, how its texts are written, features, missing and rare rows, a note.
history_ : History
    The records of all epochs.
monitor_ : MonitorRecord
    How each layer fared during training, with ``monitor=True``.
n_iter_ : int
    The number of epochs.
best_epoch_ : int
    The epoch whose weights were kept, or up to which their average was; 0 with ``warm_start``, if the weights from before are
    better.
stop_reason_ : StopReason
    Why training stopped.
n_features_in_ : int
    The number of columns, without the one to predict.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Their names; only if X had names.
"""


def documented_parameters(*, of_classes: bool) -> str:
    """The section of parameters, from the settings' own docstrings."""
    described = {OWN_NAMES.get(name, name): (kind, text) for name, kind, text in _of_settings()}
    of_one_task = PARAMETERS_OF_CLASSES | PARAMETERS_OF_NUMBERS
    described = {name: entry for name, entry in described.items() if name not in of_one_task}
    described |= (PARAMETERS_OF_CLASSES if of_classes else PARAMETERS_OF_NUMBERS) | _OTHERS
    return "".join(f"{name} : {kind}\n    {text}\n" for name, (kind, text) in described.items())


def _of_settings() -> Iterator[tuple[str, str, str]]:
    """Name, type with its default, and description of each setting."""
    settings = TableSettings()
    for group in fields(settings):
        defaults = getattr(settings, group.name)
        section = (type(defaults).__doc__ or "").partition("----------\n")[2]
        for name, kind, text in re.findall(r"^    (\w+) : (.*)\n((?:        .*\n?)+)", section, re.MULTILINE):
            yield name, f"{kind}, default={getattr(defaults, name)!r}", " ".join(text.split())
