"""Whatever was trained, as a computation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sklearn.utils.validation import check_is_fitted

from lamina.errors import InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor, Perceptron
from lamina.export.computation import Computation
from lamina.export.estimators import computation_of_estimator, computation_of_perceptron
from lamina.export.networks import computation_of_network
from lamina.export.tables import computation_of_table
from lamina.model import NetworkModel, TableModel
from lamina.model.fitted_table import FittedTable
from lamina.network import Network
from lamina.training import Trainer

if TYPE_CHECKING:
    from lamina.model import TabularClassifier, TabularRegressor

__all__ = ["Exportable", "computation_of"]

Exportable: TypeAlias = (
    "TableModel | TabularClassifier | TabularRegressor | MLPClassifier | MLPRegressor | Perceptron | Trainer | NetworkModel"
)


def computation_of(model: Any, *, owner: str) -> Computation:
    """The predictions of a model as arithmetic.

    Raises
    ------
    InvalidSettingError
        If it is no model, or holds what cannot be exported.
    """
    if isinstance(model, FittedTable):
        check_is_fitted(model)
        model = model.model_
    if isinstance(model, Trainer):
        model = NetworkModel.of(model)
    if isinstance(model, TableModel):
        return computation_of_table(model)
    if isinstance(model, NetworkModel):
        return computation_of_network(model)
    if isinstance(model, MLPClassifier | MLPRegressor | Perceptron):
        check_is_fitted(model)
        return computation_of_perceptron(model) if isinstance(model, Perceptron) else computation_of_estimator(model)
    rule = "must be a TableModel, a fitted estimator of tables or of features, a Trainer or a NetworkModel"
    repair = "A network holds no weights: pass the trainer that trained it." if isinstance(model, Network) else ""
    raise InvalidSettingError(phrase("model", rule, type(model).__name__, repair=repair, owner=owner))
