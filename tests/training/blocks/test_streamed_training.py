"""Training on blocks gives what training on arrays gives, wherever the two can be compared."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import permutation
from lamina.errors import InvalidSettingError
from lamina.layers import Add, BatchNorm, Dense, Dropout, Embedding
from lamina.losses import CustomLoss
from lamina.network import Graph, Input, Sequential
from lamina.optimizers import AdamW
from lamina.training import ArrayBlocks, AveragedWeights, Blocks, Callback, EarlyStopping, Monitor, Trainer, TrainingWarning

RNG = np.random.default_rng(4)
X = RNG.normal(size=(203, 5))
Y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int64)
W = RNG.uniform(0, 2, size=203)
CUTS = {"one block": (), "three blocks": (64, 65), "blocks that batches cross": (3, 50, 50, 131, 200)}


def cut(cuts, *arrays):
    ends = [0, *cuts, arrays[0].shape[0]]
    return [tuple(array[first:end] for array in arrays) for first, end in pairwise(ends)]


def learned(trainer):
    records = [{key: value for key, value in record.items() if key != "duration_s"} for record in trainer.history]
    snapshot = trainer.executor.snapshot()
    return records, [array.tobytes() for array in snapshot], trainer.epoch, trainer.step, str(trainer.stop_reason)


@pytest.fixture(params=list(CUTS))
def cuts(request):
    return CUTS[request.param]


SETTINGS = {
    "as usual": {},
    "in order": {"shuffle": False},
    "a schedule over the fit": {"schedule": "cosine", "optimizer": AdamW(0.01)},
    "a schedule by epochs": {"schedule": {"kind": "step", "epochs": 1, "factor": 0.5}},
    "a schedule that watches": {"schedule": {"kind": "reduce_on_plateau", "monitor": "loss"}},
    "the reference engine": {"engine": "reference"},
    "float32": {"dtype": "float32"},
    "several threads": {"n_threads": 2},
    "perturbed weights": {"optimizer": "perturb-all"},
    "penalties": {"penalty_per_row": True},
    "a batch of all": {"batch_size": 1000},
}


@pytest.mark.parametrize("name", list(SETTINGS))
def test_rows_that_fit_in_the_reservoir_train_as_arrays_do(make_trainer, cuts, name):
    if name == "perturbed weights":

        def make(**settings):
            return Trainer(Sequential([Dense(4, activation="tanh"), Dense(2)]), "softmax_cross_entropy", **settings)
    else:
        make = make_trainer
    arrays, blocks = make(**SETTINGS[name]), make(**SETTINGS[name])
    arrays.fit(X, Y, max_epochs=3)
    blocks.fit(cut(cuts, X, Y), max_epochs=3)
    assert learned(blocks) == learned(arrays)


def test_sample_weights_come_in_the_blocks(make_trainer, cuts):
    arrays, blocks = make_trainer(), make_trainer()
    arrays.fit(X, Y, sample_weight=W, max_epochs=3)
    blocks.fit(cut(cuts, X, Y, W), max_epochs=3)
    assert learned(blocks) == learned(arrays)


@pytest.mark.parametrize("shuffle_rows", [1, 40, 100, 203, 1000])
def test_in_order_the_size_of_the_reservoir_does_not_matter(make_trainer, cuts, shuffle_rows):
    arrays, blocks = make_trainer(shuffle=False), make_trainer(shuffle=False, shuffle_rows=shuffle_rows)
    arrays.fit(X, Y, sample_weight=W, max_epochs=3)
    blocks.fit(cut(cuts, X, Y, W), max_epochs=3)
    assert learned(blocks) == learned(arrays)


def test_how_rows_are_cut_into_blocks_does_not_matter(make_trainer):
    trainers = [make_trainer(shuffle_rows=50) for _ in range(3)]
    for trainer, cuts in zip(trainers, CUTS.values(), strict=True):
        trainer.fit(cut(cuts, X, Y), max_epochs=3)
    one, two, three = map(learned, trainers)
    assert one == two == three


def test_steps_take_the_rows_in_the_order_that_is_documented():
    """With weights that stand still, the loss of a step tells its rows."""
    rows = np.arange(100.0)[:, None]
    steps = []

    class Note(EarlyStopping):
        def on_epoch_end(self, trainer, record):
            pass

        def on_steps_done(self, trainer, first_step, result):
            steps.extend(result.losses.tolist())

    settings = {"batch_size": 4, "dtype": "float64", "shuffle_rows": 20, "seed": 3, "callbacks": Note()}
    network = Sequential([Dense(1, use_bias=False)], 1)
    trainer = Trainer(network, "squared_error", "gradient_descent", schedule=lambda step: 0.0, **settings)
    trainer.weights["dense_1.weight"][:] = 0.0
    trainer.fit(cut((7, 30), rows, rows), max_epochs=1, final_check=False)

    held, rest, expected, filling = [], list(range(100)), [], 0
    while rest:
        taken = 20 - len(held)
        held, rest = held + rest[:taken], rest[taken:]
        order = [held[i] for i in permutation(len(held), seed=3, epoch=0, part=filling)]
        count = len(held) // 2 // 4 * 4 if rest else len(held)
        expected += [order[first : first + 4] for first in range(0, count, 4)]
        held, filling = order[count:], filling + 1
    assert sorted(row for batch in expected for row in batch) == list(range(100))
    per_row = trainer.evaluate(rows[:1] + 1.0, rows[:1] + 1.0)["loss"]
    np.testing.assert_allclose(steps, [np.mean(np.square(batch)) * per_row for batch in expected], rtol=1e-12)


def test_batches_are_drawn_across_blocks():
    """Sorted by class in two blocks, a network that saw one class after the other would end with the last."""
    order = np.argsort(Y, kind="stable")
    blocks = cut((int(np.sum(Y == 0)),), X[order], Y[order])
    trainer = Trainer(Sequential([Dense(8, activation="tanh"), Dense(2)]), "softmax_cross_entropy", "adam", batch_size=8)
    trainer.fit(blocks, max_epochs=20)
    predicted = trainer.predict(X).argmax(axis=1)
    assert np.mean(predicted[Y == 0] == 0) > 0.7 < np.mean(predicted[Y == 1] == 1)


def test_a_last_batch_of_one_row_is_left_out_with_batch_norm(cuts):
    for rows in (193, 65, 33):
        arrays, blocks = (
            Trainer(
                Sequential([Dense(4), BatchNorm(), Dense(2)]),
                "softmax_cross_entropy",
                batch_size=16,
                shuffle=False,
                shuffle_rows=s,
            )
            for s in ("auto", 32)
        )
        arrays.fit(X[:rows], Y[:rows], max_epochs=2)
        blocks.fit(cut([each for each in cuts if each < rows], X[:rows], Y[:rows]), max_epochs=2)
        assert learned(blocks) == learned(arrays)


def test_a_network_with_several_inputs_and_outputs_takes_lists_and_dicts(cuts):
    left, right = Input(3, name="left"), Input(2, name="right")
    hidden = Add()(Dense(6, activation="tanh")(left), Dense(6)(right))
    network = Graph([left, right], [Dense(2, name="kind")(hidden), Dense(1, name="size")(hidden)])
    losses = {"kind": "softmax_cross_entropy", "size": "squared_error"}
    made = [Trainer(network, losses, shuffle_rows=64, shuffle=False, metrics={"sum": _sum_of_both}) for _ in range(3)]
    size = X[:, :1] + X[:, 4:]
    validation = ([X[:20, :3], X[:20, 3:]], [Y[:20], size[:20]])
    made[0].fit([X[:, :3], X[:, 3:]], [Y, size], validation_data=validation, max_epochs=2)
    pieces = cut(cuts, X, Y, size)
    lists = [([x[:, :3], x[:, 3:]], [kind, number]) for x, kind, number in pieces]
    dicts = [({"left": x[:, :3], "right": x[:, 3:]}, {"kind": kind, "size": number}) for x, kind, number in pieces]
    for trainer, blocks in zip(made[1:], (lists, dicts), strict=True):
        trainer.fit(blocks, validation_data=validation, max_epochs=2)
        assert learned(trainer) == learned(made[0])
        ours, theirs = trainer.evaluate(blocks), made[0].evaluate([X[:, :3], X[:, 3:]], [Y, size])
        assert ours == pytest.approx(theirs, rel=1e-6)
        for part, whole in zip(trainer.predict(Blocks(blocks)), made[0].predict([X[:, :3], X[:, 3:]]), strict=True):
            np.testing.assert_allclose(part, whole, rtol=1e-6)


def _sum_of_both(targets, predictions):
    parts = list(targets.values()) if isinstance(targets, dict) else targets
    return float(sum(np.sum(part) for part in (*parts, *predictions)))


def test_codes_of_categories_and_sparse_rows_train_in_blocks(cuts):
    codes = np.column_stack([RNG.integers(0, 5, 203), RNG.normal(size=203)])
    sparse_rows = sparse.random(203, 30, density=0.2, format="csr", random_state=0)
    for rows, layers in ((codes, [Embedding([5, None], 3)]), (sparse_rows, [])):
        made = [Trainer(Sequential([*layers, Dense(4), Dense(2)]), "softmax_cross_entropy", batch_size=16) for _ in range(2)]
        made[0].fit(rows, Y, max_epochs=3)
        made[1].fit(cut(cuts, rows, Y), max_epochs=3)
        assert learned(made[1]) == learned(made[0])
        small = Trainer(Sequential([*layers, Dense(4), Dense(2)]), "softmax_cross_entropy", batch_size=16, shuffle_rows=48)
        small.fit(cut(cuts, rows, Y), max_epochs=3)
        assert small.step == made[0].step


def test_a_loss_of_ones_own_trains_in_blocks(cuts):
    loss = CustomLoss(_squared)
    arrays, blocks = (Trainer(Sequential([Dense(4, activation="tanh"), Dense(1)]), loss, batch_size=16) for _ in range(2))
    arrays.fit(X, X[:, :1], max_epochs=2)
    blocks.fit(cut(cuts, X, X[:, :1]), max_epochs=2)
    assert learned(blocks) == learned(arrays)


def test_validation_rows_may_come_in_blocks(make_trainer, cuts):
    metrics = {"accuracy": lambda y, p: float(np.mean(y == p.argmax(axis=1)))}
    arrays, blocks = (make_trainer(metrics=metrics, callbacks=EarlyStopping(patience=3)) for _ in range(2))
    arrays.fit(X, Y, validation_data=(X[::2], Y[::2], W[::2]), max_epochs=10)
    validation = Blocks(cut([each // 2 for each in cuts], X[::2], Y[::2], W[::2]))
    blocks.fit(cut(cuts, X, Y), validation_data=validation, max_epochs=10)
    for ours, theirs in zip(blocks.history, arrays.history, strict=True):
        assert {**ours, "duration_s": 0} == pytest.approx({**theirs, "duration_s": 0}, rel=1e-12)
    assert str(blocks.stop_reason) == str(arrays.stop_reason)


def test_a_memmap_of_many_rows_is_cut_into_blocks_in_a_new_order_every_epoch(tmp_path, make_trainer):
    mapped = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=(203, 5))
    mapped[:] = X
    of_blocks, of_memmap, of_array = (make_trainer(shuffle_rows=64) for _ in range(3))
    of_memmap.fit(mapped, Y, max_epochs=3)
    of_blocks.fit(ArrayBlocks(X, Y, seed=7), max_epochs=3)
    of_array.fit(X, Y, max_epochs=3)
    assert learned(of_memmap) == learned(of_blocks) != learned(of_array)
    whole, some = make_trainer(shuffle_rows=203), make_trainer()
    whole.fit(mapped, Y, max_epochs=3)
    some.fit(X, Y, max_epochs=3)
    assert learned(whole) == learned(some)


def test_a_monitor_measures_while_blocks_train(cuts):
    """And training is the same with and without it."""
    made = [
        Trainer(Sequential([Dense(8, activation="tanh"), Dense(2)]), "softmax_cross_entropy", shuffle_rows=64) for _ in range(2)
    ]
    monitor = Monitor()
    made[1].callbacks = [monitor]
    source = Uncounted(cut(cuts, X, Y))
    for trainer in made:
        trainer.fit(source, max_epochs=3)
    assert learned(made[0]) == learned(made[1])
    assert monitor.record.num_probes > 0
    np.testing.assert_array_equal(monitor.record.epoch["loss"], made[1].history[:, "loss"])


def _squared(logits, targets):
    return ((logits - targets) ** 2).sum(axis=1), 2 * (logits - targets)


class Uncounted:
    """Blocks whose number of rows is not known before the first epoch is over."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.asked = []

    def passes(self, epoch):
        self.asked.append(epoch)
        yield from self.blocks


def test_a_source_is_asked_for_each_epoch_once_and_for_the_first_rows_before(make_trainer):
    source = Uncounted(cut((50,), X, Y))
    trainer = make_trainer()
    trainer.fit(source, max_epochs=3)
    assert [epoch for epoch in source.asked if epoch] == [1, 2]
    source.asked.clear()
    trainer.fit(source, max_epochs=2)
    assert [epoch for epoch in source.asked if epoch] == [3, 4]


def test_the_length_of_an_epoch_is_known_after_the_first(make_trainer):
    lengths = []

    class Note(EarlyStopping):
        def on_epoch_begin(self, trainer):
            lengths.append(trainer.steps_per_epoch)

    trainer = make_trainer(callbacks=Note("loss", restore_best=False))
    trainer.fit(Uncounted(cut((50,), X, Y)), max_epochs=3)
    assert lengths[0] is None
    assert lengths[-1] == 13


def test_dropout_and_batch_norm_see_the_same_masks_and_batches(cuts):
    layers = [Dense(8), BatchNorm(), Dropout(0.5), Dense(2)]
    arrays, blocks = (Trainer(Sequential(layers), "softmax_cross_entropy", shuffle=False, shuffle_rows=s) for s in ("auto", 64))
    arrays.fit(X, Y, max_epochs=2)
    blocks.fit(cut(cuts, X, Y), max_epochs=2)
    assert learned(blocks) == learned(arrays)


def test_predictions_come_block_by_block(make_trainer, cuts):
    trainer = make_trainer()
    trainer.fit(X, Y, max_epochs=1)
    parts = list(trainer.predict_blocks(cut(cuts, X, Y)))
    assert [len(part) for part in parts] == [len(x) for x, _ in cut(cuts, X, Y)]
    np.testing.assert_allclose(np.concatenate(parts), trainer.predict(X), rtol=1e-12)
    np.testing.assert_allclose(trainer.predict(iter(cut(cuts, X))), trainer.predict(X), rtol=1e-12)


def test_initial_weights_are_fitted_to_the_first_rows(cuts):
    layers = [Dense(8, weight_init="unit_variance", activation="tanh"), Dense(2)]
    arrays, blocks = (Trainer(Sequential(layers), "softmax_cross_entropy") for _ in range(2))
    arrays.fit(X, Y, max_epochs=2)
    blocks.fit(cut(cuts, X, Y), max_epochs=2)
    assert learned(blocks) == learned(arrays)


def test_weights_are_averaged_over_epochs_that_blocks_validate(cuts):
    validation = Blocks(cut([each // 2 for each in cuts], X[::2], Y[::2]))
    trainer = Trainer(Sequential([Dense(4), Dense(2)]), "softmax_cross_entropy", callbacks=AveragedWeights(), dtype="float64")
    trainer.fit(cut(cuts, X, Y), validation_data=validation, max_epochs=4)
    best = min(trainer.history[:, "averaged_validation_loss"])
    assert trainer.evaluate(validation)["loss"] == pytest.approx(best, rel=1e-12)
    with pytest.raises(InvalidSettingError, match="must be None in a fit without validation rows"):
        trainer.fit(cut(cuts, X, Y))


def test_after_a_number_that_is_not_finite_the_best_weights_come_back(cuts):
    class Ruin(Callback):
        def on_epoch_end(self, trainer, record):
            if record["epoch"] == 3:
                trainer.weights["dense_1.weight"][:] = 1e300

    trainer = Trainer(
        Sequential([Dense(4), Dense(2)]), "softmax_cross_entropy", callbacks=Ruin(), dtype="float64", shuffle_rows=64
    )
    with pytest.warns(TrainingWarning, match="The best weights so far were restored"):
        trainer.fit(cut(cuts, X, Y), max_epochs=10)
    assert trainer.stop_reason.code == "non_finite"
    assert np.isfinite(trainer.evaluate(X, Y)["loss"])


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows_in_all_parts():
    """With weights that stand still, also of unequal rows and a short last batch."""
    settings = {"schedule": lambda step: 0.0, "dtype": "float64", "batch_size": 16, "shuffle_rows": 48}
    network = Sequential([Dense(3), Dense(2)])
    for blocks, weight in ((cut((50, 90), X, Y), None), (cut((50, 90), X, Y, W), W)):
        trainer = Trainer(network, "softmax_cross_entropy", "gradient_descent", **settings)
        trainer.fit(blocks, max_epochs=1)
        assert trainer.history[-1, "loss"] == pytest.approx(trainer.evaluate(X, Y, weight)["loss"], rel=1e-12)


def test_layers_may_be_frozen_between_the_epochs_of_blocks(cuts):
    class Freeze(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.freeze("first") if record["epoch"] == 1 else trainer.unfreeze()

    layers = [Dense(4, name="first"), Dense(2)]
    arrays, blocks = (Trainer(Sequential(layers), "softmax_cross_entropy", callbacks=Freeze()) for _ in range(2))
    arrays.fit(X, Y, max_epochs=3)
    blocks.fit(cut(cuts, X, Y), max_epochs=3)
    assert learned(blocks) == learned(arrays)


def test_a_callback_may_change_the_batch_size_and_the_shuffling_between_epochs(cuts):
    class Change(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.batch_size, trainer.shuffle = (8, False) if record["epoch"] == 1 else (32, True)

    arrays, blocks = (Trainer(Sequential([Dense(2)]), "softmax_cross_entropy", callbacks=Change()) for _ in range(2))
    arrays.fit(X, Y, max_epochs=4)
    blocks.fit(cut(cuts, X, Y), max_epochs=4)
    assert learned(blocks) == learned(arrays)
