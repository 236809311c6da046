"""The application: routes, and what they answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lamina
from lamina.extras import OptionalModule, require
from lamina.http_server import App, Receive, Scope, Send
from lamina.serving.body import check_kind, parse, read_body
from lamina.serving.bounds import Bounds
from lamina.serving.json_text import as_json, json_of_answer
from lamina.serving.metrics import KIND, Metrics
from lamina.serving.model_kinds import served
from lamina.serving.openapi import describe, document
from lamina.serving.options import Options, read_options
from lamina.serving.refused import RefusedError
from lamina.serving.rows import given_rows
from lamina.serving.served import Served

__all__ = ["make_app"]

_OWNER = "lamina serve"
applications, exceptions, requests, responses, routing = (
    OptionalModule(f"starlette.{name}", owner=_OWNER)
    for name in ("applications", "exceptions", "requests", "responses", "routing")
)
_CLIENT_LEFT = 499  # for the metrics alone; nobody is there to hear it
_ROUTES = ("/", "/predict", "/health", "/schema", "/openapi.json", "/metrics")


def make_app(model: Any, bounds: Bounds | None = None) -> App:
    """An application that serves a model, for any server of ASGI applications.

    ``POST /predict`` takes a row, or a list of rows, as JSON. ``GET`` gives ``/health``, ``/schema``, ``/openapi.json`` and
    ``/metrics``. There is no authentication.

    Parameters
    ----------
    model : path, TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Trainer or NetworkModel
        The model, or the file that holds it.
    bounds : Bounds, optional
        How much is taken at once.

    Returns
    -------
    ASGI application

    Raises
    ------
    MissingPackageError
        If the extra ``lab`` is not installed.
    FileError
        If the file cannot be read.
    InvalidSettingError
        If this is no model that can be served.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.model import fit_table
    >>> from lamina.serving import make_app
    >>> table = pa.table({"x": list(range(100)), "kind": ["low"] * 50 + ["high"] * 50})
    >>> app = make_app(fit_table(table, "kind").model)
    >>> callable(app)  # uvicorn module:app
    True
    """
    require("starlette", owner=_OWNER)
    service = _Service(served(model), bounds or Bounds())
    routes = [
        routing.Route("/predict", service.predictions, methods=["POST"]),
        routing.Route("/metrics", service.counts),
        *(routing.Route(path, _constant(found)) for path, found in service.constants.items()),
    ]
    handlers = {RefusedError: _refused, exceptions.HTTPException: _no_route, Exception: _failed}
    return _Measured(applications.Starlette(routes=routes, exception_handlers=handlers), service.metrics)


def _constant(found: Mapping[str, Any]) -> Callable[[Any], Awaitable[Any]]:
    content = as_json(found)

    async def give(request: Any) -> Any:
        return _answer(content)

    return give


def _answer(
    content: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> Any:
    return responses.Response(content, status, headers, kind)


async def _refused(request: Any, error: RefusedError) -> Any:
    return _answer(as_json(error.to_dict()), status=error.status, headers=error.headers)


async def _no_route(request: Any, error: Any) -> Any:
    """Of a route or method that there is none of, Starlette says no more than that."""
    headers = error.headers or {}
    message = {
        404: f"there is no such route, got {request.url.path!r}; there are {', '.join(_ROUTES)}.",
        405: f"this route does not take {request.method}; it takes {headers.get('Allow', 'another method')}.",
    }.get(error.status_code, str(error.detail))
    return await _refused(request, RefusedError(error.status_code, message, headers=headers))


async def _failed(request: Any, error: Exception) -> Any:
    """The server writes the traceback to its own log, and closes the connection."""
    message = "the server failed at this request, and has written down why. It goes on with others."
    return await _refused(request, RefusedError(500, message, headers={"connection": "close"}))


class _Service:
    """A model with the threads that predict, and what is counted."""

    def __init__(self, model: Served, bounds: Bounds) -> None:
        self._model = model
        self._bounds = bounds
        self._threads = ThreadPoolExecutor(bounds.num_threads, thread_name_prefix="lamina-predict")
        self.metrics = Metrics({"kind": model.kind, "model": model.describe(), "lamina": lamina.__version__})
        self.constants: dict[str, dict[str, Any]] = {
            "/": {"model": model.describe(), "lamina": lamina.__version__, "routes": list(_ROUTES)},
            "/health": {"status": "ok"},
            "/schema": describe(model, bounds),
            "/openapi.json": document(model, bounds),
        }

    async def counts(self, request: Any) -> Any:
        """What was counted until now."""
        return _answer(self.metrics.text().encode(), kind=KIND)

    async def predictions(self, request: Any) -> Any:
        """The answer to a request for predictions."""
        try:
            return _answer(await self._predict(request))
        except requests.ClientDisconnect:
            return _answer(b"", status=_CLIENT_LEFT)

    async def _predict(self, request: Any) -> bytes:
        """The body of the answer.

        Raises
        ------
        RefusedError
            If it cannot be answered.
        """
        options = read_options(request.query_params.multi_items(), self._model.options)
        check_kind(request.headers)
        if self.metrics.num_running >= self._bounds.max_requests:
            message = f"at most {self._bounds.max_requests:,} predictions may be asked for at once. Try again."
            raise RefusedError(503, message, headers={"retry-after": "1", "connection": "close"})
        self.metrics.begun()
        try:
            body = await read_body(request, self._bounds)
            loop = asyncio.get_running_loop()
            content, num_rows = await loop.run_in_executor(self._threads, self._answered, body, options)
        finally:
            self.metrics.ended()
        self.metrics.predicted(num_rows)
        return content

    def _answered(self, body: bytes, options: Options) -> tuple[bytes, int]:
        """The answer's body, and the number of rows; in a thread of its own, while others are listened to."""
        given = given_rows(parse(body), self._bounds.max_rows)
        return json_of_answer(self._model.answer(given, options)), len(given.rows)


class _Measured:
    """Counts what an application answers, and how long that takes."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))  # of an application in which this one is mounted
        route = path if path in _ROUTES else "other"
        began = time.perf_counter()

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(route, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noted)
