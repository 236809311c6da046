"""What is drawn at random: the suite draws the same every time; a campaign has new and more examples (make fuzz). And Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

# Without a deadline: how long an example takes says how busy the machine is, and decides nothing.
settings.register_profile("suite", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("campaign", database=None, deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    """Estimators without a random_state draw from NumPy's own generator, as scikit-learn's do."""
    np.random.seed(0)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Ctrl-C interrupts each test, whatever ran before it, and in a shell's background, where all would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
