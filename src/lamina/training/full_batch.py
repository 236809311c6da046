"""Training with L-BFGS: SciPy minimizes the loss of the whole training set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import Batches
from lamina.optimizers import LBFGS

__all__ = ["minimize_full_batch"]


def minimize_full_batch(
    executor: Executor,
    data: Batches,
    optimizer: LBFGS,
    max_iterations: int,
    on_iteration: Callable[[float, Sequence[float]], bool],
) -> tuple[str, str]:
    """Minimize the loss on ``data``; the executor ends with the last iterate.

    Parameters
    ----------
    executor : Executor
        Configured; dropout masks are those of step 0 throughout, so that the objective is one function.
    data : Batches
    optimizer : LBFGS
    max_iterations : int
        >= 1.
    on_iteration : callable
        Called with the loss after each iteration, and the outputs' own if there are several, the executor holding its weights;
        returns whether to go on.

    Returns
    -------
    code, text : str
        Why it ended; the code is "callback" if ``on_iteration`` ended it.
    """
    from scipy import optimize  # slow to import, and of use to L-BFGS alone

    rows = np.arange(data.num_rows, dtype=np.int64)
    observed = executor.state.copy()
    heads = len(executor.program.heads)
    by_head = np.empty(heads) if heads > 1 else None  # of the last weights tried, which an iteration ends with

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        executor.parameters[:] = w
        loss, gradient = executor.loss_and_gradient(data, order=rows, head_losses=by_head)
        return loss, np.asarray(gradient, dtype=np.float64)

    def after_iteration(intermediate_result: Any) -> None:
        executor.parameters[:] = iterate[:] = intermediate_result.x
        if len(observed):
            # Running means and variances follow the iterates, one update an iteration; line searches leave them alone.
            executor.forward(data.inputs, rows, 0)
        if not on_iteration(float(intermediate_result.fun), () if by_head is None else by_head.tolist()):
            raise StopIteration

    iterate = executor.parameters.copy()
    start = executor.parameters.astype(np.float64)
    # SciPy's type stubs know no function that returns value and gradient together with a callback.
    minimize: Any = optimize.minimize
    options = optimizer.scipy_options(max_iterations)
    try:
        result = minimize(objective, start, jac=True, method="L-BFGS-B", callback=after_iteration, options=options)
    except KeyboardInterrupt:
        # The line search was trying weights of its own.
        executor.parameters[:] = iterate
        raise
    executor.parameters[:] = result.x
    return _reason(result, optimizer, max_iterations)


def _reason(result: Any, optimizer: LBFGS, max_iterations: int) -> tuple[str, str]:
    """SciPy's status in our words."""
    if not np.isfinite(result.fun) or not np.isfinite(result.x).all():
        return "non_finite", "The loss of the whole training set became NaN or infinite."
    largest = float(np.abs(result.jac).max(initial=0.0))
    if result.status == 0 and largest <= optimizer.gradient_tol:
        return "gradient_zero", f"The gradient was almost zero: no element exceeded {optimizer.gradient_tol:g}."
    if result.status == 0:
        return "converged", "The loss no longer fell."
    if result.status == 1 and result.nit >= max_iterations:
        return "max_epochs", f"All {max_iterations} iterations asked for were run."
    if result.status == 1:
        return "max_epochs", f"All {optimizer.max_evaluations} evaluations of the loss were used up."
    if result.status == 99:
        return "callback", "A callback ended the training."
    return "no_improvement", "The line search found no lower loss."
