"""Schedules give torch's learning rates."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from lamina import schedules

STEPS = 30


def torch_rates(make, base=0.5):
    """The rates of 30 steps of a torch scheduler that is stepped after every one."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], base)
    scheduler = make(optimizer)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


PAIRS = {
    "constant": (schedules.Constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": (schedules.Step(epochs=7, factor=0.3), lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
    "exponential": (schedules.Exponential(factor=0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "cosine": (schedules.Cosine(steps=STEPS), lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
    "warm_up": (schedules.WarmUp(10), lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=9)),
    "one_cycle": (schedules.OneCycle(steps=STEPS + 1), lambda o: lr_scheduler.OneCycleLR(o, 0.5, total_steps=STEPS + 1)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_rates_agree_with_torch(name):
    ours, theirs = PAIRS[name]
    np.testing.assert_allclose(ours.rates(0.5, 0, STEPS), torch_rates(theirs), rtol=1e-9, atol=1e-12)


def test_reduce_on_plateau_lowers_the_rate_when_torch_does():
    values = np.random.default_rng(0).normal(size=40).cumsum()
    ours = schedules.ReduceOnPlateau(reduction=0.5, patience=2, tol=0.1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.5)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0.1, threshold_mode="abs", eps=0.0)
    for value in values:
        ours.on_epoch_end(value, base=0.5)
        theirs.step(value)
        assert ours.rates(0.5, 0, 1)[0] == pytest.approx(optimizer.param_groups[0]["lr"])
