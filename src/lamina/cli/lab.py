"""``lamina lab``."""

from __future__ import annotations

import contextlib
import re
import warnings
import webbrowser
from typing import Annotated, Any

from cyclopts import Parameter

from lamina.cli.output import notes_printed, print_line

__all__ = ["lab"]

_TRIES = 20  # ports, if the first ones are in use
_MB = 1_000_000
_MESSAGE = 1_000_000  # bytes that a page may send at once


def lab(
    what: str | None = None,
    /,
    *,
    target: Annotated[str | None, Parameter(alias="-t")] = None,
    port: int = 8150,
    max_upload: int = 50,
    browser: bool = True,
) -> None:
    """See a network learn, in the browser: on points in the plane, on digits, or on your own table.

    The page is served on this machine alone, and answers only to the address that is printed. Ctrl-C ends the lab.

    Parameters
    ----------
    what : str
        A table to learn from, CSV or TSV (also .gz), Parquet or Feather; or a row of the lecture (L17), whose lesson is opened.
    target : str
        Column to predict; default: the last one.
    port : int
        The first port to try.
    max_upload : int
        Size in megabytes of a table that the page may open.
    browser : bool
        Open the page in the browser.
    """
    from sklearn.exceptions import ConvergenceWarning

    from lamina.extras import require
    from lamina.http_server import LOOPBACK, listen, run
    from lamina.lab.guard import new_token
    from lamina.lab.server import Lab, make_app
    from lamina.validation import check_parameters, integer

    require("uvicorn", owner="The lab")
    check_parameters({"port": port, "max_upload": max_upload}, {"port": integer(1, 65535), "max_upload": integer(1)}, owner="lab")
    with notes_printed():
        shared = Lab(*_first(what, target), max_upload=max_upload * _MB)
    listening, token = listen(LOOPBACK, port, tries=_TRIES, owner="lab"), new_token()
    number = listening.getsockname()[1]
    if number != port:
        print_line(f"Port {port} is in use; the lab takes {number}.")
    address = f"http://{LOOPBACK}:{number}/{token}/"
    print_line(f"The lab is open at {address}\nCtrl-C ends it.")
    if browser:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)
    sockets = {"ws": "websockets-sansio", "ws_max_size": _MESSAGE}
    with warnings.catch_warnings():
        # Of the doctor's plain models: it ignores them itself, but filters are the process's, and several may examine at once.
        warnings.simplefilter("ignore", ConvergenceWarning)
        run(make_app(shared, token, number), listening, patience_s=1, owner="The lab", **sockets)


def _first(what: str | None, target: str | None) -> tuple[Any, Any, int | None]:
    """The state that pages begin with, the table, and the lesson."""
    from lamina.errors import InvalidSettingError, phrase_unknown
    from lamina.lab.lessons import LESSONS, lesson_of
    from lamina.lab.opened_table import open_file
    from lamina.lab.state import MOST_ROWS, DataState, LabState

    is_row = what is not None and re.fullmatch(r"[Ll]\d+", what) is not None
    if target is not None and (what is None or is_row):
        raise InvalidSettingError("lab: --target names a column of a table. Give a table, too.")
    if what is None:
        return LabState(), None, None
    if is_row:
        lesson = lesson_of(what)
        return LESSONS[lesson].state, None, lesson
    opened = open_file(what)
    if target is not None and target not in opened.kinds:
        raise InvalidSettingError(phrase_unknown("--target", target, opened.kinds, owner="lab"))
    chosen = target or list(opened.kinds)[-1]
    return LabState(data=DataState(source="table", target=chosen, rows=MOST_ROWS)), opened, None
