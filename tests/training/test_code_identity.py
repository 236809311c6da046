"""What a function of the user's is known by, from one process to the next."""

from __future__ import annotations

import os
import subprocess
import sys

from lamina.training.code_identity import code_identity

PROGRAM = """
from lamina.training.code_identity import code_identity
print(code_identity(lambda name: name in {"a", "b", "c", "d"}))
"""


def test_it_is_the_same_in_every_process():
    """The order of a set of texts is not."""
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, check=True
        ).stdout
        for seed in range(4)
    }
    assert len(found) == 1


def test_a_name_that_is_not_bound_yet_has_no_value_to_know():
    def made():
        def function(x):
            return later + x

        known = code_identity(function)
        later = 1
        return known, later

    assert made() == made()
