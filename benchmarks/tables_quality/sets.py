"""The tables: those of a folder's ``load.py`` or, without one, what scikit-learn bundles and fetches, and the example."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
from sklearn import datasets

from benchmarks.jobs.tables import NoDataError, load_table
from benchmarks.tables_quality.table import Table, to_table

__all__ = ["OPEN", "SCIKIT_LEARN", "load", "load_present", "names_in"]

_ADULT = Path(__file__).parents[2] / "examples" / "data" / "adult.csv.gz"

# The quick ones first. Left out: photographs of digits, a speed test of 3,000,000 rows, and kdd04_protein, whose rows belong
# together in blocks.
OPEN = (
    *("penguins", "breast_cancer", "pima", "titanic", "german_credit", "concrete", "medical_cost", "airfoil", "attrition"),
    *("abalone", "wine_white", "phoneme", "credit_data", "mlc_churn", "page_blocks", "segment", "spambase", "telco_churn"),
    *("ccpp", "bikeshare", "compactiv", "puma32h", "california_housing", "magic_telescope", "diamonds", "casp", "ann_thyroid"),
    *("mushroom", "ames", "adult", "bank_marketing", "credit_default", "soybean", "sk_digits", "satimage", "optdigits", "dna"),
    *("income_esl", "nursery", "ticdata", "penbased", "shuttle", "otto", "letter", "fars", "nycflights_late", "rossmann"),
)


def _bundled(load: Callable[..., object], *, regression: bool) -> Callable[[], tuple[pd.DataFrame, pd.Series, bool]]:
    return lambda: (*load(as_frame=True, return_X_y=True), regression)  # type: ignore[misc]


def _adult() -> tuple[pd.DataFrame, pd.Series, bool]:
    frame = pd.read_csv(_ADULT, na_values="?", skipinitialspace=True)
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    X = frame.astype(dict.fromkeys(texts, "category")).drop(columns="income")
    return X, frame["income"], False


SCIKIT_LEARN: dict[str, Callable[[], tuple[pd.DataFrame, pd.Series, bool]]] = {
    "wine": _bundled(datasets.load_wine, regression=False),
    "diabetes": _bundled(datasets.load_diabetes, regression=True),
    "breast_cancer": _bundled(datasets.load_breast_cancer, regression=False),
    "digits": _bundled(datasets.load_digits, regression=False),
    "adult": _adult,
    "california_housing": _bundled(datasets.fetch_california_housing, regression=True),
    "covtype": _bundled(datasets.fetch_covtype, regression=False),
}
"""What needs no folder; the last two are downloaded."""


def names_in(folder: Path) -> tuple[str, ...]:
    """The tables to measure unless others are named."""
    return OPEN if (folder / "load.py").exists() else tuple(SCIKIT_LEARN)


def load(name: str, folder: Path) -> Table:
    """A table by its name.

    Raises
    ------
    NoDataError
        If there is no such table, or its files are not there and cannot be downloaded.
    """
    if (folder / "load.py").exists():
        X, y, task = load_table(name, folder)
        return to_table(name, X, y, task == "regression")
    if name not in SCIKIT_LEARN:
        raise NoDataError(f"no table {name}: without --data FOLDER there are {', '.join(SCIKIT_LEARN)}")
    try:
        return to_table(name, *SCIKIT_LEARN[name]())
    except OSError as error:
        raise NoDataError(f"no table {name}: {error}") from error


def load_present(names: Iterable[str], folder: Path) -> Iterator[Table]:
    """The tables of these names that are there; a line on standard error says why another is not."""
    for name in names:
        try:
            yield load(name, folder)
        except NoDataError as error:
            print(error, file=sys.stderr, flush=True)
