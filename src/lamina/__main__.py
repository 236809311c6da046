"""``python -m lamina``, and the script ``lamina``: the command line, or how to install it."""

from __future__ import annotations

import sys

from lamina.errors import MissingPackageError
from lamina.extras import require

__all__ = ["start"]


def start() -> int:
    """Run the command line with the process's arguments, and return its exit code."""
    try:
        for package in ("cyclopts", "rich"):
            require(package, owner="the command `lamina`")
    except MissingPackageError as error:
        print(f"lamina: {error}", file=sys.stderr)
        return 1
    # Only now is it known to import.
    from lamina.cli.main import main

    return main()


if __name__ == "__main__":
    sys.exit(start())
