"""``lamina serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.cli.options import OnError, Quiet
from lamina.cli.output import notes_printed, print_line

__all__ = ["serve"]

_MB = 1_000_000
_OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")


def serve(
    model: Path,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    allow_host: tuple[str, ...] = (),
    max_body: int = 10,
    max_rows: int = 10_000,
    max_requests: int = 100,
    threads: int | None = None,
    patience: int = 30,
    quiet: Quiet = False,
    on_error: OnError = None,
) -> None:
    """Serve a model over HTTP: rows as JSON in, predictions as JSON out.

    POST /predict takes a row or a list of rows; /schema says what a row is, /openapi.json the same for programs, /health whether
    the server is ready, /metrics what it counted. Ctrl-C or SIGTERM ends it once running requests are answered.

    There is no authentication, and no encryption: whoever can reach the port can ask.

    Parameters
    ----------
    model : Path
        Model file.
    host : str
        Where to listen: this machine alone, or 0.0.0.0 for all networks that it is on.
    port : int
        Port; 0: one that is free.
    allow_host : tuple of str
        Further names that clients may call this machine by, while it listens to itself alone, such as that of a proxy.
    max_body : int
        Size in megabytes of a request.
    max_rows : int
        Rows of a request.
    max_requests : int
        Predictions that may be asked for at the same time.
    threads : int
        Threads that predict; default: one a processor, 4 at most.
    patience : int
        Seconds for which running requests may go on when the server is to end.
    quiet : bool
        Print nothing but errors.
    on_error : {"fail", "missing"}
        What a value of another kind than its column's does: end with an error, or count as missing; default: as in training.
    """
    from lamina.extras import require
    from lamina.http_server import listen, run
    from lamina.serving import Bounds, make_app
    from lamina.validation import check_parameters, integer

    require("uvicorn", owner="lamina serve")
    rules = {"port": integer(0, 65535), "max_body": integer(1), "patience": integer(1)}
    check_parameters({"port": port, "max_body": max_body, "patience": patience}, rules, owner="serve")
    bounds = Bounds(max_body=max_body * _MB, max_rows=max_rows, max_requests=max_requests, threads=threads)
    with notes_printed(quiet):
        app = make_app(_loaded(model, on_error), bounds)
    listening = listen(host, port, owner="serve")
    address, number = listening.getsockname()[:2]
    if _is_loopback(address):
        app = _guarded(app, (*_OWN_NAMES, host, *allow_host))
    if not quiet:
        shown = f"[{host}]" if ":" in host else host
        print_line(
            f"Serving {model} at http://{shown}:{number}\nPOST rows to /predict; /schema says what a row is. Ctrl-C ends it."
        )
    run(app, listening, patience_s=patience, owner="lamina serve", access_log=False, ws="none", lifespan="off")


def _loaded(path: Path, on_error: Any) -> Any:
    from lamina.errors import InvalidSettingError
    from lamina.model import TableModel, load_model

    model = load_model(path)
    if on_error is not None:
        if not isinstance(model, TableModel):
            raise InvalidSettingError(f"serve: --on-error is for models of tables, got a {type(model).__name__}. Leave it out.")
        model.encoder.set_params(on_error=on_error)
    return model


def _is_loopback(address: str) -> bool:
    import ipaddress

    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _guarded(app: Any, hosts: tuple[str, ...]) -> Any:
    from lamina.serving.host_guard import HostGuard

    return HostGuard(app, hosts)
