"""Builds the network that an estimator's parameters describe, or checks a custom one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import layers
from lamina import network as networks
from lamina.errors import ShapeError, phrase
from lamina.estimators.fitting.number_bins import number_bins
from lamina.estimators.parameters import Parameters
from lamina.estimators.solver import bears_noise
from lamina.initializers import Initializer, SklearnUniform
from lamina.layers import Activation, Dense, Layer
from lamina.network import Network, Sequential

if TYPE_CHECKING:
    from lamina.layers import Embedding, PiecewiseLinear

__all__ = ["build_network"]

_SIGMOID = Activation("sigmoid")
_MASKED = 0.02  # of the codes, so that the row of unknown categories is learned
_WIDEST = 128  # of vectors: longer ones would take more time than all other features


def build_network(parameters: Parameters, X: Any, num_outputs: int, *, owner: str, earlier: Network | None = None) -> Network:
    """The network for rows X of shape (n, features) and ``num_outputs`` logits; a custom network is checked.

    Bins are those of an ``earlier`` network, if given, whose weights know them.

    Raises
    ------
    ShapeError
        If a custom network does not have one input and one output of these widths, or there is not a cardinality a feature.
    """
    num_features = X.shape[1]
    if parameters.network is None:
        embedding = _embedding(parameters, num_features, owner)
        member = _member(_layers(parameters, num_outputs), num_features, embedding, _bins(parameters, X, earlier))
        return member if parameters.members == 1 else networks.Ensemble(member, int(parameters.members)).build(num_features)
    network = parameters.network
    counts = (len(network.inputs), len(network.output_names))
    if counts != (1, 1):
        repair = "Use lamina.Trainer for networks with several."
        raise ShapeError(phrase("network", "must have one input and one output", counts, repair=repair, owner=owner))
    network = network.build(num_features)
    if network.output_widths[0] != num_outputs:
        rule = f"must have {num_outputs} output units for this y and loss"
        repair = f"End it in Dense({num_outputs})."
        raise ShapeError(phrase("network", rule, network.output_widths[0], repair=repair, owner=owner))
    return network


def _bins(parameters: Parameters, X: Any, earlier: Network | None) -> PiecewiseLinear | None:
    if not parameters.bins:
        return None
    if earlier is None:
        return number_bins(X, int(parameters.bins), parameters.cardinalities)
    return next((node.layer for node in earlier.nodes if isinstance(node.layer, layers.PiecewiseLinear)), None)


def _embedding(parameters: Parameters, num_features: int, owner: str) -> Embedding | None:
    """What makes vectors of the features that hold codes; None if there are none."""
    cardinalities = parameters.cardinalities
    if cardinalities is None:
        return None
    if len(cardinalities) != num_features:
        rule = f"must have an entry for each of the {num_features} features of X, None for one that holds no codes"
        raise ShapeError(phrase("cardinalities", rule, len(cardinalities), owner=owner))
    embedded = [cardinality for cardinality in cardinalities if cardinality is not None]
    if not embedded:
        return None
    from lamina.layers.embedding import usual_width  # here alone: most networks have no codes

    widths = [min(usual_width(cardinality), _WIDEST) for cardinality in embedded]
    return layers.Embedding(cardinalities, widths, mask=_MASKED if bears_noise(parameters) else 0.0)


def _member(stack: Sequence[Layer], num_features: int, embedding: Embedding | None, bins: PiecewiseLinear | None) -> Network:
    if bins is None:
        return Sequential([*([] if embedding is None else [embedding]), *stack], input_width=num_features)
    features = networks.Input(num_features)
    end = layers.Concat()([features if embedding is None else embedding(features), bins(features)])
    for layer in stack:
        end = layer(end)
    return networks.Graph(features, end)


def _layers(parameters: Parameters, num_outputs: int) -> list[Layer]:
    """Dense, normalization, activation and dropout for every hidden layer, and a dense layer of logits."""
    sizes = [int(size) for size in np.atleast_1d(parameters.hidden_layer_sizes)]
    activations = [_activation(activation) for activation in _per_layer(parameters.activation, len(sizes))]
    rates = _per_layer(parameters.dropout, len(sizes))
    stack: list[Layer] = [layers.Dropout(parameters.input_dropout)] if parameters.input_dropout else []
    auto = SklearnUniform()
    for size, activation, rate in zip(sizes, activations, rates, strict=True):
        # scikit-learn's bound (its _init_coef), also for the output layer below
        auto = SklearnUniform(2.0 if activation == _SIGMOID else 6.0)
        stack.append(_dense(parameters, size, auto))
        norms = [layers.BatchNorm()] if parameters.batch_norm else [layers.LayerNorm()] if parameters.layer_norm else []
        stack += [*norms, activation] if parameters.norm_position == "before" else [activation, *norms]
        if rate:
            stack.append(layers.Dropout(float(rate)))
    return [*stack, _dense(parameters, num_outputs, auto)]


def _activation(given: Any) -> Layer:
    """The layer for an activation; "prelu" has parameters, so it is a layer of its own kind."""
    return layers.PReLU() if given == "prelu" else Activation(given)


def _dense(parameters: Parameters, units: int, auto: Initializer) -> Dense:
    return Dense(
        units,
        weight_init=auto if parameters.weight_init == "auto" else parameters.weight_init,
        bias_init=auto if parameters.bias_init == "auto" else parameters.bias_init,
        l1=parameters.alpha * parameters.l1_ratio,
        l2=parameters.alpha * (1 - parameters.l1_ratio),
        max_norm=parameters.max_norm,
    )


def _per_layer(given: Any, count: int) -> list[Any]:
    """``given`` as a list with one entry per layer."""
    return list(given) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else [given] * count
