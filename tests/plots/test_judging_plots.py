"""Pictures of predictions show scikit-learn's numbers, with two classes and with thirty, and refuse what they cannot read."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from lamina import plots
from lamina.analysis import PermutationImportance
from lamina.errors import DataError, InvalidSettingError, ShapeError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def no_screen() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


def predictions(rows: int, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    truth = RNG.integers(0, num_classes, rows)
    logits = RNG.normal(size=(rows, num_classes)) + 2 * (truth[:, np.newaxis] == np.arange(num_classes))
    p = np.exp(logits)
    return truth, p / p.sum(axis=1, keepdims=True)


def legend(ax: plt.Axes) -> list[str]:
    figure_legend = ax.get_legend()
    assert figure_legend is not None
    return [text.get_text() for text in figure_legend.get_texts()]


def cells(ax: plt.Axes) -> dict[tuple[int, int], str]:
    """Texts by row and column."""
    return {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in ax.texts}


@pytest.mark.parametrize("num_classes", [2, 6])
def test_a_confusion_matrix_holds_the_counts(num_classes: int) -> None:
    truth, p = predictions(200, num_classes)
    ax = plots.plot_confusion(truth, p.argmax(axis=1))
    expected = sklearn_metrics.confusion_matrix(truth, p.argmax(axis=1))
    assert cells(ax) == {place: str(count) for place, count in np.ndenumerate(expected)}
    assert ax.get_title(loc="left") == f"Accuracy {(truth == p.argmax(axis=1)).mean():.4g} on 200 rows"


def test_a_normalized_matrix_holds_the_shares_of_each_row_and_no_numbers_where_there_are_no_rows() -> None:
    ax = plots.plot_confusion([0] * 300 + [1], [0] * 299 + [1, 2], ["a", "b", "c"], normalize=True)
    assert cells(ax) == {
        (0, 0): "100", (0, 1): "<1", (0, 2): "0", (1, 0): "0", (1, 1): "0", (1, 2): "100",
    }  # fmt: skip
    assert ax.images[0].get_array().mask[2].all()  # type: ignore[union-attr]


def test_colors_are_shares_of_the_row_whatever_the_numbers_are() -> None:
    truth, decided = [0] * 100 + [1] * 2, [0] * 50 + [1] * 50 + [1, 0]
    plain, normalized = (plots.plot_confusion(truth, decided, normalize=normalize).images[0] for normalize in (False, True))
    assert np.array_equal(plain.get_array(), [[50, 50], [50, 50]])
    assert np.array_equal(plain.get_array(), normalized.get_array())


def test_thirty_classes_with_long_names_are_all_named_and_counted() -> None:
    truth, p = predictions(3000, 30)
    names = [f"a class whose name is a long sentence, number {i}" for i in range(30)]
    ax = plots.plot_confusion(truth, p.argmax(axis=1), names)
    assert len({tick.get_text() for tick in ax.get_yticklabels()}) == 30
    counts = sklearn_metrics.confusion_matrix(truth, p.argmax(axis=1))
    assert cells(ax) == {place: str(count) for place, count in np.ndenumerate(counts) if count}
    assert min(text.get_fontsize() for text in ax.texts) >= 5
    ax.figure.canvas.draw()
    widths = [text.get_window_extent().width for text in ax.texts]
    assert max(widths) < ax.get_window_extent().width / 30


def test_numbers_that_nobody_could_read_are_left_out() -> None:
    truth, p = predictions(3000, 30)
    _, ax = plt.subplots(figsize=(2, 2))
    assert not plots.plot_confusion(truth, p.argmax(axis=1), ax=ax).texts


def test_classes_are_in_the_order_that_is_given() -> None:
    ax = plots.plot_confusion(["b", "a", "a"], ["b", "b", "a"], ["b", "a", "c"])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["b", "a", "c"]
    assert (cells(ax)[0, 0], cells(ax)[1, 0], cells(ax)[1, 1]) == ("1", "1", "1")


def test_labels_and_numbers_are_not_mixed() -> None:
    with pytest.raises(DataError, match="same kind"):
        plots.plot_confusion(["a", "b"], [0, 1])
    with pytest.raises(DataError, match="must be whole numbers"):
        plots.plot_confusion([0, 1], [0.2, 0.8])


@pytest.mark.parametrize("given", ["columns", "second"])
def test_an_roc_curve_of_two_classes_is_that_of_the_second(given: str) -> None:
    truth, p = predictions(150, 2)
    ax = plots.plot_roc(truth, p if given == "columns" else p[:, 1], ["no", "yes"])
    false, true, _ = sklearn_metrics.roc_curve(truth, p[:, 1])
    np.testing.assert_allclose(ax.lines[1].get_xydata(), np.column_stack([false, true]))
    assert legend(ax) == [f"yes: area {sklearn_metrics.roc_auc_score(truth, p[:, 1]):.3f}", "chance: area 0.5"]


def test_every_one_of_a_few_classes_has_its_curve() -> None:
    truth, p = predictions(300, 4)
    ax = plots.plot_roc(np.array(list("dbca"))[truth], p, list("dbca"))
    areas = [sklearn_metrics.roc_auc_score(truth == label, p[:, label]) for label in range(4)]
    assert legend(ax)[:-1] == [f"{name}: area {area:.3f}" for name, area in zip("dbca", areas, strict=True)]
    assert f"{np.mean(areas):.3f}" in ax.get_title(loc="left")
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 5


def test_of_thirty_classes_the_worst_are_named() -> None:
    truth, p = predictions(3000, 30)
    ax = plots.plot_roc(truth, p)
    areas = {label: sklearn_metrics.roc_auc_score(truth == label, p[:, label]) for label in range(30)}
    worst = sorted(areas, key=lambda label: areas[label])[:5]
    assert legend(ax)[1:-1] == [f"class {label}: area {areas[label]:.3f}" for label in worst]
    assert legend(ax)[0].startswith("25 others")
    assert len(ax.lines) == 31


def test_a_class_without_rows_has_no_curve() -> None:
    truth, p = predictions(100, 3)
    kept = truth != 1
    assert [text.split(":")[0] for text in legend(plots.plot_roc(truth[kept], p[kept]))] == ["class 0", "class 2", "chance"]
    with pytest.raises(DataError, match="at least two classes"):
        plots.plot_roc([1, 1], [0.5, 0.6])


def test_labels_whose_column_is_not_clear_are_refused() -> None:
    _, p = predictions(4, 3)
    with pytest.raises(DataError, match="Give classes, in the order of the columns"):
        plots.plot_roc(["a", "b", "a", "b"], p)
    with pytest.raises(ShapeError, match="the truth's shape"):
        plots.plot_roc([0, 1, 2], p)
    with pytest.raises(ShapeError, match=r"must have shape \(n, classes\) or \(n,\)"):
        plots.plot_roc([0, 1, 2], np.zeros((2, 2, 2)))
    with pytest.raises(DataError, match="must be real numbers"):
        plots.plot_roc([0, 1, 2], ["a", "b", "c"])


def test_calibration_of_two_classes_is_that_of_the_second_and_of_more_that_of_the_predicted_one() -> None:
    truth, p = predictions(300, 2)
    two = plots.plot_calibration(truth, p, bins=5)
    line = two.containers[0].lines[0]  # type: ignore[attr-defined]
    used = np.searchsorted([0.2, 0.4, 0.6, 0.8], p[:, 1])
    np.testing.assert_allclose(line.get_xdata(), [p[used == i, 1].mean() for i in range(5)])
    np.testing.assert_allclose(line.get_ydata(), [truth[used == i].mean() for i in range(5)])
    assert two.get_xlabel() == "predicted probability of class 1"
    truth, p = predictions(300, 5)
    many = plots.plot_calibration(truth, p, bins=1)
    line = many.containers[0].lines[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(line.get_xydata(), [[p.max(axis=1).mean(), (p.argmax(axis=1) == truth).mean()]])


def test_residuals_are_the_truth_minus_the_prediction() -> None:
    truth, predicted = RNG.normal(size=(2, 50))
    ax = plots.plot_residuals(truth, predicted[:, np.newaxis])
    np.testing.assert_allclose(ax.collections[0].get_offsets(), np.column_stack([predicted, truth - predicted]))
    assert f"{sklearn_metrics.root_mean_squared_error(truth, predicted):.4g}" in legend(ax)[0]
    with pytest.raises(ShapeError, match="must have 1 column"):
        plots.plot_residuals(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(DataError, match="must be finite"):
        plots.plot_residuals([1.0, np.nan], [1.0, 2.0])


def test_the_most_important_columns_are_on_top() -> None:
    found = PermutationImportance(tuple("abc"), np.array([[0.1, 0.1], [0.5, 0.3], [-0.1, 0.0]]), "r2", 0.9)
    ax = found.plot(top=2)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["b", "a"]
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [0.4, 0.1])
    assert ax.get_title(loc="left") == "2 most important of 3 columns"
    assert ax.yaxis_inverted()
    with pytest.raises(InvalidSettingError, match="top must be an integer >= 1"):
        plots.plot_importance(found, top=0)


def test_pictures_go_into_the_axes_that_they_are_given() -> None:
    truth, p = predictions(50, 3)
    _, axes = plt.subplots(1, 5, figsize=(20, 4))
    assert plots.plot_confusion(truth, p.argmax(axis=1), ax=axes[0]) is axes[0]
    assert plots.plot_roc(truth, p, ax=axes[1]) is axes[1]
    assert plots.plot_calibration(truth, p, ax=axes[2]) is axes[2]
    assert plots.plot_residuals([1.0, 2.0], [1.0, 1.0], ax=axes[3]) is axes[3]
    assert plots.plot_importance(PermutationImportance(("a",), np.ones((1, 1)), "r2", 1.0), ax=axes[4]) is axes[4]
    with pytest.raises(InvalidSettingError, match="must be matplotlib's Axes"):
        plots.plot_confusion([0, 1], [0, 1], ax="here")  # type: ignore[arg-type]
