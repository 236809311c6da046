"""Every epoch's record holds a number that people read, and it is the one that the metrics give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lamina.model import TableSettings, fit_table
from lamina.model.table_settings import OptimizationSettings, StoppingSettings

RNG = np.random.default_rng(0)
SIZE = RNG.uniform(0, 10, 200)
TABLE = pa.table(
    {"size": SIZE, "noise": RNG.normal(size=200), "price": 3 * SIZE + 1, "late": SIZE > 5, "grade": SIZE.astype(int) // 4}
)


@pytest.mark.filterwarnings("ignore:target .* distinct whole numbers:lamina.data.DataWarning")
@pytest.mark.parametrize(
    ("target", "loss", "recorded", "metric"),
    [
        ("late", None, "validation_accuracy", "accuracy"),
        ("late", "hinge", "validation_accuracy", "accuracy"),
        ("grade", None, "validation_accuracy", "accuracy"),
        ("price", None, "validation_r2", "r2"),
    ],
)
def test_the_best_epoch_s_record_equals_the_metric_on_the_validation_rows(
    target: str, loss: str | None, recorded: str, metric: str
) -> None:
    optimization = OptimizationSettings(loss=loss, averaging=0)
    settings = TableSettings(stopping=StoppingSettings(max_epochs=5), optimization=optimization)
    model = fit_table(TABLE, target, validation=TABLE, test=0, settings=settings).model
    record = model.estimator.history_[model.summary["best_epoch"] - 1]
    assert record[recorded] == pytest.approx(model.evaluate(TABLE)["model"][metric], abs=1e-5)
