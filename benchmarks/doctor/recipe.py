"""What a program consists of, as plain data: rows, network and training."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.doctor.data_sets import DATA_SETS, DataSet
from benchmarks.doctor.networks import NETWORKS

__all__ = ["FORMS", "Recipe"]

_USUAL_BATCH = 32
FORMS = ("estimator", "pipeline", "trainer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The settings of one training, in the words of ``words.py`` where it has one; the defaults learn well on most data sets.

    ``form`` is the shape of the user's code: an estimator, a scikit-learn Pipeline with a scaler, or a Trainer. ``rows`` are
    changes of the data (``rows.py``), each a name and an amount, in order. ``scale_inputs`` and ``scale_targets`` standardize,
    the former within the pipeline where the form has one. ``widths`` None are the network's own, ``l2`` None is
    the data set's, ``loss`` None the task's. ``l2`` is the ``alpha`` that batches of 32 have; in others the strength is the same.
    """

    data: str
    network: str
    form: str = "estimator"
    rows: tuple[tuple[str, float], ...] = ()
    scale_inputs: bool = True
    scale_targets: bool = True
    widths: tuple[int, ...] | None = None
    activation: str = "relu"
    output_activation: str | None = None
    classes_as_numbers: bool = False
    weight_init: str | tuple[str, float] = "auto"
    bias_init: str | tuple[str, float] = "auto"
    batch_norm: bool = False
    layer_norm: bool = False
    dropout: float = 0.0
    input_dropout: float = 0.0
    l2: float | None = None
    max_norm: float | None = None
    loss: str | None = None
    class_weight: str | None = None
    optimizer: str = "adam"
    learning_rate: float = 0.005
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str | None = None
    batch_size: int | None = 32
    clip_norm: float | None = None
    epochs: int = 100
    tol: float = 1e-4
    patience: float = 10
    early_stopping: bool = False
    validation_fraction: float = 0.2
    validation: str = "random"
    shuffle: bool = True

    @property
    def data_set(self) -> DataSet:
        return DATA_SETS[self.data]

    @property
    def classifies(self) -> bool:
        """Whether labels are learned as labels."""
        return self.data_set.classifies and not self.classes_as_numbers

    @property
    def hidden_widths(self) -> tuple[int, ...]:
        return NETWORKS[self.network].widths if self.widths is None else self.widths

    @property
    def penalty_of_layers(self) -> float:
        """As layers take it."""
        return (self.data_set.l2 if self.l2 is None else self.l2) / _USUAL_BATCH

    @property
    def alpha(self) -> float:
        """The same as estimators take it, which divide it by the rows of a batch."""
        return self.penalty_of_layers * (self.batch_size or self.data_set.train_rows)

    @property
    def is_residual(self) -> bool:
        return self.widths is None and NETWORKS[self.network].kind == "residual"

    def with_changes(self, **changes: Any) -> Recipe:
        return replace(self, **changes)

    def fingerprint(self, *also: Any) -> str:
        """Equal for equal recipes only (and equal values of ``also``)."""
        settings = asdict(self)
        if self.shuffle:
            del settings["shuffle"]  # younger than most verdicts, which hold as they are
        text = json.dumps([settings, *also], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
