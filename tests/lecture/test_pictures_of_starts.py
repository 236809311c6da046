"""P5, P6, P8 to P11: what the pictures show is so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lamina.data import digits
from lamina.lecture import layer_densities, starts
from lamina.lecture import p05_early_stopping as p05
from lamina.lecture import p06_dropout as p06
from lamina.lecture import p08_initialization as p08
from lamina.lecture import p09_zero_initialization as p09
from lamina.lecture import p10_normal_outputs as p10
from lamina.lecture import p11_xavier_outputs as p11

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def no_screen() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def small_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn's digits, whatever is installed."""
    monkeypatch.setattr(digits, "_packaged", lambda: None)


def test_p5_the_validation_loss_turns_and_the_best_epoch_is_kept() -> None:
    result = p05.compute()
    losses = result.history[:, "validation_loss"]
    assert result.stop_reason.code == "no_improvement"
    assert result.stopped_at == result.best_epoch + p05.PATIENCE
    assert losses[result.best_epoch - 1] == min(losses[: result.stopped_at])
    assert losses[-1] > 1.3 * losses[result.best_epoch - 1]
    assert result.history[-1, "loss"] < 0.5 * result.history[result.best_epoch - 1, "loss"]
    assert "is kept" in str(result)
    assert len(p05.draw(result).axes) == 1


def test_p6_the_whole_net_stands_for_the_mean_over_masks() -> None:
    result = p06.compute()
    assert [None if mask is None else len(mask) for mask in result.keep] == [None, 6, 6, None]
    assert result.at_test_time == pytest.approx(result.samples.mean(), abs=0.5 * result.samples.std())
    assert result.samples.std() > 0.1
    assert len(p06.draw(result).axes) == 4


def test_p8_the_good_start_learns_what_the_bad_one_does_not() -> None:
    result = p08.compute()
    bad, good = result.accuracies.values()
    assert good > 0.97 > 0.9 > bad
    assert all(len(history) == starts.EPOCHS for history in result.histories.values())
    assert len(p08.draw(result).axes) == 4


def test_p9_zero_weights_do_not_improve_in_600_epochs_and_never_part() -> None:
    result = p09.compute()
    history = result.histories["all weights zero"]
    assert history[-1, "loss"] == pytest.approx(np.log(2), rel=1e-3)
    assert set(history[:, "dense_1_distinct"]) == {1}
    assert result.accuracies["Xavier"] > 0.97
    assert len(p09.draw(result).axes) == 4


def test_p10_p11_normal_weights_saturate_every_layer_and_xaviers_do_not(small_digits: None) -> None:
    normal, xavier = p10.compute(), p11.compute()
    for layer in [f"layer {i + 1}" for i in range(layer_densities.HIDDEN)]:
        assert np.mean(np.abs(normal.outputs["epoch 4"][layer]) > 0.95) > 0.7
        assert np.mean(np.abs(xavier.outputs["epoch 4"][layer]) > 0.95) < 0.2
    assert list(normal.outputs) == ["before", "epoch 1", "epoch 2", "epoch 3", "epoch 4"]
    assert xavier.accuracies["epoch 4"] > normal.accuracies["epoch 4"]
    figure = p10.draw(normal)
    assert len(figure.axes) == 7, "the network, and a panel for each of its layers"
    assert figure.axes[-1].get_xlabel() == "sum, before the softmax"
    assert figure.get_suptitle().startswith("scikit-learn's digits, N(0, 1)")
