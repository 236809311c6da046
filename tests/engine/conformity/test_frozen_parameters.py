"""Parameters that are not trainable stand still, with their slots; nothing acts on them, and nothing is computed for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from tests.engine.update_rules import update_rules

from lamina.engine.executor import Watch
from lamina.engine.perturbation import PerturbationRule
from lamina.engine.plan import Batches, Clipping, TrainingPlan, UpdateRule
from lamina.engine.program import Program
from lamina.engine.reference import ReferenceExecutor
from lamina.engine.reference.ops import OPS

RNG = np.random.default_rng(8)
RULES = update_rules(eps=1e-8)
MOMENTUM = TrainingPlan(UpdateRule("momentum", (0.9,), 1))
X, Y = RNG.normal(size=(20, 16)), RNG.normal(size=(20, 2))
DATA = Batches([X], [Y])
EVERY = np.arange(20)


def deep(build, *, last=2):
    """16 → dense 16 → batch norm → relu → dense 16 → prelu → layer norm → blend → scale → dense; penalties, squared error."""
    penalties = {"l1": 0.01, "l2": 0.1, "decay": True, "max_norm": 2.0}
    hidden = build.activation(build.batch_norm(build.dense(build.input(16), 16, **penalties)), "relu")
    hidden = build.layer_norm(build.prelu(build.dense(hidden, 16, **penalties)))
    hidden = build.scale(build.parametric_activation(hidden, "tanh"))
    build.head("squared_error", build.dense(hidden, last, **penalties))
    return build.program()


def with_frozen(program: Program, *layers: str) -> Program:
    """The program with the parameters and the state of these layers not trainable."""
    parts = (program.parameters, program.state)
    parameters, state = (tuple(part._replace(trainable=part.layer not in layers) for part in own) for own in parts)
    return replace(program, parameters=parameters, state=state)


def places(program: Program, *, trainable: bool) -> np.ndarray:
    own = [np.arange(p.offset, p.offset + p.size) for p in program.parameters if p.trainable is trainable]
    return np.concatenate(own) if own else np.empty(0, dtype=int)


@pytest.fixture
def program(build):
    return deep(build)


LAYERS = [
    ("dense_0",),
    ("batch_norm_1",),
    ("dense_3",),
    ("prelu_4",),
    ("layer_norm_5",),
    ("parametric_activation_6",),
    ("scale_7",),
    ("dense_8",),
    ("dense_0", "batch_norm_1"),
    ("dense_0", "batch_norm_1", "dense_3", "prelu_4", "layer_norm_5"),
    ("dense_3", "prelu_4", "layer_norm_5", "dense_8"),
]


@pytest.mark.parametrize("batch_size", [1, 20])
@pytest.mark.parametrize("frozen", LAYERS)
def test_frozen_parameters_and_their_slots_stand_still(program, make, frozen, batch_size, rates):
    executor = make(with_frozen(program, *frozen), MOMENTUM)
    executor.restore(slots=RNG.normal(size=(1, program.num_parameters)))
    before = executor.snapshot()
    executor.train(DATA, EVERY, batch_size, 0, rates(20 // batch_size, lr=0.01, weight_decays=np.full(20 // batch_size, 0.1)))
    after, still = executor.snapshot(), places(executor.program, trainable=False)
    np.testing.assert_array_equal(after.parameters[still], before.parameters[still])
    np.testing.assert_array_equal(after.slots[:, still], before.slots[:, still])
    moved = places(executor.program, trainable=True)
    assert (after.slots[:, moved] != before.slots[:, moved]).mean() > 0.9


@pytest.mark.parametrize("frozen", LAYERS)
def test_the_gradient_of_what_is_trained_is_the_same_and_that_of_the_rest_is_0(program, make, frozen):
    # batch norm works in another way once it is frozen: it is frozen on both sides
    base = with_frozen(program, "batch_norm_1")
    whole = make(base)
    part = make(with_frozen(base, *frozen, "batch_norm_1"))
    _, full = whole.loss_and_gradient(DATA)
    _, gradient = part.loss_and_gradient(DATA)
    moved, still = places(part.program, trainable=True), places(part.program, trainable=False)
    np.testing.assert_allclose(gradient[moved], full[moved], rtol=1e-10, atol=1e-12)
    assert not gradient[still].any()


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("frozen", LAYERS)
@pytest.mark.parametrize("last", [2, 16])
def test_engines_take_the_same_steps(build, make, frozen, last, kind, rates):
    program = with_frozen(deep(build, last=last), *frozen)
    executor, reference = make(program, MOMENTUM), ReferenceExecutor(program, "float64")
    reference.configure(MOMENTUM)
    reference.restore(*executor.snapshot())
    data = Batches([kind(np.where(X > 0, X, 0.0))], [RNG.normal(size=(20, last))])
    order, values = np.tile(EVERY, 3), rates(15, lr=0.01, weight_decays=np.full(15, 0.1))
    ours, theirs = (each.train(data, order, 4, 0, values) for each in (executor, reference))
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9)
    for a, b in zip(executor.snapshot(), reference.snapshot(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("batch_size", [1, 20])
def test_every_rule_leaves_them(program, make, rule, batch_size, rates):
    executor = make(with_frozen(program, "dense_3"), TrainingPlan(rule))
    before = executor.snapshot().parameters
    executor.train(DATA, EVERY, batch_size, 0, rates(20 // batch_size, lr=1e-3))
    still = places(executor.program, trainable=False)
    np.testing.assert_array_equal(executor.snapshot().parameters[still], before[still])


def test_no_penalty_of_theirs_enters_the_loss(program, make):
    layers = ("dense_0", "dense_3", "dense_8", "batch_norm_1")
    free = replace(program, parameters=tuple(p._replace(l1=0.0, l2=0.0) for p in program.parameters))
    loss, without = (make(with_frozen(each, *layers)).loss_and_gradient(DATA)[0] for each in (program, free))
    assert loss == without


def test_a_norm_that_is_bounded_is_that_of_what_is_trained(build, make, rates):
    build.head("squared_error", build.dense(build.dense(build.input(16), 16), 2))
    plan = TrainingPlan(UpdateRule("gradient_descent", (), 0), Clipping(norm=0.01), record_norms=True)
    executor = make(with_frozen(build.program(), "dense_0"), plan)
    gradient = executor.gradient(DATA, EVERY, 0)
    still = np.isin(np.arange(executor.program.num_parameters), places(executor.program, trainable=False))
    before = executor.snapshot().parameters
    update = executor.update(gradient._replace(vector=gradient.vector + 100.0 * still), 0, 1.0)
    assert update.gradient_norm == pytest.approx(np.linalg.norm(gradient.vector))
    assert np.linalg.norm(executor.snapshot().parameters - before) == pytest.approx(0.01)


@pytest.mark.parametrize("clipping", [Clipping(value=(-0.01, 0.01)), Clipping(layer_norm=0.01), Clipping(norm=0.01)])
def test_bounds_leave_the_engines_equal(program, make, clipping, rates):
    plan = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-3), 2), clipping, record_norms=True)
    frozen = with_frozen(program, "dense_3", "batch_norm_1")
    executor, reference = make(frozen, plan), ReferenceExecutor(frozen, "float64")
    reference.configure(plan)
    reference.restore(*executor.snapshot())
    ours, theirs = (each.train(DATA, np.tile(EVERY, 3), 20, 0, rates(3)) for each in (executor, reference))
    np.testing.assert_allclose(ours.gradient_norms, theirs.gradient_norms, rtol=1e-9)
    assert ours.num_clipped == theirs.num_clipped == 3
    np.testing.assert_allclose(executor.snapshot().parameters, reference.snapshot().parameters, rtol=1e-8, atol=1e-10)


def test_a_frozen_normalization_uses_its_running_statistics_and_keeps_them(build, make, rates):
    build.head("squared_error", build.dense(build.batch_norm(build.input(16), eps=1e-5), 2, bias=False))
    program = with_frozen(build.program(), "batch_norm_0")
    executor = make(program)
    mean, variance = RNG.normal(size=16), RNG.uniform(0.5, 2.0, size=16)
    executor.restore(state=np.append(mean, variance))
    gamma, beta, weight = (executor.snapshot().parameters[p.slice].reshape(p.shape) for p in program.parameters)
    out = ((X - mean) / np.sqrt(variance + 1e-5) * gamma + beta) @ weight
    loss = executor.train(DATA, EVERY, 20, 0, rates(1)).losses[0]
    assert loss == pytest.approx(0.5 * np.mean(np.sum((out - Y) ** 2, axis=1)), rel=1e-10)
    np.testing.assert_array_equal(executor.snapshot().state, np.append(mean, variance))


def test_a_gradient_passes_through_a_frozen_normalization(build, make):
    program = with_frozen(deep(build), "batch_norm_1")
    executor = make(program)
    parameters = executor.snapshot().parameters
    _, gradient = executor.loss_and_gradient(DATA)
    direction = RNG.normal(size=len(parameters))
    direction[places(program, trainable=False)] = 0.0
    losses = []
    for step in (1e-6, -1e-6):
        executor.restore(parameters=parameters + step * direction)
        losses.append(executor.loss_and_gradient(DATA)[0])
    assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(gradient @ direction, rel=1e-6)


@pytest.mark.parametrize("kind", ["one", "all"])
def test_perturbations_leave_them_and_agree(program, make, kind, rates):
    frozen = with_frozen(program, "dense_0", "batch_norm_1", "prelu_4")
    executor, reference = make(frozen), ReferenceExecutor(frozen, "float64")
    reference.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0)))
    reference.restore(*executor.snapshot()[:2])
    rule, rate = (PerturbationRule("one", 30), 0.3) if kind == "one" else (PerturbationRule("all", 2, 0.01), 1e-4)
    before = executor.snapshot().parameters
    ours, theirs = (each.perturb(DATA, np.tile(EVERY, 3), 20, 0, rates(3, lr=rate), rule) for each in (executor, reference))
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9)
    after, still = executor.snapshot().parameters, places(frozen, trainable=False)
    np.testing.assert_array_equal(after[still], before[still])
    np.testing.assert_allclose(after, reference.snapshot().parameters, rtol=1e-8, atol=1e-10)
    assert not np.array_equal(after, before)


def test_a_probe_has_no_gradient_of_their_weights(program, make):
    executor = make(with_frozen(program, "dense_0"))
    _, found = executor.probe(DATA)
    assert np.isnan(found.weight_gradient_norm).tolist()[0]
    assert np.isfinite(found.weight_norm[0])
    assert np.isnan(executor.weight_change(executor.snapshot().parameters)[0])


def test_steps_that_are_watched_are_the_same(program, make, rates):
    frozen = with_frozen(program, "dense_0", "batch_norm_1")
    alone, watched = make(frozen, MOMENTUM), make(frozen, MOMENTUM)
    steps = np.arange(4)
    watch = Watch(DATA, probes=steps[:2], updates=steps[::2], own=steps[1:])
    alone.train(DATA, EVERY, 5, 0, rates(4))
    watched.train(DATA, EVERY, 5, 0, rates(4), [watch])
    np.testing.assert_array_equal(alone.snapshot().parameters, watched.snapshot().parameters)
    assert np.isnan(watch.changes[:, 0]).all()
    assert np.isfinite(watch.changes[:, -1]).all()
    assert np.isnan(watch.seen.found.gradient_rms[:, 0]).all()  # no weights that are trained lie before


def test_another_program_goes_on_with_the_same_numbers(program, make, rates):
    executor = make(with_frozen(program, "dense_0"), MOMENTUM)
    parameters, _ = executor.views()
    executor.train(DATA, EVERY, 5, 0, rates(4))
    before = executor.snapshot()
    executor.reprogram(program)
    for ours, theirs in zip(executor.snapshot(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    executor.train(DATA, EVERY, 5, 4, rates(4))
    first = program.parameters[0].slice
    assert not np.array_equal(executor.snapshot().parameters[first], before.parameters[first])
    np.testing.assert_array_equal(parameters, executor.snapshot().parameters)


@pytest.mark.parametrize("frozen", [("dense_0", "batch_norm_1"), ("dense_8",)])
def test_nothing_is_computed_for_them(program, monkeypatch, frozen, rates):
    """The reference engine's backward passes: which ops, and which of their products."""
    executor = ReferenceExecutor(with_frozen(program, *frozen), "float64")
    passed, forward = [], dict(OPS)

    def counted(kind):
        def backward(call, d_out):
            found = forward[kind].backward(call, d_out)
            passed.append((call.op.layer, *(part is not None for part in (*found[0], *found[1]))))
            return found

        return backward

    for kind, row in forward.items():
        monkeypatch.setitem(OPS, kind, row._replace(backward=counted(kind)))
    executor.train(DATA, EVERY, 20, 0, rates(1))
    layers = {layer: parts for layer, *parts in passed}
    if frozen == ("dense_8",):
        assert layers["dense_8"] == [True, False, True]
        assert layers["dense_0"] == [False, True, True]
    else:
        assert layers["dense_3"] == [False, True, True]
        assert "relu_2" not in layers
