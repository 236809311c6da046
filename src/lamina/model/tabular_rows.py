"""X and y of an estimator of tables, as the rows of a training or of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lamina.data import Task, target_column
from lamina.data.arrow_columns import ArrowColumn
from lamina.data.arrow_tables import Columns
from lamina.data.notes import note
from lamina.data.several_targets import AnyTarget, check_names, learn_targets
from lamina.data.target import TargetColumn
from lamina.errors import DataError, counted, phrase
from lamina.estimators.given_data import refusals_as_ours
from lamina.estimators.row_weights import check_row_weights
from lamina.model.given_table import GivenColumns, given_columns, known_columns, without_rows
from lamina.model.given_target import (
    check_labels,
    check_no_missing,
    free_name,
    given_column,
    given_groups,
    in_label_order,
    is_same_column,
    learn_given_targets,
    named_columns,
    several_columns,
)
from lamina.model.going_on import rows_like
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Given, Rows, encoder_for
from lamina.model.table_settings import TableSettings

__all__ = ["TabularRows"]


@dataclass(frozen=True)
class TabularRows:
    """Takes what is given to an estimator.

    Parameters
    ----------
    owner : str
        The estimator's name, for error messages.
    task : {"classification", "regression"}
    fewest : int, default=2
        The fewest rows to train on.
    """

    owner: str
    task: Task
    fewest: int = 2

    def new(self, X: Any, y: Any, sample_weight: Any, groups: Any, settings: TableSettings) -> tuple[GivenColumns, Rows]:
        """The columns of X without the targets, and the rows, whose reading is learned of them."""
        columns, has_names = given_columns(X, owner=self.owner, fewest_rows=self.fewest)
        named = named_columns(y, columns)
        if named is not None and not has_names:
            rule = "must be an array, because X has no names of columns"
            raise DataError(phrase("y", rule, y, repair="Give the values.", owner=self.owner))
        names = self._names(y, columns, has_names) if named is None else named
        check_names(names)
        given = self._given(columns, y, names, sample_weight, groups)
        encoder = encoder_for(settings)
        table, reading = encoder.learn(given.columns), encoder.reading_settings
        targets = [TargetColumn(*column) for column in given.targets.items()]
        if self.task == "classification" and len(targets) == 1:
            check_labels(targets[0].column, self.owner)
        # What stands for a missing value does so in the columns to learn from.
        reading = replace(reading, missing=())
        if named is None:
            goal = learn_given_targets(y, targets, self.task, reading, owner=self.owner)
        else:
            goal = in_label_order(learn_targets(targets, self.task, reading))
        return GivenColumns(columns.without(*names), has_names), given.as_read(table, goal, encoder)

    def known(
        self, columns: Columns, y: Any, sample_weight: Any, groups: Any, model: TableModel, settings: TableSettings
    ) -> tuple[Columns, Rows]:
        """The columns without the targets, and the rows, which are read as a model to go on from has learned."""
        goal, named = model.target, named_columns(y, columns)
        if named is not None and set(named) != set(goal.names):
            repair = "Set warm_start=False to predict another column."
            raise DataError(phrase("y", f"must be {goal.name!r}, as in the last fit", y, repair=repair, owner=self.owner))
        given = self._given(columns, y, list(goal.names), sample_weight, groups)
        if named is None:
            check_no_missing(goal, given.targets, owner=self.owner)
        return columns.without(*goal.names), rows_like(model, given, settings)

    def judges(self, X_val: Any, y_val: Any, y: Any, rows: Rows, features: GivenColumns) -> Given | None:
        """Separate validation rows, if they are given; ``y_val`` need not be if y is names of columns."""
        if X_val is None and y_val is None:
            return None
        if X_val is not None and y_val is None:
            y_val = named_columns(y, rows.targets)
        if X_val is None or y_val is None:
            raise DataError(f"{self.owner}: X_val and y_val must be given together, got only one of them. Give both.")
        if rows.groups is not None:
            rule, repair = "must not be given together with X_val", "Groups are for the share that is held out."
            raise DataError(phrase("groups", rule, "both", repair=repair, owner=self.owner))
        columns = known_columns(X_val, list(features.columns), features.has_names, owner=self.owner)
        truth = self.values(y_val, columns, rows.goal.names)
        if named_columns(y_val, columns) is None:
            check_no_missing(rows.goal, truth, owner=self.owner)
        return Given(columns.without(*rows.goal.names), truth)

    def values(self, y: Any, columns: Columns, names: Sequence[str]) -> Columns:
        """What is to be predicted, under the targets' names: columns of X that y names, or y's own values.

        Several are found by name where they have the targets' names, else by position.
        """
        found: dict[str, ArrowColumn]
        if (named := named_columns(y, columns)) is not None:
            found = dict(target_column(columns, name) for name in named)
        else:
            several = None if len(names) == 1 else several_columns(y, owner=self.owner)
            given = {"y": y} if several is None else several
            found = {name: given_column(part, "y", num_rows=columns.num_rows, owner=self.owner) for name, part in given.items()}
        if len(found) != len(names):
            listed = ", ".join(map(repr, names))
            raise DataError(f"{self.owner}: y must have the columns {listed}, got {counted(len(found), 'column')}.")
        if set(found) == set(names):
            found = {name: found[name] for name in names}
        return Columns(dict(zip(names, found.values(), strict=True)), columns.num_rows)

    def with_truth(self, columns: Columns, y: Any, goal: AnyTarget) -> Columns:
        """Columns and, under their names, what is to be predicted."""
        truth = self.values(y, columns, goal.names)
        features = columns.without(*goal.names, *(named_columns(y, columns) or ()))
        return Columns({**features.by_name, **truth}, columns.num_rows)

    def _names(self, y: Any, columns: Columns, has_names: bool) -> list[str]:
        """The names of what to predict, of values: columns of X, or some that X does not have."""
        several = several_columns(y, owner=self.owner)
        if several is None:
            names: Any = getattr(y, "column_names", getattr(y, "columns", ()))
            one = {names[0]: y[names[0]]} if len(names) == 1 else {getattr(y, "name", None): y}
            several = {own if has_names and isinstance(own, str) and own else "y": values for own, values in one.items()}
        elif self.task == "classification":
            rule, repair = "must be one column of labels", "Fit a classifier for each."
            raise DataError(phrase("y", rule, f"{len(several)} columns", repair=repair, owner=self.owner))
        return [self._name(name, part, columns) if has_names else free_name(name, columns) for name, part in several.items()]

    def _name(self, name: str, values: Any, columns: Columns) -> str:
        """The name of a column of X that has these values, or one that X does not have."""
        if name in columns and getattr(values, "name", name) == name:
            column = given_column(values, name, num_rows=columns.num_rows, owner=self.owner)
            if is_same_column(column, columns[name]):
                return name
            note(f"y has the name of column {name!r} of X but other values, so that column stays one to learn from.")
        return free_name(name, columns)

    def _given(self, columns: Columns, y: Any, names: list[str], sample_weight: Any, groups: Any) -> Given:
        """The rows whose weight is not 0."""
        targets, features = self.values(y, columns, names), columns.without(*names)
        if not features:
            listed = ", ".join(map(repr, names))
            raise DataError(f"{self.owner}: X must have a column besides {listed}, which is to be predicted, got none. Add one.")
        group = None if groups is None else given_groups(groups, columns.num_rows, owner=self.owner)
        if sample_weight is None:
            return Given(features, targets, groups=group)
        with refusals_as_ours("sample_weight", self.owner):
            weight = check_row_weights(sample_weight, columns.num_rows)
        keep = weight > 0
        if keep.all():
            return Given(features, targets, weight, group)
        group = None if group is None else group[keep]
        return Given(without_rows(features, keep), without_rows(targets, keep), weight[keep], group)
