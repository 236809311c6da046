"""Steps on a device: nothing in them waits for it, and what they leave is what the reference engine leaves."""

import weakref
from functools import lru_cache, partial

import numpy as np
import pytest
import torch
from tests.engine.conftest import Builder, ProgramBuilder, batches_for, classifier
from tests.engine.update_rules import update_rules
from torch.utils._python_dispatch import TorchDispatchMode

from lamina.engine import Batches, Clipping, Head, StepValues, TrainingPlan, UpdateRule
from lamina.engine.formulas import array
from lamina.engine.formulas.bfloat16 import bfloat16
from lamina.engine.formulas.heads.table import HEADS
from lamina.engine.plan import Failure
from lamina.engine.reference import ReferenceExecutor
from lamina.engine.reference.ops import OPS
from lamina.engine.reference.setting import Setting
from lamina.engine.reference.step import Step
from lamina.engine.torch import TorchExecutor, drawn_masks, steps
from lamina.engine.torch.capture import replayed
from lamina.engine.torch.device_rows import DeviceRows
from lamina.engine.torch.masks import keep_mask
from lamina.engine.torch.numbers import Columns
from lamina.engine.torch.steps import DeviceSteps
from lamina.engine.torch.training import DeviceTraining

RULES = update_rules(eps=1e-8)
CLIPPED = Clipping(value=(-1.0, 1.0), layer_norm=1.0, norm=1.0)
SETTINGS = {
    "huber": (0.5,),
    "tweedie": (1.3,),
    "focal": (2.0, 0.25, 0.75),
    "gaussian_nll": (1e-6, 0.5),
    "quantile": (0.1, 0.9),
    "softmax_cross_entropy": (0.1,),
    "sigmoid_cross_entropy": (0.1,),
}
ONE_TARGET = ("gaussian_nll", "quantile", "categorical_hinge", "softmax_cross_entropy")
ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-8), 2), seed=3)


def every_loss():
    """Most ops, penalties and bounds, and a head of each kind."""
    build = Builder()
    numbers, codes = build.input(4), build.mask_codes(build.input(2), 0.3)
    vectors = build.embedding(codes, 7, 3, l2=0.1)
    x = build.batch_norm(build.dense(numbers, 6, l1=0.1, l2=0.2, decay=True, max_norm=1.0, learning_rate_factor=2.0))
    x = build.scale(build.parametric_activation(build.layer_norm(build.dropout(build.prelu(x), 0.2)), "mish"))
    x = build.combine("concat", x, vectors)
    x = build.combine("add", x, build.activation(x, "gelu"))
    for kind in ("multiply", "average", "subtract"):
        x = build.combine(kind, x, build.activation(x, "tanh"))
    for kind in HEADS:
        width = 1 if kind in ONE_TARGET else 2
        build.head(kind, build.dense(x, 2), *SETTINGS.get(kind, ()), target_width=width)
    return build.program()


def every_other_op():
    """Members of an ensemble, and how they begin and end; encodings of numbers."""
    builder = ProgramBuilder(6)
    parts = [builder.periodic(0, 2), builder.cosine(0, 2), builder.piecewise_linear(0)]
    x = builder.repeat(builder.combine("concat", *parts), 2)
    x = builder.activation(builder.dense(builder.scale(x, members=2), 4, copies=2), "relu", copies=2)
    return builder.program(Head("squared_error", builder.grouped_dense(x, 2, 2), 2), members=2)


# What waits on CUDA for the device: the number or shape of the result depends on what the device holds.
WAITS = ("nonzero", "masked_select", "_local_scalar_dense", "unique", "repeat_interleave.Tensor", "is_nonzero", "aten.equal")


class NothingBetweenHostAndDevice(TorchDispatchMode):
    """Refuses operations on arrays that are not on the device, and those that wait; plain numbers travel with an operation."""

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        arrays = [x for x in torch.utils._pytree.tree_leaves((arguments, keywords)) if isinstance(x, torch.Tensor)]
        elsewhere = [x for x in arrays if x.device.type != "meta"]
        assert not elsewhere, function
        assert not any(name in str(function) for name in WAITS), function
        places = arguments[1] if str(function).startswith(("aten.index.", "aten.index_put")) else []
        assert not any(x is not None and x.dtype == torch.bool for x in places), f"{function} looks for what is True"
        return function(*arguments, **(keywords or {}))


@pytest.mark.parametrize("make", [every_loss, every_other_op])
@pytest.mark.parametrize(("rule", "clipping"), [*((rule, CLIPPED) for rule in RULES), ("adam", Clipping())], ids=str)
def test_a_step_needs_no_number_from_the_device_and_no_array_from_the_host(make, rule, clipping):
    """On a device without numbers, where whatever waits for one fails."""
    program, nowhere = make(), torch.device("meta")
    scalar = partial(torch.tensor, dtype=torch.float64, device=nowhere)
    learner = Step(program, np.dtype("float32"), Setting(torch, nowhere, scalar, partial(keep_mask, torch, nowhere)))
    learner.configure(TrainingPlan(RULES[rule], clipping, penalty_per_row=True, record_norms=True))
    for has_all in (True, False):
        columns = Columns(len(program.heads), has_all, len(program.mask_rates) if has_all else 0)
        steps = DeviceSteps(torch, learner, 8, columns, has_all)
        steps.rehearse()  # what never changes is on the device from now on
        with NothingBetweenHostAndDevice():
            steps.rehearse()


def test_every_op_and_loss_is_among_these():
    made = {op.kind for make in (every_loss, every_other_op) for op in make().ops}
    assert made == OPS.keys() - {"python"}
    assert {head.kind for head in every_loss().heads} == HEADS.keys()


def prepared(make, program, plan=ADAM, dtype="float64"):
    executor = make(program, dtype)
    executor.configure(plan)
    rng = np.random.default_rng(0)
    executor.restore(rng.normal(scale=0.2, size=program.num_parameters), np.full(program.num_state, 0.7))
    return executor


def assert_equal(one, other, tolerance=1e-10):
    for ours, theirs in zip(one.snapshot(), other.snapshot(), strict=True):
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=tolerance, atol=tolerance)


def test_more_steps_than_fit_on_the_device_at_once_are_those_of_the_reference():
    program = classifier(3, (4,))
    data, order = batches_for(program, 60, "float64", weighted=True), np.resize(np.arange(60), 2601)
    values = StepValues(np.full(1301, 0.01), np.linspace(0.0, 0.1, 1301))
    results = []
    for make in (TorchExecutor, ReferenceExecutor):
        executor = prepared(make, program)
        results.append((executor.train(data, order, 2, 5, values), executor))
    (ours, one), (theirs, other) = results
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-10)
    assert_equal(one, other)


@pytest.mark.parametrize("at", [0, 7, 30, 31])
@pytest.mark.parametrize("where", ["activation", "updated weights"])
def test_a_step_that_is_not_finite_is_found_and_those_before_it_count(at, where):
    program = classifier(3, (4,), function="tanh")
    data, values = batches_for(program, 64, "float64"), StepValues(np.full(32, 0.01))
    if where == "activation":
        data.inputs[0][2 * at] = np.nan
    else:
        values.learning_rates[at] = np.inf
    results = []
    for make in (TorchExecutor, ReferenceExecutor):
        executor = prepared(make, program, TrainingPlan(UpdateRule("momentum", (0.9,), 1)))
        results.append((executor.train(data, np.arange(64), 2, 100, values), executor))
    (ours, one), (theirs, other) = results
    assert ours.failure == theirs.failure
    assert isinstance(ours.failure, Failure)
    assert (ours.failure.step, ours.failure.quantity, len(ours.losses)) == (100 + at, where, at)
    if where == "activation":  # after an update that is not finite, the weights are of no use
        assert_equal(one, other)


def test_a_loss_that_the_reference_leaves_out_does_not_end_a_call():
    """Rows without weight have no loss, whatever theirs is: the device only sees that something is infinite."""
    program = ProgramBuilder(1)
    program = program.program(Head("squared_error", program.dense(0, 1), 1))
    x, y = np.ones((8, 1)), np.ones((8, 1))
    y[2:4] = 1e300
    weight = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    results = []
    for make in (TorchExecutor, ReferenceExecutor):
        executor = prepared(make, program, TrainingPlan(UpdateRule("gradient_descent", (), 0)))
        data = Batches([x], [y], weight)
        results.append((executor.train(data, np.arange(8), 2, 0, StepValues(np.full(4, 0.1))), executor))
    (ours, one), (theirs, other) = results
    assert ours.failure == theirs.failure
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-12)
    assert_equal(one, other)


@pytest.mark.parametrize(("rule", "dtype"), [("adam", "float32"), *((rule, "float64") for rule in RULES)])
def test_a_device_without_float64_gets_exact_numbers_with_each_operation(rule, dtype):
    """As on Apple's MPS, played by the CPU: plain numbers in place of scalars."""
    builder = ProgramBuilder(3)
    x = builder.dropout(builder.activation(builder.dense(0, 8), "relu"), 0.3)
    program = builder.program(Head("softmax_cross_entropy", builder.dense(x, 2), 1, (0.0,)))
    data, order = batches_for(program, 30, dtype, weighted=True), np.resize(np.arange(30), 200)
    values = StepValues(np.full(25, 0.01), np.full(25, 0.1), np.full((25, 1), 0.4))
    setting = Setting(torch, torch.device("cpu"), float, partial(keep_mask, torch, torch.device("cpu")))
    plan = TrainingPlan(RULES[rule], seed=3)
    plain = prepared(lambda *how: ReferenceExecutor(*how, setting=setting), program, plan, dtype)
    usual = prepared(TorchExecutor, program, plan, dtype)
    rows = DeviceRows.of(torch, data, plain.learner.number, plain.learner.wide)
    found = DeviceTraining(torch, plain).train(rows, order, 8, 0, values)
    expected = usual.train(data, order, 8, 0, values)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(found.losses, expected.losses, rtol=tolerance)
    assert_equal(plain, usual, tolerance)


class NoFloat64(TorchDispatchMode):
    """Refuses operations that make numbers of float64."""

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        found = function(*arguments, **(keywords or {}))
        assert found.dtype != torch.float64, function
        return found


def test_a_device_without_float64_rounds_to_bfloat16():
    x = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    with NoFloat64():
        found = bfloat16(torch.from_numpy(x))
    np.testing.assert_array_equal(found.numpy(), bfloat16(x))


def test_masks_are_drawn_for_as_many_steps_as_fit(monkeypatch):
    monkeypatch.setattr(drawn_masks, "_MOST_NUMBERS", 5 * (8 + 3) * 4)  # five steps of four rows
    builder = ProgramBuilder(3)
    x = builder.dropout(builder.activation(builder.dense(builder.dropout(0, 0.1), 8), "relu"), 0.3)
    program = builder.program(Head("squared_error", builder.dense(x, 2), 2))
    data, rates = batches_for(program, 30, "float64"), np.random.default_rng(1).uniform(0.0, 0.9, (52, 2))
    for values in (StepValues(np.full(52, 0.01)), StepValues(np.full(52, 0.01), None, rates)):
        results = []
        for make in (TorchExecutor, ReferenceExecutor):
            executor = prepared(make, program)
            results.append((executor.train(data, np.resize(np.arange(30), 207), 4, 7, values), executor))
        (ours, one), (theirs, other) = results
        np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-10)
        assert_equal(one, other)


def test_a_rehearsal_leaves_no_trace():
    program = classifier(3, (4,))
    executor = prepared(lambda program, dtype: ReferenceExecutor(program, dtype, torch), program)
    learner = executor.learner
    steps = DeviceSteps(torch, learner, 4, Columns(1, False, 0), False)
    before = [vector.clone() for vector in executor.snapshot()]
    steps.rehearse()
    for vector, expected in zip(executor.snapshot(), before, strict=True):
        np.testing.assert_array_equal(vector, expected)


def test_where_there_are_no_graphs_steps_are_taken_as_they_are():
    done = []
    work = partial(done.append, "work")
    assert replayed(torch, torch.device("cpu"), work, partial(done.append, "rehearsal")) is work
    assert done == []


def test_the_constants_that_a_recording_reads_outlive_the_cache(monkeypatch):
    made = []

    def kept(*given):
        made.append(weakref.ref(found := array._made(*given)))
        return found

    def recorded(torch, device, work, rehearse):
        rehearse()
        return work

    monkeypatch.setattr(array, "_kept", cache := lru_cache(kept))
    monkeypatch.setattr(steps, "replayed", recorded)
    program = every_other_op()
    executor = prepared(TorchExecutor, program)
    executor.train(batches_for(program, 20, "float64"), np.resize(np.arange(20), 80), 8, 0, StepValues(np.full(10, 0.01)))
    cache.cache_clear()
    assert made
    assert all(each() is not None for each in made)


def test_a_recording_is_rehearsed_aside_and_then_replayed():
    """The order of calls, on a stand-in for CUDA."""
    calls = []

    class Stream:
        def __init__(self, name):
            self.name = name

        def wait_stream(self, other):
            calls.append(f"{self.name} waits for {other.name}")

    class Within:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            calls.append(f"begin {self.name}")

        def __exit__(self, *error):
            calls.append(f"end {self.name}")

    class Graph:
        def replay(self):
            calls.append("replay")

    class Cuda:
        CUDAGraph = Graph
        current_stream = staticmethod(lambda device: Stream("usual"))
        Stream = staticmethod(lambda device: Stream("aside"))
        stream = staticmethod(lambda stream: Within(stream.name))
        graph = staticmethod(lambda graph, capture_error_mode: Within("recording"))

    class Torch:
        cuda = Cuda

    go = replayed(Torch, torch.device("cuda"), partial(calls.append, "work"), partial(calls.append, "rehearsal"))
    go()
    expected = ["aside waits for usual", "begin aside", *["rehearsal"] * 3, "end aside", "usual waits for aside"]
    assert calls == [*expected, "begin recording", "work", "end recording", "replay"]
