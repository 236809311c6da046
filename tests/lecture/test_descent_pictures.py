"""P1 to P4, P7, P12 to P15: what the pictures show is what was computed, for more than one seed."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lamina.lecture import get_picture

mpl.use("Agg")
NUMBERS = ("P1", "P2", "P3", "P4", "P7", "P12", "P13", "P14", "P15")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_picture_is_computed_drawn_and_told_in_words(number):
    picture = get_picture(number)
    result = picture.compute(seed=1)
    figure = picture.draw(result)
    assert str(result)
    titles = [ax.get_title(loc=where) for ax in figure.axes for where in ("left", "center")]
    assert any(titles)
    for ax in figure.axes:
        if ax.get_title(loc="left"):
            assert ax.get_xlabel() or ax.get_shared_x_axes().get_siblings(ax) != [ax]
    plt.close(figure)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_same_seed_gives_the_same_words(number):
    picture = get_picture(number)
    assert str(picture.compute(seed=0)) == str(picture.compute(seed=0))


def test_the_good_rate_ends_lowest_and_the_largest_leaves_the_picture():
    histories = get_picture("P4").compute().histories
    last = {name: history[-1, "loss"] for name, history in histories.items()}
    assert last["good"] == min(last.values())
    assert last["good"] < 0.1 * last["too small"]
    assert len(histories["diverging"]) < 20
    assert max(histories["too large"][:, "loss"]) > 2 * histories["too large"][0, "loss"]


def test_the_accuracy_of_a_perceptron_rises_and_falls_where_no_line_separates():
    result = get_picture("P3").compute()
    assert result.model.separability_.separable is False
    assert result.model.separability_.verify(result.X, result.y)
    accuracy = np.array(result.model.history_[:, "accuracy"])
    assert accuracy.max() > accuracy[0]
    assert accuracy[accuracy.argmax() :].min() < accuracy.max() - 0.1


def test_only_the_unclipped_step_is_thrown_from_the_cliff():
    without, clipped = (
        np.linalg.norm(np.diff(way.points, axis=0), axis=1).max() for way in get_picture("P7").compute().descents.values()
    )
    assert without > 100 * clipped


def test_larger_batches_go_uphill_less_often():
    uphill = [float(np.mean(np.diff(get_picture(number).compute().losses) > 0)) for number in ("P12", "P14", "P13")]
    assert uphill[0] == 0.0
    assert uphill[0] < uphill[1] < uphill[2]


def test_every_step_of_the_batch_way_is_the_gradient_of_the_mean_loss():
    result = get_picture("P12").compute(seed=0)
    rng = np.random.default_rng(0)
    X = rng.uniform(-0.5, 2.0, size=(100, 1))
    y = 1.5 * X - 0.8 + 0.6 * rng.normal(size=X.shape)
    w, b = result.way[0]
    gap = w * X + b - y
    np.testing.assert_allclose(result.way[1], [w - 0.4 * (gap * X).mean(), b - 0.4 * gap.mean()], rtol=1e-12)


def test_two_layers_learn_the_exclusive_or_and_a_perceptron_does_not():
    result = get_picture("P15").compute()
    np.testing.assert_array_equal(result.predictions.round(), [0, 1, 1, 0])
    rows = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert result.perceptron.score(rows, [0, 1, 1, 0]) == 0.75
    assert result.perceptron.separability_.separable is False


def test_p15_the_legend_names_the_lines_of_the_hidden_units() -> None:
    picture = get_picture("P15")
    figure = picture.draw(picture.compute())
    names = [[text.get_text() for text in ax.get_legend().get_texts()] for ax in figure.axes[:2]]
    assert names == [["class 0", "class 1", "wrong"], ["class 0", "class 1", "hidden units"]]
    plt.close(figure)
