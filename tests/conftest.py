"""How hypothesis draws its examples: the suite the same ones every time, a campaign new and more ones (make fuzz)."""

from __future__ import annotations

from hypothesis import settings

# Without a deadline: how long an example takes says how busy the machine is, and decides nothing.
settings.register_profile("suite", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("campaign", database=None, deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("suite")
