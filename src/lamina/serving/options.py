"""What a request asks for besides the prediction, in the address: ``/predict?interval=0.9``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from lamina.errors import phrase, phrase_unknown
from lamina.serving.refused import RefusedError

__all__ = ["TEXTS", "Options", "read_options"]

#: What each option does, for the schema.
TEXTS = {
    "proba": "Whether the probability of each class is answered.",
    "interval": "Where numbers may lie: intervals that hold at least this share of targets, such as 0.9.",
    "set": "Which classes a row may be of: sets that hold the true one for at least this share of rows, such as 0.9.",
    "spread": "How far the predictions of the model's members, or of dropout's masks, differ.",
    "unfamiliar": "Which columns of the row hold what training did not.",
}
_SIGNS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Options:
    """What a request asks for; see :data:`TEXTS`."""

    proba: bool = True
    interval: float | None = None
    set: float | None = None
    spread: bool = False
    unfamiliar: bool = False


def read_options(pairs: Sequence[tuple[str, str]], available: Iterable[str]) -> Options:
    """The options of an address.

    Parameters
    ----------
    pairs : sequence of (name, value)
    available : iterable of str
        The options that the model has.

    Raises
    ------
    RefusedError
        If an option is unknown, given twice or of another kind, or the model does not have it.

    Examples
    --------
    >>> read_options([("interval", "0.9")], ["interval"]).interval
    0.9
    """
    found: dict[str, Any] = {}
    known = [field.name for field in fields(Options)]
    for name, text in pairs:
        if name not in known:
            raise RefusedError(422, phrase_unknown("an option", name, known))
        if name in found:
            raise RefusedError(422, f"an option must be given once, got {name!r} twice.")
        if name not in available and not (name == "proba" and _SIGNS.get(text.lower()) is False):
            has = ", ".join(available) or "none"
            raise RefusedError(422, f"this model does not have the option {name!r}; it has: {has}. Leave it out.")
        found[name] = _share(name, text) if name in ("interval", "set") else _sign(name, text)
    return Options(**found)


def _share(name: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = float("nan")
    if not 0 < share < 1:
        raise RefusedError(422, phrase(f"the option {name!r}", "must be a share in (0, 1), such as 0.9", text))
    return share


def _sign(name: str, text: str) -> bool:
    sign = _SIGNS.get(text.lower())
    if sign is None:
        raise RefusedError(422, phrase(f"the option {name!r}", "must be true or false", text))
    return sign
