"""How a notebook shows an estimator: what was set, how the training went, and what was learned.

scikit-learn's own display of an estimator is a diagram, which tells of its parameters and nothing of its training. Ours
replaces it where the estimator stands alone. Within a pipeline or a search, which draw the diagram themselves, and wherever
``sklearn.set_config(display="text")`` holds, all is as scikit-learn has it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from sklearn import get_config

from lamina.html import display, folded, paragraph, table

__all__ = ["InNotebooks", "settings_html"]

_LONGEST = 80  # characters of a value


class InNotebooks:
    """The display of an estimator, in place of scikit-learn's; goes before ``BaseEstimator``."""

    @property
    def _repr_html_(self) -> Callable[[], str]:
        """The display; there is none with ``sklearn.set_config(display="text")``, as of scikit-learn's estimators."""
        if get_config()["display"] != "diagram":
            raise AttributeError("_repr_html_ is there with sklearn.set_config(display='diagram'), which is the default.")
        return self._as_html

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook asks for first: the text and, unless scikit-learn is set to show text, the display."""
        shown = getattr(self, "_repr_html_", None)
        return {"text/plain": repr(self)} | ({} if shown is None else {"text/html": shown()})

    def _learned_html(self) -> list[str]:
        """Pieces of HTML on what was learned; empty before a fit."""
        raise NotImplementedError

    def _as_html(self) -> str:
        learned = self._learned_html()
        state = [] if learned else [paragraph("Not fitted yet.", "soft")]
        return display(type(self).__name__, *state, *settings_html(self), *learned)


def settings_html(estimator: Any) -> list[str]:
    """Pieces: the settings that differ from the defaults and, folded, all of them."""
    given = estimator.get_params(deep=False)
    usual = _defaults(type(estimator))
    changed = {name: value for name, value in given.items() if name not in usual or repr(value) != repr(usual[name])}
    every = folded(f"All {len(given)} settings", _table(given))
    if not changed:
        return [paragraph("All settings are the defaults."), every]
    return [_table(changed, "Settings that differ from the defaults"), every]


def _defaults(kind: type) -> dict[str, Any]:
    return {name: each.default for name, each in inspect.signature(kind).parameters.items()}


def _table(settings: Mapping[str, Any], title: str = "") -> str:
    rows = [(name, value if isinstance(value, str) else repr(value)) for name, value in settings.items()]
    return table(("setting", "value"), rows, title=title, longest=_LONGEST)
