"""The application: routes, and what they answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lamina
from lamina.extras import require
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
    routing, requests = require("starlette.routing", owner=_OWNER), require("starlette.requests", owner=_OWNER)
    starlette, exceptions = require("starlette.applications", owner=_OWNER), require("starlette.exceptions", owner=_OWNER)
    responses = require("starlette.responses", owner=_OWNER)
    service = _Service(served(model), bounds or Bounds())

    def answer(
        content: bytes, kind: str = "application/json", status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Any:
        return responses.Response(content, status, headers, kind)

    def constant(path: str, found: Mapping[str, Any]) -> Any:
        content = as_json(found)

        async def give(request: Any) -> Any:
            return answer(content)

        return routing.Route(path, give)

    async def metrics(request: Any) -> Any:
        return answer(service.metrics.text().encode(), KIND)

    async def predict(request: Any) -> Any:
        try:
            return answer(await service.predict(request))
        except requests.ClientDisconnect:
            return answer(b"", status=_CLIENT_LEFT)

    async def refused(request: Any, error: RefusedError) -> Any:
        return answer(as_json(error.to_dict()), status=error.status, headers=error.headers)

    async def no_route(request: Any, error: Any) -> Any:
        message = {
            404: f"there is no such route, got {request.url.path!r}; there are {', '.join(_ROUTES)}.",
            405: f"this route does not take {request.method}; it takes {(error.headers or {}).get('Allow', 'another method')}.",
        }.get(error.status_code, str(error.detail))
        return answer(
            as_json(RefusedError(error.status_code, message).to_dict()), status=error.status_code, headers=error.headers
        )

    async def failed(request: Any, error: Exception) -> Any:
        message = "the server failed at this request, and has written down why. It goes on with others."
        return answer(as_json(RefusedError(500, message).to_dict()), status=500)

    routes = [
        routing.Route("/predict", predict, methods=["POST"]),
        routing.Route("/metrics", metrics),
        constant("/", service.welcome),
        constant("/health", {"status": "ok"}),
        constant("/schema", service.description),
        constant("/openapi.json", service.document),
    ]
    handlers = {RefusedError: refused, exceptions.HTTPException: no_route, Exception: failed}
    return _Measured(starlette.Starlette(routes=routes, exception_handlers=handlers), service.metrics)


class _Service:
    """A model with the threads that predict, and what is counted."""

    def __init__(self, model: Served, bounds: Bounds) -> None:
        self._model = model
        self._bounds = bounds
        self._threads = ThreadPoolExecutor(bounds.num_threads, thread_name_prefix="lamina-predict")
        self.metrics = Metrics({"kind": model.kind, "model": model.describe(), "lamina": lamina.__version__})
        self.description = describe(model, bounds)
        self.document = document(model, bounds)
        self.welcome = {"model": model.describe(), "lamina": lamina.__version__, "routes": list(_ROUTES)}

    async def predict(self, request: Any) -> bytes:
        """The answer to a request for predictions.

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
        route = scope["path"] if scope["path"] in _ROUTES else "other"
        began = time.perf_counter()

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(route, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noted)
