"""What is drawn at random: the suite draws the same every time; a campaign has new and more examples (make fuzz). And Ctrl-C."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from hypothesis import settings

# A shell has what it starts in the background ignore Ctrl-C, and children inherit that; tests are about it wherever they run.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Without a deadline: how long an example takes says how busy the machine is, and decides nothing.
settings.register_profile("suite", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("campaign", database=None, deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    """Estimators without a random_state draw from NumPy's own generator, as scikit-learn's do."""
    np.random.seed(0)
