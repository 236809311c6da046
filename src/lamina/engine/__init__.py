"""What can be computed (:class:`Program`), how it is trained (plans), and who computes it (executors)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.engine.executor import Executor
    from lamina.engine.perceptron import PerceptronEpochs, PerceptronRows, PerceptronRule, PerceptronUnit
    from lamina.engine.plan import Batches, Clipping, Failure, InputArray, StepValues, TrainingPlan, TrainingResult, UpdateRule
    from lamina.engine.program import Head, Op, Parameter, Program
    from lamina.engine.select import ENGINES, engine_info, make_executor, make_perceptron, native_available, permutation
    from lamina.engine.threads import MAX_THREADS, N_THREADS, default_threads, num_processors

__all__ = [
    "ENGINES",
    "MAX_THREADS",
    "N_THREADS",
    "Batches",
    "Clipping",
    "Executor",
    "Failure",
    "Head",
    "InputArray",
    "Op",
    "Parameter",
    "PerceptronEpochs",
    "PerceptronRows",
    "PerceptronRule",
    "PerceptronUnit",
    "Program",
    "StepValues",
    "TrainingPlan",
    "TrainingResult",
    "UpdateRule",
    "default_threads",
    "engine_info",
    "make_executor",
    "make_perceptron",
    "native_available",
    "num_processors",
    "permutation",
]

_HOMES = {
    "lamina.engine.executor": "Executor",
    "lamina.engine.perceptron": "PerceptronEpochs PerceptronRows PerceptronRule PerceptronUnit",
    "lamina.engine.plan": "Batches Clipping Failure InputArray StepValues TrainingPlan TrainingResult UpdateRule",
    "lamina.engine.program": "Head Op Parameter Program",
    "lamina.engine.select": "ENGINES engine_info make_executor make_perceptron native_available permutation",
    "lamina.engine.threads": "MAX_THREADS N_THREADS default_threads num_processors",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
