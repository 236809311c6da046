"""``python -m lamina``, and the script ``lamina``: the command line, or how to install it."""

from __future__ import annotations

import sys

from lamina.cli.command_interrupts import CommandInterrupts
from lamina.errors import MissingPackageError
from lamina.extras import require
from lamina.lazy import put_off

__all__ = ["start"]


def start() -> int:
    """Run the command line with the process's arguments and return the exit code."""
    # Imports take long enough for a Ctrl-C to arrive; the command line is imported only once its packages are found.
    with CommandInterrupts() as interrupts:
        try:
            for package in ("cyclopts", "rich"):
                require(package, owner="the command `lamina`")
            put_off("scipy.stats")  # scikit-learn imports it for one function, which takes a third of its time, and half of SciPy
            from lamina.cli.main import main

            return main(interrupts=interrupts)
        except MissingPackageError as error:
            interrupts.is_decided = True
            return _failed("MissingPackageError", str(error))
        except KeyboardInterrupt:
            interrupts.is_decided = True
            return _failed("KeyboardInterrupt", "interrupted before it started.")


def _failed(kind: str, text: str) -> int:
    """Report an error in the format of ``lamina.cli.main``, which was not loaded."""
    if "--json" in sys.argv:
        import json  # here, because it is needed only for this error

        print(json.dumps({"error": {"kind": kind, "message": text, "exit_code": 1}}, indent=2))
    print(f"lamina: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(start())
