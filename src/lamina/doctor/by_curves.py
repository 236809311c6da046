"""What the curves of a training show by themselves: that it went on after it was best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lamina.doctor.finding import Finding
from lamina.doctor.findings.stopped_too_late import of_course
from lamina.doctor.probes.validation_course import validation_course
from lamina.training import History

__all__ = ["examine_curves"]

_BLOCKS = 40  # of whose medians the course is taken: single epochs rise by chance
_FEWEST = 10


def examine_curves(
    epochs: np.ndarray, losses: np.ndarray, validation_losses: np.ndarray, *, lowest: tuple[float, float] | None = None
) -> Finding | None:
    """Whether the validation loss has risen over its lowest while the training loss fell on; None if it has not.

    Parameters
    ----------
    epochs, losses, validation_losses : ndarray of shape (points,)
        Of a training that did not go back to its best weights, in the order of its epochs. Points that are not finite are left
        out.
    lowest : (epoch, validation loss), optional
        The lowest one, where the points do not hold it: they may be few of many.

    Examples
    --------
    >>> epochs = np.arange(1, 101)
    >>> finding = examine_curves(epochs, 1 / epochs, 1 / epochs + 0.01 * epochs)
    >>> finding.name, finding.cures[1].changes["epochs"]
    ('stopped_too_late', 8)
    >>> examine_curves(epochs, 1 / epochs, 1 / epochs) is None
    True
    """
    points = np.stack([epochs, losses, validation_losses]).astype(np.float64)
    points = points[:, np.isfinite(points).all(axis=0)]
    if points.shape[1] < _FEWEST:
        return None
    blocks = np.array([np.median(block, axis=1) for block in np.array_split(points, min(_BLOCKS, points.shape[1]), axis=1)]).T
    course = validation_course(History([{"loss": loss, "validation_loss": other} for _, loss, other in blocks.T]))
    assert course is not None
    place = round(course.best_at * blocks.shape[1]) - 1
    if not blocks[1, -1] < blocks[1, place]:  # it rose with the others: that is another fault
        return None
    found = of_course(course, at_epoch=max(1, round(blocks[0, place])), last_epoch=round(points[0, -1]))
    if found is None or lowest is None or not 0 < lowest[1] < course.best:
        return found
    exact = replace(course, best=lowest[1], rise=course.last / lowest[1] - 1)
    return of_course(exact, at_epoch=max(1, round(lowest[0])), last_epoch=round(points[0, -1]))
