"""CatBoost with its defaults; columns of text are its ``cat_features``, with a name for missing values, as it asks for."""

from __future__ import annotations

from typing import Any

import catboost

from benchmarks.jobs.frames import read, run


def job(train: str, test: str, target: str, task: str, model: str) -> tuple[Any, Any]:
    rows, test_rows, texts = read(train, test)
    categories = [name for name in texts if name != target]
    for frame in (rows, test_rows):
        frame[categories] = frame[categories].astype(object).fillna("(missing)")
    kind = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    fitted = kind(thread_count=1, verbose=False, allow_writing_files=False, cat_features=categories)
    fitted.fit(rows.drop(columns=target), rows[target])
    fitted.save_model(model)
    return test_rows[target], fitted.predict(test_rows.drop(columns=target))


if __name__ == "__main__":
    run(job)
