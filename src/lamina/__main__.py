"""``python -m lamina``, and the script ``lamina``: the command line, or how to install it."""

from __future__ import annotations

import sys

from lamina.errors import MissingPackageError
from lamina.extras import require

__all__ = ["start"]


def start() -> int:
    """Run the command line with the process's arguments, and return its exit code."""
    # Imports take long enough for a Ctrl-C to come; the command line is loaded only when it is known to be there.
    try:
        for package in ("cyclopts", "rich"):
            require(package, owner="the command `lamina`")
        from lamina.cli.main import main

        return main()
    except MissingPackageError as error:
        print(f"lamina: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lamina: interrupted before it had begun.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(start())
