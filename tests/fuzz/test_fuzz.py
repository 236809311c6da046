"""Whatever is done to a file, reading it ends in a result or in an error of Lamina's, in the memory that is promised.

3,000 cases with one seed; ``make fuzz`` runs 100,000 with a new one.
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest
from tests.fuzz.campaign import run_cases
from tests.fuzz.subjects import SUBJECTS

COUNT = int(os.environ.get("LAMINA_FUZZ_COUNT", "3000"))
SEED = os.environ.get("LAMINA_FUZZ_SEED", "1")


@pytest.fixture(scope="module")
def faults() -> dict[str, list[str]]:
    """What went wrong, by subject; all of them are in one process, whose start takes longer than hundreds of cases."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, fault in run_cases(SEED, ",".join(SUBJECTS), COUNT):
        found[name].append(fault)
    return found


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_damaged_file_ends_in_a_result_or_an_error_of_ours(faults: dict[str, list[str]], name: str) -> None:
    assert not faults[name], f"{len(faults[name])} faults with seed {SEED}:\n\n" + "\n\n".join(faults[name][:20])
