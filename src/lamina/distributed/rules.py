"""What may be said of how processes train together. Quick to import, since the settings of a table's training ask it, too."""

from __future__ import annotations

from lamina.distributed.choice import COMMUNICATORS
from lamina.validation import Rule, choice, integer, number, one_of, text, value

__all__ = ["RULES"]

RULES: dict[str, Rule] = {
    "workers": integer(1, 1024),
    "way": choice(("auto", "averaging", "synchronous")),
    "average_every": one_of(integer(2), value(None)),
    "address": one_of(text(), value(None)),
    "timeout_s": number(0, closed="neither"),
    "max_restarts": integer(0),
    "communicator": one_of(choice(COMMUNICATORS), value(None)),
}
