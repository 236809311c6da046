"""Base of all networks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from lamina.door import serve
from lamina.engine.program import Parameter, Program
from lamina.errors import InvalidSettingError, ShapeError, UnknownNameError, phrase, phrase_unknown
from lamina.html import display
from lamina.layers import Layer, TrainableLayer
from lamina.layers.trainable_layer import setting_of_trainable
from lamina.network.arrangement import depth_of, in_order, with_widths
from lamina.network.blueprint import Blueprint, draw_blueprint
from lamina.network.description import describe, read_description
from lamina.network.fold import fold_nodes
from lamina.network.folded_network import FoldedNetwork
from lamina.network.heads import Losses, heads_for, losses_for
from lamina.network.named_arrays import NamedArrays
from lamina.network.node import InputNode, Node
from lamina.network.rows_by_input import rows_by_input
from lamina.network.summary import summary_html, summary_of
from lamina.validation import Rule, check_parameters, integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Network", "network_html"]

_FACTORS = Rule("a dict from names of layers to factors", lambda given: isinstance(given, Mapping))
_ADAPTATION = 0x524F5753  # random numbers of its own, apart from whatever else a seed draws


@dataclass(frozen=True, init=False, repr=False)
class Network:
    """Base of :class:`Graph`, :class:`Sequential` and :class:`Ensemble`: an immutable directed acyclic graph of layers.

    A network only describes; it holds no weights. They live in flat vectors, which :meth:`initialize` makes, an executor trains,
    and :meth:`unflatten` shows by name. Two networks are equal when their descriptions are.

    Attributes
    ----------
    inputs : tuple of InputNode
        In the order in which arrays are passed.
    nodes : tuple of Node
        The layers, each after those that it reads.
    output_names : tuple of str
        Names of the layers whose outputs a prediction returns.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> net = Sequential([Dense(64, activation="relu"), Dense(3)], input_width=20)
    >>> parameters, state = net.initialize(seed=0)
    >>> {name: view.shape for name, view in net.unflatten(parameters).items()}
    {'dense_1.weight': (20, 64), 'dense_1.bias': (64,), 'dense_2.weight': (64, 3), 'dense_2.bias': (3,)}
    >>> net.program("softmax_cross_entropy").heads
    (Head(kind='softmax_cross_entropy', logits=3, target_width=1, settings=(0.0,), weight=1.0),)
    """

    inputs: tuple[InputNode, ...]
    nodes: tuple[Node, ...]
    output_names: tuple[str, ...]

    kind: ClassVar[str]

    def _assemble(self, inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> None:
        """Check the nodes, order them, and set the fields."""
        placed = with_widths(inputs, in_order(inputs, nodes, outputs))
        for name, value in (("inputs", inputs), ("nodes", placed), ("output_names", outputs)):
            object.__setattr__(self, name, tuple(value))

    @classmethod
    def _assembled(cls, inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> Self:
        network = cls.__new__(cls)
        network._assemble(inputs, nodes, outputs)
        return network

    def _like(self, inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> Self:
        """A network of the same kind."""
        return self._assembled(inputs, nodes, outputs)

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> Self:
        """The network that :meth:`to_dict` described; it need not be built.

        Raises
        ------
        InvalidSettingError
            When the description is of another kind or version; names an unknown layer or setting (the message suggests the
            nearest known one); has a cycle, a name used twice, an unknown name, or an input or layer that leads to no output.
        ShapeError
            When shapes do not fit.
        """
        inputs, nodes, outputs = read_description(description)
        if description["kind"] != cls.kind:
            raise InvalidSettingError(
                phrase("kind of the network", f"must be {cls.kind!r}", description["kind"], owner=cls.__name__)
            )
        return cls._assembled(inputs, nodes, outputs)

    def to_dict(self) -> dict[str, Any]:
        """Everything about the network except its weights, JSON-able; see ``lamina.network.description`` for the format.

        Raises
        ------
        InvalidSettingError
            When a layer is in Python, and so no data; the message names it.
        """
        return self.described(lambda layer: layer.to_dict())

    def described(self, of_layer: Callable[[Layer], dict[str, Any]]) -> dict[str, Any]:
        """As :meth:`to_dict`, where ``of_layer`` describes each layer."""
        return describe(self.kind, self.inputs, self.nodes, self.output_names, of_layer)

    def build(self, input_widths: int | Iterable[int]) -> Self:
        """The same network with its input widths set: one number for one input, or one for each input.

        Raises
        ------
        InvalidSettingError
            When the number of widths is not that of the inputs, or a width is not an integer of at least 1.
        ShapeError
            When an input already has another width, or shapes do not fit; the message names the layer and both shapes.
        """
        several = isinstance(input_widths, Iterable) and getattr(input_widths, "ndim", 1) > 0
        widths: list[Any] = list(input_widths) if several else [input_widths]  # type: ignore[arg-type]
        if len(widths) != len(self.inputs):
            rule = f"must be one for each of the inputs {', '.join(self.input_names)}"
            raise InvalidSettingError(phrase("input_widths", rule, input_widths, owner=type(self).__name__))
        inputs = [_widened(item, width) for item, width in zip(self.inputs, widths, strict=True)]
        return self._like(inputs, self.nodes, self.output_names)

    def freeze(self, *layers: str) -> Self:
        """The same network with these layers frozen: training does not change their parameters.

        No gradient is computed for them, nor for what lies before the first layer that is trained; penalties, weight decay,
        bounds and the optimizer leave them alone. A frozen batch normalization uses its running statistics in training, too, and
        does not change them, as in Keras.

        Parameters
        ----------
        *layers : str
            Names of layers with parameters; by default all.

        Raises
        ------
        UnknownNameError
            For another name, with a suggestion of the nearest one.
        InvalidSettingError
            For anything but names, such as a list of them.

        Examples
        --------
        >>> from lamina import Dense, Sequential
        >>> net = Sequential([Dense(8, name="encoder"), Dense(1)], input_width=4).freeze("encoder")
        >>> print(net.summary().splitlines()[-1])
        outputs: dense_1    depth: 2    parameters: 49, 40 of them frozen
        """
        return self._with_trainable(layers, False)

    def unfreeze(self, *layers: str) -> Self:
        """The same network with these layers, by default all, trained again; see :meth:`freeze`.

        Raises
        ------
        UnknownNameError
            For a name that no layer with parameters has.
        """
        return self._with_trainable(layers, True)

    def with_learning_rate_factors(self, factors: Mapping[str, float | Mapping[str, float]]) -> Self:
        """The same network with other factors of the learning rate, by layer; see :class:`~lamina.layers.TrainableLayer`.

        Parameters
        ----------
        factors : dict of str to float, or to dict of str to float
            By the names of layers with parameters; layers that are not named keep theirs.

        Raises
        ------
        UnknownNameError
            For the name of no such layer, with a suggestion of the nearest one.
        InvalidSettingError
            When a factor is not above 0, or names no parameter of its layer.

        Examples
        --------
        >>> from lamina import Dense, Sequential
        >>> net = Sequential([Dense(8, name="encoder"), Dense(1)], input_width=4)
        >>> [p.learning_rate_factor for p in net.with_learning_rate_factors({"encoder": 0.1}).parameters]
        [0.1, 0.1, 1.0, 1.0]
        """
        check_parameters({"factors": factors}, {"factors": _FACTORS}, owner=type(self).__name__)
        return self._with_settings({name: {"learning_rate_factor": factor} for name, factor in factors.items()})

    @property
    def trainable(self) -> bool:
        """Whether training changes any layer; it cannot be set, see :meth:`freeze`."""
        return any(isinstance(node.layer, TrainableLayer) and node.layer.trainable for node in self.nodes)

    @trainable.setter
    def trainable(self, given: bool) -> None:
        raise setting_of_trainable(type(self).__name__, given)

    def _with_trainable(self, names: Sequence[str], trainable: bool) -> Self:
        wrong = [name for name in names if not isinstance(name, str)]
        if wrong:
            repair = f"Pass names one by one: {'unfreeze' if trainable else 'freeze'}(*names)."
            raise InvalidSettingError(phrase("the name of a layer", "must be a text", wrong[0], repair=repair))
        chosen = names or [node.layer_name for node in self.nodes if isinstance(node.layer, TrainableLayer)]
        return self._with_settings({name: {"trainable": trainable} for name in chosen})

    def _with_settings(self, settings: Mapping[str, Mapping[str, Any]]) -> Self:
        """The same network with other settings of these layers, which have parameters."""
        layers = {node.layer_name: node.layer for node in self.nodes if isinstance(node.layer, TrainableLayer)}
        for name in settings:
            if name not in layers:
                raise UnknownNameError(phrase_unknown("the name of a layer with parameters", name, layers))
        changed: dict[str, Layer] = {name: replace(layers[name], **own) for name, own in settings.items()}
        nodes = [node._replace(layer=changed.get(node.layer_name, node.layer)) for node in self.nodes]
        return self._like(self.inputs, nodes, self.output_names)

    @property
    def is_built(self) -> bool:
        """Whether every input's width is known."""
        return all(item.width is not None for item in self.inputs)

    @property
    def reads_codes(self) -> bool:
        """Whether an input has columns of codes of categories, which nothing may scale; see :class:`~lamina.layers.Embedding`."""
        return any(node.layer.reads_codes for node in self.nodes)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in their order."""
        return tuple(item.name for item in self.inputs)

    @property
    def input_widths(self) -> tuple[int | None, ...]:
        """Widths of the inputs; None where unknown."""
        return tuple(item.width for item in self.inputs)

    @property
    def output_widths(self) -> tuple[int | None, ...]:
        """Widths of the outputs, and of predictions; None where unknown."""
        widths = {node.name: node.width for node in self.nodes}
        return tuple(widths[name] for name in self.output_names)

    @property
    def depth(self) -> int:
        """The longest path from a source to a sink, counted in connections between units.

        A unit is a weighted sum, so every Dense layer on a path adds 1. Activations, normalizations and dropout act on
        existing units, and Add, Multiply and Concat combine them: none of these count. A perceptron has depth 1, and a
        multilayer perceptron with one hidden layer has depth 2.
        """
        return depth_of(self.inputs, self.nodes, self.output_names)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The named slices of the flat parameter vector, in order; names have the form ``layer.parameter`` ("dense_1.weight")."""
        return self._blueprint.program.parameters

    @property
    def num_parameters(self) -> int:
        """Length of the flat parameter vector."""
        return self._blueprint.program.num_parameters

    def program(self, losses: Losses | None = None, loss_weights: Sequence[float] | Mapping[str, float] | None = None) -> Program:
        """The engine's program, with a head for each loss.

        Parameters
        ----------
        losses : loss, sequence of losses, dict or None
            One for each output, in the order of the outputs or by name: names, Loss objects, or functions of logits and targets.
            None means no heads, for prediction only.
        loss_weights : sequence of float or dict, optional
            Factor of each output's loss in the sum, at least 0; 1 by default.

        Raises
        ------
        InvalidSettingError
            When losses and outputs do not match, or an output ends in a link (such as softmax) that its loss contains.
        ShapeError
            When an input's width is not known yet, or an output's width does not fit its loss.
        """
        program = self._blueprint.program
        if losses is None:
            return program
        chosen = losses_for(losses, self.output_names, self.output_widths)
        return replace(program, heads=heads_for(program, chosen, self.output_names, loss_weights))

    def initialize(
        self, seed: int | np.random.Generator | np.random.RandomState = 0, dtype: DTypeLike = "float32"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Initial values: the flat parameter vector (num_parameters,) and the flat state vector (num_state,), of ``dtype``.

        Parameters are drawn in order from one generator; the same seed gives the same values (up to rounding) in both dtypes.

        Raises
        ------
        OutOfMemoryError
            When the parameters do not fit into the machine's memory.
        """
        given = isinstance(seed, np.random.Generator | np.random.RandomState)
        if not given:
            check_parameters({"seed": seed}, {"seed": integer(0)}, owner=type(self).__name__)
        return self._blueprint.first_values(seed if given else np.random.default_rng(seed), dtype)  # type: ignore[arg-type]

    @property
    def adapts_weights(self) -> bool:
        """Whether the initializer of a parameter fits it to training rows; see :meth:`adapt_weights`."""
        return self._blueprint.adapts

    def adapt_weights(
        self,
        parameters: np.ndarray,
        state: np.ndarray,
        X: Any,
        *,
        seed: int = 0,
        sample_weight: np.ndarray | None = None,
        keep: Collection[str] = (),
    ) -> np.ndarray:
        """Parameters fitted to training rows by the initializers that do so, such as "unit_variance"; others are the same.

        Trainers and estimators call this in their first ``fit``. Layer by layer from the inputs, in training mode without
        dropout, on up to 1,024 of the rows, drawn by the seed (fewer of inputs with more than 32,768 columns).

        Parameters
        ----------
        parameters : ndarray of shape (num_parameters,)
            As :meth:`initialize` drew them.
        state : ndarray of shape (num_state,)
        X : array of shape (n, width), or a list or dict of such
            One per input, dense or sparse.
        seed : int, default=0
        sample_weight : array of shape (n,), optional
            Rows of weight 0 are left out.
        keep : collection of str, optional
            Names of parameters that stay as they are.

        Returns
        -------
        ndarray of shape (num_parameters,)
            A new vector of the same dtype.

        Raises
        ------
        InvalidSettingError
            If such an initializer belongs to a layer other than Dense.
        ShapeError
            If the rows do not fit the network.
        """
        check_parameters({"seed": seed}, {"seed": integer(0)}, owner=type(self).__name__)
        if not self.adapts_weights:
            return parameters.copy()
        from lamina.network.adaptation import adapted, chosen_rows  # few networks have such initializers

        rng = np.random.default_rng([_ADAPTATION, seed])
        arrays = list(rows_by_input(self.input_names, X).values())
        width = sum(item.width or 0 for item in self.inputs)
        rows = chosen_rows(np.shape(arrays[0])[0], width, sample_weight, rng)
        if len(rows) == 0:
            return parameters.copy()
        return adapted(self._blueprint, parameters, state, [_dense_rows(array, rows) for array in arrays], rng, keep)

    def unflatten(self, vector: np.ndarray, state: np.ndarray | None = None) -> NamedArrays:
        """The arrays of a flat parameter vector (and state vector, if given) by name.

        They are live views: writing to an array, or assigning to a name, changes the vector.

        Raises
        ------
        ShapeError
            When the length of a vector does not match the network.
        """
        program = self._blueprint.program
        views = _views(vector, program.parameters, program.num_parameters, "the parameter vector")
        if state is not None:
            views |= _views(state, program.state, program.num_state, "the state vector")
        return NamedArrays(views)

    def unflatten_state(self, state: np.ndarray) -> NamedArrays:
        """The running statistics in a flat state vector by name, as live views; see :meth:`unflatten`.

        Raises
        ------
        ShapeError
            When the length of the vector does not match the network.
        """
        program = self._blueprint.program
        views = _views(state, program.state, program.num_state, "the state vector")
        return NamedArrays(views, "running_statistics", [name for name in views if name.endswith("variance")])

    def fold(self, parameters: np.ndarray, state: np.ndarray, *, as_dense: bool = False) -> FoldedNetwork[Self]:
        """Fold batch normalizations into the Dense layers beside them: fewer layers that predict the same up to rounding.

        A normalization is folded if it comes directly after a Dense layer without activation that nothing else reads, or before
        Dense layers only. :func:`lamina.fold_batch_norm` folds what has weights: an estimator, a trainer, a model of a file.

        Parameters
        ----------
        parameters : ndarray of shape (num_parameters,)
        state : ndarray of shape (num_state,)
        as_dense : bool, default=False
            Replace a normalization that cannot be folded by a Dense layer with diagonal weights, instead of keeping it.

        Returns
        -------
        FoldedNetwork
            A network of the same kind, whose layers keep their names; weights and running statistics for it, with the dtype of
            the given ones; and for each normalization that was kept why it could not be folded.

        Raises
        ------
        ShapeError
            When the length of a vector does not match the network.

        References
        ----------
        Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018,
        section 3.2.

        Examples
        --------
        >>> from lamina import BatchNorm, Dense, Sequential
        >>> net = Sequential([Dense(4), BatchNorm(), Dense(1)], input_width=2)
        >>> folded = net.fold(*net.initialize(seed=0))
        >>> folded.network
        <Sequential 2 → 1: 2 layers, depth 2, 17 parameters>
        >>> folded.kept
        {}
        """
        arrays = {name: array.astype(np.float64) for name, array in self.unflatten(parameters, state).items()}
        nodes, outputs, arrays, kept = fold_nodes(self.nodes, self.output_names, arrays, as_dense=as_dense)
        folded = self._like(self.inputs, nodes, outputs)
        flat = np.empty(folded.num_parameters, dtype=parameters.dtype)
        statistics = np.empty(folded.program().num_state, dtype=state.dtype)
        for name, view in folded.unflatten(flat, statistics).items():
            view[...] = arrays[name]
        return FoldedNetwork(folded, flat, statistics, kept)

    def summary(self) -> str:
        """A plain-text table: name, layer, inputs, width and number of parameters of each layer, and the totals."""
        return summary_of(self.inputs, self.nodes, self.output_names, self.parameters if self.is_built else None)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the layers and their connections; see :func:`lamina.plots.plot_network`. Needs the extra ``plot``."""
        axes: Axes = serve("Network.plot", self, ax=ax)
        return axes

    def to_svg(self) -> str:
        """The picture that :meth:`plot` draws, as the text of an SVG file, which any browser shows; it needs no other package.

        Examples
        --------
        >>> from pathlib import Path
        >>> from lamina import Dense, Sequential
        >>> network = Sequential([Dense(64, activation="relu"), Dense(3)], input_width=20)
        >>> text = network.to_svg()
        >>> text[:38]
        '<svg xmlns="http://www.w3.org/2000/svg'
        >>> Path("network.svg").write_text(text, encoding="utf-8")  # doctest: +SKIP
        """
        from lamina.network.svg import svg_of  # few networks are drawn

        return svg_of(self.inputs, self.nodes, self.output_names)

    def _repr_html_(self) -> str:
        return display(type(self).__name__, *network_html(self))

    def __repr__(self) -> str:
        flow = f"{_widths_text(self.input_widths)} → {_widths_text(self.output_widths)}"
        count = f", {self.num_parameters:,} parameters" if self.is_built else ", not built"
        return f"<{type(self).__name__} {flow}: {self._size_text}{count}>"

    @property
    def _size_text(self) -> str:
        return f"{len(self.nodes)} layers, depth {self.depth}"

    @cached_property
    def _blueprint(self) -> Blueprint:
        self._check_widths()
        return draw_blueprint(self.inputs, self.nodes, self.output_names)

    def _check_widths(self) -> None:
        for item in self.inputs:
            if item.width is None:
                repair = "Call build(input_width), or pass the width to Input or Sequential."
                rule = "must have a known width"
                raise ShapeError(phrase("an input", rule, item.name, repair=repair, owner=type(self).__name__))


def network_html(network: Network) -> list[str]:
    """Pieces of HTML without a frame: the layers, the totals and, folded, the picture of few layers."""
    parameters = network.parameters if network.is_built else None
    return summary_html(network.inputs, network.nodes, network.output_names, parameters)


def _widened(item: InputNode, width: int) -> InputNode:
    check_parameters({"input_widths": width}, {"input_widths": integer(1)}, owner=item.name)
    if item.width not in (None, width):
        raise ShapeError(phrase("input width", f"must be {item.width}, as set in the network", width, owner=item.name))
    return InputNode(item.name, int(width))


def _dense_rows(array: Any, rows: np.ndarray) -> np.ndarray:
    """Some rows of an array, sparse or not, in float64."""
    chosen = array.tocsr()[rows].toarray() if hasattr(array, "tocsr") else np.asarray(array)[rows]
    return np.asarray(chosen, dtype=np.float64)


def _views(vector: np.ndarray, slices: Sequence[Parameter], length: int, what: str) -> dict[str, np.ndarray]:
    if vector.shape != (length,):
        raise ShapeError(phrase(what, f"must have shape ({length},)", vector.shape))
    return {item.name: vector[item.slice].reshape(item.shape) for item in slices}


def _widths_text(widths: Sequence[int | None]) -> str:
    return " + ".join("?" if width is None else str(width) for width in widths)
