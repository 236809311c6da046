"""The rows of a training: read, split into parts, and the encoder fitted to those that train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, NamedTuple, Self

import numpy as np

from lamina.data import TableEncoder, holdout
from lamina.data.arrow_tables import Columns, release_memory
from lamina.data.notes import note
from lamina.data.repeated_rows import groups_of_copies, joined_groups
from lamina.data.several_targets import AnyTarget
from lamina.data.suspicions import say_suspicions
from lamina.data.table_reader import ReadTable
from lamina.errors import DataError, phrase
from lamina.estimators.fitting import RowBlocks
from lamina.model.setting_words import OWNER
from lamina.model.table_model import TableModel
from lamina.model.table_settings import TableSettings

__all__ = ["Given", "Part", "Prepared", "Rows", "Streamed", "encoder_for", "prepare", "separate", "shares_of"]


class Given(NamedTuple):
    """Rows as they came: the columns to predict from, those to predict, weights, and numbers of groups to keep together."""

    columns: Columns
    targets: Columns
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    def as_read(self, table: ReadTable, goal: AnyTarget, encoder: TableEncoder, earlier: TableModel | None = None) -> Rows:
        """The rows with what was read in place of the columns to predict from, whose memory they do not hold."""
        return Rows(table, self.targets, self.weight, self.groups, goal, encoder, earlier)


class Rows(NamedTuple):
    """Rows as they were read, and how: as was learned of them, or of an ``earlier`` model's rows."""

    table: ReadTable
    targets: Columns
    weight: np.ndarray | None
    groups: np.ndarray | None
    goal: AnyTarget
    encoder: TableEncoder
    earlier: TableModel | None


class Part(NamedTuple):
    """Rows as they were read, their targets as numbers, weights, and before a split numbers that rows to keep together share.

    Where several trainings share them, their ``features`` are here.
    """

    table: ReadTable
    y: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    features: Any = None

    @property
    def num_rows(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> Part:
        """Some rows, by their numbers, without their groups."""
        return Part(self.table.take(rows), self.y[rows], _taken(self.weight, rows))


class Streamed(NamedTuple):
    """Rows to train on that do not fit in memory: where they come from, encoded, how many there are, and of each class."""

    source: Callable[[int], RowBlocks]
    num_rows: int
    class_counts: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that a training needs: what reads and encodes the rows, and the rows by what they are for."""

    encoder: TableEncoder
    goal: AnyTarget
    training: Part
    validation: Part | None
    test: Part | None
    num_read: int
    num_dropped: int
    earlier: TableModel | None = None
    streamed: Streamed | None = None
    shares: Mapping[str, float | None] = field(
        default_factory=dict
    )  # of the rows to validate and to test on; None: separate rows

    @property
    def num_training(self) -> int:
        """The rows to train on, of which ``training`` are a sample if they are streamed."""
        return self.training.num_rows if self.streamed is None else self.streamed.num_rows

    def for_trainings(self) -> Self:
        """The rows to train and to validate on, encoded once for several trainings; those to test on none of them sees."""

        def encoded(part: Part) -> Part:
            return part._replace(features=self.encoder.transform(part.table))

        judging = None if self.validation is None else encoded(self.validation)
        return replace(self, training=encoded(self.training), validation=judging, test=None)


def encoder_for(settings: TableSettings) -> TableEncoder:
    """The encoder that settings ask for, not fitted."""
    return TableEncoder(**settings.encoding.parameters(), sparse_output="auto")


def prepare(rows: Rows, *, validation: float | Given, test: float | Given, settings: TableSettings, fewest_rows: int) -> Prepared:
    """Split rows, and fit the encoder to those for training, unless it is an earlier model's.

    Parameters
    ----------
    rows : Rows
        Those without a target are dropped with a note.
    validation, test : float or Given
        A share of the rows to hold out, or separate rows. The share for validation is one of what the test leaves.
    settings : TableSettings
    fewest_rows : int
        With fewer, training is refused.

    Raises
    ------
    DataError
        If the rows cannot be used for training.
    InvalidSettingError
        If a share is none.
    """
    release_memory()
    goal, encoder, earlier = rows.goal, rows.encoder, rows.earlier
    everything = _read(rows, fewest_rows)
    if rows.groups is not None and validation:
        _check_groups(everything)
    # Rows are split by their numbers, and each is copied once, to the part that it is for.
    learning, tested = _split(everything, np.arange(everything.num_rows), test, goal, seed=settings.run.seed)
    trained, judged = _split(everything, learning, validation, goal, seed=settings.run.seed + 1)
    training = everything.take(trained) if len(trained) < everything.num_rows else everything
    if earlier is None:
        encoder.fit(training.table)
    parts = ((test, tested), (validation, judged))
    held_out, judging = (separate(further, goal, encoder) or _part(everything, numbers) for further, numbers in parts)
    num_read = rows.table.num_rows
    num_dropped, shares = num_read - everything.num_rows, shares_of(validation, test)
    return Prepared(encoder, goal, training, judging, held_out, num_read, num_dropped, earlier, shares=shares)


def shares_of(validation: float | Given, test: float | Given) -> dict[str, float | None]:
    """The shares of the rows that were held out, for whoever trains so again; None where other rows were given."""
    given = {"validation": validation, "test": test}
    return {name: float(share) if isinstance(share, Real) else None for name, share in given.items()}


def _taken(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def _read(rows: Rows, fewest_rows: int) -> Part:
    """The rows that have a target."""
    table, goal = rows.table, rows.goal
    present, y = goal.present_rows(rows.targets)
    if len(present) < fewest_rows:
        raise DataError(
            f"a table must have at least {fewest_rows} rows with a target to train on, got {len(present)}. Collect more rows."
        )
    table = table.take(present) if len(present) < table.num_rows else table
    say_suspicions(table, goal, y)
    groups = joined_groups(_taken(rows.groups, present), groups_of_copies(table))
    return Part(table, y, _taken(rows.weight, present), groups)


def _check_groups(part: Part) -> None:
    """Reject rows that must all stay together, of which none can be held out."""
    if len(np.unique(part.groups)) < 2:  # type: ignore[arg-type]
        repair = "Give X_val and y_val, or leave groups out."
        raise DataError(phrase("groups", "must be at least two that share no copy of a row", 1, repair=repair, owner=OWNER))


def _split(part: Part, rows: np.ndarray, held_out: float | Given, goal: AnyTarget, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows to keep, and a held-out share of them, by their numbers; all rows stay if separate rows are given."""
    if isinstance(held_out, Given) or held_out == 0:
        return rows, rows[:0]
    labels, groups = part.y[rows] if goal.task == "classification" else None, _taken(part.groups, rows)
    kept, held = holdout(len(rows), held_out, seed=seed, labels=labels, names=goal.classes, groups=groups)
    if labels is not None:
        # A class of which every row is a copy of another class's, or in one group, may be held out whole.
        lost = np.isin(labels[held], np.setdiff1d(labels[held], labels[kept]))
        if groups is not None:
            lost = np.isin(groups[held], groups[held[lost]])
        kept, held = np.sort(np.concatenate([kept, held[lost]])), held[~lost]
        if not len(held):
            note("no rows are held out, because each group of rows that could be has a class that no other rows have.")
    return rows[kept], rows[held]


def _part(everything: Part, rows: np.ndarray) -> Part | None:
    return everything.take(rows) if len(rows) else None


def separate(held_out: float | Given, goal: AnyTarget, encoder: TableEncoder) -> Part | None:
    """Separate rows with a known target, if those are given and not a share."""
    if not isinstance(held_out, Given):
        return None
    rows, y = goal.present_rows(held_out.targets, unknown="drop")
    return Part(encoder.read(held_out.columns).take(rows), y, _taken(held_out.weight, rows))
