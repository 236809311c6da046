"""What ``verbose`` of a fit shows."""

from __future__ import annotations

from lamina.training.callbacks.callback import Callback

__all__ = ["displays"]


def displays(verbose: bool | int) -> list[Callback]:
    """The callbacks that show a fit: none, a progress bar (1), or a line for each epoch (2).

    >>> displays(0)
    []
    """
    if not verbose:
        return []
    # Fits that show nothing need neither.
    from lamina.training.callbacks.epoch_lines import EpochLines
    from lamina.training.callbacks.progress import Progress

    return [EpochLines() if verbose == 2 else Progress()]
