"""A network with losses and weights, for evaluation and prediction; the trainer is a subclass.

Predictions with a spread are rarely asked for, so the method that gives them imports what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import Batches
from lamina.errors import DataError
from lamina.losses import Loss
from lamina.network import Network
from lamina.network.ensemble import check_has_members
from lamina.network.named_arrays import NamedArrays
from lamina.training.batches import input_widths
from lamina.training.blocks.block_reader import BlockReader, inputs_of, parts_of
from lamina.training.blocks.measuring import joined, measure_blocks, predict_in_blocks
from lamina.training.blocks.source import (
    BlockSource,
    as_source,
    begin_of,
    check_no_blocks,
    is_list_of_blocks,
    is_source,
    source_alone,
)
from lamina.training.named_metrics import Metrics, named_metrics
from lamina.training.output_losses import check_loss_keys
from lamina.training.settings import TrainerSettings
from lamina.training.slow_precision import asks_for_mixed
from lamina.training.weighted_network import Metric, WeightedNetwork

__all__ = ["Predictor"]


class Predictor:
    """A network with losses and weights, for evaluation and prediction.

    Parameters
    ----------
    settings : TrainerSettings
    metrics, initial_weights
        As in :class:`lamina.training.Trainer`.

    Attributes
    ----------
    settings : TrainerSettings
        All settings as one frozen object, which can be written as JSON; its network is built when the first data arrive.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        metrics: Metrics | None = None,
        initial_weights: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self.settings = settings
        self._initial_weights = initial_weights
        self._model: WeightedNetwork | None = None
        self._metrics = named_metrics(metrics, settings.losses, settings.network.output_names)
        self._dtype = np.dtype(settings.dtype)
        check_loss_keys(settings.network.output_names, self._metrics)

    def build(self, widths: int | Sequence[int] | None = None) -> Self:
        """Create the executor and the initial weights; this happens automatically with the first data.

        Parameters
        ----------
        widths : int or sequence of int, optional
            Widths of the inputs; needed only if the network does not know them.

        Returns
        -------
        Self
            This object.
        """
        if widths is not None:
            self.settings = replace(self.settings, network=self.network.build(widths))
        settings = (self.loss_weights, self.metrics, self.dtype, self.engine, self.n_threads, self.seed)
        first = None if self._initial_weights is None else self._checked(*self._initial_weights)
        self._model = WeightedNetwork(self.network, self.losses, *settings, first, self.device)
        self._initial_weights = None
        return self

    @property
    def network(self) -> Network:
        """The network; it is built when the widths of its inputs are known."""
        return self.settings.network

    # The executor was created with these and is not created again, so they have no setters.

    @property
    def seed(self) -> int:
        """The seed of all randomness."""
        return self.settings.seed

    @property
    def losses(self) -> tuple[Loss, ...]:
        """One loss per output."""
        return self.settings.losses

    @property
    def loss_weights(self) -> tuple[float, ...] | None:
        """Factors of the outputs' losses, one per output; None if none were given."""
        return self.settings.loss_weights

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics by name; metrics added to this dict are computed from then on."""
        return self._metrics

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the weights and of all computations."""
        return self._dtype

    @property
    def engine(self) -> str:
        """The engine setting."""
        return self.settings.engine

    @property
    def device(self) -> str:
        """The device setting, of ``engine="torch"``."""
        return self.settings.device

    @property
    def n_threads(self) -> int | None:
        """Threads of the engine; None: chosen by the size of the work."""
        return self.settings.n_threads

    @property
    def executor(self) -> Executor:
        """The executor, which holds the weights and does the computation.

        Raises
        ------
        ShapeError
            If the widths of the inputs are not known yet.
        """
        return self._built().executor

    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, float]:
        """The mean loss (without penalties, in inference mode) and the metrics, by name.

        Of an :class:`~lamina.network.Ensemble` it is the loss of its predictions, while training minimizes the mean of its
        members' losses; if the loss's link is none of softmax, sigmoid and exp, it is the loss of the members' mean logits.
        With several outputs the loss of each is included as ``<output>_loss``. Without y, X is a source of blocks
        (:class:`~lamina.training.BlockSource`) or an iterable of blocks, which are evaluated one after the other; metrics are
        computed of all targets and predictions together.
        """
        if y is None:
            source = source_alone(X, sample_weight, owner=f"{type(self).__name__}.evaluate")
            reader = self._reader(source)
            return measure_blocks(self._built(), reader, source.passes(0))
        data = self.batches(X, y, sample_weight)
        return self._built().measure(data, y)

    def predict(self, X: Any, *, precision: str = "full") -> Any:
        """The predictions for X: the outputs after the loss's link, for example probabilities.

        A source of blocks (:class:`~lamina.training.BlockSource`), an iterator or a list of blocks ``(X, y)`` is predicted block
        by block, and only the predictions are kept; see also :meth:`predict_blocks`.

        Parameters
        ----------
        X
            As in :meth:`~lamina.training.Trainer.fit`.
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

        Returns
        -------
        ndarray of shape (n, output width), or (n, targets) for means with ``gaussian_nll``; a list of these for several outputs
        """
        if is_source(X) or is_list_of_blocks(X, len(self.network.input_names)):
            parts = list(self.predict_blocks(X, precision=precision))
            if not parts:
                raise DataError("X must give at least one block to predict, got none.")
            return joined(parts, len(self.network.output_names) > 1)
        mixed = asks_for_mixed(precision, self._dtype, self.engine)
        model = self._built_for(X)
        return model.predictions(model.inputs(X), mixed=mixed)

    def predict_blocks(self, blocks: Any, *, precision: str = "full") -> Iterator[Any]:
        """The predictions of each block, one after the other; the next block is read meanwhile.

        Parameters
        ----------
        blocks : BlockSource or iterable
            Of blocks ``(X, …)``, of which only X is read, or of X alone: arrays, or lists or dicts of one per input.
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

        Yields
        ------
        ndarray or list of ndarray
            As :meth:`predict` returns for X.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina import Dense, Sequential, Trainer
        >>> trainer = Trainer(Sequential([Dense(1)], 2), "squared_error")
        >>> [part.shape for part in trainer.predict_blocks([np.zeros((3, 2)), np.ones((5, 2))])]
        [(3, 1), (5, 1)]
        """
        mixed = asks_for_mixed(precision, self._dtype, self.engine)
        source = as_source(blocks, "blocks", owner=f"{type(self).__name__}.predict_blocks")
        first = next(begin_of(source, 0), None)
        if first is not None:
            model = self._built_for(inputs_of(first))
            yield from predict_in_blocks(model, source.passes(0), mixed=mixed)

    def predict_logits(self, X: Any, *, precision: str = "full") -> Any:
        """The outputs before any link; parameters and shapes as in :meth:`predict`.

        Of an ensemble, those whose link (softmax, sigmoid, exp) is the mean of the members' predictions; else their mean.
        """
        mixed = asks_for_mixed(precision, self._dtype, self.engine)
        model = self._built_for(X)
        return model.logits(model.inputs(X), mixed=mixed)

    def predict_members(self, X: Any) -> Any:
        """The predictions of each member of an :class:`~lamina.network.Ensemble`, of which :meth:`predict` returns the mean.

        Returns
        -------
        ndarray of shape (members, n, output width); a list of these for several outputs

        Raises
        ------
        InvalidSettingError
            If the network is no ensemble.
        """
        check_has_members(self.network)
        model = self._built_for(X)
        return model.members(model.inputs(X))

    def predict_distribution(self, X: Any, *, mc_samples: int | None = None, seed: int = 0) -> Any:
        """Mean and spread of the predictions: over random dropout masks, over members, or as ``gaussian_nll`` predicts them.

        Over the masks, the mean approximates the expectation, which :meth:`predict` replaces by one pass without dropout; the
        spread measures the network's uncertainty (Monte Carlo dropout, Gal & Ghahramani 2016). Batch normalization works as in
        prediction. The members of an :class:`~lamina.network.Ensemble` have a spread without masks. The spread that the loss
        ``gaussian_nll`` predicts is that of the target. Where there are several of these, variances are added.

        Parameters
        ----------
        X
            As in :meth:`predict`.
        mc_samples : int, optional
            The number of masks, at least 2. By default 100, or none for an ensemble, or if the loss of every output predicts a
            spread.
        seed : int, default=0
            Seed of the masks.

        Returns
        -------
        PredictiveDistribution, or a list of these for several outputs

        Raises
        ------
        InvalidSettingError
            If masks are to be drawn and the network has no dropout.
        """
        from lamina.training.meaning import Meaning
        from lamina.training.predictive_distribution import predict_distributions

        model = self._built_for(X)
        settings = (mc_samples, seed, self.engine, self.n_threads, self.device)
        meanings = [Meaning.of(loss) for loss in self.losses]
        parts = predict_distributions(self.network, meanings, model.executor, model.inputs(X), *settings)
        return parts[0] if len(parts) == 1 else parts

    @property
    def weights(self) -> NamedArrays:
        """All parameters by name. Writing into an array, or assigning to a name or a dict of all of them, changes the model.

        The optimizer's state (Adam's moments, say) does not change.
        """
        return self.network.unflatten(self.executor.views()[0])

    @weights.setter
    def weights(self, arrays: Mapping[str, Any]) -> None:
        self.weights.replace(arrays)

    @property
    def running_statistics(self) -> NamedArrays:
        """The running means and variances of batch normalization by name; works like :attr:`weights`."""
        return self.network.unflatten_state(self.executor.views()[1])

    @running_statistics.setter
    def running_statistics(self, arrays: Mapping[str, Any]) -> None:
        self.running_statistics.replace(arrays)

    def batches(self, X: Any, y: Any, sample_weight: Any = None) -> Batches:
        """The data checked and converted for the engine; X is not copied if the engine can read it."""
        check_no_blocks(X, len(self.network.input_names), owner=type(self).__name__)
        return self._built_for(X).batches(X, y, sample_weight)

    def _checked(self, parameters: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The initial weights in this dtype, with the checks of :attr:`weights` and :attr:`running_statistics`."""
        named, running = self.network.unflatten(parameters), self.network.unflatten_state(state)
        checked = np.empty(parameters.shape, self._dtype), np.empty(state.shape, self._dtype)
        self.network.unflatten(checked[0]).update(named)
        self.network.unflatten_state(checked[1]).update(running)
        return checked

    def _reader(self, source: BlockSource) -> BlockReader:
        """What reads the blocks of a source for this network, which is built for the first of them if it is not."""
        first = next(begin_of(source, 0), None)
        if first is None:
            raise DataError("A source of blocks must give at least one row, got no block.")
        return BlockReader(self._built_for(parts_of(first, 0)[0]))

    def _built(self) -> WeightedNetwork:
        if self._model is None:
            self.build()  # raises and says what is missing
        assert self._model is not None
        return self._model

    def _built_for(self, X: Any) -> WeightedNetwork:
        if self._model is None:
            self.build(input_widths(X, self.network.input_names))
        return self._built()
