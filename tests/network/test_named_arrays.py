"""Weights by name: what is written there is in the model, and what does not fit is refused and changes nothing."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from lamina.errors import DataError, InvalidSettingError, ShapeError, UnknownNameError
from lamina.layers import BatchNorm, Dense
from lamina.network import Sequential
from lamina.network.named_arrays import NamedArrays
from lamina.training import Trainer


@pytest.fixture
def trainer() -> Trainer:
    return Trainer(Sequential([Dense(4, activation="tanh"), BatchNorm(), Dense(2)], 3), "softmax_cross_entropy")


W = np.arange(12.0).reshape(3, 4)


def test_assigning_to_a_name_changes_what_is_predicted(trainer: Trainer) -> None:
    X = np.ones((1, 3))
    trainer.weights["dense_2.weight"] = np.zeros((4, 2))
    trainer.weights["dense_2.bias"] = [1, 2]
    np.testing.assert_array_equal(trainer.predict_logits(X), [[1, 2]])


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_view_is_live_and_can_be_changed_in_place(engine: str) -> None:
    trainer = Trainer(Sequential([Dense(2)], 3), "squared_error", engine=engine)
    trainer.weights["dense_1.weight"][:] = 1
    trainer.weights["dense_1.weight"] *= 3
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, [3] * 6 + [0] * 2)


@pytest.mark.parametrize("values", [W.tolist(), W.astype(int), W.astype(np.float16), np.asfortranarray(W), W > 3])
def test_whatever_converts_to_numbers_of_the_shape_is_written(trainer: Trainer, values: object) -> None:
    trainer.weights["dense_1.weight"] = values
    np.testing.assert_array_equal(trainer.weights["dense_1.weight"], np.asarray(values, dtype=np.float32))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (W.T, ShapeError, r"must have shape \(3, 4\), got \(4, 3\)\. Transpose it: weights are \(in, out\)"),
        (W[:2], ShapeError, r"dense_1\.weight must have shape \(3, 4\), got \(2, 4\)"),
        (1.0, ShapeError, r"Use \['dense_1\.weight'\]\[:\] = "),
        (W[None], ShapeError, r"got \(1, 3, 4\)"),
        (np.full((3, 4), np.nan), DataError, "must hold finite numbers, got 12 that are NaN or infinite"),
        (np.where(W == 5, np.inf, W), DataError, "got 1 that is NaN or infinite"),
        (np.full((3, 4), 1e300), DataError, "NaN or infinite in float32"),
        (W * 1j, DataError, "must be an array of real numbers, got 'complex128'"),
        (W.astype(str), DataError, "must be an array of real numbers"),
        (None, DataError, "must be an array of real numbers, got 'NoneType'"),
        ([[1, 2], [3]], DataError, "must be an array of numbers, got 'list'"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    trainer: Trainer, values: object, error: type[Exception], words: str
) -> None:
    before = trainer.executor.snapshot().parameters
    with pytest.raises(error, match=words):
        trainer.weights["dense_1.weight"] = values
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)


def test_an_unknown_name_is_refused_with_the_nearest(trainer: Trainer) -> None:
    with pytest.raises(UnknownNameError, match=r"got 'dense_1\.wieght'\. Did you mean 'dense_1\.weight'\?"):
        trainer.weights["dense_1.wieght"] = W
    with pytest.raises(KeyError):
        trainer.weights[0]
    assert "dense_1" not in trainer.weights
    assert trainer.weights.get("dense_1") is None


def test_assigning_a_dict_writes_all_of_it(trainer: Trainer) -> None:
    kept = trainer.weights.copy()
    trainer.executor.restore(parameters=np.full(trainer.executor.program.num_parameters, 7.0))
    trainer.weights = kept
    assert trainer.weights == kept


def test_assigning_a_dict_with_a_missing_or_unknown_name_changes_nothing(trainer: Trainer) -> None:
    before = trainer.executor.snapshot().parameters
    kept = {name: view + 1 for name, view in trainer.weights.items()}
    with pytest.raises(UnknownNameError, match=r"got 'other'"):
        trainer.weights = kept | {"other": W}
    del kept["dense_2.bias"]
    with pytest.raises(InvalidSettingError, match=r"must hold 'dense_2\.bias' as well.*use weights\.update"):
        trainer.weights = kept
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)


def test_assigning_a_flat_vector_is_refused_with_the_way_to_do_it(trainer: Trainer) -> None:
    with pytest.raises(InvalidSettingError, match=r"got 'ndarray'.*executor\.restore\(vector\)"):
        trainer.weights = trainer.executor.snapshot().parameters  # type: ignore[assignment]


def test_update_writes_all_or_none(trainer: Trainer) -> None:
    trainer.weights.update({"dense_1.weight": W, "dense_2.bias": [1, 2]})
    before = trainer.executor.snapshot().parameters
    with pytest.raises(ShapeError):
        trainer.weights.update({"dense_1.weight": W + 1, "dense_2.bias": [1, 2, 3]})
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)
    trainer.weights |= {"dense_2.bias": [3, 4]}
    assert trainer.weights["dense_2.bias"].tolist() == [3, 4]


@pytest.mark.parametrize("values", [3, [1, 2], "ab", None])
def test_an_update_from_something_else_is_refused(trainer: Trainer, values: object) -> None:
    with pytest.raises(InvalidSettingError, match="must be updated from a mapping of names to arrays"):
        trainer.weights.update(values)  # type: ignore[arg-type]


def test_an_npz_file_of_the_weights_can_be_assigned_back(trainer: Trainer, tmp_path) -> None:
    np.savez(tmp_path / "w.npz", **trainer.weights)
    before = trainer.weights.copy()
    trainer.executor.restore(parameters=np.full(trainer.executor.program.num_parameters, 0.0))
    with np.load(tmp_path / "w.npz") as stored:
        trainer.weights = stored
    assert trainer.weights == before


def test_names_can_be_neither_added_nor_removed(trainer: Trainer) -> None:
    with pytest.raises(InvalidSettingError, match="must keep all their arrays"):
        del trainer.weights["dense_1.bias"]
    assert not hasattr(trainer.weights, "pop")


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda w: pickle.loads(pickle.dumps(w)), lambda w: w.copy()])
def test_copies_are_plain_dicts_that_training_does_not_change(trainer: Trainer, copied) -> None:
    kept = copied(trainer.weights)
    before = trainer.executor.snapshot().parameters
    trainer.executor.restore(parameters=np.full(trainer.executor.program.num_parameters, 9.0))
    assert type(kept) is dict
    np.testing.assert_array_equal(np.concatenate([w.ravel() for w in kept.values()]), before)


def test_weights_are_equal_when_names_and_numbers_are(trainer: Trainer) -> None:
    other = Trainer(trainer.network, "softmax_cross_entropy")
    assert trainer.weights == other.weights
    other.weights["dense_1.bias"][0] += 1
    assert trainer.weights != other.weights
    assert trainer.weights != 3


def test_they_print_with_names_and_shapes(trainer: Trainer) -> None:
    text = repr(trainer.weights)
    assert text.startswith("<weights: 6 arrays, 34 numbers, float32\n  dense_1.weight")
    assert "(3, 4)" in text
    assert repr(NamedArrays({})) == "<weights: 0 arrays, 0 numbers>"


def test_running_statistics_have_names_too(trainer: Trainer) -> None:
    trainer.running_statistics["batch_norm_1.running_mean"] = [1, 2, 3, 4]
    assert trainer.executor.snapshot().state[:4].tolist() == [1, 2, 3, 4]
    kept = trainer.running_statistics.copy()
    trainer.executor.restore(state=np.full(trainer.executor.program.num_state, 5.0))
    trainer.running_statistics = kept
    assert trainer.running_statistics == kept


def test_a_variance_must_not_be_negative(trainer: Trainer) -> None:
    with pytest.raises(DataError, match=r"running_variance must not be negative; its minimum, got -1\.0"):
        trainer.running_statistics["batch_norm_1.running_variance"] = [1, -1, 1, 1]


def test_unflattened_vectors_are_written_to_by_name_as_well(trainer: Trainer) -> None:
    vector, state = trainer.network.initialize(seed=0)
    arrays = trainer.network.unflatten(vector, state)
    arrays["dense_1.weight"] = W
    arrays["batch_norm_1.running_mean"] = [1, 1, 1, 1]
    np.testing.assert_array_equal(vector[:12], W.ravel())
    assert state[:4].tolist() == [1] * 4
