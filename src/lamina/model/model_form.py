"""The required contents of a model file, checked completely before a network is built or memory is allocated.

This mirrors what :func:`lamina.model.save_model` writes. Parameters of the estimator, layers and columns check themselves when
they are created; this module checks everything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.data import SeveralTargets, TableEncoder
from lamina.data.columns import COLUMN_ENCODERS
from lamina.data.several_targets import AnyTarget
from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import fit_of
from lamina.forms import ANYTHING, COUNT, REAL, TEXT, AnyOf, ArrayOf, AtLeast, Entries, Form, Maybe, check_form, form_of
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS
from lamina.model.target_scale import SCALES, SeveralScales
from lamina.network import Network
from lamina.stop_reason import STOP_CODES
from lamina.training.checkpoint_form import check_statistics
from lamina.validation import Rule, boolean, choice, integer, number

__all__ = [
    "check_arrays",
    "check_classes",
    "check_columns",
    "check_encoder",
    "check_estimator",
    "check_table",
    "check_target",
    "check_widths",
]

_CURVE = Maybe([REAL])
_FITTED: dict[str, Form] = {
    "n_features_in_": integer(1),
    "n_iter_": COUNT,
    "t_": COUNT,
    "n_outputs_": integer(1),
    "out_activation_": TEXT,
    "loss_": REAL,
    "best_loss_": Maybe(REAL),
    "loss_curve_": [REAL],
    "validation_scores_": _CURVE,
    "best_validation_score_": Maybe(REAL),
    "validation_loss_curve_": _CURVE,
}

_MOST_BYTES_OF_CLASSES = 32 << 20
_LABEL = Rule("a class", lambda given: isinstance(given, str | bool | int | float) and given == given)
_CLASSES: Form = {
    "classes": {"dtype": Rule("the dtype of classes", lambda given: _is_dtype(given)), "values": [_LABEL]},
    "kind": choice(("binary", "multiclass", "multilabel")),
    "sparse_output": boolean(),
}
_TARGETS: dict[str, Form] = {MLPClassifier.__name__: _CLASSES, MLPRegressor.__name__: {"num_targets": integer(1)}}

_ESTIMATOR: dict[str, Form] = {
    "estimator": choice(_TARGETS),
    "parameters": Entries(ANYTHING),
    "network": Entries(ANYTHING),
    "dtype": choice(("float32", "float64")),
    "target": ANYTHING,
    "fitted": AtLeast({"n_features_in_": integer(1)}),
    "feature_names_in": [AnyOf(integer(-(2**63), 2**63), TEXT)],
    "epoch": COUNT,
    "step": COUNT,
    "history": [AtLeast({"epoch": COUNT, "step": COUNT, "loss": REAL})],
    "stop_reason": (choice(STOP_CODES), TEXT),
}

_READER: Form = {
    "column": TEXT,
    "kind": choice(("number", "boolean", "date", "category", "text")),
    "holds": choice(("number", "boolean", "date", "text")),
    "format": Maybe(AtLeast({"kind": TEXT})),
    "missing": [TEXT],
    "fold_case": boolean(),
}
_TARGET_COLUMN: Form = {
    "name": TEXT,
    "task": choice(("classification", "regression")),
    "reader": _READER,
    "classes": [TEXT],
    "label_type": choice(("text", "integer", "number", "boolean")),
    "labels": [TEXT],
    "reason": TEXT,
}
_COMPARED: dict[str, Form] = {"model": Entries(REAL), "baseline": Entries(REAL)}
_METRICS: Form = AnyOf({}, {**_COMPARED, "targets": Entries(_COMPARED)}, _COMPARED)
_ROWS: Form = AtLeast({"training": COUNT, "test": COUNT})
# Summaries of versions that had neither are complete without.
_OF_TRAININGS: dict[str, Form] = {"settings": Entries(ANYTHING), "earlier": [AtLeast({"rows": _ROWS})]}
_TABLE: dict[str, Form] = {
    "encoder": {
        "settings": AtLeast({"kinds": Entries(TEXT), "missing": [TEXT]}),
        "reader": {"names": [ANYTHING], "readers": [_READER], "ignored": Entries(TEXT), "notes": Entries(TEXT)},
        "encoders": [AtLeast({"kind": choice(COLUMN_ENCODERS), "column": ANYTHING})],
        "ignored": Entries(TEXT),
        "columns": [(TEXT, TEXT, TEXT, COUNT, COUNT, COUNT, TEXT)],
    },
    "target": Entries(ANYTHING),
    "scale": AtLeast({"kind": TEXT}),
    "threshold": Maybe(number(0, 1, "neither")),
    "summary": AtLeast({"rows": _ROWS, "metrics": _METRICS}),
}


def check_estimator(description: Mapping[str, Any]) -> None:
    """Reject a description that is not that of a fitted estimator."""
    # Files of earlier versions, and of trainings that no monitor watched, have no record; it checks itself.
    record = {"monitor": ANYTHING} if isinstance(description, Mapping) and "monitor" in description else {}
    check_form(description, {**_ESTIMATOR, **record}, "the estimator")
    check_target(description)
    fitted = description["fitted"]
    check_form(fitted, {name: form for name, form in _FITTED.items() if name in fitted}, "the fitted attributes")
    names, width = description["feature_names_in"], fitted["n_features_in_"]
    if names and len(names) != width:
        raise ShapeError(phrase("feature_names_in", f"must be a name for each of the {width} features", len(names)))


def check_classes(classes: np.ndarray) -> None:
    """Reject labels of a type that files cannot hold, with an error for the user who fitted on them."""
    others = [label for label in classes.tolist() if not _LABEL.accepts(label)]
    if others or not _is_dtype(classes.dtype.str):
        came = type(others[0]).__name__ if classes.dtype == object else classes.dtype.name
        repair = "Fit on y.astype(str), or pickle the estimator."
        raise InvalidSettingError(phrase("classes_", "must be strings, numbers or booleans to be saved", came, repair=repair))


def check_target(description: Mapping[str, Any]) -> None:
    """Reject an invalid description of the target, or classes that a file cannot hold."""
    check_form(description["target"], _TARGETS[description["estimator"]], "the fitted target")
    if description["estimator"] == MLPClassifier.__name__:
        _check_classes(**description["target"]["classes"], kind=description["target"]["kind"])


def check_arrays(arrays: Mapping[str, np.ndarray], network: Network, dtype: np.dtype) -> None:
    """Reject arrays that do not fit the network. Nothing of its size has been allocated yet."""
    program = network.program()
    weights: Form = {"parameters": ArrayOf((program.num_parameters,), dtype), "state": ArrayOf((program.num_state,), dtype)}
    check_form(arrays, weights, "the arrays")
    check_statistics(program, arrays["state"])


def check_widths(network: Network, num_features: int, num_outputs: int) -> None:
    """Reject a network whose number of features is not the estimator's, or whose number of outputs does not fit its loss."""
    came, expected = (network.input_widths, network.output_widths), ((num_features,), (num_outputs,))
    if came != expected:
        raise ShapeError(phrase("the network's widths", f"must be {expected[0]} → {expected[1]}", f"{came[0]} → {came[1]}"))


def check_table(table: Mapping[str, Any]) -> None:
    """Reject a description that is not that of a table's model."""
    # Files of earlier versions, and of trainings without validation rows, have no calibration; it checks itself.
    calibration = {"calibration": ANYTHING} if isinstance(table, Mapping) and "calibration" in table else {}
    check_form(table, {**_TABLE, **calibration}, "the table's model")
    _check_targets(table["target"], table["scale"])
    summary = table["summary"]
    check_form(summary, AtLeast({name: form for name, form in _OF_TRAININGS.items() if name in summary}), "the summary")
    metrics = summary["metrics"]
    if metrics:
        known = (*LABEL_METRICS, *PROBABILITY_METRICS, *NUMBER_METRICS)
        check_form(metrics["baseline"], {name: REAL for name in known if name in metrics["model"]}, "the baseline's metrics")
        check_form(metrics["model"], dict.fromkeys(metrics["baseline"], REAL), "the model's metrics")


def check_columns(states: Sequence[Mapping[str, Any]]) -> None:
    """Reject descriptions, with their arrays, that are not those of the encoders of columns."""
    for state in states:
        _check_kind(state, COLUMN_ENCODERS, f"column {state['column']!r}")


def check_encoder(
    encoder: TableEncoder, estimator: MLPClassifier | MLPRegressor, target: AnyTarget, threshold: float | None = None
) -> None:
    """Reject an encoder whose columns are not the table's, or an encoder, estimator and target that do not fit together."""
    used, known = [column.column for column in encoder.encoders_], list(encoder.feature_names_in_)
    if len(set(known)) < len(known) or len(set(used)) < len(used) or not set(used) <= set(known):
        raise InvalidSettingError(phrase("columns", f"must be distinct names from {known}", used))
    readers = encoder.reader_.readers
    unread = [column.column for column in encoder.encoders_ if column.column not in readers]
    if unread or any(readers[column.column].kind != column.reads for column in encoder.encoders_):
        raise InvalidSettingError(phrase("readers", "must be one for each column in use, of its kind", unread or used))
    num_features = len(encoder.get_feature_names_out())
    if num_features != estimator.n_features_in_:
        raise ShapeError(phrase("the columns", f"must give {estimator.n_features_in_} features", num_features))
    if encoder.cardinalities != estimator.cardinalities:
        rule = f"must be {estimator.cardinalities}, as the estimator's"
        raise ShapeError(phrase("the codes of the columns", rule, encoder.cardinalities))
    classes = list(getattr(estimator, "classes_", ()))
    if classes != list(range(len(target.classes))) or (target.task == "classification") != bool(classes):
        raise ShapeError(phrase("the target's classes", f"must be {len(classes)}, as the estimator's", list(target.classes)))
    if target.labels and len(target.labels) != len(classes):
        raise ShapeError(phrase("the target's labels", f"must be {len(classes)}", list(target.labels)))
    if threshold is not None and len(classes) != 2:
        raise InvalidSettingError(phrase("threshold", f"must be null with {len(classes)} classes", threshold))
    for each in target.targets:
        if each.reader.kind != ("category" if classes else "number"):
            raise InvalidSettingError(phrase("the target's reader", f"must suit a {target.task}", each.reader.kind))
    num_columns = fit_of(estimator).target.loss.prediction_width(estimator.n_outputs_)
    if isinstance(target, SeveralTargets) and not 2 <= len(target.targets) == num_columns:
        raise ShapeError(phrase("the targets", f"must be {num_columns}, as the network's predictions", list(target.names)))
    target.decode(np.arange(len(classes)))  # raises if numeric classes are not numbers


def _check_targets(target: Mapping[str, Any], scale: Mapping[str, Any]) -> None:
    """Reject targets that are not described whole, or have not one scale each."""
    scales = [scale]
    if "targets" in target:
        check_form(target, {"targets": [_TARGET_COLUMN]}, "the target")
        form: Form = {"kind": choice((SeveralScales.kind,)), "scales": (AtLeast({"kind": TEXT}),) * len(target["targets"])}
        check_form(scale, form, "the targets' scale")
        scales = scale["scales"]
    else:
        check_form(target, _TARGET_COLUMN, "the target")
    for each in scales:
        check_form(each, AtLeast({"kind": choice(SCALES)}), "the target's scale")
        _check_kind(each, SCALES, "the target's scale")


def _check_kind(state: Mapping[str, Any], known: Mapping[str, type], what: str) -> None:
    """Reject a description that does not hold the fields of its kind."""
    fields = {name: entry for name, entry in state.items() if name != "kind"}
    check_form(fields, form_of(known[state["kind"]]), what)


def _check_classes(dtype: str, values: Sequence[Any], kind: str) -> None:
    """Reject classes that their dtype cannot hold, that are not sorted, or whose number does not fit the kind of target."""
    # Every string takes the space of the longest, so a few bytes in a file may need a lot of memory.
    if np.dtype(dtype).itemsize * len(values) > _MOST_BYTES_OF_CLASSES:
        rule = f"must need at most {_MOST_BYTES_OF_CLASSES >> 20} MB for {len(values)} classes"
        raise InvalidSettingError(phrase("the dtype of classes", rule, dtype))
    classes = np.array(values, dtype=dtype)
    if classes.tolist() != list(values) or not np.array_equal(np.unique(classes), classes):
        raise InvalidSettingError(phrase("classes", f"must be distinct values of dtype {dtype}, in order", list(values)))
    low, high = {"binary": (1, 2), "multiclass": (3, len(values)), "multilabel": (1, len(values))}[kind]
    if not low <= len(values) <= high:
        raise InvalidSettingError(phrase("classes", f"must fit the kind {kind!r}", len(values)))


def _is_dtype(given: object) -> bool:
    return isinstance(given, str) and re.fullmatch(r"[<>|=]?([biuf][1248]|U\d{1,8}|O)", given) is not None
