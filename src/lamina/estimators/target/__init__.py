"""What an estimator is to predict: labels, or numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.estimators.target.choose import kind_of_target
    from lamina.estimators.target.encoding import LabelEncoding
    from lamina.estimators.target.labels import LabelTarget, gives_probabilities
    from lamina.estimators.target.numbers import NumberTarget
    from lamina.estimators.target.target import Target

__all__ = ["LabelEncoding", "LabelTarget", "NumberTarget", "Target", "gives_probabilities", "kind_of_target"]

_HOMES = {
    "lamina.estimators.target.choose": "kind_of_target",
    "lamina.estimators.target.encoding": "LabelEncoding",
    "lamina.estimators.target.labels": "LabelTarget gives_probabilities",
    "lamina.estimators.target.numbers": "NumberTarget",
    "lamina.estimators.target.target": "Target",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
