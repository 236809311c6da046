"""Plot of classes in the plane, and the proof that a line separates them or that none does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import DataError, DataTypeError, ShapeError, phrase
from lamina.estimators import Perceptron
from lamina.estimators.perceptron import Separability
from lamina.estimators.perceptron.certificates import CommonPoint, SeparatingPlane
from lamina.plots.given import rows_in_the_plane
from lamina.plots.legends import legend_below
from lamina.plots.style import MARKERS, class_name, cycle, ink, make_axes, paper, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_separability"]

_OWNER = "plot_separability"
_FEW = 5  # classes whose certificates have a place each in the legend
_AROUND = 0.08  # of the range of the rows, beyond them


@styled
def plot_separability(model: Any, X: Any, y: Any, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Plot the rows of each class with a separating line, or with a common point of both sides and the rows it is a mean of.

    With two classes there is one certificate: a broad green line, or a star joined to the rows of which it is a weighted mean.
    With more, each class has its own, in its color, that a line separates it from all others or that none does; of more than
    five classes, the legend names the two kinds only. The lines of a perceptron are dashed.

    Parameters
    ----------
    model : Perceptron or Separability
        A fitted perceptron, or what :func:`lamina.linear_separability` found.
    X : array-like of shape (n, 2)
        The rows for which separability was decided, in the same order.
    y : array-like of shape (n,)
        Their labels.
    title : str, optional
        By default it says whether lines separate the classes.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If the perceptron is not fitted, or labels or rows are not those of the certificates, or it is something else.
    ShapeError
        If X does not have two columns, or not as many rows as y.

    Examples
    --------
    >>> from lamina import linear_separability
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), ["no", "yes", "yes", "no"]
    >>> ax = plot_separability(linear_separability(X, y), X, y)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['no', 'yes', 'common point, a mean of the joined rows']
    """
    found = _separability(model)
    rows, labels = rows_in_the_plane(X, owner=_OWNER), np.asarray(y).ravel()
    _check(found, rows, labels)
    classes = np.unique(labels).tolist()
    ax = make_axes(ax, size=None if len(classes) == 2 else (6.4, 5.4))
    for i, label in enumerate(classes):
        chosen = rows[labels == label]
        look: dict[str, Any] = {"marker": MARKERS[i % len(MARKERS)], "color": cycle(i), "edgecolor": paper(), "linewidth": 0.5}
        ax.scatter(chosen[:, 0], chosen[:, 1], s=28, label=class_name(label), zorder=2, **look)
    ax.margins(_AROUND)
    limits = (ax.get_xlim(), ax.get_ylim())
    for label, certificate in found.certificates.items():
        index = None if len(classes) == 2 else classes.index(label)
        of_class = "" if index is None else f" of {class_name(label) if len(classes) <= _FEW else 'a class'}"
        if isinstance(certificate, CommonPoint):
            name = "common point, a mean of the joined rows" if index is None else f"common point{of_class}"
            _draw_common_point(ax, rows, labels == label, certificate, index, name)
        elif certificate is not None:
            color = cycle(2 if index is None else index)
            _draw_line(ax, certificate.weights, certificate.bias, f"separating line{of_class}", color, "-", width=3.6)
    if isinstance(model, Perceptron):
        _draw_units(ax, model)
    ax.set(xlabel="input 1", ylabel="input 2", xlim=limits[0], ylim=limits[1])
    ax.set_title(_title(found) if title is None else title)
    legend_below(ax, *_entries(ax))
    return ax


def _entries(ax: Axes) -> tuple[list[Any], list[str]]:
    """The handles and labels of the legend, each label once."""
    once = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    return list(once.values()), list(once)


def _separability(model: Any) -> Separability:
    if isinstance(model, Separability):
        return model
    if not isinstance(model, Perceptron):
        repair = "Give it lamina.linear_separability(X, y)."
        raise DataTypeError(phrase("the model", "must be a Perceptron or a Separability", model, repair=repair, owner=_OWNER))
    if not model.__sklearn_is_fitted__():
        raise DataError(phrase("the perceptron", "must be fitted", model, repair="Call fit first.", owner=_OWNER))
    found: Separability = model.separability_
    return found


def _check(found: Separability, rows: np.ndarray, labels: np.ndarray) -> None:
    if len(labels) != len(rows):
        raise ShapeError(phrase("y", f"must be {len(rows)} labels, one per row of X", len(labels), owner=_OWNER))
    for label, certificate in found.certificates.items():
        if not (labels == label).any() or (labels == label).all():
            raise DataError(phrase("y", f"must hold the class {label!r} and others", np.unique(labels).tolist(), owner=_OWNER))
        if isinstance(certificate, CommonPoint) and len(certificate.multipliers) != len(rows):
            rule = f"must be the {len(certificate.multipliers)} rows for which separability was decided"
            raise DataError(phrase("X", rule, f"{len(rows)} rows", owner=_OWNER))
        if certificate is not None and not certificate.verify(rows, np.where(labels == label, 1.0, -1.0)):
            rule = "must be the rows and labels for which separability was decided"
            raise DataError(phrase("X and y", rule, "others", owner=_OWNER))


def _title(found: Separability) -> str:
    """Whether lines separate the classes, in words."""
    certificates = list(found.certificates.values())
    if len(certificates) == 1:
        if certificates[0] is None:
            return "Whether a line separates the classes was not decided"
        proof = "Not separable: a point that both classes have in common"
        return proof if isinstance(certificates[0], CommonPoint) else "Separable: a line between the classes"
    separable = sum(isinstance(certificate, SeparatingPlane) for certificate in certificates)
    open_ = sum(certificate is None for certificate in certificates)
    undecided = f", {open_} not decided" if open_ else ""
    return f"Lines separate {separable} of {len(certificates)} classes from the others{undecided}"


def _draw_common_point(
    ax: Axes, rows: np.ndarray, is_inside: np.ndarray, certificate: CommonPoint, index: int | None, label: str
) -> None:
    """Draw lines from the point to the rows of which it is a weighted mean; of more than two classes, in the class's color."""
    x, y = certificate.point
    for i, side in enumerate((~is_inside, is_inside)):
        color = cycle(i) if index is None else cycle(index) if i else ink()
        for row in rows[side & (certificate.multipliers > 0)]:
            ax.plot([row[0], x], [row[1], y], color=color, linewidth=1.6, zorder=3)
    star: dict[str, Any] = {"marker": "*", "markersize": 12, "linestyle": "none", "markeredgecolor": paper(), "zorder": 4}
    ax.plot(x, y, color=ink() if index is None else cycle(index), label=label, **star)


def _draw_units(ax: Axes, model: Perceptron) -> None:
    """Draw the dashed lines of a perceptron's units, where w·x + b = 0."""
    coef = np.asarray(model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_)
    for i, (weights, bias) in enumerate(zip(coef, model.intercept_, strict=True)):
        color = ink() if len(coef) == 1 else cycle(i)
        _draw_line(ax, weights, float(bias), "" if i else "perceptron", color, "--")


def _draw_line(ax: Axes, weights: np.ndarray, bias: float, label: str, color: str, style: str, width: float = 1.6) -> None:
    """Draw the line ``weights · x + bias = 0`` across the whole plot; weights of zero have none."""
    a, b = (float(w) for w in weights)
    if a == b == 0.0:
        return
    length = np.hypot(a, b)
    x, y = -bias / length**2 * a, -bias / length**2 * b
    ax.axline((x, y), (x - b / length, y + a / length), color=color, linestyle=style, linewidth=width, label=label, zorder=3)
