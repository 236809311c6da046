"""Schedules give torch's learning rates."""

import inspect

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


def script(rng, negative):
    """Numbers that fall in steps large and small, stand still, rise, and now and then are none."""
    steps = rng.choice([0.0, 1e-5, 9e-5, 1e-4, 1.1e-4, 1e-3, 0.02, -0.01, -0.3], size=60, p=[0.3, *[0.0875] * 8])
    values = (0.5 if negative else 1.0) - np.cumsum(steps * rng.choice([0.1, 1.0, 5.0]))
    values = values if negative else np.abs(values)
    odd = rng.random(60) < rng.choice([0.0, 0.05])
    values[odd] = rng.choice([np.nan, np.inf, -np.inf], size=odd.sum(), p=[0.6, 0.3, 0.1])
    return values


@pytest.mark.parametrize("seed", range(500))
def test_reduce_on_plateau_lowers_the_rate_when_torch_does(seed):
    rng = np.random.default_rng(seed)
    mode, relative = str(rng.choice(["min", "max"])), bool(rng.integers(2))
    shared = {
        "mode": mode,
        "patience": int(rng.integers(5)),
        "cooldown": int(rng.integers(4)),
        "eps": float(rng.choice([0.0, 1e-8, 1e-3])),
    }
    factor, threshold = float(rng.choice([0.1, 0.5, 0.9])), float(rng.choice([0.0, 1e-4, 1e-3, 0.1]))
    least = float(rng.choice([0.0, 1e-3, 0.1, 0.7]))
    ours = schedules.ReduceOnPlateau(reduction=factor, tol=threshold, relative=relative, minimum=least, **shared)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.5)
    words = {"factor": factor, "threshold": threshold, "threshold_mode": "rel" if relative else "abs", "min_lr": least}
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, **words, **shared)
    values = script(rng, negative=bool(rng.integers(2))) * (-1 if mode == "max" and not relative else 1)
    for value in values:
        ours.on_epoch_end(value, base=0.5)
        theirs.step(value)
        assert ours.rates(0.5, 0, 1)[0] == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_the_defaults_of_reduce_on_plateau_are_torchs():
    given = inspect.signature(lr_scheduler.ReduceLROnPlateau).parameters
    ours = schedules.ReduceOnPlateau()
    same = {"patience": "patience", "factor": "reduction", "threshold": "tol", "min_lr": "minimum", "mode": "mode"}
    same |= {"cooldown": "cooldown", "eps": "eps"}
    assert {name: given[name].default for name in same} == {name: getattr(ours, own) for name, own in same.items()}
    assert ours.relative == (given["threshold_mode"].default == "rel")
