"""The average of the weights: what is averaged, when it is measured, and what stays at the end."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import MLPClassifier, TabularRegressor
from lamina.errors import InvalidSettingError
from lamina.layers import BatchNorm, Dense, Dropout
from lamina.network import Sequential
from lamina.plots.course import course_of
from lamina.training import AveragedWeights, Callback, Checkpoint, EarlyStopping, Trainer, TrainingWarning


class Notes(Callback):
    """Keeps the weights of every epoch."""

    def __init__(self):
        self.weights = []

    def on_epoch_end(self, trainer, record):
        self.weights.append(trainer.executor.snapshot()[:2])


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(160, 5))
    y = X[:, 0] - X[:, 1] + rng.normal(size=160)
    return (X[:100], y[:100]), (X[100:], y[100:])


def make(*callbacks, **settings):
    network = Sequential([Dense(8, activation="relu"), BatchNorm(), Dropout(0.2), Dense(1)], 5)
    return Trainer(network, "squared_error", callbacks=callbacks, **{"batch_size": 10, "dtype": "float64"} | settings)


def averages(weights, decay):
    """Every average by the formula."""
    found, average = [], None
    for n, parts in enumerate(weights, 1):
        share = max(1 - decay, 1 / n)
        average = parts if average is None else [a + share * (w - a) for a, w in zip(average, parts, strict=True)]
        found.append(average)
    return found


@pytest.mark.parametrize(("decay", "start"), [(0.9, 0), (1.0, 3), (0.5, 2), (0.0, 0)])
def test_the_best_of_the_measured_averages_stays(decay, start, rows):
    training, validation = rows
    notes, averaging, last = Notes(), AveragedWeights(decay, start), make()
    trainer = make(notes, averaging)
    history = trainer.fit(*training, validation_data=validation, max_epochs=8)
    last.fit(*training, validation_data=validation, max_epochs=8)
    measured = []
    for parameters, state in averages(notes.weights[start:], decay):
        last.executor.restore(parameters, state)
        measured.append(last.evaluate(*validation)["loss"])
    assert ["averaged_validation_loss" in record for record in history] == [False] * start + [True] * (8 - start)
    np.testing.assert_allclose(history[start:, "averaged_validation_loss"], measured, rtol=1e-12)
    assert averaging.best == pytest.approx(min(measured), rel=1e-12)
    assert averaging.best_epoch == start + 1 + int(np.argmin(measured))
    assert trainer.evaluate(*validation)["loss"] == pytest.approx(averaging.best, rel=1e-12)


def test_training_itself_is_not_touched(rows):
    training, validation = rows
    plain, averaged = make(), make(AveragedWeights())
    for trainer in (plain, averaged):
        trainer.fit(*training, validation_data=validation, max_epochs=6)
    for key in ("loss", "validation_loss"):
        assert plain.history[:, key] == averaged.history[:, key]


def test_an_equal_mean_is_the_mean(rows):
    training, validation = rows
    notes, averaging = Notes(), AveragedWeights(decay=1.0)
    make(notes, averaging).fit(*training, validation_data=validation, max_epochs=5)
    means = [np.mean([part[i] for part in notes.weights], axis=0) for i in (0, 1)]
    for mean, average in zip(means, averaging.state()["average"].values(), strict=True):
        np.testing.assert_allclose(average, mean, rtol=1e-12)


def test_updates_may_come_within_epochs(rows):
    training, validation = rows
    averaging = AveragedWeights(decay=1.0, every_steps=2, start=1)
    make(averaging).fit(*training, validation_data=validation, max_epochs=4)
    assert averaging.state()["count"] == 3 * 5


def test_without_validation_rows_the_last_average_stays(rows):
    training, _ = rows
    notes, averaging = Notes(), AveragedWeights(monitor=None)
    trainer = make(notes, averaging)
    trainer.fit(*training, max_epochs=6)
    assert averaging.best_epoch == 6
    for expected, found in zip(averages(notes.weights, averaging.decay)[-1], trainer.executor.snapshot()[:2], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::lamina.training.TrainingWarning")
def test_a_run_that_fails_ends_with_weights_that_are_finite(rows):
    training, validation = rows
    for averaging in (AveragedWeights(monitor=None), AveragedWeights()):
        trainer = make(averaging, schedule=lambda step: 1e200 if step == 25 else 0.01, optimizer="gradient_descent")
        trainer.fit(*training, validation_data=validation, max_epochs=6)
        assert trainer.stop_reason.code == "non_finite"
        assert np.isfinite(trainer.evaluate(*validation)["loss"])


def test_a_metric_that_should_grow_may_decide(rows):
    training, validation = rows
    averaging = AveragedWeights(monitor="validation_r2", mode="max")
    trainer = make(averaging, metrics={"r2": lambda t, p: 1 - ((t - p.ravel()) ** 2).sum() / ((t - t.mean()) ** 2).sum()})
    history = trainer.fit(*training, validation_data=validation, max_epochs=6)
    assert averaging.best == max(history[:, "averaged_validation_r2"])
    assert trainer.evaluate(*validation)["r2"] == pytest.approx(averaging.best, rel=1e-12)


def test_it_has_the_last_word_after_early_stopping(rows):
    training, validation = rows
    stopping, averaging = EarlyStopping(patience=50), AveragedWeights(decay=0.5)
    trainer = make(stopping, averaging)
    trainer.fit(*training, validation_data=validation, max_epochs=20)
    assert trainer.evaluate(*validation)["loss"] == pytest.approx(averaging.best, rel=1e-12)
    with pytest.raises(
        InvalidSettingError, match=r"callbacks must have EarlyStopping before AveragedWeights.* restore_best=False"
    ):
        make(averaging, stopping).fit(*training, validation_data=validation)


def test_training_may_stop_when_the_average_no_longer_improves(rows):
    training, validation = rows
    averaging = AveragedWeights(decay=0.5)
    stopping = EarlyStopping("averaged_validation_loss", patience=3, restore_best=False)
    trainer = make(averaging, stopping)
    trainer.fit(*training, validation_data=validation, max_epochs=200)
    assert trainer.stop_reason.code == "no_improvement"
    assert (stopping.best, stopping.best_epoch) == (averaging.best, averaging.best_epoch)
    assert trainer.evaluate(*validation)["loss"] == pytest.approx(averaging.best, rel=1e-12)


def test_a_later_fit_averages_anew(rows):
    training, validation = rows
    averaging = AveragedWeights(decay=1.0, start=2)
    trainer = make(averaging)
    for epochs in (3, 4):
        trainer.fit(*training, validation_data=validation, max_epochs=epochs)
    assert averaging.state()["count"] == 2
    assert averaging.best_epoch in (6, 7)


@pytest.mark.parametrize("monitor", ["validation_loss", None])
def test_a_fit_that_ends_before_averaging_begins_says_so_once(monitor, rows):
    training, validation = rows
    plain, averaged = make(), make(AveragedWeights(start=4, monitor=monitor))
    plain.fit(*training, validation_data=validation, max_epochs=4)
    with pytest.warns(TrainingWarning, match="averaged nothing: start=4 .* ended after epoch 4. The weights stay") as caught:
        averaged.fit(*training, validation_data=validation, max_epochs=4)
    assert len(caught) == 1
    assert averaged.weights == plain.weights


@pytest.mark.parametrize("killed_after", [1, 3, 4])
def test_a_run_that_resumes_ends_as_one_that_was_never_stopped(killed_after, rows, tmp_path):
    training, validation = rows
    path = tmp_path / "run-{epoch}.checkpoint"
    whole = make(AveragedWeights(start=2), Checkpoint(path))
    whole.fit(*training, validation_data=validation, max_epochs=6)
    for late in range(killed_after + 1, 7):
        (tmp_path / f"run-{late}.checkpoint").unlink()
    second = make(AveragedWeights(start=2), Checkpoint(path, resume=True))
    second.fit(*training, validation_data=validation, max_epochs=6)
    assert [part.tobytes() for part in second.executor.snapshot()] == [part.tobytes() for part in whole.executor.snapshot()]
    assert second.history[:, "validation_loss"] == whole.history[:, "validation_loss"]
    (mine, *_), (theirs, *_) = second.callbacks, whole.callbacks
    assert (mine.best, mine.best_epoch) == (theirs.best, theirs.best_epoch)


def test_a_checkpoint_of_another_decay_is_refused(rows, tmp_path):
    training, validation = rows
    trainer = make(AveragedWeights())
    trainer.fit(*training, validation_data=validation, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    with pytest.raises(InvalidSettingError, match="decay"):
        make(AveragedWeights(0.5)).load_checkpoint(tmp_path / "run.checkpoint")


def ruined(*callbacks):
    """A trainer that learned, whose next fit makes it worse."""
    return make(*callbacks, schedule=lambda step: 0.01 if step < 200 else 0.5, optimizer="gradient_descent")


def test_the_first_weights_stay_if_no_average_is_better(rows):
    training, validation = rows
    averaging = AveragedWeights(keep_first=True)
    trainer = ruined(averaging)
    trainer.fit(*training, validation_data=validation, max_epochs=20)
    assert averaging.best_epoch > 0
    before, parts = trainer.evaluate(*validation)["loss"], trainer.executor.snapshot()[:2]
    trainer.fit(*training, validation_data=validation, max_epochs=1)
    assert averaging.best_epoch == 0
    assert averaging.best == before == trainer.evaluate(*validation)["loss"]
    for part, now in zip(parts, trainer.executor.snapshot()[:2], strict=True):
        np.testing.assert_array_equal(now, part)


def test_without_that_the_best_average_stays_though_it_is_worse(rows):
    training, validation = rows
    averaging = AveragedWeights()
    trainer = ruined(averaging)
    trainer.fit(*training, validation_data=validation, max_epochs=20)
    before = trainer.evaluate(*validation)["loss"]
    trainer.fit(*training, validation_data=validation, max_epochs=1)
    assert averaging.best_epoch == 21
    assert trainer.evaluate(*validation)["loss"] > before


def test_first_weights_are_none_of_the_averages(rows):
    training, validation = rows
    averaging = AveragedWeights(decay=1.0, keep_first=True)
    make(averaging).fit(*training, validation_data=validation, max_epochs=4)
    assert averaging.state()["count"] == 4


class Recorder(Callback):
    """Records a number of its own, which the trainer does not know."""

    def measured(self, trainer):
        return float(np.abs(trainer.predict(trainer.validation_data.inputs[0])).max())

    def on_epoch_end(self, trainer, record):
        record["validation_peak"] = self.measured(trainer)


@pytest.mark.parametrize(("mode", "best_of"), [("min", min), ("max", max)])
def test_a_function_measures_what_another_callback_records(mode, best_of, rows):
    training, validation = rows
    recorder = Recorder()
    averaging = AveragedWeights(monitor="validation_peak", mode=mode, measure=recorder.measured, keep_first=True)
    trainer = make(recorder, averaging)
    first = recorder_of(trainer, validation)
    history = trainer.fit(*training, validation_data=validation, max_epochs=8)
    averages = history[:, "averaged_validation_peak"]
    assert averaging.best == best_of(first, *averages)
    assert averaging.best_epoch == ([first, *averages].index(averaging.best))
    assert recorder_of(trainer, validation) == averaging.best


def recorder_of(trainer, validation):
    return float(np.abs(trainer.predict(validation[0])).max())


def test_within_a_block_the_average_is_in_place_of_the_weights(rows):
    training, validation = rows

    class Looks(Callback):
        def __init__(self, averaging):
            self.averaging, self.losses = averaging, []

        def on_epoch_end(self, trainer, record):
            present = trainer.executor.snapshot()[:2]
            with pytest.raises(RuntimeError), self.averaging.in_place(trainer):
                self.losses.append(trainer.evaluate(*validation)["loss"])
                raise RuntimeError
            for part, now in zip(present, trainer.executor.snapshot()[:2], strict=True):
                np.testing.assert_array_equal(now, part)

    averaging = AveragedWeights(decay=0.5, start=2)
    looks = Looks(averaging)
    history = make(averaging, looks).fit(*training, validation_data=validation, max_epochs=5)
    assert looks.losses[:2] == history[:2, "validation_loss"]  # there is no average yet
    assert looks.losses[2:] == history[2:, "averaged_validation_loss"]


def test_first_weights_need_a_number_that_decides():
    with pytest.raises(InvalidSettingError, match=r"keep_first must be False with monitor=None, got True\. Name what decides"):
        AveragedWeights(monitor=None, keep_first=True)
    with pytest.raises(InvalidSettingError, match=r"keep_first must be True or False(?s:.*)measure must be"):
        AveragedWeights(keep_first=1, measure="auc")


@pytest.mark.parametrize(
    "callback",
    [AveragedWeights(measure=lambda trainer: "0.5"), EarlyStopping(keep_first=lambda trainer: "0.5")],
    ids=["measure", "keep_first"],
)
def test_a_function_that_measures_must_return_a_number(callback, rows):
    training, validation = rows
    with pytest.raises(InvalidSettingError, match=f"{type(callback).__name__}: .* must return a number, got '0.5'"):
        make(callback).fit(*training, validation_data=validation, max_epochs=1)


def test_a_checkpoint_that_keeps_the_first_weights_is_one_of_its_own(rows, tmp_path):
    training, validation = rows
    trainer = make(AveragedWeights(keep_first=True))
    trainer.fit(*training, validation_data=validation, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    with pytest.raises(InvalidSettingError, match="keep_first"):
        make(AveragedWeights()).load_checkpoint(tmp_path / "run.checkpoint")
    again = make(AveragedWeights(keep_first=True))
    again.load_checkpoint(tmp_path / "run.checkpoint")
    assert again.callbacks[0].best == trainer.callbacks[0].best


def test_estimators_and_tables_take_it(rows):
    (X, y), (X_val, y_val) = rows
    averaging = AveragedWeights()
    labels, labels_val = y > 0, y_val > 0
    model = MLPClassifier(8, max_iter=30, random_state=0, early_stopping=True, callbacks=averaging)
    model.fit(X, labels, X_val=X_val, y_val=labels_val)
    assert averaging.best_epoch > 0
    table = TabularRegressor(hidden=8, max_epochs=10, random_state=0, callbacks=averaging).fit(X, y)
    assert "averaged_validation_loss" in table.history_[-1]
    assert table.best_epoch_ == averaging.best_epoch


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("averaging", [None, AveragedWeights()], ids=["single epochs", "averages"])
def test_plots_mark_no_single_epoch_as_kept(averaging, rows):
    training, validation = rows
    trainer = make(EarlyStopping(patience=3), *([] if averaging is None else [averaging]))
    trainer.fit(*training, validation_data=validation, max_epochs=60)
    model = MLPClassifier(8, max_iter=10, random_state=0, early_stopping=True, callbacks=trainer.callbacks[1:])
    model.fit(training[0], training[1] > 0)
    assert [(course_of(each, owner="test").kept is None) for each in (trainer, model)] == [averaging is not None] * 2


def test_a_fit_that_cannot_measure_is_refused(rows):
    training, validation = rows
    with pytest.raises(InvalidSettingError, match="monitor must be None in a fit without validation rows, got 'validation_loss'"):
        make(AveragedWeights()).fit(*training)
    with pytest.raises(
        InvalidSettingError, match=r"AveragedWeights: monitor must be one of .*validation_loss.* 'validation_los'"
    ):
        make(AveragedWeights(monitor="validation_los")).fit(*training, validation_data=validation)


def test_settings_out_of_range_are_refused_all_at_once():
    with pytest.raises(
        InvalidSettingError, match=r"decay must be(.|\n)*start must be(.|\n)*every_steps must be(.|\n)*mode must be"
    ):
        AveragedWeights(decay=1.5, start=-1, every_steps=0, mode="low")
