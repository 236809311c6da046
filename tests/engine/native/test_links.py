"""A prediction through a link: what the loss makes of the logits, done by the engine."""

import numpy as np
import pytest

from lamina.losses import get_loss

LOSSES = ["softmax_cross_entropy", "sigmoid_cross_entropy", "poisson"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_link_in_the_engine_is_the_prediction_of_its_loss(box, name, dtype):
    loss = get_loss(name)
    program = box.classifier()
    data = box.batches_for(program, 70, dtype)
    for executor in box.pair(program, dtype):
        executor.views()[0][:] *= 30.0  # logits far out, where a careless link overflows
        logits, linked = executor.predict(data.inputs)[0], executor.predict(data.inputs, [loss.link])[0]
        np.testing.assert_allclose(linked, loss.predict(logits), **box.tolerance(dtype, 20.0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_prediction_of_members_is_their_mean_after_the_link(box, name, dtype):
    loss, builder = get_loss(name), box.ProgramBuilder(3)
    logits = builder.dense(0, 12)
    program = builder.program(loss.head(logits, 3), members=4)
    data = box.batches_for(program, 3000, dtype)  # more than one piece
    for executor in box.pair(program, dtype):
        of_members = executor.predict(data.inputs)[0].reshape(3000, 4, 3)
        expected = np.mean([loss.predict(of_members[:, i]) for i in range(4)], axis=0)
        np.testing.assert_allclose(executor.predict(data.inputs, [loss.link])[0], expected, **box.tolerance(dtype))


def test_a_link_that_is_no_activation_is_refused(box):
    native, _ = box.pair(box.classifier(), "float32")
    with pytest.raises(ValueError, match="does not know probit"):
        native.predict(box.batches_for(native.program, 3, "float32").inputs, ["probit"])
