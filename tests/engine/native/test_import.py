"""The extension is imported whole, whatever interrupts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, time
import lamina.engine.plan
loaded = waited = None
def attempt():
    global loaded, waited
    if not loaded:
        from lamina.engine.extension import _native as loaded
    waited = waited or os.waitpid(child, 0)
def interrupt(number, frame):  # only where the loop below can catch it
    while frame and frame.f_code is not attempt.__code__:
        frame = frame.f_back
    if frame:
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, interrupt)
parent = os.getpid()
child = os.fork()
if not child:
    for _ in range(400):
        os.kill(parent, signal.SIGINT)
        time.sleep(0.0005)
    os._exit(0)
while not waited:
    try:
        attempt()
    except KeyboardInterrupt:
        pass
print(loaded.ExecutorF32.__name__)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_interruptions_while_it_is_imported_leave_a_whole_module():
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert result.stdout == "ExecutorF32\n", result.stderr
