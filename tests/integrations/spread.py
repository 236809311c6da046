"""A program that trains one after the other, and then spread by a backend of joblib, and prints where the two differ.

    python spread.py loky|threading|multiprocessing|ray|dask|dask-threads

It is a process of its own because a fork of a process with threads may hang, and because Ray changes joblib's pools for good.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, make_moons
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate

from lamina import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, search_table
from lamina.engine import default_threads
from lamina.model import TableSettings

JOBS = 2
warnings.simplefilter("ignore")

MOONS = make_moons(160, noise=0.2, random_state=0)
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
TABLE = pd.DataFrame({"age": DIABETES[:, 0], "bmi": DIABETES[:, 2], "sex": np.where(DIABETES[:, 1] > 0, "a", "b")})
SETTINGS: dict[str, Any] = {"random_state": 0, "max_epochs": 4, "hidden": (16,)}


def restarts() -> list[Any]:
    model = MLPClassifier((8,), n_restarts=4, max_iter=10, random_state=1, early_stopping=True).fit(*MOONS)
    regressor = MLPRegressor(hidden_layer_sizes=(8,), n_restarts=3, solver="lbfgs", max_iter=20, random_state=2).fit(
        DIABETES, PROGRESSION
    )
    return [*model.coefs_, model.loss_curve_, list(model.restarts_), regressor.predict(DIABETES), list(regressor.restarts_)]


def restarts_of_a_table() -> list[Any]:
    model = TabularClassifier(**SETTINGS, n_restarts=3).fit(TABLE, PROGRESSION > 140)
    return [model.predict_proba(TABLE), list(model.model_.estimator.restarts_)]


def cross_validation() -> list[Any]:
    scores = cross_validate(TabularRegressor(**SETTINGS), TABLE, PROGRESSION, cv=3, n_jobs=None)["test_score"]
    return [scores, cross_val_predict(MLPClassifier((8,), max_iter=10, random_state=0), *MOONS, cv=3)]


def grid_search() -> list[Any]:
    grid = {"learning_rate_init": [0.001, 0.01], "hidden_layer_sizes": [(4,), (8,)]}
    search = GridSearchCV(MLPClassifier(max_iter=10, random_state=0), grid, cv=2).fit(*MOONS)
    return [search.cv_results_["mean_test_score"], *search.best_estimator_.coefs_]


def search() -> list[Any]:
    settings = TableSettings.of({"hidden": (16,), "max_epochs": 9, "members": 1})
    found = search_table(TABLE.assign(y=PROGRESSION), "y", trials=9, settings=settings)
    tries = [[(each.most_epochs, each.score) for each in trial.tries] for trial in found.trials]
    return [tries, *found.fit.model.estimator.coefs_]


def bagging() -> list[Any]:
    model = BaggingClassifier(MLPClassifier((4,), max_iter=5), 4, random_state=0).fit(*MOONS)
    return [each.coefs_ for each in model.estimators_]  # whose probabilities it adds up in another order


def share(_: int) -> tuple[int, int]:
    return os.getpid(), default_threads()


@contextmanager
def spread(backend: str) -> Iterator[None]:
    """The context of a backend with two workers, on a cluster of this machine where it needs one."""
    if backend == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init(num_cpus=JOBS, include_dashboard=False, log_to_driver=False)
        register_ray()
        with joblib.parallel_config("ray", n_jobs=JOBS):
            yield
        ray.shutdown()
    elif backend.startswith("dask"):
        from distributed import Client, LocalCluster

        kind: dict[str, Any] = {"processes": False} if backend == "dask-threads" else {"n_workers": JOBS}
        kind["threads_per_worker"] = JOBS if backend == "dask-threads" else 1
        with LocalCluster(dashboard_address=None, **kind) as cluster, Client(cluster), joblib.parallel_config("dask"):
            yield
    else:
        with joblib.parallel_config(backend, n_jobs=JOBS):
            yield


def main(backend: str) -> None:
    trainings: list[Callable[[], list[Any]]] = [restarts, restarts_of_a_table, cross_validation, grid_search, search, bagging]
    expected = [joblib.hash(training()) for training in trainings]
    with spread(backend):
        found = [joblib.hash(training()) for training in trainings]
        workers = joblib.Parallel()(joblib.delayed(share)(i) for i in range(8))
    print(
        json.dumps(
            {
                "different": [t.__name__ for t, one, other in zip(trainings, expected, found, strict=True) if one != other],
                "threads": sorted({threads for _, threads in workers}),
                "elsewhere": all(process != os.getpid() for process, _ in workers),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
