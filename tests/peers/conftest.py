import sys
from pathlib import Path

import pytest

from lamina.engine import make_executor

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["reference", "native"])
def executor_for(request):
    """Makes a float64 executor of each kind for a program."""
    return lambda program: make_executor(program, dtype="float64", engine=request.param, n_threads=1)
