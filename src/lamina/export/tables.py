"""A model of a table as arithmetic: its columns, its network, and what its predictions mean."""

from __future__ import annotations

from lamina.data import Target
from lamina.engine.formulas.activation import FORMULAS
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier
from lamina.estimators.fitted import fit_of
from lamina.export import ends
from lamina.export.arrays import Array, astype, float64, int64
from lamina.export.columns import features_of, inputs_of
from lamina.export.computation import Computation, Port, belongs
from lamina.export.estimators import Said, chosen_by, less, probabilities_of, said_by, scores_of
from lamina.model import TableModel

__all__ = ["computation_of_table"]


def computation_of_table(model: TableModel) -> Computation:
    """Labels and probabilities, or numbers, of the columns of a table.

    Raises
    ------
    InvalidSettingError
        If a column holds free text.
    """
    layers: dict[Array, str] = {}
    inputs = inputs_of(model.encoder)
    said = said_by(model.estimator, features_of(model.encoder, inputs, layers), layers)
    found = _labels(model, said) if model.target.task == "classification" else _numbers(model, said)
    outputs = tuple(output._replace(name=_free(output.name, inputs)) for output in found)
    belongs(layers, [output.array for output in outputs], "prediction")
    about = {
        "target": list(model.target.names),
        "classes": list(_class_names(model)) if model.target.task == "classification" else None,
        "features": model.encoder.get_feature_names_out().tolist(),
        "columns": {column.column: column.reads for column in model.encoder.encoders_},
        "temperature": model.temperature,
        "threshold": model.threshold,
    }
    return Computation(f"{model.target.task} of {model.target.name}", tuple(inputs), outputs, layers, about)


def _labels(model: TableModel, said: Said) -> tuple[Port, ...]:
    estimator = model.estimator
    assert isinstance(estimator, MLPClassifier)
    labels = model.target.class_labels[estimator.classes_]
    holds = "the predicted class"
    if not model.has_probabilities:
        label = ends.labels_of(labels, chosen_by(estimator, said.logits))
        scores = scores_of(estimator, said.logits)
        return Port("label", label, holds), Port("scores", scores, "how far each row is from the decision, in logits")
    probabilities = _probabilities(model, estimator, said)
    if model.threshold is None:
        places = chosen_by(estimator, said.logits)
    else:
        places = astype(probabilities[:, 1] > model.threshold, int64)
        holds += f": the second where its probability is above {model.threshold:g}"
    label = ends.labels_of(labels, places)
    of_classes = "the probability of each class: " + ", ".join(_class_names(model))
    return Port("label", label, holds), Port("probabilities", probabilities, of_classes)


def _probabilities(model: TableModel, estimator: MLPClassifier, said: Said) -> Array:
    if model.temperature == 1:
        return probabilities_of(estimator, said.predicted)
    loss = fit_of(estimator).target.loss
    if loss.link is None:
        rule = "must have a name to be exported"
        raise InvalidSettingError(phrase("the inverse link of the loss", rule, "a function", owner="TableModel"))
    return probabilities_of(estimator, FORMULAS[loss.link].value(less(said.logits, loss.threshold) / model.temperature))


def _numbers(model: TableModel, said: Said) -> tuple[Port, ...]:
    predicted = said.predicted
    flat = predicted[:, 0] if predicted.shape[1] == 1 else predicted
    numbers: Array = model.scale.inverse(astype(flat, float64))  # type: ignore[arg-type, assignment]  # of any array library
    columns = model.target.name + (f", at the levels {', '.join(map(str, model.levels))}" if model.levels else "")
    return (Port("prediction", numbers, f"the predicted {columns}"),)


def _class_names(model: TableModel) -> tuple[str, ...]:
    return model.target.class_texts if isinstance(model.target, Target) else ()


def _free(name: str, inputs: list[Port]) -> str:
    """The name of an output, where a column may be called so, too."""
    while any(name == given.name for given in inputs):
        name = f"{name}_"
    return name
