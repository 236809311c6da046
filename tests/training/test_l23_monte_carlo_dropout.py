"""L22, L23: the mean over masks, exactly, by scaling, and by sampling."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lamina import Activation, Add, BatchNorm, Dense, Dropout, Graph, Input, Sequential, Trainer
from lamina.engine import native_available
from lamina.errors import InvalidSettingError

ENGINES = ["reference", pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no native engine"))]
RNG = np.random.default_rng(0)


def two_inputs(activation: str | None, rate: float = 0.5, engine: str = "auto") -> Trainer:
    """The lecture's unit: a = f(w1 x1 + w2 x2), with dropout on its two inputs; w = (2, -1)."""
    layers = [Dropout(rate), Dense(1, use_bias=False)] + ([] if activation is None else [Activation(activation)])
    trainer = Trainer(Sequential(layers, 2), "squared_error", dtype="float64", engine=engine)
    trainer.executor.restore(parameters=np.array([2.0, -1.0]))
    return trainer


def over_all_masks(x: np.ndarray, rate: float, function: object) -> tuple[float, float]:
    """Mean and standard deviation over the four masks, each with its probability; kept inputs grow by 1 / (1 - rate)."""
    values, chances = [], []
    for mask in product((0, 1), repeat=2):
        values.append(function((2.0 * mask[0] * x[0] - mask[1] * x[1]) / (1 - rate)))  # type: ignore[operator]
        chances.append((1 - rate) ** sum(mask) * rate ** (2 - sum(mask)))
    mean = float(np.dot(values, chances))
    return mean, float(np.sqrt(np.dot((np.array(values) - mean) ** 2, chances)))


@pytest.mark.parametrize("rate", [0.5, 0.2])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_two_input_unit_has_the_exact_mean_and_spread(engine: str, rate: float) -> None:
    x = np.array([1.5, 4.0])
    mean, spread = over_all_masks(x, rate, np.tanh)
    k = 4000
    found = two_inputs("tanh", rate, engine).predict_distribution(x[None], mc_samples=k)
    assert found.mean[0, 0] == pytest.approx(mean, abs=4 * spread / np.sqrt(k))
    assert found.spread[0, 0] == pytest.approx(spread, rel=0.06)


@pytest.mark.parametrize("rate", [0.5, 0.2])
def test_scaling_gives_the_exact_mean_of_a_linear_unit_but_not_of_a_bent_one(rate: float) -> None:
    x = np.array([1.5, 4.0])
    assert two_inputs(None, rate).predict(x[None])[0, 0] == pytest.approx(over_all_masks(x, rate, float)[0])
    bent = over_all_masks(x, rate, np.tanh)[0]
    assert abs(two_inputs("tanh", rate).predict(x[None])[0, 0] - bent) > 0.1


def mixed_network() -> Graph:
    """Normalizations that fold into a layer, and one that cannot."""
    x = Input(3)
    h = Dropout(0.4)(Activation("relu")(BatchNorm()(Dense(8)(x))))
    g = Activation("tanh")(BatchNorm()(h))
    return Graph(x, Dense(2)(Add()([h, g])))


def fitted(engine: str = "auto", loss: str = "squared_error") -> tuple[Trainer, np.ndarray]:
    X = np.random.default_rng(1).normal(size=(80, 3))
    y = X[:, 0] > 0 if loss == "softmax_cross_entropy" else X[:, :2]
    trainer = Trainer(mixed_network(), loss, dtype="float64", engine=engine, seed=3)
    trainer.fit(X, y, max_epochs=5)
    return trainer, X


def test_both_engines_draw_the_same_masks() -> None:
    if not native_available():
        pytest.skip("no native engine")
    first, second = (fitted(engine)[0] for engine in ("reference", "native"))
    X = RNG.normal(size=(9, 3))
    a, b = first.predict_distribution(X, mc_samples=5), second.predict_distribution(X, mc_samples=5)
    np.testing.assert_allclose(a.mean, b.mean, rtol=1e-8)
    np.testing.assert_allclose(a.spread, b.spread, rtol=1e-6)


def test_batch_normalization_stays_in_inference_and_the_trainer_as_it_was() -> None:
    trainer, X = fitted()
    names = ("parameters", "state", "slots")
    before = {name: getattr(trainer.executor.snapshot(), name) for name in names}
    alone = trainer.predict_distribution(X[:1], mc_samples=40).mean
    for name in names:
        np.testing.assert_array_equal(before[name], getattr(trainer.executor.snapshot(), name))
    # The statistics of the batch at hand would make a row's prediction depend on its neighbors: here only their masks differ,
    # and the first row's masks are the first of each batch.
    shifted = np.vstack([X[:1], 100.0 + X[1:20]])
    np.testing.assert_allclose(trainer.predict_distribution(shifted, mc_samples=40).mean[:1], alone, rtol=1e-10)


def test_without_silenced_units_the_distribution_would_be_the_prediction() -> None:
    trainer, X = fitted()
    mean = trainer.predict_distribution(X, mc_samples=3000).mean
    assert np.corrcoef(mean.ravel(), trainer.predict(X).ravel())[0, 1] > 0.95


def test_probabilities_are_averaged_and_sum_to_one() -> None:
    trainer, X = fitted(loss="softmax_cross_entropy")
    distribution = trainer.predict_distribution(X, mc_samples=30)
    np.testing.assert_allclose(distribution.mean.sum(axis=1), 1.0)
    assert (distribution.spread > 0).all()
    assert "over 30 masks" in str(distribution)


def test_the_seed_decides() -> None:
    trainer, X = fitted()
    one, same, other = (trainer.predict_distribution(X, mc_samples=4, seed=seed).mean for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_many_rows_are_predicted_in_parts_with_masks_of_their_own() -> None:
    trainer = two_inputs("tanh")
    distribution = trainer.predict_distribution(np.tile([[1.5, 4.0]], (5000, 1)), mc_samples=2)
    assert distribution.mean.shape == (5000, 1)
    assert (distribution.mean[:904] != distribution.mean[4096:]).any()


def test_several_outputs_give_a_list() -> None:
    x = Input(2)
    h = Dropout(0.5)(Dense(4)(x))
    trainer = Trainer(Graph(x, [Dense(1)(h), Dense(3)(h)]), ["squared_error", "softmax_cross_entropy"])
    first, second = trainer.predict_distribution(np.ones((3, 2)), mc_samples=5)
    assert (first.mean.shape, second.mean.shape) == ((3, 1), (3, 3))


def test_a_network_without_dropout_is_refused() -> None:
    trainer = Trainer(Sequential([Dense(1)], 2), "squared_error")
    with pytest.raises(InvalidSettingError, match="must have a dropout layer"):
        trainer.predict_distribution(np.ones((1, 2)))


def test_a_single_sample_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="mc_samples must be an integer >= 2"):
        two_inputs("tanh").predict_distribution(np.ones((1, 2)), mc_samples=1)
