"""When the training of a table's model ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lamina.model import NetworkSettings, OptimizationSettings, RunSettings, StoppingSettings, TableSettings, fit_table
from lamina.patience import Patience


def test_a_small_loss_that_still_falls_by_a_share_of_itself_does_not_end_the_training() -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (600, 2))
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": X.sum(1)})
    settings = TableSettings(
        network=NetworkSettings(hidden=(16,), dropout=(0.0,)),
        optimization=OptimizationSettings(optimizer="gradient_descent", learning_rate=0.02),
        stopping=StoppingSettings(max_epochs=300, patience=5),
        run=RunSettings(threads=1),
    )
    estimator = fit_table(table, "y", settings=settings).model.estimator
    losses = estimator.validation_loss_curve_
    assert over_after(losses, relative=False) < len(losses)
    assert over_after(losses, relative=True) == len(losses)
    assert min(losses) < 0.9 * min(losses[: over_after(losses, relative=False)])


def over_after(losses: list[float], *, relative: bool) -> int:
    """How many of the epochs a patience of 5 lets pass, with ``tol`` as the share or the amount that it is by default."""
    counter = Patience(5, StoppingSettings().tol, "keras", relative=relative)
    for epoch, loss in enumerate(losses, start=1):
        counter.note(loss)
        if counter.is_over:
            return epoch
    return len(losses)


def test_the_reason_names_the_share() -> None:
    x = np.random.default_rng(0).normal(size=300)
    table = pd.DataFrame({"x": x, "y": np.random.default_rng(1).normal(size=300)})
    settings = TableSettings(stopping=StoppingSettings(patience=2, tol=0.5), network=NetworkSettings(hidden=(4,)))
    assert fit_table(table, "y", settings=settings).stop_reason.text.startswith(
        "The averaged validation loss did not improve by more than 50 % for 2 epochs; the best was"
    )
