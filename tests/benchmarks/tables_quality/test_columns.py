"""Which columns a model makes use of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.tables_quality.columns import uses
from benchmarks.tables_quality.split import split
from benchmarks.tables_quality.table import Table


def test_a_column_that_the_answers_depend_on_is_used_and_another_is_not() -> None:
    X = pd.DataFrame({"used": np.arange(80.0), "spare": np.arange(80.0), "kind": pd.Categorical(["a", "b"] * 40)})
    parts = split(Table("made", X, np.arange(80.0), "regression"), 0, None)
    found = uses(lambda X: X["used"].to_numpy(), parts)
    assert found["used"] > 0.5
    assert (found["spare"], found["kind"]) == (0, 0)
