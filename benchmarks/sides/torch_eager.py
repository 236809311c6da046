"""torch, op by op: fused Adam, all tensors made beforehand. In mixed precision its autocast casts to bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import nn

from benchmarks.sides.losses import log_loss_for
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

__all__ = ["NAME", "VERSION", "prepare", "prepare_compiled"]

NAME = "torch"
VERSION = f"torch {torch.__version__}"
_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
_LOSSES = {"softmax": nn.functional.cross_entropy, "sigmoid": nn.functional.binary_cross_entropy_with_logits}

Compile = Callable[[Callable[..., torch.Tensor]], Callable[..., torch.Tensor]]


def prepare(workload: Workload, data: Data) -> Job | None:
    return prepare_compiled(workload, data, lambda function: function)


def prepare_compiled(workload: Workload, data: Data, compiler: Compile, device: str = "cpu") -> Job | None:
    """The work, where ``compiler`` turns the forward pass into what is called; trainings run on a ``device``."""
    if workload.density < 1:
        return None
    if workload.threads is not None:
        torch.set_num_threads(workload.threads)
    if workload.predicts:
        return _prediction(workload, data, compiler)
    return _Training(workload, data, compiler, device).job()


class _Training:
    def __init__(self, workload: Workload, data: Data, compiler: Compile, device: str) -> None:
        self.workload, self.data, self.device = workload, data, device
        self.x = torch.from_numpy(data.x).to(device)
        self.y = torch.from_numpy(data.y).to(device)
        if workload.loss == "sigmoid":
            self.y = self.y.float().reshape(-1, 1)
        self.model = _network(workload).to(device)
        self.loss = compiler(self._loss)
        torch.manual_seed(0)

    def job(self) -> Job:
        return Job(self.run, self.reset)

    def reset(self) -> None:
        _set_weights(self.model, self.data)
        decay = 1e-4 if self.workload.regular else 0.0
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=decay, fused=True)

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.workload.mixed):
            logits = self.model(x)
        if self.workload.loss == "squared":
            return 0.5 * nn.functional.mse_loss(logits.float(), y)
        return _LOSSES[self.workload.loss](logits.float(), y)

    def run(self) -> float:
        # Gathering all rows at once, and summing the losses at the end, saves torch up to a fifth of a step of few rows.
        size = self.workload.batch_size
        for _ in range(self.workload.epochs):
            order = torch.randperm(len(self.x), device=self.device)
            batches = zip(self.x[order].split(size), self.y[order].split(size), strict=True)
            losses = [self._step(x, y) * (len(x) / size) for x, y in batches]
        return float(torch.stack(losses).sum()) * size / len(self.x)

    def _step(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.backward()
        if self.workload.regular:
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.detach()


def _prediction(workload: Workload, data: Data, compiler: Compile) -> Job:
    model = _network(workload).eval()
    _set_weights(model, data)
    for layer in model:
        if isinstance(layer, nn.ReLU):  # saves a third of the time of a million rows, and nothing in training
            layer.inplace = True
    forward = compiler(lambda x: model(x).softmax(dim=1))
    if workload.mixed:
        forward = compiler(lambda x: model(x).float().softmax(dim=1))
    casts = torch.autocast("cpu", torch.bfloat16) if workload.mixed else nullcontext()
    x = torch.from_numpy(data.x)

    @torch.inference_mode()
    def run() -> torch.Tensor:
        with casts:
            for _ in range(workload.calls):
                probabilities = forward(x)
        return probabilities

    return Job(run, loss=log_loss_for(data))


def _network(workload: Workload) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in workload.shapes[:-1]:
        norm = [nn.BatchNorm1d(n_out)] if workload.regular else []
        drop = [nn.Dropout(0.2)] if workload.regular else []
        layers += [nn.Linear(n_in, n_out), *norm, _ACTIVATIONS[workload.activation](), *drop]
    return nn.Sequential(*layers, nn.Linear(*workload.shapes[-1]))


@torch.no_grad()
def _set_weights(model: nn.Sequential, data: Data) -> None:
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    for layer, (weight, bias) in zip(linear, data.weights, strict=True):
        layer.weight.copy_(torch.from_numpy(weight.T))
        layer.bias.copy_(torch.from_numpy(bias))
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            layer.reset_parameters()
