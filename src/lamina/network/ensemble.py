"""Ensemble: many networks that share their weights, trained and run as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np

from lamina import layers
from lamina.errors import InvalidSettingError, phrase
from lamina.initializers import Initializer, RowInitializer, get_initializer
from lamina.layers import Dense, Layer
from lamina.layers.trainable_layer import names_freezing
from lamina.network.blueprint import Blueprint, draw_blueprint
from lamina.network.description import read_description
from lamina.network.folded_network import FoldedNetwork
from lamina.network.member_drawing import MemberDrawing
from lamina.network.network import Network
from lamina.network.node import InputNode, Node
from lamina.validation import Rule, check_parameters, choice, instance, integer

__all__ = ["Ensemble", "check_has_members"]

_RULES: Mapping[str, Rule] = {"members": integer(2, 2**31 - 1), "sharing": choice(("full", "mini"))}
_SETTINGS = ("members", "sharing", "scale_init")


@final
@names_freezing
@dataclass(frozen=True, init=False, repr=False)
class Ensemble(Network):
    """Many members of one architecture that share their weight matrices, trained and run as one network (TabM).

    A prediction is the mean over the members' predictions (of probabilities, after the loss's link), the loss the mean of the
    members' losses: each member learns by itself. All see the same rows. Their values lie side by side, and a shared matrix
    multiplies those of all members in one product.

    With ``sharing="full"`` a hidden Dense layer computes ``f(s_i * ((r_i * x) W) + b_i)`` for member i: W is shared, the factors
    r_i (``input_scale``) and s_i (``output_scale``) and the bias are its own, as are the parameters and running statistics of
    normalizations, and learned slopes. With ``sharing="mini"`` everything is shared but the very first r_i. Both ways each member
    has its own last Dense layer. Factors start at 1, the first r_i at random, so that members differ; they are neither penalized
    nor decayed. What comes before the first Dense layer is computed once, for all members.

    Parameters
    ----------
    network : Network
        One member; not an ensemble. A Dense layer must lie before each of its outputs.
    members : int, default=32
        At least 2; 32 is TabM's default. A step takes about as long as so many steps of one member, with far fewer weights.
    sharing : {"full", "mini"}, default="full"
        TabM or TabM-mini, which has fewer weights and is faster.
    scale_init : str, Initializer or dict, default="random_signs"
        Draws the first r_i: TabM's default for plain features; it takes ``Normal(1.0)`` after embeddings of numbers. Not one that
        fits a layer to training rows.

    Attributes
    ----------
    inputs, nodes, output_names
        Those of one member.

    Raises
    ------
    InvalidSettingError
        When a setting is out of range, ``scale_init`` fits a layer to training rows, ``network`` is no network or an ensemble, or
        an output does not depend on a Dense layer.

    References
    ----------
    Gorishniy, Kotelnikov & Babenko, "TabM: advancing tabular deep learning with parameter-efficient ensembling", 2025, section 3.
    Wen, Tran & Ba, "BatchEnsemble: an alternative approach to efficient ensemble and lifelong learning", 2020, section 3.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> from lamina.network import Ensemble
    >>> net = Ensemble(Sequential([Dense(64, activation="relu"), Dense(3)]), members=8)
    >>> net
    <Ensemble ? → 3: 8 members of 2 layers, depth 2, not built>
    >>> parameters, _ = net.build(20).initialize(seed=0)
    >>> {name: array.shape for name, array in net.build(20).unflatten(parameters).items()}  # doctest: +NORMALIZE_WHITESPACE
    {'dense_1.input_scale': (8, 20), 'dense_1.weight': (20, 64), 'dense_1.output_scale': (8, 64), 'dense_1.bias': (8, 64),
     'dense_2.weight': (8, 64, 3), 'dense_2.bias': (8, 3)}
    """

    members: int
    sharing: str
    scale_init: Initializer

    kind: ClassVar[str] = "ensemble"

    def __init__(
        self,
        network: Network,
        members: int = 32,
        *,
        sharing: str = "full",
        scale_init: str | Initializer | Mapping[str, Any] = "random_signs",
    ) -> None:
        check_parameters({"network": network}, {"network": instance(Network)}, owner="Ensemble")
        if isinstance(network, Ensemble):
            raise InvalidSettingError(phrase("network", "must not be an ensemble itself", network, owner="Ensemble"))
        self._set(members, sharing, scale_init)
        self._assemble(network.inputs, network.nodes, network.output_names)

    def _set(self, members: Any, sharing: Any, scale_init: Any) -> None:
        check_parameters({"members": members, "sharing": sharing}, _RULES, owner="Ensemble")
        scales = get_initializer(scale_init)
        if isinstance(scales, RowInitializer) or scales.draws_only:
            rule, repair = "must draw factors, not fit a layer to training rows", 'Use "random_signs" or Normal(1.0).'
            raise InvalidSettingError(phrase("scale_init", rule, scales, repair=repair, owner="Ensemble"))
        for name, value in zip(_SETTINGS, (int(members), sharing, scales), strict=True):
            object.__setattr__(self, name, value)

    def _assemble(self, inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> None:
        super()._assemble(inputs, nodes, outputs)
        apart: set[str] = set()
        for node in self.nodes:
            if isinstance(node.layer, Dense) or apart.intersection(node.inputs):
                apart.add(node.name)
        for name in self.output_names:
            if name not in apart:
                rule, repair = "must depend on a Dense layer, or members could not differ", "Put a Dense layer before it."
                raise InvalidSettingError(phrase("an output", rule, name, repair=repair, owner="Ensemble"))

    def _like(self, inputs: Sequence[InputNode], nodes: Sequence[Node], outputs: Sequence[str]) -> Self:
        twin = type(self).__new__(type(self))
        twin._set(self.members, self.sharing, self.scale_init)
        twin._assemble(inputs, nodes, outputs)
        return twin

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> Self:
        parts = read_description(description, _SETTINGS)
        if description["kind"] != cls.kind:
            rule = f"must be {cls.kind!r}"
            raise InvalidSettingError(phrase("kind of the network", rule, description["kind"], owner="Ensemble"))
        network = cls.__new__(cls)
        network._set(*(description.get(name) for name in _SETTINGS))
        network._assemble(*parts)
        return network

    def described(self, of_layer: Callable[[Layer], dict[str, Any]]) -> dict[str, Any]:
        settings = {"members": self.members, "sharing": self.sharing, "scale_init": self.scale_init.to_dict()}
        return super().described(of_layer) | settings

    def fold(self, parameters: np.ndarray, state: np.ndarray, *, as_dense: bool = False) -> FoldedNetwork[Self]:
        """Keep the normalizations as they are: those of members do not fit into weights that they share.

        Parameters
        ----------
        parameters : ndarray of shape (num_parameters,)
        state : ndarray of shape (num_state,)
        as_dense : bool, default=False
            Not possible with batch normalization.

        Returns
        -------
        FoldedNetwork
            This network, copies of the vectors, and the reason for each normalization.

        Raises
        ------
        ShapeError
            When the length of a vector does not match the network.
        InvalidSettingError
            When ``as_dense`` is set and there is batch normalization.
        """
        self.unflatten(parameters, state)
        reason = "the members of an ensemble share the weights beside it"
        kept = {node.name: reason for node in self.nodes if isinstance(node.layer, layers.BatchNorm)}
        if kept and as_dense:
            rule = "must be left as it is in an ensemble, whose members share the weights beside it"
            repair = "Leave out as_dense, or freeze the layer, which then works in training as in prediction."
            raise InvalidSettingError(phrase("batch normalization", rule, next(iter(kept)), repair=repair, owner="Ensemble"))
        return FoldedNetwork(self, parameters.copy(), state.copy(), kept)

    def summary(self) -> str:
        """As :meth:`Network.summary`, of one member; parameters are counted for all."""
        return f"{super().summary()}    members: {self.members}    sharing: {self.sharing}"

    @property
    def _size_text(self) -> str:
        return f"{self.members} members of {super()._size_text}"

    @cached_property
    def _blueprint(self) -> Blueprint:
        self._check_widths()
        drawing = MemberDrawing(
            members=self.members,
            sharing=self.sharing,
            scale_init=self.scale_init,
            own=_last_dense(self.nodes, self.output_names),
        )
        return draw_blueprint(self.inputs, self.nodes, self.output_names, drawing)


def check_has_members(network: Network) -> None:
    """Raise an InvalidSettingError if the network is no ensemble."""
    if not isinstance(network, Ensemble):
        repair = "Make one: Ensemble(network, members=8)."
        raise InvalidSettingError(phrase("the network", "must be an Ensemble to have members", network, repair=repair))


def _last_dense(nodes: Sequence[Node], outputs: Sequence[str]) -> set[str]:
    """The names of the Dense layers from which only layers with one input lead to an output, however often they are used."""
    by_name = {node.name: node for node in nodes}
    found = set()
    for name in outputs:
        node = by_name.get(name)
        while node is not None and not isinstance(node.layer, Dense):
            node = by_name.get(node.inputs[0]) if len(node.inputs) == 1 else None
        if node is not None:
            found.add(node.name)
    hidden = {node.layer_name for node in nodes if node.name not in found}
    return {node.layer_name for node in nodes if node.name in found} - hidden
