"""Who does the work: a module a library, each with ``NAME``, ``VERSION`` and ``prepare(workload, data)``."""

from __future__ import annotations

import importlib
from typing import cast

from benchmarks.sides.side import Job, Side

__all__ = ["SIDES", "Job", "Side", "load_sides"]

# Name of the side -> module. Lamina comes first: all ratios are to it.
SIDES = {
    "lamina": "lamina_trainer",
    "lamina, 1 thread": "lamina_one_thread",
    "lamina, full": "lamina_full_precision",
    "lamina estimator": "lamina_estimator",
    "scikit-learn": "scikit_learn",
    "torch": "torch_eager",
    "torch.compile": "torch_compiled",
    "JAX": "jax_scan",
    "NumPy": "numpy_alone",
}


def load_sides(without: list[str]) -> tuple[list[Side], dict[str, str]]:
    """The sides that are installed, and why each of the others is not there."""
    found, missing = [], dict.fromkeys(without, "left out")
    for name, module in SIDES.items():
        if name in without:
            continue
        try:
            found.append(cast(Side, importlib.import_module(f"benchmarks.sides.{module}")))
        except ImportError as error:
            missing[name] = str(error)
    return found, missing
