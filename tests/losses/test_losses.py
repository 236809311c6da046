"""Every loss: its head, its link, round trips and refusals."""

import json

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import mean_tweedie_deviance

from lamina.engine.formulas.heads.table import HEADS
from lamina.engine.plan import Batches
from lamina.engine.program import Op, Parameter, Program
from lamina.engine.reference import ReferenceExecutor
from lamina.errors import InvalidSettingError, ShapeError
from lamina.losses import (
    LOSSES,
    CategoricalHinge,
    CustomLoss,
    Focal,
    Gamma,
    GaussianNLL,
    Hinge,
    Huber,
    Poisson,
    Quantile,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    Tweedie,
    get_loss,
)

UNUSUAL = {
    "huber": Huber(delta=2.5),
    "quantile": Quantile(levels=(0.1, 0.9)),
    "tweedie": Tweedie(power=1.9),
    "focal": Focal(gamma=0.5, alpha=0.25),
    "gaussian_nll": GaussianNLL(eps=1e-4, full=True),
    "softmax_cross_entropy": SoftmaxCrossEntropy(label_smoothing=0.1, probabilities=True),
    "sigmoid_cross_entropy": SigmoidCrossEntropy(label_smoothing=0.2),
}


def width_of(name):
    """A number of outputs that the loss takes."""
    return 4 if name == "gaussian_nll" else 3


def loss_and_gradient(loss, logits, targets):
    """Loss and its gradient with respect to the logits of one row, by the reference engine (the row is the bias)."""
    width = logits.size
    parameters = (Parameter("weight", "row", 0, (1, width)), Parameter("bias", "row", width, (width,)))
    program = Program((1, width), (0,), (1,), (Op("dense", "row", (0,), 1, (0, 1)),), parameters, (), (loss.head(1, width),))
    executor = ReferenceExecutor(program, "float64")
    executor.views()[0][width:] = logits
    value, gradient = executor.loss_and_gradient(Batches([np.zeros((1, 1))], [targets.reshape(1, -1)]))
    return value, gradient[width:]


def test_every_head_of_the_engine_is_some_losss():
    assert LOSSES.keys() == HEADS.keys() and CustomLoss.kind == "external"


@pytest.mark.parametrize("name", LOSSES)
def test_round_trip_through_json_keeps_every_setting(name):
    loss = UNUSUAL.get(name, LOSSES[name]())
    assert get_loss(json.loads(json.dumps(loss.to_dict()))) == loss


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_got_by_its_name(name):
    assert get_loss(name) == LOSSES[name]()
    assert get_loss(name).name == name


@pytest.mark.parametrize("name", LOSSES)
def test_the_head_names_the_buffer_and_runs_in_the_engine(name):
    loss = LOSSES[name]()
    logits = np.array([0.3, -0.2, 0.1, 0.0])[: width_of(name)]
    head = loss.head(1, len(logits))
    assert (head.kind, head.logits, head.weight) == (name, 1, 1.0)
    value, gradient = loss_and_gradient(loss, logits, np.ones(head.target_width))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (SquaredError(), [1.5, -2.0, 0.0]),
        (Poisson(), [2.0, 0.5, 1.0]),
        (SigmoidCrossEntropy(), [1.0, 0.0, 0.25]),
        (SoftmaxCrossEntropy(probabilities=True), [0.2, 0.5, 0.3]),
    ],
)
def test_the_gradient_of_a_canonical_link_is_prediction_minus_target(loss, target):
    logits, target = np.array([0.7, -1.2, 2.0]), np.array(target)
    _, gradient = loss_and_gradient(loss, logits, target)
    np.testing.assert_allclose(gradient, loss.predict(logits[None])[0] - target, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_predictions_keep_shape_and_dtype_and_are_finite_for_huge_logits(name, dtype):
    loss, logits = LOSSES[name](), np.array([[-1e4, 0.0, 80.0, 80.0], [1.0, 2.0, 3.0, 4.0]], dtype=dtype)[:, : width_of(name)]
    prediction = loss.predict(logits)
    assert prediction.shape == (2, loss.prediction_width(logits.shape[1]))
    assert prediction.dtype == dtype
    assert np.isfinite(prediction).all()


@pytest.mark.parametrize(("loss", "power"), [(Poisson(), 1), (Tweedie(1.2), 1.2), (Tweedie(1.9), 1.9), (Gamma(), 2)])
def test_deviances_are_half_of_scikit_learn_s(loss, power):
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=5), rng.gamma(2.0, size=5)
    value, _ = loss_and_gradient(loss, logits, target)
    assert value == pytest.approx(5 * mean_tweedie_deviance(target, np.exp(logits), power=power) / 2)
    assert loss_and_gradient(loss, np.log(target), target)[0] == pytest.approx(0, abs=1e-14)


def test_focal_loss_without_focus_is_cross_entropy():
    logits, target = np.array([0.3, -2.0, 5.0]), np.array([1.0, 0.0, 0.25])
    (loss, gradient), (plain, expected) = (
        loss_and_gradient(each, logits, target) for each in (Focal(gamma=0, alpha=0.5), SigmoidCrossEntropy())
    )
    assert loss == pytest.approx(plain / 2)
    np.testing.assert_allclose(gradient, expected / 2)


def test_focal_loss_counts_easy_rows_less():
    def share(gamma):
        easy, hard = (loss_and_gradient(Focal(gamma), np.array([z]), np.array([1.0]))[0] for z in (3.0, -1.0))
        return easy / hard

    assert share(2.0) < share(0.5) < share(0.0)


@pytest.mark.parametrize("name", LOSSES)
def test_a_number_has_one_prediction_or_one_for_each_setting(name):
    loss = LOSSES[name]()
    if not loss.one_of_several:
        assert loss.prediction_width(loss.width_for(3)) == loss.truth_of(np.zeros((1, 3))).shape[1] == 3


@pytest.mark.parametrize("full", [False, True])
def test_gaussian_loss_is_the_negative_log_density(full):
    mean, log_variance, target = np.array([0.3, -2.0]), np.array([-1.0, 0.7]), np.array([1.0, 0.5])
    value, _ = loss_and_gradient(GaussianNLL(eps=1e-15, full=full), np.concatenate([mean, log_variance]), target)
    constant = 0 if full else np.log(2 * np.pi)
    assert value == pytest.approx(-norm.logpdf(target, mean, np.exp(log_variance / 2)).sum() - constant)


def test_a_gaussian_of_fixed_spread_has_the_gradient_of_the_squared_error():
    mean, target = np.array([0.3, -2.0]), np.array([1.0, 0.5])
    _, gradient = loss_and_gradient(GaussianNLL(eps=1e-15), np.concatenate([mean, np.zeros(2)]), target)
    np.testing.assert_allclose(gradient[:2], loss_and_gradient(SquaredError(), mean, target)[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_spread_stays_above_its_floor_and_finite(dtype):
    loss = GaussianNLL(eps=1e-4)
    spread = loss.spread(np.array([[0.0, 0.0, -np.inf, 150.0], [0.0, 0.0, -20.0, np.log(4.0)]], dtype=dtype))
    assert spread.dtype == dtype
    np.testing.assert_allclose(spread, [[1e-2, np.exp(75.0)], [1e-2, 2.0]], rtol=1e-4)


def test_only_a_gaussian_loss_predicts_a_spread():
    assert [name for name in LOSSES if LOSSES[name].predicts_spread] == ["gaussian_nll"]
    with pytest.raises(NotImplementedError, match="huber predicts no spread"):
        Huber().spread(np.zeros((1, 2)))


def test_a_gaussian_loss_needs_two_outputs_for_each_target():
    assert GaussianNLL().target_width(6) == 3
    with pytest.raises(ShapeError, match="even number of outputs, a mean and a variance for each target, got 3"):
        GaussianNLL().head(1, 3)


@pytest.mark.parametrize(("logits", "target"), [([3.0, 1.9, -5.0], 0), ([0.0, 5.0, 3.5], 1)])
def test_a_class_that_leads_by_one_costs_nothing(logits, target):
    value, gradient = loss_and_gradient(CategoricalHinge(), np.array(logits), np.array([target]))
    assert value == 0 and not gradient.any()


def test_one_output_is_too_few_for_a_hinge_of_several_classes():
    with pytest.raises(ShapeError, match="must have at least 2 outputs, got 1"):
        CategoricalHinge().head(1, 1)


def test_probabilities_sum_to_one():
    logits = np.random.default_rng(0).normal(size=(50, 4)) * 100
    np.testing.assert_allclose(SoftmaxCrossEntropy().predict(logits).sum(axis=1), 1.0)


def test_one_output_is_too_few_for_softmax():
    with pytest.raises(ShapeError, match="must have at least 2 outputs, got 1"):
        SoftmaxCrossEntropy().head(1, 1)


def test_class_indices_need_one_column_and_distributions_one_for_each_class():
    assert SoftmaxCrossEntropy().target_width(5) == 1
    assert SoftmaxCrossEntropy(probabilities=True).target_width(5) == 5


def test_quantile_outputs_are_a_multiple_of_the_levels():
    assert Quantile(levels=(0.1, 0.5, 0.9)).target_width(6) == 2
    with pytest.raises(ShapeError, match="multiple of 3 outputs"):
        Quantile(levels=(0.1, 0.5, 0.9)).head(1, 4)


def test_one_level_may_be_given_as_a_number():
    assert Quantile(0.8) == Quantile(levels=(0.8,))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Huber(delta=0), "delta must be a number > 0"),
        (lambda: SoftmaxCrossEntropy(label_smoothing=1.0), r"label_smoothing must be a number in \[0, 1\)"),
        (lambda: SigmoidCrossEntropy(label_smoothing=-0.1), "label_smoothing must be"),
        (lambda: Quantile(levels=(0.0,)), "levels must be"),
        (lambda: Quantile(levels=()), "levels must be"),
        (lambda: Quantile(levels=(0.5, 0.5)), "different numbers"),
        (lambda: Tweedie(power=1.0), r"power must be a number in \(1, 2\), got 1.0"),
        (lambda: Tweedie(power=2), r"power must be a number in \(1, 2\)"),
        (lambda: GaussianNLL(eps=0), "eps must be a number > 0, got 0"),
        (lambda: GaussianNLL(full=1), "full must be True or False"),
        (lambda: Focal(gamma=-1), "gamma must be a number >= 0"),
        (lambda: Focal(alpha=1.0), r"alpha must be None, or a number in \(0, 1\), got 1.0"),
        (lambda: CustomLoss("mse"), "function must be a function of logits, targets"),
        (lambda: get_loss("hubert"), "Did you mean 'huber'"),
        (lambda: get_loss("huber", delte=1.0), "Did you mean 'delta'"),
        (lambda: get_loss(3), "must be a name, a dict, a Loss or a function"),
        (lambda: get_loss(Hinge), "must be a name, a dict, a Loss or a function"),
        (lambda: get_loss(Hinge(), delta=1.0), "must be a name, a dict, a Loss or a function"),
    ],
)
def test_what_is_no_loss_is_refused(make, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        make()
