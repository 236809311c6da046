"""The search for the settings of a table's training."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from lamina.data import Task
from lamina.errors import InvalidSettingError, NonFiniteError, phrase
from lamina.metrics import SMALLER_IS_BETTER, Evaluation
from lamina.model.fit import FEWEST_ROWS, RUN_RULES, given_table, learned_rows
from lamina.model.fit_result import FitResult
from lamina.model.setting_words import Words, setting_words
from lamina.model.table_fit import check_settings, scale_of_targets, train
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Prepared, prepare
from lamina.model.table_settings import TableSettings
from lamina.model.working_together import check_alone
from lamina.search.search_result import SearchResult
from lamina.search.space import Space
from lamina.search.tournament import Tournament
from lamina.search.trial_file import TrialFile
from lamina.search.trial_training import settings_of_trial
from lamina.search.trials import Trial, Trials
from lamina.spread import JOBS
from lamina.training.interrupts import Interrupts
from lamina.validation import Rule, check_parameters, function, integer, number, one_of, path, value

__all__ = ["OWNER", "search_table"]

OWNER = "search_table"
_RULES: dict[str, Rule] = {
    "trials": integer(1, 100_000),
    "jobs": one_of(JOBS, value(None)),
    "record": one_of(path(), value(None)),
    "on_trial": one_of(function("a Trial"), value(None)),
}
_MAX_TIME = {"max_time": one_of(number(0, closed="neither"), value(None))}


def search_table(
    table: Any,
    target: str | Sequence[str],
    *,
    trials: int = 50,
    space: Mapping[str, Any] | None = None,
    task: Task = "auto",
    validation: Any = 0.2,
    test: Any = 0.2,
    settings: TableSettings | None = None,
    jobs: int | None = None,
    record: str | os.PathLike[str] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
) -> SearchResult:
    """Search for settings of :func:`~lamina.model.fit_table`, and train with the best.

    Trial 1 changes nothing, so that on the validation rows the best is never worse. Every other one changes settings at random
    around those given (Bergstra & Bengio 2012). Successive halving (Jamieson & Talwalkar 2016): in rounds of up to 27, each is
    trained for a ninth of the epochs of trial 1, the best third anew for a third, and the best third of these whole. Trials
    compete on the validation rows alone, all with the same split and seed. The test rows are encoded last: no trial sees them.

    Parameters
    ----------
    table : data frame of pandas, polars or pyarrow
        At least 10 rows that have a target.
    target : str or sequence of str
        The column to predict, or several columns of numbers.
    trials : int, default=50
        1 to 100,000.
    space : mapping of str to list or Range, optional
        What each setting is drawn from: a list of values, or a :class:`Range`. By default :data:`SPACE`, without the settings
        that are named in ``settings``, which stay.
    task : {"auto", "classification", "regression"}, default="auto"
    validation, test : float or data frame, default=0.2
        As for ``fit_table``. There must be validation rows.
    settings : TableSettings, optional
        Of trial 1. ``eval_metric`` decides which trial is best; ``max_time`` is the time of the whole search, in seconds: the
        best so far is kept.
    jobs : int, optional
        Trials that are trained at once, as processes, >= 1; -1: as many as there are cores, -2: one fewer. By default one after
        the other, or as a ``joblib.parallel_config`` around the call says. The results are the same.
    record : str or path, optional
        JSON file to which every training is written. If there is one of the same search, it goes on from there; with more
        ``trials``, too.
    on_trial : callable, optional
        Called with each :class:`Trial` after each of its trainings.

    Returns
    -------
    SearchResult
        After Ctrl-C with the best so far.

    Raises
    ------
    InvalidSettingError
        If settings or values of the space are wrong, or the record is one of another search.
    DataError
        If the table or its target cannot be used for training.
    NonFiniteError
        If trial 1 diverged, and with it all others are in doubt.
    FileError
        If the record cannot be read or written.
    KeyboardInterrupt
        If Ctrl-C was pressed before anything was learned.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.model import StoppingSettings, TableSettings
    >>> table = pa.table({"x": [i / 100 for i in range(200)], "y": [(i / 100) ** 2 for i in range(200)]})
    >>> settings = TableSettings(stopping=StoppingSettings(max_epochs=20))
    >>> found = search_table(table, "y", trials=4, settings=settings, space={"hidden": [(8,), (16, 16)]})
    >>> len(found.trials), found.best.score <= found.trials[0].score
    (4, True)
    """
    began = time.monotonic()
    settings = settings or TableSettings()
    with setting_words(Words(OWNER)):
        given = {"trials": trials, "jobs": jobs, "record": record, "on_trial": on_trial}
        check_parameters(given, _RULES, owner=OWNER)
        max_time = settings.stopping.max_time
        checked = {**{name: getattr(settings.run, name) for name in RUN_RULES}, "max_time": max_time}
        check_parameters(checked, {**RUN_RULES, **_MAX_TIME}, owner=OWNER)
        check_alone(settings.run, owner=OWNER)
        drawn = Space.around(settings) if space is None else Space.of(space)
        rows = learned_rows(given_table(table, target), task, settings)
        held = (part if isinstance(part, int | float) else given_table(part, target) for part in (validation, test))
        validation, test = held
        prepared = prepare(rows, validation=validation, test=test, settings=settings, fewest_rows=FEWEST_ROWS)
        if prepared.validation is None:
            repair = "Give a share above 0, or rows."
            raise InvalidSettingError(
                phrase("validation", "must hold out rows to judge trials by", 0, repair=repair, owner=OWNER)
            )
        shared = prepared.for_trainings()
        metric = settings.stopping.eval_metric
        of_whole = replace(settings, stopping=replace(settings.stopping, max_time=None))
        check_settings(shared, of_whole)
        drawn.check(lambda changes: check_settings(shared, settings_of_trial(of_whole, changes)))
        tournament = Tournament(
            shared,
            of_whole,
            scale_of_targets(shared, of_whole.filled(shared.training.num_rows)) if prepared.goal.task == "regression" else None,
            drawn,
            TrialFile(record, _identity(shared, of_whole, drawn)),
            Trials(metric, metric not in ("loss", *SMALLER_IS_BETTER), (Trial(1, {}),)),
            jobs,
            math.inf if max_time is None else began + max_time,
            on_trial or (lambda trial: None),
        )
        tournament.run(trials)
        with Interrupts():  # what was found must not be lost
            return _result(tournament, prepared)


_OF_SPEED = {"threads", "engine", "device", "workers", "ray", "way"}


def _identity(prepared: Prepared, settings: TableSettings, space: Space) -> dict[str, Any]:
    """What makes a search the same one."""
    digest = hashlib.sha256()
    for part in (prepared.training, prepared.validation):
        assert part is not None
        X: Any = part.features
        arrays = (X.data, X.indices, X.indptr) if isinstance(X, sparse.csr_array | sparse.csr_matrix) else (np.asarray(X),)
        for array in (*arrays, part.y):
            digest.update(str((array.dtype.str, array.shape)).encode() + np.ascontiguousarray(array).tobytes())
    plain = {name: repr(given) for name, given in settings.by_name().items() if name not in _OF_SPEED}
    return {
        "target": ", ".join(prepared.goal.names),
        "rows": digest.hexdigest()[:32],
        "settings": hashlib.sha256(repr(sorted(plain.items())).encode()).hexdigest()[:32],
        "space": hashlib.sha256(repr(sorted(space.described().items())).encode()).hexdigest()[:32],
    }


def _result(tournament: Tournament, prepared: Prepared) -> SearchResult:
    best = tournament.best
    if best is None:
        if tournament.unfinished is None:
            _raise_without_any(tournament)
        best = tournament.trials[0]
    whole = partial(_model, tournament)
    model = tournament.unfinished if tournament.best is None else whole(best)
    assert model is not None
    first = tournament.trials[0]
    as_given = Evaluation()
    if prepared.test is not None and first.is_whole:
        given = model if best.number == 1 else whole(first)
        as_given = given.measure(prepared.test.table, prepared.test.y)
    metrics = Evaluation() if prepared.test is None else model.measure(prepared.test.table, prepared.test.y)
    parts = {"training": prepared.training, "validation": prepared.validation, "test": prepared.test}
    counts = {name: 0 if part is None else part.num_rows for name, part in parts.items()}
    rows = {"read": prepared.num_read, "dropped": prepared.num_dropped, **counts}
    model.summary.update(rows=rows, metrics=metrics)
    duration_s = best.tries[-1].duration_s if best.tries else 0.0
    return SearchResult(
        FitResult(model, metrics, rows, model.estimator.stop_reason_, duration_s),
        best,
        tournament.trials,
        settings_of_trial(tournament.settings, best.changes),
        as_given,
        counts,
        tournament.ended_by,
    )


def _raise_without_any(tournament: Tournament) -> None:
    if tournament.ended_by == "interrupted":
        raise KeyboardInterrupt
    problem = next((each.problem for trial in tournament.trials for each in trial.tries if each.problem), "")
    raise NonFiniteError(f"{OWNER}: no trial ended with a number to judge by. {problem} Look at the table with `lamina doctor`.")


def _model(tournament: Tournament, trial: Trial) -> TableModel:
    """The model of a whole trial: as it was trained, or trained anew if that was before this process began."""
    known = tournament.models.get(trial.number)
    if known is not None:
        return known
    settings = settings_of_trial(tournament.settings, trial.changes)
    return train(tournament.prepared, settings, began=time.monotonic(), scale=tournament.scale).result.model
