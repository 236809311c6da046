"""Layers and activations in Python: they train as built-in ones do, are checked before they train, and refused in files."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lamina.analysis import check_gradients
from lamina.errors import InvalidSettingError, NonFiniteError, ShapeError
from lamina.initializers import Constant
from lamina.layers import Activation, CustomActivation, CustomLayer, Dense, Input, Multiply, PReLU, Scale
from lamina.model import save_model
from lamina.network import Ensemble, Graph, Sequential
from lamina.optimizers import AdamW, PerturbAll
from lamina.training import Trainer

RNG = np.random.default_rng(0)
ONES = Constant(1.0)
X, Y = RNG.normal(size=(40, 4)), RNG.normal(size=(40, 2))


def scaled(x, factor):
    return x * factor


def scaled_backward(d_out, x, factor):
    return d_out * factor, (d_out * x).sum(axis=0)


def dense(x, weight, bias):
    return x @ weight + bias


def dense_backward(d_out, x, weight, bias):
    return d_out @ weight.T, x.T @ d_out, d_out.sum(axis=0)


def product(a, b):
    return a * b


def product_backward(d_out, a, b):
    return d_out * b, d_out * a


def tanh_slope(x):
    return 1 - np.tanh(x) ** 2


OWN_SCALE = CustomLayer(scaled, scaled_backward, parameters={"scale": (None,)}, initializers={"scale": ONES}, name="factor")
OWN_DENSE = CustomLayer(dense, dense_backward, width=3, parameters={"weight": (None, 3), "bias": (3,)}, name="sums")


def pair(kind):
    """Two networks that compute the same, the second in Python."""
    x = Input(4)
    h = Dense(4, l2=0.1)(x)
    ours, own = {
        "activation": (Activation("tanh")(h), CustomActivation(np.tanh, tanh_slope)(h)),
        "scale": (Scale(name="factor")(h), OWN_SCALE(h)),
        "dense": (Dense(3, weight_init="glorot_uniform", decay=False, name="sums")(h), OWN_DENSE(h)),
        "product": (Multiply()(h, x), CustomLayer(product, product_backward, num_inputs=2)(h, x)),
        "shared": (_twice(Scale(name="factor"), h, x), _twice(OWN_SCALE, h, x)),
    }[kind]
    return Graph(x, Dense(2)(ours)), Graph(x, Dense(2)(own))


def _twice(layer, a, b):
    return Multiply()(layer(a), layer(b))


def trained(network, optimizer=None, dtype="float64", **settings):
    trainer = Trainer(network, "squared_error", optimizer or AdamW(0.01), batch_size=8, dtype=dtype, seed=3, **settings)
    trainer.fit(X, Y, sample_weight=np.linspace(0.5, 2, 40), validation_data=(X, Y), max_epochs=3)
    return trainer


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["activation", "scale", "dense", "product", "shared"])
def test_a_layer_in_python_trains_as_the_built_in_one(kind, dtype):
    built_in, own = (trained(network, dtype=dtype) for network in pair(kind))
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    assert own.weights.keys() == built_in.weights.keys()
    for name, array in own.weights.items():
        np.testing.assert_allclose(array, built_in.weights[name], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(own.history[:, "validation_loss"], built_in.history[:, "validation_loss"], rtol=tolerance)
    np.testing.assert_allclose(own.predict(X), built_in.predict(X), rtol=tolerance, atol=tolerance)


def test_weights_may_be_perturbed_frozen_and_learned_at_their_own_rate():
    perturbed = [trained(network, PerturbAll(0.1)) for network in pair("scale")]
    np.testing.assert_allclose(perturbed[0].predict(X), perturbed[1].predict(X), rtol=1e-10)
    frozen = trained(pair("scale")[1].freeze("factor"))
    assert frozen.weights["factor.scale"].tolist() == [1.0] * 4
    fast = CustomLayer(
        scaled, scaled_backward, parameters={"scale": (4,)}, initializers={"scale": ONES}, learning_rate_factor=3.0
    )
    ours = trained(Sequential([Scale(learning_rate_factor=3.0), Dense(2)], 4))
    np.testing.assert_allclose(ours.predict(X), trained(Sequential([fast, Dense(2)], 4)).predict(X), rtol=1e-10)


@pytest.mark.parametrize("sharing", ["full", "mini"])
def test_members_of_an_ensemble_share_it(sharing):
    networks = [
        Ensemble(Sequential([Dense(5), layer, Dense(2)], 4), members=3, sharing=sharing)
        for layer in (Activation("tanh"), CustomActivation(np.tanh, tanh_slope))
    ]
    built_in, own = map(trained, networks)
    np.testing.assert_allclose(own.predict(X), built_in.predict(X), rtol=1e-10)


def test_the_gradients_of_the_whole_network_are_right():
    for kind in ("activation", "dense", "product", "shared"):
        assert check_gradients(pair(kind)[1], X, Y, loss="squared_error").passed


def test_copies_and_checkpoints_go_on_as_if_never_stopped(tmp_path):
    whole, half = trained(pair("dense")[1]), trained(pair("dense")[1])
    half.save_checkpoint(tmp_path / "run")
    settings = {"batch_size": 8, "dtype": "float64", "seed": 3}
    resumed = Trainer(pair("dense")[1], "squared_error", AdamW(0.01), **settings).load_checkpoint(tmp_path / "run")
    copied = pickle.loads(pickle.dumps(half))
    for trainer in (whole, resumed, copied):
        trainer.fit(X, Y, max_epochs=2)
    assert resumed.weights == copied.weights == whole.weights
    other = Trainer(pair("activation")[1], "squared_error", AdamW(0.01), **settings)
    with pytest.raises(InvalidSettingError, match="network"):
        other.load_checkpoint(tmp_path / "run")


def test_a_checkpoint_of_other_code_is_refused(tmp_path):
    def network(slope):
        return Sequential([Dense(3), CustomActivation(np.tanh, slope), Dense(2)], input_width=4)

    trained(network(tanh_slope)).save_checkpoint(tmp_path / "run")
    changed = Trainer(network(lambda x: 1 / np.cosh(x) ** 2), "squared_error", AdamW(0.01), batch_size=8, dtype="float64", seed=3)
    with pytest.raises(InvalidSettingError, match=r"network\.nodes\[1\]\.layer"):
        changed.load_checkpoint(tmp_path / "run")


@pytest.mark.parametrize("layer", [OWN_SCALE, CustomActivation(np.tanh, tanh_slope, name="bent")], ids=["layer", "activation"])
def test_files_refuse_it_by_its_name(layer, tmp_path):
    trainer = trained(Sequential([layer, Dense(2)], 4))
    for write in (lambda: save_model(tmp_path / "m", trainer), trainer.network.to_dict, trainer.settings.to_dict):
        with pytest.raises(
            InvalidSettingError, match=f"cannot be written to a file, as functions are no data, got '{layer.name}'"
        ):
            write()
    assert not (tmp_path / "m").exists()


def test_the_native_engine_refuses_it_by_its_name():
    with pytest.raises(InvalidSettingError, match="factor: engine must be 'auto', 'reference' or 'torch' with a layer"):
        trained(Sequential([OWN_SCALE, Dense(2)], 4), engine="native")


WRONG = {
    "the input": (scaled, lambda d_out, x, factor: (d_out, (d_out * x).sum(axis=0))),
    "'scale'": (scaled, lambda d_out, x, factor: (d_out * factor, (d_out * x).mean(axis=0))),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_gradient_is_found_before_anything_is_learned(what, dtype):
    layer = CustomLayer(*WRONG[what], parameters={"scale": (4,)}, initializers={"scale": "normal"}, name="wrong")
    trainer = Trainer(Sequential([layer, Dense(2)], 4), "squared_error", dtype=dtype)
    before = trainer.weights.copy()
    with pytest.raises(InvalidSettingError, match=f"wrong: the gradient of {what} that backward returns must be the slope"):
        trainer.fit(X, Y)
    assert trainer.weights == before
    with pytest.raises(InvalidSettingError, match="must be the slope"):
        trainer.loss_and_gradients(X, Y)


def test_a_layer_that_mixes_rows_is_refused():
    centered = CustomLayer(lambda x: x - x.mean(axis=0), lambda d_out, x: d_out - d_out.mean(axis=0), name="centered")
    with pytest.raises(InvalidSettingError, match="centered: forward must treat each row by itself"):
        Trainer(Sequential([centered, Dense(2)], 4), "squared_error").fit(X, Y)


@pytest.mark.parametrize("seed", range(20))
def test_a_right_gradient_with_kinks_or_in_float32_passes(seed):
    bent = CustomActivation(lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype))
    coarse = CustomActivation(lambda x: np.tanh(x.astype("float32")), lambda x: tanh_slope(x.astype("float32")))
    Trainer(Sequential([Dense(30), bent, Dense(30), coarse, Dense(2)]), "squared_error", seed=seed).fit(X, Y, max_epochs=1)


@pytest.mark.parametrize(
    ("forward", "backward", "error", "rule"),
    [
        (lambda x: x[:, :2], lambda d_out, x: d_out, ShapeError, r"what forward returns must have shape \(8, 4\), got \(8, 2\)"),
        (lambda x: "text", lambda d_out, x: d_out, InvalidSettingError, "what forward returns must be an array of numbers"),
        (lambda x: x, lambda d_out, x: (d_out, x), ShapeError, "what backward returns must be 1 gradients"),
        (lambda x: x, lambda d_out, x: d_out[:1], ShapeError, r"gradient 0 of backward must have shape \(8, 4\), got \(1, 4\)"),
        (lambda x: x, lambda d_out, x: None, InvalidSettingError, "gradient 0 of backward must be an array of numbers"),
    ],
)
def test_what_the_functions_return_is_checked(forward, backward, error, rule):
    network = Sequential([CustomLayer(forward, backward, name="own"), Dense(2)], input_width=4)
    with pytest.raises(error, match=f"own: {rule}"):
        Trainer(network, "squared_error").fit(X, Y)


def test_arrays_are_read_only_and_errors_of_the_function_come_unchanged():
    def writes(x):
        x[0] = 0
        return x

    with pytest.raises(ValueError, match="read-only"):
        Trainer(Sequential([CustomLayer(writes, product), Dense(2)], 4), "squared_error").fit(X, Y)


def for_tensors(text):
    def function(*arrays):
        raise TypeError(text)

    return function


@pytest.mark.parametrize(
    "text",
    [
        "exp(): argument 'input' (position 1) must be Tensor, not numpy.ndarray",
        "sum() received an invalid combination - got (numpy.ndarray, dim=int), but expected one of: (Tensor input)",
        "expected Tensor as element 0 in argument 0, but got numpy.ndarray",
    ],
)
def test_functions_of_torch_on_another_engine_are_told_where_they_run(text):
    right = {"forward": lambda x: x, "backward": lambda d_out, x: d_out}
    for name in right:
        own = CustomLayer(**right | {name: for_tensors(text)}, name="own")
        with pytest.raises(InvalidSettingError) as raised:
            Trainer(Sequential([own, Dense(2)], 4), "squared_error").fit(X, Y)
        said = str(raised.value)
        assert said.startswith(f"own: {name} must take arrays of NumPy here, got a function for those of torch ({text}).")
        assert "engine='torch'" in said
    with pytest.raises(TypeError, match=r"^something else$"):
        own = CustomLayer(for_tensors("something else"), right["backward"])
        Trainer(Sequential([own, Dense(2)], 4), "squared_error").fit(X, Y)


@pytest.mark.parametrize(
    "reduce", [lambda x: x - x.mean(dim=1), lambda x: x / x.sum(1, keepdim=True), lambda x: x - x.max(dim=1)]
)
def test_reductions_along_a_named_dim_are_those_of_torch(reduce):
    own = CustomLayer(reduce, lambda d_out, x: d_out)
    with pytest.raises(InvalidSettingError, match="must take arrays of NumPy here"):
        Trainer(Sequential([own, Dense(2)], 4), "squared_error").fit(X, Y)


def test_numbers_that_are_not_finite_end_the_training_at_that_layer():
    infinite = CustomActivation(lambda x: np.where(x > 1, np.inf, x), np.ones_like, name="infinite")
    trainer = Trainer(Sequential([infinite, Dense(2)], 4), "squared_error")
    with pytest.raises(NonFiniteError, match="'infinite'"):
        trainer.fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"forward": 3}, "forward must be a function"),
        ({"width": 0}, "width must be"),
        ({"parameters": {"scale": 3}}, "parameters must be a dict"),
        ({"parameters": {"scale": ()}}, "parameters must be a dict"),
        ({"parameters": {"a.b": (3,)}}, "a parameter's name must be"),
        ({"initializers": {"scale": ONES}}, "a parameter that has an initializer"),
        ({"learning_rate_factor": {"scale": 2.0}}, "a parameter that has a learning_rate_factor"),
    ],
)
def test_wrong_settings_are_refused(settings, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        CustomLayer(**{"forward": scaled, "backward": scaled_backward} | settings)


def test_a_function_as_the_activation_of_a_layer_is_told_where_it_belongs():
    with pytest.raises(InvalidSettingError, match="CustomActivation"):
        Dense(3, activation=np.tanh)


def test_a_summary_says_what_runs_in_python():
    assert "CustomLayer(scaled), in Python" in Sequential([OWN_SCALE, PReLU()], 4).summary()
