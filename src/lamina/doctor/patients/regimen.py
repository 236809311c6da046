"""A trainer, and what is done around its fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from lamina.data.splits import holdout
from lamina.doctor.patients.input_scaler import input_scaler
from lamina.doctor.rows import are_several, balanced_weights, take_rows
from lamina.errors import ShapeError, phrase
from lamina.training import Trainer

__all__ = ["Regimen"]


@dataclass(eq=False)
class Regimen:
    """A trainer with what is done around its ``fit``, which a Trainer leaves to its caller.

    Parameters
    ----------
    trainer : Trainer
    scale_inputs : bool or "ranks", default=False
        Whether each column of the inputs is centered and divided by its standard deviation; a sparse one is only divided. By
        "ranks" its values become the normal scores of their ranks.
    scale_targets : bool, default=False
        Whether the targets are; predictions come back in the units of y. Only for one output.
    class_weight : {None, "balanced"}, default=None
        Whether rows weigh as much as their class is rare.
    validation_fraction : float in [0, 1), default=0.0
        The share of the rows that is held out for validation, by the trainer's seed, where ``fit`` is given none.

    Attributes
    ----------
    scalers : list of StandardScaler or QuantileTransformer
        One for each input, fitted; empty without ``scale_inputs``.
    mean, std : ndarray of shape (n_targets,)
        Of the targets that were trained on; 0 and 1 without ``scale_targets``.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> X, y = np.arange(50.0).reshape(-1, 1), 1000 + 10 * np.arange(50.0)
    >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error", "gradient_descent", seed=0)
    >>> model = Regimen(trainer, scale_inputs=True, scale_targets=True).fit(X, y, max_epochs=300)
    >>> float(model.predict(X)[0, 0].round())
    1000.0
    """

    trainer: Trainer
    scale_inputs: bool | str = False
    scale_targets: bool = False
    class_weight: str | None = None
    validation_fraction: float = 0.0

    def __post_init__(self) -> None:
        self.scalers: list[StandardScaler | QuantileTransformer] = []
        self.mean, self.std = np.zeros(1), np.ones(1)

    def fit(self, X: Any, y: Any, *, validation_data: tuple[Any, ...] | None = None, **fit: Any) -> Self:
        """Train on rows; everything else is handed to :meth:`lamina.training.Trainer.fit`.

        Raises
        ------
        ShapeError
            If targets of several outputs are to be scaled.
        """
        if validation_data is None and self.validation_fraction:
            kept, held = self._split(y)
            validation_data = (take_rows(X, held), take_rows(y, held))
            fit |= {"sample_weight": take_rows(fit["sample_weight"], kept)} if fit.get("sample_weight") is not None else {}
            X, y = take_rows(X, kept), take_rows(y, kept)
        self._learn_scales(X, y)
        if self.class_weight == "balanced":
            fit["sample_weight"] = balanced_weights(_classes(y), fit.get("sample_weight"))
        if validation_data is not None:
            validation_data = (self.transform(validation_data[0]), self._scaled(validation_data[1]), *validation_data[2:])
        self.trainer.fit(self.transform(X), self._scaled(y), validation_data=validation_data, **fit)
        return self

    def predict(self, X: Any) -> Any:
        """The trainer's predictions for rows, in the units of y."""
        predicted = self.trainer.predict(self.transform(X))
        return predicted * self.std + self.mean if self.scale_targets else predicted

    def transform(self, X: Any) -> Any:
        """Rows as the network sees them."""
        if not self.scalers:
            return X
        if isinstance(X, Mapping):
            return {name: scaler.transform(X[name]) for name, scaler in zip(self._names, self.scalers, strict=True)}
        if are_several(X):
            return [scaler.transform(part) for scaler, part in zip(self.scalers, X, strict=True)]
        return self.scalers[0].transform(X)

    @property
    def _names(self) -> tuple[str, ...]:
        return self.trainer.network.input_names

    def _split(self, y: Any) -> tuple[np.ndarray, np.ndarray]:
        labels = _classes(y) if self.trainer.losses[0].one_of_several else None
        return holdout(len(y), self.validation_fraction, seed=self.trainer.seed, labels=labels)

    def _learn_scales(self, X: Any, y: Any) -> None:
        if self.scale_inputs:
            parts = [X[name] for name in self._names] if isinstance(X, Mapping) else X if are_several(X) else [X]
            self.scalers = [input_scaler(self.scale_inputs, is_sparse=sparse.issparse(part)).fit(part) for part in parts]
        if self.scale_targets:
            if len(self.trainer.losses) > 1:
                rule = "must be those of one output to be scaled"
                raise ShapeError(phrase("targets", rule, len(self.trainer.losses), owner="Regimen"))
            columns = np.asarray(y, dtype=float).reshape(len(y), -1)
            std = columns.std(axis=0)
            self.mean, self.std = columns.mean(axis=0), np.where(std > 0, std, 1.0)

    def _scaled(self, y: Any) -> Any:
        return (np.asarray(y, dtype=float).reshape(len(y), -1) - self.mean) / self.std if self.scale_targets else y


def _classes(y: Any) -> np.ndarray:
    """The class of each row, of indices or of one column per class."""
    columns = np.asarray(y).reshape(len(y), -1)
    return columns.argmax(axis=1) if columns.shape[1] > 1 else np.unique(columns, return_inverse=True)[1].ravel()
