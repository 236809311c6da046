"""What a loss means is said once, by the loss: trainers, classifiers, tables and scores decide alike."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lamina import MLPClassifier
from lamina.estimators.fitted import fit_of
from lamina.losses import LABEL_LOSSES, LOSSES, NUMBER_LOSSES, CustomLoss, Loss, get_loss
from lamina.losses.domain import NON_NEGATIVE, NUMBERS, POSITIVE
from lamina.model import OptimizationSettings, StoppingSettings, TableSettings, fit_table
from lamina.training.objectives import decide

RNG = np.random.default_rng(1)
X = RNG.normal(size=(120, 3))
Y = {
    "binary": np.array(["no", "yes"])[(X[:, 0] + 0.3 * X[:, 1] > 0.4).astype(int)],
    "multiclass": np.digitize(X[:, 0], [-0.5, 0.5]),
    "multilabel": (X > 0.2).astype(int),
}


def logistic(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return (np.logaddexp(0, logits) - targets * logits).sum(axis=1)


def multinomial(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(logits, axis=1) - (targets * logits).sum(axis=1)


CUSTOM = {
    "a function": CustomLoss(logistic),
    "a function with a sigmoid": CustomLoss(logistic, inverse_link="sigmoid"),
    "a function with a link of the user's": CustomLoss(logistic, inverse_link=np.tanh),
    "a function with a softmax": CustomLoss(multinomial, inverse_link="softmax"),
}
OF_LABELS = {**{name: get_loss(name) for name in LABEL_LOSSES}, **CUSTOM}
CASES = [(name, task) for name, loss in OF_LABELS.items() for task in Y if not (loss.one_of_several and task == "multilabel")]


def fitted(name: str, task: str) -> MLPClassifier:
    settings = {"hidden_layer_sizes": (4,), "max_iter": 6, "n_iter_no_change": 100, "learning_rate_init": 0.02, "random_state": 0}
    model = MLPClassifier(loss=OF_LABELS[name], early_stopping=True, **settings)
    return model.fit(X[:80], Y[task][:80], X_val=X[80:], y_val=Y[task][80:])


def test_the_lists_of_names_are_those_of_the_losses_that_say_so():
    assert set(LABEL_LOSSES) == {name for name in LOSSES if get_loss(name).label_codes is not None}
    assert set(NUMBER_LOSSES) == {name for name in LOSSES if get_loss(name).domain(2) in (NUMBERS, NON_NEGATIVE, POSITIVE)}


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_the_codes_of_labels_are_targets_and_the_threshold_lies_midway_between_them(name: str):
    loss = get_loss(name)
    domain = loss.domain(2)
    assert domain.holds is None or domain.holds(np.array(loss.label_codes)).all()
    if not loss.one_of_several:
        assert loss.threshold_of_predictions(3).tolist() == [np.mean(loss.label_codes)] * 3


@pytest.mark.parametrize("name", LOSSES)
def test_outputs_and_targets_are_counted_alike(name: str):
    loss = get_loss(name)
    if not loss.one_of_several:
        assert [loss.target_width(loss.width_for(k)) for k in (1, 3)] == [1, 3]
    if loss.link != "softmax":
        assert get_loss("quantile", levels=(0.1, 0.9)).width_for(3) == 6


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_validation_score_is_that_of_the_predictions(name: str, task: str):
    model = fitted(name, task)
    assert model.best_validation_score_ == model.score(X[80:], Y[task][80:])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("name", "task"), [case for case in CASES if case[1] != "multiclass" or OF_LABELS[case[0]].one_of_several]
)
def test_a_trainer_s_objective_decides_as_the_classifier_predicts(name: str, task: str):
    """But for several classes with a loss that knows yes and no alone: a trainer cannot know that they exclude each other."""
    model = fitted(name, task)
    loss: Loss = OF_LABELS[name]
    logits = fit_of(model).trainer.predict_logits(X)
    said = decide(loss, np.zeros(logits.shape), loss.predict(logits))[1]
    predicted = model.predict(X)
    labels = said if task == "multilabel" else model.classes_[said.ravel()]
    np.testing.assert_array_equal(labels, predicted)


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in LABEL_LOSSES])
def test_a_loss_of_numbers_alone_has_no_labels_to_score(name: str):
    with pytest.raises(Exception, match=f"the loss must be a classification loss for a score of labels, got '{name}'"):
        decide(get_loss(name), np.zeros((2, 1)), np.zeros((2, 1)))


@pytest.mark.parametrize("target", ["late", "grade"])
@pytest.mark.filterwarnings("ignore:target .* distinct whole numbers:lamina.data.DataWarning")
@pytest.mark.parametrize("loss", [None, *LABEL_LOSSES])
def test_a_table_s_recorded_accuracy_is_that_of_its_predictions(target: str, loss: str | None):
    size = RNG.uniform(0, 10, 200)
    table = pa.table({"size": size, "late": size > 6, "grade": size.astype(int) // 4})
    optimization = OptimizationSettings(loss=loss, averaging=0)  # an average's accuracy is not recorded
    settings = TableSettings(stopping=StoppingSettings(max_epochs=4), optimization=optimization)
    model = fit_table(table, target, validation=table, test=0, settings=settings).model
    record = model.estimator.history_[model.summary["best_epoch"] - 1]
    assert record["validation_accuracy"] == pytest.approx(model.evaluate(table)["model"]["accuracy"])
