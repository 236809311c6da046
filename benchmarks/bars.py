"""What is aimed at, against what was measured and against what the processor can do."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.workload import Workload

__all__ = ["Bar", "bars_of", "ratio"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One aim of one workload.

    ``asked_s`` is what a step may take to reach it, ``products_s`` what the step's products alone take at the peak.
    """

    workload: str
    against: str
    aim: float
    reached: float
    ours_s: float
    asked_s: float
    products_s: float
    peak_flops: float

    @property
    def met(self) -> bool:
        return self.reached >= self.aim

    @property
    def possible(self) -> bool:
        """Whether the processor can do the products alone in the time that is asked for."""
        return self.asked_s >= self.products_s

    @property
    def verdict(self) -> str:
        if self.met:
            return "met"
        if not self.possible:
            return f"below the products' time at {self.peak_flops / 1e9:.0f} GFLOP/s"
        return f"missed: {self.reached / self.aim:.0%} of it"


def bars_of(workload: Workload, result: dict[str, Any], peak_flops: float) -> list[Bar]:
    """The aims of a workload whose other side was measured; ``peak_flops`` is one core's."""
    ours, others = result["step_s"]["lamina"], result["step_s"] | {"limit": result["limit_s"]}
    of_bfloat16 = 16 if result.get("tiles") else 2  # times float32's rate
    peak = peak_flops * (workload.threads or 1) * (of_bfloat16 if workload.mixed else 1)
    return [
        Bar(
            workload=workload.name,
            against=name,
            aim=aim,
            reached=ratio(others[name], ours),
            ours_s=median(ours),
            asked_s=median(others[name]) / aim,
            products_s=workload.flops / peak,
            peak_flops=peak,
        )
        for name, aim in workload.bars.items()
        if others.get(name)
    ]


def ratio(theirs: list[float], ours: list[float]) -> float:
    """The median of the ratios of the rounds: what disturbs a round disturbs both."""
    return median(a / b for a, b in zip(theirs, ours, strict=True))
