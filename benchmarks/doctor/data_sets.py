"""The data sets: scikit-learn's, generated ones, the example table and other packages' tables, in four groups (``split.py``).

All are cut to a few hundred training rows, so that a training takes a fraction of a second. Inputs keep the units they come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn import datasets

from benchmarks.doctor import generated, measured, simulated

__all__ = ["DATA_SETS", "DataSet", "Split", "rows_of"]

_ADULT = Path(__file__).parents[2] / "examples" / "data" / "adult.csv.gz"
Table = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set: how its rows are made, of which group it is, how many rows are trained on, and what a program may rely on.

    ``linear``: a linear model does about as well as any. ``images``: inputs are gray values from 0 to 1. ``raw``: the columns
    come in units of very different size; ``l2``: the penalty that suits a network of usual size. Measured ones are the same for
    every seed, but for the split. ``needs``: the package that its rows come with, where that is not one of the library's own.
    """

    make: Callable[[int], Table]
    group: int
    task: str
    train_rows: int
    linear: bool = False
    images: bool = False
    raw: bool = False
    l2: float = 0.1
    needs: str | None = None

    @property
    def is_present(self) -> bool:
        return self.needs is None or find_spec(self.needs) is not None

    @property
    def classifies(self) -> bool:
        return self.task != "regression"


@dataclass(frozen=True, slots=True)
class Split:
    """Training and test rows."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def rows_of(name: str, seed: int) -> Split:
    """The rows for this seed, which draws the generated ones and shuffles all."""
    data = DATA_SETS[name]
    X, y = data.make(seed)
    order = np.random.default_rng([seed, 17]).permutation(len(X))
    X, y = X[order], y[order]
    cut = data.train_rows
    return Split(X[:cut], y[:cut], X[cut : cut + _TEST_ROWS], y[cut : cut + _TEST_ROWS])


_TEST_ROWS = 1000


def _measured(load: Callable[..., Table]) -> Callable[[int], Table]:
    @lru_cache(maxsize=1)
    def table() -> Table:
        X, y = load(return_X_y=True)
        return np.asarray(X, dtype=float), y

    return lambda seed: table()


def _same(load: Callable[[], Table]) -> Callable[[int], Table]:
    return lambda seed: load()


def _column_of(load: Callable[..., Table], column: int) -> Callable[[int], Table]:
    """One column of a measured table is to be told from the others."""

    def make(seed: int) -> Table:
        X, _ = load(return_X_y=True)
        return np.delete(X, column, axis=1), X[:, column]

    return make


@lru_cache(maxsize=1)
def _adult_table() -> Table:
    import pandas as pd  # slow to load, and of one data set alone

    table = pd.read_csv(_ADULT, nrows=6000)
    columns = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
    married = (table["marital-status"].str.strip() == "Married-civ-spouse").to_numpy(float)
    X = np.column_stack([table[columns].to_numpy(float), married])
    return X, (table["income"].str.strip() == ">50K").to_numpy(int)


def _digits(seed: int) -> Table:
    X, y = datasets.load_digits(return_X_y=True)
    return X / 16, y


def _bars(seed: int, rows: int = 1600, side: int = 8) -> Table:
    """Images of one bar behind noise, of ten kinds: a row at five heights, or a column at five places."""
    rng = np.random.default_rng([seed, 1])
    y = rng.integers(10, size=rows)
    images = rng.uniform(0, 0.7, size=(rows, side, side))
    for image, kind in zip(images, y, strict=True):
        at = kind % 5 + 1
        line = image[at] if kind < 5 else image[:, at]
        line += rng.uniform(0.15, 0.45)
    return images.reshape(rows, -1), y


def _quadrants(seed: int, rows: int = 1600) -> Table:
    """The exclusive or of the signs of two numbers, beside two columns of noise."""
    rng = np.random.default_rng([seed, 2])
    X = rng.uniform(-1, 1, size=(rows, 4))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def _parity(seed: int, rows: int = 1600) -> Table:
    """The parity of three noisy bits, beside two columns of noise."""
    rng = np.random.default_rng([seed, 3])
    bits = rng.integers(2, size=(rows, 3))
    X = np.column_stack([2 * bits - 1 + 0.35 * rng.normal(size=bits.shape), rng.normal(size=(rows, 2))])
    return X, bits.sum(axis=1) % 2


def _spirals(seed: int, rows: int = 1600) -> Table:
    """Three arms of a spiral."""
    rng = np.random.default_rng([seed, 4])
    y = rng.integers(3, size=rows)
    radius = rng.uniform(0.1, 1, size=rows)
    angle = 3.5 * radius + y * 2 * np.pi / 3 + 0.15 * rng.normal(size=rows)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), y


def _sine(seed: int, rows: int = 1500) -> Table:
    rng = np.random.default_rng([seed, 5])
    X = rng.uniform(-2, 2, size=(rows, 1))
    return X, np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=rows)


def _wave_and_product(seed: int, rows: int = 1500) -> Table:
    rng = np.random.default_rng([seed, 6])
    X = rng.normal(size=(rows, 6))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.2 * rng.normal(size=rows)


def _plane(seed: int, columns: int) -> Table:
    return datasets.make_regression(1500, columns, n_informative=columns, noise=20.0, random_state=seed)  # type: ignore[return-value]


def _ball(seed: int) -> Table:
    X, y = datasets.make_hastie_10_2(1700, random_state=seed)
    return X, (y > 0).astype(int)


DATA_SETS = {
    "iris": DataSet(_measured(datasets.load_iris), 1, "multiclass", 90, linear=True, l2=0.5),
    "breast_cancer": DataSet(_measured(datasets.load_breast_cancer), 1, "binary", 300, linear=True, raw=True, l2=0.5),
    "bars": DataSet(_bars, 1, "multiclass", 600, images=True, linear=True, l2=0.3),
    "moons": DataSet(lambda seed: datasets.make_moons(1400, noise=0.2, random_state=seed), 1, "binary", 400),
    "quadrants": DataSet(_quadrants, 1, "binary", 600),
    "rings": DataSet(
        lambda seed: datasets.make_gaussian_quantiles(n_samples=1600, n_features=3, n_classes=3, random_state=seed),
        1,
        "multiclass",
        600,
    ),
    "six_blobs": DataSet(
        lambda seed: datasets.make_blobs(1500, 8, centers=6, cluster_std=4.0, random_state=seed)[:2],
        1,
        "multiclass",
        500,
        linear=True,
        l2=1.0,
    ),
    "clusters": DataSet(
        lambda seed: datasets.make_classification(1600, 20, n_informative=6, class_sep=1.5, flip_y=0.02, random_state=seed),
        1,
        "binary",
        600,
        linear=True,
        l2=1.0,
    ),
    "wine": DataSet(_measured(datasets.load_wine), 2, "multiclass", 100, linear=True, raw=True, l2=0.5),
    "digits": DataSet(_digits, 2, "multiclass", 700, images=True, linear=True),
    "adult": DataSet(lambda seed: _adult_table(), 2, "binary", 600, linear=True, raw=True, l2=1.0),
    "circles": DataSet(lambda seed: datasets.make_circles(1400, noise=0.12, factor=0.5, random_state=seed), 2, "binary", 400),
    "parity": DataSet(_parity, 2, "binary", 600),
    "spirals": DataSet(_spirals, 2, "multiclass", 600),
    "four_blobs": DataSet(
        lambda seed: datasets.make_blobs(1500, 5, centers=4, cluster_std=3.5, random_state=seed)[:2],
        2,
        "multiclass",
        500,
        linear=True,
        l2=1.0,
    ),
    "four_classes": DataSet(
        lambda seed: datasets.make_classification(
            1600, 15, n_informative=8, n_classes=4, class_sep=1.8, flip_y=0.02, random_state=seed
        ),
        2,
        "multiclass",
        600,
        l2=0.5,
    ),
    "diabetes": DataSet(_measured(datasets.load_diabetes), 1, "regression", 300, linear=True, l2=3.0),
    "friedman2": DataSet(lambda seed: datasets.make_friedman2(1500, noise=50, random_state=seed), 1, "regression", 500, raw=True),
    "sine": DataSet(_sine, 1, "regression", 500, l2=0.01),
    "plane": DataSet(lambda seed: _plane(seed, 6), 1, "regression", 500, linear=True),
    "iris_petal": DataSet(_column_of(datasets.load_iris, 3), 1, "regression", 90, linear=True),
    "friedman1": DataSet(lambda seed: datasets.make_friedman1(1500, noise=0.5, random_state=seed), 2, "regression", 500),
    "friedman3": DataSet(
        lambda seed: datasets.make_friedman3(1500, noise=0.05, random_state=seed), 2, "regression", 500, raw=True
    ),
    "wave_and_product": DataSet(_wave_and_product, 2, "regression", 600),
    "wide_plane": DataSet(lambda seed: _plane(seed, 15), 2, "regression", 500, linear=True),
    "wine_proline": DataSet(_column_of(datasets.load_wine, 12), 2, "regression", 110, linear=True, raw=True),
    "affairs": DataSet(_same(measured.affairs), 3, "binary", 700, linear=True, l2=0.5, needs="statsmodels"),
    "parties": DataSet(_same(measured.parties), 3, "multiclass", 600, linear=True, l2=0.5, needs="statsmodels"),
    "travel": DataSet(_same(measured.travel), 3, "multiclass", 140, raw=True, needs="statsmodels"),
    "textures": DataSet(_same(measured.textures), 3, "multiclass", 800, images=True, needs="PIL"),
    "seven_segments": DataSet(generated.seven_segments, 3, "multiclass", 700, images=True, l2=0.3),
    "noughts_and_crosses": DataSet(generated.noughts_and_crosses, 3, "binary", 600, linear=True),
    "checkerboard": DataSet(generated.checkerboard, 3, "binary", 900, l2=0.01),
    "loans": DataSet(generated.loans, 3, "binary", 700, raw=True, linear=True, l2=0.3),
    "machine_states": DataSet(generated.machine_states, 3, "multiclass", 700, linear=True),
    "unequal_blobs": DataSet(generated.unequal_blobs, 3, "multiclass", 600, linear=True),
    "ball": DataSet(_ball, 3, "binary", 600, l2=0.03),
    "few_rows_of_many_columns": DataSet(
        lambda seed: datasets.make_classification(
            1120, 60, n_informative=8, n_redundant=20, class_sep=2.0, flip_y=0.01, random_state=seed
        ),
        3,
        "binary",
        120,
        linear=True,
        l2=1.0,
    ),
    "five_classes": DataSet(
        lambda seed: datasets.make_classification(
            1900,
            12,
            n_informative=7,
            n_redundant=3,
            n_classes=5,
            n_clusters_per_class=2,
            weights=[0.34, 0.26, 0.18, 0.13, 0.09],
            class_sep=2.2,
            random_state=seed,
        ),
        3,
        "multiclass",
        700,
    ),
    "districts": DataSet(_same(measured.districts), 3, "regression", 200, linear=True, raw=True, l2=0.5, needs="statsmodels"),
    "food": DataSet(_same(measured.food), 3, "regression", 150, linear=True, raw=True, needs="statsmodels"),
    "sunspots": DataSet(_same(measured.sunspots), 3, "regression", 200, linear=True, raw=True, needs="statsmodels"),
    "heights": DataSet(_same(measured.heights), 3, "regression", 600, raw=True, l2=0.01, needs="matplotlib"),
    "rents": DataSet(generated.rents, 3, "regression", 700, raw=True),
    "visits": DataSet(generated.visits, 3, "regression", 700),
    "claims": DataSet(generated.claims, 3, "regression", 700, raw=True),
    "spread_that_grows": DataSet(generated.spread_that_grows, 3, "regression", 500, l2=0.05),
    "arm": DataSet(generated.arm, 3, "regression", 700, l2=0.03),
    "roll": DataSet(lambda seed: datasets.make_swiss_roll(1600, noise=0.4, random_state=seed), 3, "regression", 600, l2=0.03),
    "four_of_ten": DataSet(
        lambda seed: datasets.make_sparse_uncorrelated(1500, 10, random_state=seed), 3, "regression", 500, linear=True, l2=0.3
    ),
    "low_rank": DataSet(
        lambda seed: datasets.make_regression(
            1120, 40, n_informative=20, effective_rank=8, tail_strength=0.1, noise=0.5, random_state=seed
        ),
        3,
        "regression",
        120,
        linear=True,
        l2=1.0,
    ),
    "doctor_visits": DataSet(_same(measured.doctor_visits), 4, "binary", 800, linear=True, l2=0.1, needs="statsmodels"),
    "seasons": DataSet(_same(measured.seasons), 4, "multiclass", 450, l2=0.03, needs="statsmodels"),
    "coast": DataSet(_same(measured.coast), 4, "binary", 800, raw=True, l2=0.01, needs="matplotlib"),
    "head_scan": DataSet(_same(measured.head_scan), 4, "multiclass", 600, images=True, needs="matplotlib"),
    "shapes": DataSet(simulated.shapes, 4, "multiclass", 800, images=True),
    "monks": DataSet(simulated.monks, 4, "binary", 300, l2=0.03),
    "churn": DataSet(simulated.churn, 4, "binary", 700, raw=True, linear=True, l2=0.3),
    "triage": DataSet(simulated.triage, 4, "binary", 700, raw=True, l2=0.03),
    "waveform": DataSet(simulated.waveform, 4, "multiclass", 500, linear=True, l2=0.3),
    "ring_norm": DataSet(simulated.ring_norm, 4, "binary", 700),
    "links": DataSet(simulated.links, 4, "binary", 400, l2=0.03),
    "questionnaire": DataSet(simulated.questionnaire, 4, "multiclass", 500, linear=True, l2=0.5),
    "words_of_topics": DataSet(simulated.words_of_topics, 4, "multiclass", 400, linear=True, l2=0.5),
    "three_classes": DataSet(
        lambda seed: datasets.make_classification(
            1700,
            10,
            n_informative=5,
            n_redundant=2,
            n_classes=3,
            n_clusters_per_class=3,
            flip_y=0.01,
            class_sep=2.0,
            random_state=seed,
        ),
        4,
        "multiclass",
        700,
    ),
    "investments": DataSet(_same(measured.investments), 4, "regression", 160, raw=True, needs="statsmodels"),
    "carbon_dioxide": DataSet(_same(measured.carbon_dioxide), 4, "regression", 350, linear=True, needs="statsmodels"),
    "births": DataSet(_same(measured.births), 4, "regression", 130, linear=True, needs="statsmodels"),
    "interest": DataSet(_same(measured.interest), 4, "regression", 140, raw=True, l2=0.03, needs="statsmodels"),
    "portrait": DataSet(_same(measured.portrait), 4, "regression", 700, images=True, linear=True, needs="matplotlib"),
    "brain_waves": DataSet(_same(measured.brain_waves), 4, "regression", 450, needs="matplotlib"),
    "prices": DataSet(_same(measured.prices), 4, "regression", 250, raw=True, l2=0.03, needs="matplotlib"),
    "borehole": DataSet(simulated.borehole, 4, "regression", 600, raw=True, linear=True),
    "lorenz": DataSet(simulated.lorenz, 4, "regression", 600, l2=0.03),
    "ripple": DataSet(simulated.ripple, 4, "regression", 800, l2=0.003),
    "steps": DataSet(simulated.steps, 4, "regression", 600, l2=0.03),
    "spectra": DataSet(simulated.spectra, 4, "regression", 120, linear=True),
    "s_curve": DataSet(lambda seed: datasets.make_s_curve(1600, noise=0.15, random_state=seed), 4, "regression", 500, l2=0.03),
}
