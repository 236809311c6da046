"""L-BFGS: a quasi-Newton method on the whole training set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.optimizers.optimizer import NOT_NEGATIVE, Optimizer
from lamina.validation import integer

__all__ = ["LBFGS"]


@dataclass(frozen=True)
class LBFGS(Optimizer):
    """L-BFGS: a quasi-Newton method with a line search, on all rows at once.

    Update, with ``g`` the gradient, ``H`` the inverse Hessian as estimated from the last ``memory`` pairs (w' − w, g' − g)::

        w ← w − a H g        with a from a line search that satisfies the Wolfe conditions

    Often the best choice for a few thousand rows or fewer. One iteration counts as one epoch; batch size and schedule do not
    apply. It computes in float64 whatever the network's dtype, and takes the same steps as SciPy's L-BFGS-B. An L1 penalty
    enters with its slope, taken as 0 at 0: weights become small, but not exactly zero as with the optimizers that take
    steps.

    Parameters
    ----------
    memory : int, default=10
        Number of pairs to keep, >= 1 (``maxcor`` in SciPy).
    gradient_tol : float, default=1e-4
        Stops when no element of the gradient is larger than this, >= 0 (``gtol``; scikit-learn passes its ``tol``).
    loss_tol : float, default=2.220446049250313e-09
        Stops when an iteration lowers the loss by no more than this times the loss, or this itself for losses under 1, >= 0
        (``ftol``).
    max_evaluations : int, default=15000
        Stops after this many evaluations of loss and gradient, >= 1 (``maxfun``; scikit-learn's ``max_fun``).

    References
    ----------
    Liu & Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
    Byrd, Lu, Nocedal & Zhu, "A limited memory algorithm for bound constrained optimization", 1995.

    Examples
    --------
    >>> LBFGS(memory=20)
    LBFGS(memory=20, gradient_tol=0.0001, loss_tol=2.220446049250313e-09, max_evaluations=15000)
    """

    kind: ClassVar[str] = "lbfgs"
    rules: ClassVar = {
        "memory": integer(1),
        "gradient_tol": NOT_NEGATIVE,
        "loss_tol": NOT_NEGATIVE,
        "max_evaluations": integer(1),
    }

    memory: int = 10
    gradient_tol: float = 1e-4
    loss_tol: float = 2.220446049250313e-09
    max_evaluations: int = 15000

    def finding(self, name: str) -> str:
        """The sentence for a stop by ``loss_tol``; ``name`` is what was minimized."""
        if not self.loss_tol:
            return f"The last iteration did not lower the {name}."
        return f"The last iteration lowered the {name} by no more than {self.loss_tol:g} times the larger of 1 and its size."
