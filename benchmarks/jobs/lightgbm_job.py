"""LightGBM with its defaults; columns of text have pandas' type for categories, as its documentation advises."""

from __future__ import annotations

from typing import Any

import lightgbm
import pandas as pd

from benchmarks.jobs.frames import read, run


def job(train: str, test: str, target: str, task: str, model: str) -> tuple[Any, Any]:
    rows, test_rows, texts = read(train, test)
    for name in set(texts) - {target}:
        rows[name] = rows[name].astype("category")
        test_rows[name] = pd.Categorical(test_rows[name], categories=rows[name].cat.categories)
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    fitted = kind(n_jobs=1, verbose=-1).fit(rows.drop(columns=target), rows[target])
    fitted.booster_.save_model(model)
    return test_rows[target], fitted.predict(test_rows.drop(columns=target))


if __name__ == "__main__":
    run(job)
