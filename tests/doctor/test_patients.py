"""Every kind of patient takes the changes of a cure, and its user's object stays as it is."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from lamina import (
    Activation,
    Add,
    BatchNorm,
    Dense,
    Dropout,
    EarlyStopping,
    Graph,
    Input,
    LayerNorm,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    TabularClassifier,
    TabularRegressor,
    Trainer,
)
from lamina.doctor.cures import CHANGES
from lamina.doctor.network_changes import changed_network
from lamina.doctor.patients import admit
from lamina.doctor.patients.regimen import Regimen
from lamina.errors import InvalidSettingError, ShapeError
from lamina.optimizers import Adam, AdamW
from lamina.schedules import Constant
from lamina.training import Callback

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
LABELS = (X[:, 0] > 0).astype(int)
NUMBERS = X @ [1.0, 2.0, 3.0, 4.0] + 1000.0


def chain() -> Sequential:
    return Sequential([Dense(5, activation="sigmoid"), Dense(6), BatchNorm(), Activation("sigmoid"), Dropout(0.2), Dense(1)])


def residual() -> Graph:
    given = Input(4)
    first = Dense(6, activation="sigmoid")(given)
    block = Activation("sigmoid")(Dense(6)(first))
    return Graph(given, Activation("sigmoid")(Dense(1)(Add()([first, block]))))


SMALL: dict[str, Any] = {"hidden_layer_sizes": (5, 6), "max_iter": 3, "random_state": 0}
MODELS: dict[str, Any] = {
    "classifier": lambda: MLPClassifier(**SMALL),
    "regressor": lambda: MLPRegressor(**SMALL),
    "regressor of numbers with a scaler": lambda: TransformedTargetRegressor(MLPRegressor(**SMALL), transformer=StandardScaler()),
    "classifier with a random state": lambda: MLPClassifier((5, 6), max_iter=3, random_state=np.random.RandomState(0)),
    "regressor with an optimizer": lambda: MLPRegressor(**SMALL, optimizer=Adam(0.01)),
    "regressor with a network": lambda: MLPRegressor(network=chain(), max_iter=3, random_state=0),
    "pipeline": lambda: make_pipeline(MinMaxScaler(), MLPClassifier(**SMALL)),
    "pipeline that scales": lambda: make_pipeline(StandardScaler(), MLPClassifier(**SMALL)),
    "table of labels": lambda: TabularClassifier(hidden=(5, 6), max_epochs=3, random_state=0),
    "table of numbers": lambda: TabularRegressor(hidden=(5, 6), max_epochs=3, random_state=0),
    "trainer of a chain": lambda: Trainer(chain(), "sigmoid_cross_entropy", callbacks=EarlyStopping("loss", patience=2)),
    "trainer of a graph": lambda: Trainer(residual(), "squared_error"),
    "regimen": lambda: Regimen(Trainer(chain(), "sigmoid_cross_entropy"), scale_inputs=True),
}
VALUES: dict[str, Any] = {
    "learning_rate": 0.02,
    "optimizer": "momentum",
    "schedule": "cosine",
    "batch_size": 16,
    "epochs": 2,
    "activation": "tanh",
    "output_activation": None,
    "weight_init": "he",
    "widths": (7, 7),
    "batch_norm": True,
    "dropout": 0.1,
    "l2": 0.001,
    "clip_norm": 1.0,
    "class_weight": "balanced",
    "scale_inputs": True,
    "scale_targets": True,
    "early_stopping": True,
    "patience": 5,
    "shuffle": False,
    "shuffle_split": True,
}


COSINE: dict[str, Any] = {"dropout_schedule": "cosine", "weight_decay_schedule": "cosine"}


def patient_for(name: str) -> Any:
    model = MODELS[name]()
    is_trainer = isinstance(model, Trainer | Regimen)
    return admit(model, owner="test", fit={"max_epochs": 3} if is_trainer else None)


def targets_for(patient: Any) -> np.ndarray:
    return LABELS if patient.learns_labels else NUMBERS


def contents(value: Any) -> Any:
    """Everything that a model holds, in a form that can be compared."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.random.RandomState):
        return [part.tolist() if isinstance(part, np.ndarray) else part for part in value.get_state()]
    if isinstance(value, Pipeline):
        return [(name, contents(step)) for name, step in value.steps]
    if isinstance(value, dict):
        return {name: contents(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [contents(part) for part in value]
    if isinstance(value, Trainer):
        return contents([value.settings.to_dict(), [vars(callback) for callback in value.callbacks], value.epoch])
    if isinstance(value, Regimen):
        return contents(vars(value))
    if hasattr(value, "get_params"):
        return type(value).__name__, contents(value.get_params(deep=False)), sorted(vars(value))
    return str(vars(value)) if hasattr(value, "__dict__") and not callable(value) else value


def test_the_words_of_the_tests_are_those_of_the_cures():
    # the loss has values of its own for each task
    assert {*VALUES, "loss"} == set(CHANGES)


@pytest.mark.parametrize("word", VALUES)
@pytest.mark.parametrize("name", MODELS)
def test_every_word_changes_a_model_that_trains_or_is_refused(name, word):
    patient = patient_for(name)
    if word not in patient.words:
        with pytest.raises(InvalidSettingError, match=f"must be of something that it has, got '{word}'"):
            patient.changed({word: VALUES[word]})
        return
    changed = patient.changed({word: VALUES[word]}).seeded(3)
    model, failure = changed.train(X, targets_for(patient), Callback())
    assert failure == ""
    assert np.isfinite(changed.score(model, X, targets_for(patient)))


@pytest.mark.parametrize("name", MODELS)
def test_the_users_objects_stay_as_they_are(name):
    model = MODELS[name]()
    before, rows = contents(model), X.copy()
    patient = admit(model, owner="test", fit={"max_epochs": 3} if isinstance(model, Trainer | Regimen) else None)
    targets = targets_for(patient)
    given = targets.copy()
    for word in sorted(patient.words & VALUES.keys()):
        patient.changed({word: VALUES[word]}).train(X, targets, Callback())
    patient.seeded(5).on_rows(np.arange(60)).train(X, targets, Callback())
    assert contents(model) == before
    assert np.array_equal(X, rows)
    assert np.array_equal(targets, given)


@pytest.mark.parametrize("name", MODELS)
def test_a_change_leaves_the_patient_that_it_is_made_of(name):
    patient = patient_for(name)
    before = contents(patient.model())
    for word in sorted(patient.words & VALUES.keys()):
        patient.changed({word: VALUES[word]})
    assert contents(patient.model()) == before


def test_the_parameters_of_an_estimator():
    changes = {word: VALUES[word] for word in ("learning_rate", "optimizer", "batch_size", "epochs", "l2", "dropout", "patience")}
    given = MLPClassifier(solver="sgd", l1_ratio=0.5, max_norm=1.0, input_dropout=0.6)
    model = admit(given, owner="test").changed(changes).model()
    assert (model.learning_rate_init, model.solver, model.batch_size, model.max_iter) == (0.02, "momentum", 16, 2)
    assert (model.alpha, model.l1_ratio, model.max_norm) == (0.001, 0.0, None)
    assert (model.dropout, model.input_dropout, model.n_iter_no_change) == (0.1, 0.1, 5)


def test_a_rule_that_is_an_object_takes_the_rate():
    patient = admit(MLPRegressor(optimizer=Adam(0.01, beta1=0.8)), owner="test")
    assert patient.changed({"learning_rate": 0.5}).model().optimizer == Adam(0.5, beta1=0.8)
    other = patient.changed({"optimizer": "momentum"}).model()
    assert (other.optimizer, other.solver, other.learning_rate_init) == (None, "momentum", 0.01)


def test_another_rule_of_a_trainer_keeps_the_rate():
    patient = admit(Trainer(chain(), "squared_error", Adam(0.3)), owner="test")
    assert patient.changed({"optimizer": "momentum"}).model().optimizer.learning_rate == 0.3
    assert patient.changed({"optimizer": "momentum", "learning_rate": 0.1}).model().optimizer.learning_rate == 0.1


@pytest.mark.parametrize(
    "given",
    [
        MLPRegressor(solver="adamw", weight_decay=0.1, dropout=0.2, random_state=0, **COSINE),
        MLPRegressor(optimizer=AdamW(), network=chain(), random_state=0, **COSINE),
        TabularRegressor(random_state=0, **COSINE),
        Trainer(chain(), "squared_error", "adamw", seed=0, **COSINE),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_schedules_go_with_what_they_change(given):
    patient = admit(given, owner="test")
    for changes in ({"dropout": 0.0}, {"l2": 0.001}, {"optimizer": "momentum"}):
        model = patient.changed(changes).model()
        model.fit(X, NUMBERS - 1000.0, **({"max_epochs": 1} if isinstance(model, Trainer) else {}))
    steady = Constant() if isinstance(given, Trainer) else "constant"
    assert patient.changed({"dropout": 0.0}).model().dropout_schedule == steady
    assert patient.changed({"l2": 0.001}).model().weight_decay_schedule == steady
    assert patient.changed({"dropout": 0.1}).model().dropout_schedule != steady


def test_a_scaler_goes_before_the_estimator_once():
    patient = patient_for("pipeline").changed({"scale_inputs": True})
    kinds = [type(step).__name__ for _, step in patient.changed({"scale_inputs": True}).model().steps]
    assert kinds == ["MinMaxScaler", "StandardScaler", "MLPClassifier"]


def test_rows_named_by_a_split_are_named_by_their_new_numbers():
    patient = admit(MLPClassifier(validation_split=[1, 3, 5]), owner="test").on_rows(np.array([0, 1, 2, 5]))
    assert patient.model().validation_split.tolist() == [1, 3]


def test_a_split_that_names_rows_can_be_drawn_at_random_instead():
    patient = admit(MLPClassifier(validation_split=[1, 3, 5]), owner="test")
    assert patient.changed({"shuffle_split": True}).model().validation_split is None


def test_scaled_numbers_of_a_trainer_come_back_in_their_units():
    trainer = Trainer(Sequential([Dense(8, activation="tanh"), Dense(1)]), "squared_error", Adam(0.02), seed=0)
    patient = admit(trainer, owner="test", fit={"max_epochs": 100}).changed({"scale_inputs": True, "scale_targets": True})
    model, _ = patient.train(100 * X, NUMBERS, Callback())
    assert isinstance(model, Regimen)
    assert patient.score(model, 100 * X, NUMBERS) > 0.9
    assert abs(model.predict(100 * X).mean() - NUMBERS.mean()) < 1.0


def test_a_regimen_balances_classes():
    y = (X[:, 0] > 1.3).astype(int)
    trainer = Trainer(Sequential([Dense(1)]), "sigmoid_cross_entropy", Adam(0.05), seed=0)
    plain, balanced = Regimen(copy.deepcopy(trainer)), Regimen(trainer, class_weight="balanced")
    shares = [float((model.fit(X, y, max_epochs=30).predict(X) > 0.5).mean()) for model in (plain, balanced)]
    assert shares[1] > shares[0]


def test_a_regimen_scales_each_of_several_inputs():
    left, right = Input(2, name="left"), Input(2, name="right")
    network = Graph([left, right], Dense(1)(Add()([Dense(3)(left), Dense(3)(right)])))
    model = Regimen(Trainer(network, "squared_error", seed=0), scale_inputs=True)
    parts = {"right": 1000 * X[:, 2:], "left": X[:, :2]}
    model.fit(parts, NUMBERS, max_epochs=2)
    assert [float(part.std()) for part in model.transform(parts).values()] == pytest.approx([1.0, 1.0])
    assert np.array_equal(model.predict(parts), model.predict([parts["left"], parts["right"]]))


def test_early_stopping_of_a_trainer_holds_out_rows():
    changed = admit(Trainer(chain(), "sigmoid_cross_entropy", seed=0), owner="test").changed(
        {"early_stopping": True, "patience": 2}
    )
    model = changed.model()
    assert model.validation_fraction == 0.1
    history = model.fit(X, LABELS, max_epochs=5).trainer.history
    assert np.isfinite(history[:, "validation_loss"]).all()
    kept = changed.changed({"early_stopping": False})
    assert not kept.stops_on_validation


_TANH = "Activation(tanh)"


def layers_of(network: Any) -> list[str]:
    return [node.layer.describe() for node in network.nodes]


def test_activations_within_dense_layers_and_beside_them_change_but_not_that_of_the_output():
    assert layers_of(changed_network(residual(), {"activation": "relu"})) == [
        "Dense(6, relu)",
        "Dense(6)",
        "Activation(relu)",
        "Add",
        "Dense(1)",
        "Activation(sigmoid)",
    ]


def test_the_activation_of_the_output_goes():
    assert layers_of(changed_network(residual(), {"output_activation": None}))[-2:] == ["Add", "Dense(1)"]


def test_a_linear_network_gets_activations():
    network = Sequential([Dense(3), Dense(2), Dense(1)])
    assert layers_of(changed_network(network, {"activation": "relu"})) == ["Dense(3, relu)", "Dense(2, relu)", "Dense(1)"]


def test_dropout_goes_after_the_activation():
    network = Sequential([Dense(3), LayerNorm(), Activation("relu"), Dense(2, activation="relu"), Dense(1)])
    assert [type(node.layer).__name__ for node in changed_network(network, {"dropout": 0.5}).nodes] == [
        "Dense",
        "LayerNorm",
        "Activation",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]


def test_dropout_of_the_inputs_is_at_most_that_of_the_rest():
    network = Sequential([Dropout(0.6), Dense(3, activation="relu"), Dropout(0.9), Dense(1)])
    rates = [node.layer.rate for node in changed_network(network, {"dropout": 0.2}).nodes if isinstance(node.layer, Dropout)]
    assert rates == [0.2, 0.2]
    assert layers_of(changed_network(network, {"dropout": 0.0})) == ["Dense(3, relu)", "Dense(1)"]


def test_batch_norm_goes_between_sum_and_activation_in_place_of_others():
    network = Sequential([Dense(3), LayerNorm(), Activation("relu"), Dense(1)])
    kinds = [type(node.layer).__name__ for node in changed_network(network, {"batch_norm": True}).nodes]
    assert kinds == ["Dense", "BatchNorm", "Activation", "Dense"]


def test_penalties_give_way_to_the_one_that_is_set():
    network = changed_network(Sequential([Dense(3, l1=0.5, max_norm=1.0), Dense(1, regularizer="l1")]), {"l2": 0.01})
    assert [(node.layer.l1, node.layer.l2, node.layer.max_norm) for node in network.nodes] == [(0.0, 0.01, None)] * 2


@pytest.mark.parametrize(
    ("network", "widths", "expected"),
    [
        (Sequential([Dense(3, activation="relu"), Dense(1)]), (9,), ["Dense(9, relu)", "Dense(1)"]),
        (Sequential([Dense(1)]), (4, 5), ["Dense(4, relu)", "Dense(5, relu)", "Dense(1)"]),
        (Sequential([Dense(2), Activation("tanh"), Dense(1)]), (4, 5), ["Dense(4)", _TANH, "Dense(5)", _TANH, "Dense(1)"]),
        (Sequential([Dense(2, activation="tanh"), Dense(3), Dense(1)]), (4,), ["Dense(4, tanh)", "Dense(1)"]),
    ],
)  # fmt: skip
def test_widths_of_a_chain(network, widths, expected):
    assert layers_of(changed_network(network, {"widths": widths})) == expected


def test_widths_of_a_graph_keep_what_is_added_to_each_other_equal():
    assert layers_of(changed_network(residual(), {"widths": (9, 9)}))[:2] == ["Dense(9, sigmoid)", "Dense(9)"]
    with pytest.raises(ShapeError, match="the inputs must have the same width"):
        changed_network(residual(), {"widths": (9, 8)})
    with pytest.raises(InvalidSettingError, match="must be one for each of the 2 hidden layers"):
        changed_network(residual(), {"widths": (9,)})


def test_what_is_no_patient_is_refused():
    with pytest.raises(InvalidSettingError, match="the model must be an MLPClassifier or MLPRegressor"):
        admit(StandardScaler(), owner="diagnose")
    with pytest.raises(InvalidSettingError, match="must only be given with a Trainer"):
        admit(MLPClassifier(), owner="diagnose", fit={"max_epochs": 3})
