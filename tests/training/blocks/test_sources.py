"""What is a source of blocks, and what is refused: each error names the block, the rule and the way round."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.layers import BatchNorm, Dense
from lamina.network import Sequential
from lamina.optimizers import LBFGS, AdamW
from lamina.schedules import SCHEDULES, get_schedule
from lamina.training import ArrayBlocks, Blocks, Callback, TimeLimit, Trainer
from lamina.training.blocks.source import is_list_of_blocks

X = np.random.default_rng(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(np.int64)


def make(**settings):
    return Trainer(Sequential([Dense(4, activation="tanh"), Dense(2)]), "softmax_cross_entropy", **{"batch_size": 8} | settings)


class Source:
    """The blocks of a function of the epoch."""

    def __init__(self, blocks_of, num_rows=None):
        self.blocks_of = blocks_of
        if num_rows is not None:
            self.num_rows = num_rows

    def passes(self, epoch):
        yield from self.blocks_of(epoch)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "lamina-blocks"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not threads()


WRONG = {
    "an array": ([X], DataError, r"Block 0 must be a tuple \(X, y\) or \(X, y, sample_weight\), got 'ndarray'"),
    "a tuple of one": ([(X, Y), (X,)], DataError, "Block 1 must be a tuple .* got 'a tuple of 1'"),
    "more columns": ([(X, Y), (X[:, :3], Y)], ShapeError, r"Block 1: X must have shape \(rows, 4\), got \(60, 3\)"),
    "fewer targets": ([(X, Y), (X, Y[1:])], ShapeError, r"Block 1: y must have shape \(60, 1\)"),
    "text": ([(X, Y), (np.full((2, 4), "a"), Y[:2])], DataError, "Block 1: X must hold numbers"),
    "NaN": ([(X, Y), (np.full((2, 4), np.nan), Y[:2])], DataError, "Block 1: X must hold finite numbers, got 8"),
    "beyond float32": ([(X, Y), (X * 1e300, Y)], DataError, "Block 1: X holds numbers beyond the range of float32"),
    "no class": ([(X, Y), (X, Y + 5)], DataError, "Block 1: y must hold class indices 0 to 1"),
    "weights in one": ([(X, Y), (X, Y, np.ones(60))], DataError, "Block 1 must have no sample_weight"),
    "weights missing in one": ([(X, Y, np.ones(60)), (X, Y)], DataError, "Block 1 must have a sample_weight"),
    "negative weights": ([(X, Y, -np.ones(60))], DataError, "Block 0: .*must be >= 0"),
    "no blocks": ([], DataError, "must give at least one row.*got no block"),
    "empty blocks": ([(X[:0], Y[:0])] * 2, DataError, "must give at least one row in every epoch, got '2 blocks of 0 rows'"),
    "only weights of 0": ([(X, Y, np.zeros(60))] * 2, DataError, "sample_weight must not be 0 in all rows"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_block_is_named(name):
    blocks, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        make().fit(blocks, max_epochs=2)


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_block_is_named_in_validation_and_evaluation_too(name):
    blocks, error, message = WRONG[name]
    trainer = make()
    trainer.fit(X, Y, max_epochs=1)
    with pytest.raises(error, match=message):
        trainer.evaluate(blocks)
    with pytest.raises(error, match=message):
        make().fit(X, Y, validation_data=Blocks(blocks), max_epochs=2)


def test_empty_blocks_and_blocks_without_weight_are_passed_over():
    plain, mixed = make(), make()
    weight = np.repeat([1.0, 0.0], 30)
    plain.fit([(X, Y, weight)], max_epochs=2)
    mixed.fit([(X[:0], Y[:0], weight[:0]), (X[:30], Y[:30], weight[:30]), (X[30:], Y[30:], weight[30:])], max_epochs=2)
    assert mixed.history[:, "loss"] == plain.history[:, "loss"]


@pytest.mark.parametrize("given", [X, X[:, 0], 3, "rows", {"a": X}, np.ones(3)])
def test_what_is_no_source_is_refused_where_y_is_missing(given):
    with pytest.raises(InvalidSettingError, match="X must be a source of blocks where y is not given"):
        make().fit(given)
    with pytest.raises(InvalidSettingError, match="X must be a source of blocks where y is not given"):
        make().evaluate(given)


def test_weights_beside_a_source_are_refused():
    with pytest.raises(InvalidSettingError, match=r"sample_weight must be None beside a source of blocks.*Put the weights into"):
        make().fit([(X, Y)], sample_weight=np.ones(60))


def test_a_generator_is_enough_for_one_epoch_and_no_more():
    once, array = make(), make()
    once.fit(((X[i : i + 20], Y[i : i + 20]) for i in range(0, 60, 20)), max_epochs=1)
    array.fit(X, Y, max_epochs=1)
    assert once.history[:, "loss"] == array.history[:, "loss"]
    message = r"X must be a source that can be gone through again, for 2 epochs, got 'generator'.*a list of blocks.*max_epochs=1"
    with pytest.raises(InvalidSettingError, match=message):
        make().fit(((X, Y) for _ in range(3)), max_epochs=2)
    with pytest.raises(InvalidSettingError, match="validation_data must be a source that can be gone through again, after every"):
        make().fit(X, Y, validation_data=((X, Y) for _ in range(3)), max_epochs=1)
    blocks = Blocks((X, Y) for _ in range(2))
    assert len(list(blocks.passes(0))) == 2
    with pytest.raises(DataError, match="can be gone through only once"):
        blocks.passes(1)


LISTED = [(X[:40], Y[:40]), (X[40:], Y[40:])]


def test_a_list_of_blocks_is_predicted_as_its_rows_are():
    trainer = make()
    np.testing.assert_array_equal(trainer.predict(LISTED), trainer.predict(X))
    np.testing.assert_array_equal(trainer.predict([(X, Y, np.ones(60))]), trainer.predict(X))
    rows = [(0.5, 1.0, 2.0, 3.0), (1.5, 0.0, 1.0, 2.0)]  # tuples of numbers are rows
    np.testing.assert_array_equal(trainer.predict(rows), trainer.predict(np.array(rows)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_validation_rows_come_as_a_list_of_blocks_too(count):
    blocks = [(X[i::count], Y[i::count]) for i in range(count)]
    listed, array = make(), make()
    listed.fit(X, Y, validation_data=blocks, max_epochs=2)
    array.fit(X, Y, validation_data=(X, Y), max_epochs=2)
    np.testing.assert_allclose(listed.history[:, "validation_loss"], array.history[:, "validation_loss"], rtol=1e-6)


@pytest.mark.parametrize("blocks", [LISTED, Blocks(LISTED), ArrayBlocks(X, Y)])
@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_targets_beside_blocks_are_refused(blocks, method):
    with pytest.raises(InvalidSettingError, match="y must be None beside blocks, which hold it"):
        getattr(make(), method)(blocks, Y)


def test_tuples_of_two_inputs_and_two_outputs_are_no_blocks():
    assert not is_list_of_blocks([(X, X), (Y, Y)], 2)
    assert is_list_of_blocks([([X, X], [Y, Y]), ({"a": X, "b": X}, Y)], 2)


@pytest.mark.parametrize("wrong", [{"num_rows": 0}, {"num_rows": 2.5}, {"blocks": 3}, {"blocks": X}])
def test_the_settings_of_blocks_are_checked(wrong):
    with pytest.raises(InvalidSettingError, match=next(iter(wrong))):
        Blocks(**{"blocks": [(X, Y)]} | wrong)
    if "num_rows" in wrong:
        with pytest.raises(InvalidSettingError, match="num_rows"):
            make().fit(Source(lambda epoch: [(X, Y)], wrong["num_rows"] or -1))


@pytest.mark.parametrize(
    ("told", "message"), [(59, "must be 59, the num_rows of the source, got 'more with block 1'"), (61, "must be 61")]
)
def test_a_wrong_number_of_rows_is_found(told, message):
    blocks = [(X[:30], Y[:30]), (X[30:], Y[30:])]
    with pytest.raises(DataError, match=message):
        make().fit(Source(lambda epoch: blocks, told), max_epochs=2)


def test_every_epoch_must_have_as_many_rows():
    with pytest.raises(DataError, match="The number of rows must be 60, as in the first epoch, got 40"):
        make().fit(Source(lambda epoch: [(X, Y)] if epoch < 2 else [(X[:40], Y[:40])]), max_epochs=5)


LENGTHS = {"cosine", "coslog", "exponential", "flat_cosine", "one_cycle", "step"}


@pytest.mark.parametrize("kind", list(SCHEDULES))
def test_a_schedule_that_needs_the_length_of_an_epoch_needs_the_number_of_rows(kind):
    if kind == "function":
        schedule = get_schedule(lambda step: 0.01)
    elif get_schedule(kind).reactive is not None:
        schedule = get_schedule({"kind": kind, "monitor": "loss"})
    else:
        schedule = get_schedule(kind)
    blocks = [(X[:30], Y[:30]), (X[30:], Y[30:])]
    assert schedule.needs_length == (kind in LENGTHS)
    if kind in LENGTHS:
        with pytest.raises(InvalidSettingError, match=r"schedule must not depend on the length of an epoch before.*num_rows"):
            make(schedule=schedule).fit(Source(lambda epoch: blocks), max_epochs=2)
    else:
        make(schedule=schedule).fit(Source(lambda epoch: blocks), max_epochs=2)
    array, counted = make(schedule=schedule), make(schedule=schedule)
    array.fit(X, Y, max_epochs=2)
    counted.fit(Source(lambda epoch: blocks, 60), max_epochs=2)
    assert counted.history[:, "learning_rate"] == array.history[:, "learning_rate"]


def test_schedules_of_a_decay_need_it_too_and_those_of_given_steps_do_not():
    source = Source(lambda epoch: [(X, Y)])
    with pytest.raises(InvalidSettingError, match="weight_decay_schedule must not depend"):
        make(optimizer=AdamW(0.01, weight_decay=0.1), weight_decay_schedule="cosine").fit(source, max_epochs=2)
    make(schedule={"kind": "cosine", "steps": 16}).fit(source, max_epochs=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": LBFGS()}, "optimizer must take steps where rows come in blocks"),
        ({"batch_size": None}, "batch_size must be a number where rows come in blocks"),
    ],
)
def test_what_needs_all_rows_at_once_is_refused(settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        make(**settings).fit([(X, Y)])


@pytest.mark.parametrize("num_rows", [None, 1])
def test_a_single_row_and_batch_norm_are_refused(num_rows):
    trainer = Trainer(Sequential([Dense(3), BatchNorm(), Dense(2)]), "softmax_cross_entropy")
    with pytest.raises(InvalidSettingError, match="at least 2 with the batch norm"):
        trainer.fit(Source(lambda epoch: [(X[:1], Y[:1])], num_rows), max_epochs=2)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "all", None])
def test_shuffle_rows_must_be_a_number_or_auto(wrong):
    with pytest.raises(InvalidSettingError, match="shuffle_rows must be an integer >= 1, or one of 'auto'"):
        make(shuffle_rows=wrong)


@pytest.mark.parametrize("epoch", [0, 1])
def test_an_error_of_the_source_arrives_with_its_traceback(epoch):
    def broken(number):
        yield X[:30], Y[:30]
        if number == epoch:
            raise OSError("the disk is gone")
        yield X[30:], Y[30:]

    trainer = make(shuffle_rows=16)
    with pytest.raises(OSError, match="the disk is gone") as caught:
        trainer.fit(Source(broken), max_epochs=3)
    assert "broken" in [entry.name for entry in caught.traceback]
    trainer.fit(X, Y, max_epochs=1)  # it is as good as before


def test_a_source_that_is_asked_to_stop_is_closed():
    opened, closed = [], []

    def blocks(epoch):
        opened.append(epoch)
        try:
            yield X[:30], Y[:30]
            yield X[30:], Y[30:]
        finally:
            closed.append(epoch)

    class StopInFirst(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.stop("callback")

    make(callbacks=StopInFirst()).fit(Source(blocks), max_epochs=10)
    assert sorted(closed) == sorted(opened)
    assert max(opened) <= 1


def test_ctrl_c_ends_the_thread(monkeypatch):
    import signal

    class Interrupt(Callback):
        def on_epoch_end(self, trainer, record):
            if record["epoch"] == 2:
                signal.raise_signal(signal.SIGINT)

    trainer = make(callbacks=Interrupt(), on_interrupt="return", shuffle_rows=16)
    trainer.fit([(X[:30], Y[:30]), (X[30:], Y[30:])], max_epochs=100)
    assert trainer.stop_reason.code == "interrupted"
    assert trainer.epoch == 2


def test_a_first_ctrl_c_ends_a_fit_that_waits_for_rows():
    import signal

    waits, may_go = threading.Event(), threading.Event()

    def slow(epoch):
        yield X[:30], Y[:30]
        if epoch == 1:
            waits.set()
            may_go.wait(20)
        yield X[30:], Y[30:]

    class InterruptWhenItWaits(Callback):
        def on_epoch_end(self, trainer, record):
            waits.wait(20)
            threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
            threading.Timer(0.4, may_go.set).start()

    trainer = make(callbacks=InterruptWhenItWaits(), on_interrupt="return")
    trainer.fit(Source(slow), max_epochs=5)
    assert trainer.stop_reason.code == "interrupted"
    assert trainer.epoch == 1


def test_a_time_limit_may_end_an_epoch_between_its_parts():
    now = iter(range(1000))
    trainer = make(callbacks=TimeLimit(5, clock=lambda: next(now)), shuffle_rows=16)
    trainer.fit([(X, Y)], max_epochs=1000)
    assert trainer.stop_reason.code == "time_limit"
    assert trainer.epoch < 1000


def test_a_sources_rows_are_read_while_steps_are_taken():
    """In another thread."""
    readers = set()

    def blocks(epoch):
        readers.add(threading.current_thread().name)
        yield X, Y

    make().fit(Source(blocks), max_epochs=2)
    assert "lamina-blocks" in readers


def test_array_blocks_have_every_row_once_in_an_order_of_the_epoch():
    source = ArrayBlocks(X, Y, block_rows=7, seed=3)
    passes = [np.concatenate([y for _, y in source.passes(epoch)]) for epoch in (0, 1, 0)]
    assert source.num_rows == 60
    assert [len(part) for part in passes] == [60] * 3
    rows = [np.concatenate([x for x, _ in source.passes(epoch)]) for epoch in (0, 1, 0)]
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])
    for found in rows:
        np.testing.assert_array_equal(np.sort(found[:, 0]), np.sort(X[:, 0]))
    with pytest.raises(ShapeError, match="X, y and sample_weight must have equally many rows, got \\[60, 59\\]"):
        ArrayBlocks(X, Y[1:])
    for wrong in ({"block_rows": 0}, {"seed": -1}):
        with pytest.raises(InvalidSettingError, match=next(iter(wrong))):
            ArrayBlocks(X, Y, **wrong)


def test_array_blocks_take_lists_and_dicts_of_arrays():
    source = ArrayBlocks([X[:, :2], X[:, 2:]], {"a": Y, "b": X[:, :1]}, np.ones(60), block_rows=50, seed=None)
    assert source.numbers_a_row == 2 + 2 + 1 + 1 + 1
    (left, right), y, weight = next(source.passes(0))
    assert (left.shape, right.shape, y["a"].shape, y["b"].shape, weight.shape) == ((50, 2), (50, 2), (50,), (50, 1), (50,))
