"""Plots take what the library returns: one thing, or a dict of things by name; what they cannot draw gets a clear error."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lamina import (
    Dense,
    EarlyStopping,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    Sequential,
    TabularClassifier,
    Trainer,
    activation_statistics,
    linear_separability,
    load_model,
    minimize,
    save_model,
)
from lamina.descent import get_surface
from lamina.errors import DataError, DataTypeError, InvalidSettingError, ShapeError
from lamina.plots import (
    plot_activation_statistics,
    plot_decision_map,
    plot_descent_paths,
    plot_early_stopping,
    plot_history,
    plot_loss_curves,
    plot_separability,
)
from lamina.training import History

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 2))
INDEX = (X[:, 0] > 0).astype(int) + ((X[:, 0] > 0) & (X[:, 1] > 0))
TWO, THREE = np.array(["no", "yes"])[INDEX.clip(max=1)], np.array(["low", "mid", "top"])[INDEX]
HISTORY = History([{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e + e / 20} for e in range(1, 11)])


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def trained(width: int = 1, loss: str = "sigmoid_cross_entropy", target=None, callbacks=()) -> Trainer:
    trainer = Trainer(Sequential([Dense(4, activation="tanh"), Dense(width)], 2), loss, callbacks=callbacks)
    y = INDEX.clip(max=1) if target is None else target
    trainer.fit(X, y, validation_data=(X, y), max_epochs=3)
    return trainer


def saved(model, tmp_path):
    save_model(tmp_path / "m.lamina", model)
    return load_model(tmp_path / "m.lamina")


# Decision maps


@pytest.mark.parametrize(
    ("make", "y", "names", "has_bar"),
    [
        (lambda: MLPClassifier(4, max_iter=3).fit(X, TWO), TWO, ["no", "yes"], True),
        (lambda: MLPClassifier(4, max_iter=3).fit(X, THREE), THREE, ["low", "mid", "top"], False),
        (lambda: Perceptron().fit(X, TWO), TWO, ["no", "yes"], False),
        (lambda: Perceptron().fit(X, THREE), THREE, ["low", "mid", "top"], False),
        (lambda: LogisticRegression().fit(X, TWO), TWO, ["no", "yes"], True),
        (lambda: trained(), INDEX.clip(max=1), ["class 0", "class 1"], True),
        (lambda: trained(2, "softmax_cross_entropy"), INDEX.clip(max=1), ["class 0", "class 1"], True),
        (lambda: trained(3, "softmax_cross_entropy", INDEX), INDEX, ["class 0", "class 1", "class 2"], False),
        (lambda: trained(1, "squared_error"), INDEX.clip(max=1), ["class 0", "class 1"], False),
        (lambda: TabularClassifier(max_epochs=2, random_state=0).fit(X, TWO), TWO, ["no", "yes"], True),
    ],
)
def test_a_decision_map_takes_each_classifier_and_its_labels(make, y, names, has_bar):
    ax = plot_decision_map(make(), X, y, num_points=20)
    assert legend(ax) == names
    assert (len(ax.figure.axes) == 2) is has_bar
    if has_bar:
        assert ax.figure.axes[1].get_ylabel() == f"probability of {names[1]}"


def test_a_decision_map_of_a_file_is_that_of_its_trainer(tmp_path):
    trainer = trained()
    maps = [plot_decision_map(model, X, TWO, classes=["no", "yes"]) for model in (trainer, saved(trainer, tmp_path))]
    shades = [next(mesh for mesh in ax.collections if mesh.get_array() is not None).get_array() for ax in maps]
    np.testing.assert_array_equal(*shades)
    assert legend(maps[0]) == ["no", "yes"]


def test_a_decision_map_of_a_frame_names_its_columns():
    frame = pd.DataFrame(X, columns=["length (cm)", "mass (g)"])
    for model in (MLPClassifier(4, max_iter=2).fit(frame, TWO), TabularClassifier(max_epochs=2, random_state=0).fit(frame, TWO)):
        ax = plot_decision_map(model, frame, TWO, num_points=10)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("length (cm)", "mass (g)")


def test_a_border_lies_where_the_perceptron_decides():
    model = Perceptron().fit(X, TWO)
    ax = plot_decision_map(model, X, TWO)
    (border, *_) = [drawn for drawn in ax.collections if drawn.get_linewidth()[0] == 1.2]
    ends = np.concatenate([path.vertices for path in border.get_paths()])
    assert np.abs(model.decision_function(ends)).max() < 1e-6 * np.linalg.norm(model.coef_)


@pytest.mark.parametrize(
    ("model", "rows", "y", "error", "words"),
    [
        (lambda: MLPClassifier(), X, TWO, DataError, "must be a fitted classifier.*Call fit first"),
        (lambda: MLPRegressor(max_iter=2).fit(X, X[:, 0]), X, TWO, DataError, "must be a fitted classifier"),
        (lambda: "model", X, TWO, DataError, "must be a fitted classifier"),
        (lambda: trained(1, "poisson", INDEX), X, TWO, DataError, "must decide for one class"),
        (
            lambda: trained(2, "sigmoid_cross_entropy", np.eye(2)[INDEX.clip(max=1)]),
            X,
            TWO,
            DataError,
            "must decide for one class",
        ),
        (lambda: Perceptron().fit(X, TWO), np.ones((4, 3)), TWO, ShapeError, r"X must have shape \(n, 2\), got \(4, 3\)"),
        (lambda: Perceptron().fit(X, TWO), X[:5], TWO[:4], ShapeError, "y must be 5 classes, one per row of X, got 4"),
        (lambda: Perceptron().fit(X, TWO), X, THREE, DataError, "must be among the classes"),
        (lambda: Perceptron().fit(X, TWO), [["a", "b"]], ["no"], DataError, "X must be real numbers"),
        (lambda: Perceptron().fit(X, TWO), [[np.nan, 1.0]], ["no"], DataError, "X must be finite"),
    ],
)
def test_what_a_decision_map_cannot_draw_is_rejected(model, rows, y, error, words):
    with pytest.raises(error, match=words):
        plot_decision_map(model(), rows, y)
    assert not plt.get_fignums()


# The course of a training


def test_everything_that_has_a_history_draws_it(tmp_path):
    trainer = trained(callbacks=EarlyStopping(patience=2))
    estimator = MLPClassifier(4, max_iter=3, early_stopping=True, random_state=0).fit(X, TWO)
    table = TabularClassifier(max_epochs=3, random_state=0).fit(X, TWO)
    for model in (HISTORY, trainer, estimator, table, table.model_, saved(trainer, tmp_path), Perceptron().fit(X, TWO)):
        ax = model.plot()
        assert ax.lines[0].get_ydata()[0] > 0
        assert plot_loss_curves(model).lines[0].get_ydata().tolist() == ax.lines[0].get_ydata().tolist()


def test_the_kept_epoch_is_marked_where_it_is_known():
    stopping = EarlyStopping(patience=2)
    assert legend(trained(callbacks=stopping).plot())[-1] == f"kept: epoch {stopping.best_epoch}"
    assert legend(trained().plot()) == ["training", "validation"]
    estimator = MLPClassifier(4, max_iter=8, early_stopping=True, random_state=0).fit(X, TWO)
    kept = 1 + int(np.argmax(estimator.validation_scores_))
    assert legend(estimator.plot())[-1] == f"kept: epoch {kept}"
    table = TabularClassifier(max_epochs=3, random_state=0, averaging=0).fit(X, TWO)
    assert legend(table.plot())[-1] == legend(table.model_.plot())[-1] == f"kept: epoch {table.best_epoch_}"


def test_no_epoch_of_a_table_is_marked_as_kept_where_an_average_was():
    table = TabularClassifier(max_epochs=3, random_state=0).fit(X, TWO)
    assert table.model_.is_averaged
    assert legend(table.plot()) == ["training", "validation"]
    assert legend(plot_early_stopping(table))[2].startswith("lowest: epoch")


def test_loss_curves_of_one_training_need_no_legend_and_those_of_several_have_their_names():
    assert plot_loss_curves(HISTORY).get_legend() is None
    assert legend(plot_loss_curves({"a": HISTORY, "b": trained()})) == ["a", "b"]
    assert plot_loss_curves(HISTORY, "validation_loss").get_ylabel() == "validation loss"


def test_losses_below_zero_are_not_cut_off():
    below = History([{"epoch": e, "loss": 1.0 - e, "validation_loss": 0.5} for e in (1, 2, 3)])
    assert plot_loss_curves(below).get_ylim()[0] < -2
    assert plot_early_stopping(below).get_ylim()[0] < -2


def test_early_stopping_is_told_by_the_trainer():
    stopping = EarlyStopping(patience=2, tol=10.0)
    trainer = Trainer(Sequential([Dense(1)], 2), "squared_error", callbacks=stopping)
    trainer.fit(X, X[:, 0], validation_data=(X, X[:, 0]), max_epochs=20)
    ax = plot_early_stopping(trainer)
    assert legend(ax) == ["training", "validation", f"kept: epoch {stopping.best_epoch}", "2 epochs without improvement"]
    (span,) = ax.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (trainer.epoch - 2, trainer.epoch)
    assert ax.get_title(loc="left") == f"The weights of epoch {stopping.best_epoch} are kept"


def test_early_stopping_of_a_history_alone_marks_the_lowest_loss_and_does_not_say_that_it_was_kept():
    ax = plot_early_stopping(HISTORY)
    assert legend(ax) == ["training", "validation", "lowest: epoch 4"]
    assert ax.get_title(loc="left") == "The validation loss is lowest in epoch 4"


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda: plot_history(MLPClassifier()), DataError, "the estimator must be fitted.*Call fit first"),
        (lambda: Perceptron().plot(), DataError, "the estimator must be fitted"),
        (lambda: TabularClassifier().plot(), DataError, "the estimator must be fitted"),
        (lambda: Trainer(Sequential([Dense(1)], 2), "squared_error").plot(), DataError, "at least one epoch"),
        (lambda: plot_loss_curves([1.0, 0.5]), DataTypeError, "must be a History, or a Trainer"),
        (lambda: plot_loss_curves({}), InvalidSettingError, "trainings must be one or more"),
        (lambda: plot_loss_curves(HISTORY, "los"), KeyError, "Did you mean 'loss'"),
        (lambda: plot_early_stopping(History([{"epoch": 1, "loss": 1.0}])), DataError, "must hold validation_loss"),
        (lambda: plot_early_stopping(HISTORY, 11), InvalidSettingError, "best_epoch must be an epoch of the history, 1 to 10"),
        (lambda: plot_early_stopping(HISTORY, stopped_at=0), InvalidSettingError, "stopped_at must be an epoch"),
    ],
)
def test_what_is_no_course_of_a_training_is_rejected(draw, error, words):
    with pytest.raises(error, match=words):
        draw()
    assert not plt.get_fignums()


# Measurements, separability, descents


def statistics(width: int):
    network = Sequential([Dense(width, activation="tanh"), Dense(1)][-(width > 1) - 1 :], 2)
    return activation_statistics(network, X, X[:, 0], "squared_error")


def test_activation_statistics_are_one_or_named():
    assert plot_activation_statistics(statistics(3))[0].get_legend() is None
    assert legend(plot_activation_statistics({"narrow": statistics(2), "wide": statistics(5)})[0]) == ["narrow", "wide"]
    with pytest.raises(DataError, match="statistics must be of the same layers"):
        plot_activation_statistics({"deep": statistics(3), "shallow": statistics(1)})
    with pytest.raises(DataTypeError, match="must be ActivationStatistics"):
        plot_activation_statistics({"a": [1.0]})


def test_separability_of_several_classes_has_a_certificate_each():
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    labels = np.array(["a", "b", "c"])[np.arange(30) // 10]
    ax = plot_separability(linear_separability(ring, labels), ring, labels)
    assert legend(ax) == ["a", "b", "c", *(f"separating line of {name}" for name in "abc")]
    assert ax.get_title(loc="left") == "Lines separate 3 of 3 classes from the others"
    line = np.column_stack([np.arange(9.0), np.zeros(9)])
    labels = np.repeat(["a", "b", "c"], 3)
    ax = plot_separability(Perceptron().fit(line, labels), line, labels)
    assert "common point of b" in legend(ax)
    assert ax.get_title(loc="left") == "Lines separate 2 of 3 classes from the others"


@pytest.mark.parametrize(
    ("model", "rows", "labels", "error", "words"),
    [
        (lambda: Perceptron(), X, TWO, DataError, "the perceptron must be fitted"),
        (lambda: MLPClassifier(), X, TWO, DataTypeError, "must be a Perceptron or a Separability"),
        (lambda: linear_separability(X, TWO), X[:, :1], TWO, ShapeError, r"X must have shape \(n, 2\)"),
        (lambda: linear_separability(X, TWO), X, TWO[:4], ShapeError, "y must be 120 labels"),
        (lambda: linear_separability(X, TWO), X, INDEX, DataError, "y must hold the class 'yes'"),
        (lambda: linear_separability(X, TWO), -X, TWO, DataError, "must be the rows and labels for which"),
        (lambda: linear_separability(X, RNG.permutation(TWO)), X[:9], TWO[:9], DataError, "must be the 120 rows"),
    ],
)
def test_what_is_not_of_the_separability_is_rejected(model, rows, labels, error, words):
    with pytest.raises(error, match=words):
        plot_separability(model(), rows, labels)
    assert not plt.get_fignums()


def test_descent_paths_take_descents_points_and_functions():
    bowl = get_surface("bowl")
    way = minimize(bowl, bowl.gradient, bowl.start, max_steps=5)
    for surface, bounds in ((bowl, None), ("bowl", None), (lambda point: point @ point, bowl.bounds)):
        ax = plot_descent_paths(surface, way, bounds=bounds)
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), way.points)
        assert (ax.get_xlim(), ax.get_ylim()) == bowl.bounds
    named = plot_descent_paths(lambda point: point[0] ** 2 + point[1] ** 2, {"far": way, "points": [[0, 0], [1, 1]]})
    assert legend(named) == ["far", "points", "start", "end"]
    low, high = named.get_xlim()
    assert low < 0 < 2.5 < high


@pytest.mark.parametrize(
    ("surface", "ways", "settings", "error", "words"),
    [
        ("bowel", None, {}, InvalidSettingError, "Did you mean 'bowl'"),
        (3, None, {}, InvalidSettingError, "surface must be a Surface, its name, or a function"),
        (lambda p: p[0], None, {}, DataError, "must come with bounds or ways"),
        (lambda p: p, None, {"bounds": ((0, 1), (0, 1))}, DataError, "the function must return a number"),
        ("bowl", None, {"bounds": ((1, 0), (0, 1))}, InvalidSettingError, "bounds must be two pairs"),
        ("bowl", np.ones((3, 3)), {}, ShapeError, r"points in the plane, of shape \(n, 2\), got \(3, 3\)"),
        ("bowl", minimize(lambda x: x @ x, None, [1.0]), {}, ShapeError, "points in the plane"),
        ("bowl", "there", {}, DataError, "a way must be a Descent, or points"),
        (lambda p: -1.0, [[0, 0]], {"log": True}, DataError, "must have values > 0 on a logarithmic scale"),
        (lambda p: np.nan, [[0, 0]], {}, DataError, "must have finite values"),
    ],
)
def test_what_is_no_descent_in_the_plane_is_rejected(surface, ways, settings, error, words):
    with pytest.raises(error, match=words):
        plot_descent_paths(surface, ways, **settings)
