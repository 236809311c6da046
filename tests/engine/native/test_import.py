"""The extension is imported whole, whatever interrupts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, time
import lamina.engine.plan
parent = os.getpid()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the loop is there to catch it
child = os.fork()
if not child:
    for _ in range(400):
        os.kill(parent, signal.SIGINT)
        time.sleep(0.0005)
    os._exit(0)
loaded = waited = None
while True:
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        if not loaded:
            from lamina.engine.extension import _native as loaded
        waited = waited or os.waitpid(child, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        break
    except KeyboardInterrupt:
        pass
print(loaded.ExecutorF32.__name__)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_interruptions_while_it_is_imported_leave_a_whole_module():
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert result.stdout == "ExecutorF32\n", result.stderr
