"""Makes of a recipe what a user would have written: an estimator, a Pipeline that ends in one, or a Trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.doctor.recipe import Recipe
from lamina import (
    Activation,
    Add,
    BatchNorm,
    Clipping,
    Dense,
    Dropout,
    Graph,
    Input,
    LayerNorm,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    Trainer,
)
from lamina.initializers import Initializer, get_initializer
from lamina.layers import Layer
from lamina.network import Network
from lamina.optimizers import Optimizer, get_optimizer

__all__ = ["build"]


def build(recipe: Recipe, X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """The untrained model for these training rows."""
    if recipe.form == "trainer":
        return _trainer(recipe, X.shape[1], _num_outputs(recipe, y), seed)
    needs_network = recipe.is_residual or recipe.output_activation is not None
    network = _network(recipe, X.shape[1], _num_outputs(recipe, y)) if needs_network else None
    settings = _training_settings(recipe, len(X), seed) | ({"network": network} if needs_network else _structure_settings(recipe))
    model = MLPClassifier(**settings) if recipe.classifies else MLPRegressor(**settings)
    return make_pipeline(StandardScaler(), model) if recipe.form == "pipeline" and recipe.scale_inputs else model


def _num_outputs(recipe: Recipe, y: np.ndarray) -> int:
    classes = len(np.unique(y)) if recipe.classifies else 0
    return classes if classes > 2 else 1


def _structure_settings(recipe: Recipe) -> dict[str, Any]:
    return {
        "hidden_layer_sizes": recipe.hidden_widths,
        "activation": recipe.activation,
        "alpha": recipe.alpha,
        "max_norm": recipe.max_norm,
        "dropout": recipe.dropout,
        "input_dropout": recipe.input_dropout,
        "batch_norm": recipe.batch_norm,
        "layer_norm": recipe.layer_norm,
        "weight_init": _initializer(recipe.weight_init),
        "bias_init": _initializer(recipe.bias_init),
    }


def _training_settings(recipe: Recipe, rows: int, seed: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "solver": recipe.optimizer,
        "learning_rate_init": recipe.learning_rate,
        "max_iter": recipe.epochs,
        "tol": recipe.tol,
        "n_iter_no_change": recipe.patience,
        "early_stopping": recipe.early_stopping,
        "shuffle": recipe.shuffle,
        "clip_norm": recipe.clip_norm,
        "weight_decay": recipe.weight_decay,
        "random_state": seed,
        "n_threads": 1,
    }
    if recipe.optimizer != "lbfgs":
        settings["batch_size"] = rows if recipe.batch_size is None else recipe.batch_size
    if recipe.optimizer in ("sgd", "momentum", "nesterov"):
        settings["momentum"] = recipe.momentum
    if recipe.schedule is not None:
        settings["learning_rate"] = recipe.schedule
    if recipe.loss is not None:
        settings["loss"] = recipe.loss
    if recipe.class_weight is not None:
        settings["class_weight"] = recipe.class_weight
    if recipe.early_stopping and recipe.validation == "last":
        settings["validation_split"] = np.arange(round((1 - recipe.validation_fraction) * rows), rows)
    elif recipe.early_stopping:
        settings["validation_fraction"] = recipe.validation_fraction
    return settings


def _trainer(recipe: Recipe, features: int, outputs: int, seed: int) -> Trainer:
    return Trainer(
        _network(recipe, features, outputs),
        recipe.loss or ("log_loss" if recipe.classifies else "squared_error"),
        _optimizer(recipe),
        batch_size=recipe.batch_size,
        shuffle=recipe.shuffle,
        schedule=recipe.schedule,
        clipping=None if recipe.clip_norm is None else Clipping(norm=recipe.clip_norm),
        seed=seed,
        n_threads=1,
    )


def _optimizer(recipe: Recipe) -> Optimizer:
    settings: dict[str, Any] = {"learning_rate": recipe.learning_rate}
    if recipe.optimizer in ("momentum", "nesterov"):
        settings["momentum"] = recipe.momentum
    if recipe.weight_decay:
        settings["weight_decay"] = recipe.weight_decay
    return get_optimizer(recipe.optimizer, **settings)


def _network(recipe: Recipe, features: int, outputs: int) -> Network:
    head: list[Layer] = [_dense(recipe, outputs)]
    if recipe.output_activation is not None:
        head.append(Activation(recipe.output_activation))
    if recipe.is_residual:
        return _residual(recipe, features, head)
    hidden = [layer for width in recipe.hidden_widths for layer in _block(recipe, width)]
    first: list[Layer] = [Dropout(recipe.input_dropout)] if recipe.input_dropout else []
    return Sequential([*first, *hidden, *head], input_width=features)


def _residual(recipe: Recipe, features: int, head: list[Layer]) -> Graph:
    given = Input(features)
    out = _chain(_block(recipe, recipe.hidden_widths[0]), given)
    for width in recipe.hidden_widths[1:]:
        out = Add()([out, _chain(_block(recipe, width), out)])
    return Graph(given, _chain(head, out))


def _chain(layers: list[Layer], out: Any) -> Any:
    for layer in layers:
        out = layer(out)
    return out


def _block(recipe: Recipe, width: int) -> list[Layer]:
    """A hidden layer with its normalization, activation and dropout."""
    norms: list[Layer] = [BatchNorm()] if recipe.batch_norm else [LayerNorm()] if recipe.layer_norm else []
    dropout: list[Layer] = [Dropout(recipe.dropout)] if recipe.dropout else []
    return [_dense(recipe, width), *norms, Activation(recipe.activation), *dropout]


def _dense(recipe: Recipe, units: int) -> Dense:
    inits = {"weight_init": _initializer(recipe.weight_init)}
    if recipe.bias_init != "auto":
        inits["bias_init"] = _initializer(recipe.bias_init)
    return Dense(units, l2=recipe.penalty_of_layers, max_norm=recipe.max_norm, **inits)


_AMOUNTS = {"normal": "std", "constant": "value"}


def _initializer(given: str | tuple[str, float]) -> str | Initializer:
    """A name, or a name and its amount: the deviation of "normal", the value of "constant", else the gain."""
    if isinstance(given, str):
        return given
    name, amount = given
    return get_initializer(name, **{_AMOUNTS.get(name, "gain"): amount})
