"""How a model was trained: what differs from the defaults, as whoever trains it again has to say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.estimators.fitted import fit_of
from lamina.model.kept_settings import settings_of
from lamina.model.table_model import TableModel
from lamina.model.table_settings import TableSettings

__all__ = ["USUAL_SHARES", "TrainedSo", "trained_so"]

#: The shares of the rows that :func:`fit_table` and the command hold out.
USUAL_SHARES: Mapping[str, float] = {"validation": 0.1, "test": 0.2}
# Speed, memory and what is printed; and the seed, which is always said.
_OF_NO_EFFECT = frozenset({"threads", "memory", "on_bad_shard", "seed", "preset", "workers", "ray", "way"})


@dataclass(frozen=True, slots=True)
class TrainedSo:
    """How a model was trained.

    Attributes
    ----------
    settings : dict of str to object
        Those that are not the usual ones for as many rows, by the names of :class:`~lamina.model.TableSettings`.
    seed : int
    task : str
        "" where it was taken from the target's values.
    shares : dict of str to float or None
        Of the rows to validate and to test on; None where other rows were given.
    is_from_command : bool
        Whether it is of ``lamina train``.
    goes_on : bool
        Whether the training went on from another model.
    """

    settings: dict[str, Any]
    seed: int
    task: str
    shares: dict[str, float | None]
    is_from_command: bool
    goes_on: bool


def trained_so(model: TableModel) -> TrainedSo:
    """How a model was trained, by what it keeps.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.model import TableSettings, fit_table
    >>> table = pa.table({"x": list(range(100)), "y": list(range(100))})
    >>> settings = TableSettings.of({"hidden": (8,), "max_epochs": 2, "batch_norm": True})
    >>> trained_so(fit_table(table, "y", settings=settings).model).settings
    {'hidden': (8,), 'batch_norm': True, 'max_epochs': 2}
    """
    summary = model.summary
    own = settings_of(model)
    return TrainedSo(
        settings=_differing(model, own),
        seed=own.run.seed,
        task=model.target.task if model.target.reason == "as asked" else "",
        shares=dict(summary.get("shares") or USUAL_SHARES),
        is_from_command="reading" in summary,
        goes_on="earlier" in summary,
    )


def _differing(model: TableModel, own: TableSettings) -> dict[str, Any]:
    rows, estimator = model.summary.get("rows", {}), model.estimator
    optimizer = own.optimization.optimizer  # the usual settings are others for one that compares losses
    usual = TableSettings.of({"optimizer": optimizer}).filled(rows.get("training", 0)).by_name()
    usual |= {"loss": type(estimator)().loss, "optimizer": TableSettings().optimization.optimizer}
    given = own.by_name() | _of_the_run(model, rows)
    return {name: value for name, value in given.items() if name not in _OF_NO_EFFECT and _plain(value) != _plain(usual[name])}


def _of_the_run(model: TableModel, rows: Mapping[str, int]) -> dict[str, Any]:
    """What the model's parts tell of its run."""
    is_calibrated = model.calibration is not None or (rows.get("validation") or 0) < 2
    return {
        "restarts": model.estimator.n_restarts,
        "precision": model.estimator.precision,  # of a model in memory: no file says it
        "calibration": is_calibrated or "earlier" in model.summary,
        "monitor": fit_of(model.estimator).monitor is not None,
    }


def _plain(value: Any) -> Any:
    """A value that compares as equal to one that is written otherwise: a list of one entry, a whole number."""
    if isinstance(value, Mapping):
        return dict(value) or ()
    if isinstance(value, tuple | list):
        plain = tuple(_plain(entry) for entry in value)
        return plain[0] if len(plain) == 1 else plain
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
