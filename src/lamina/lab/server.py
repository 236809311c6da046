"""The lab's server: the page, and a web socket for each page that is open."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lamina.errors import InvalidSettingError, LaminaError, phrase, phrase_unknown
from lamina.extras import require
from lamina.http_server import App
from lamina.lab.examiner import Examiner
from lamina.lab.experiment import Experiment
from lamina.lab.guard import Guard
from lamina.lab.lessons import LESSONS
from lamina.lab.opened_table import OpenedTable, open_upload
from lamina.lab.plane_features import FEATURES
from lamina.lab.python_text import as_python
from lamina.lab.session import Session
from lamina.lab.state import (
    CHOICES,
    FURTHER,
    INIT_SETTINGS,
    MOST_EPOCHS,
    MOST_LAYERS,
    MOST_UNITS,
    LabState,
    from_address,
    to_address,
)
from lamina.model import save_model

__all__ = ["MOST_PAGES", "Lab", "make_app"]

#: Open at the same time: each has a training of its own.
MOST_PAGES = 8

_PAGE = Path(__file__).with_name("page")
_MOST_CHARACTERS = 100_000  # of a message
_MOST_RUNS = 2**53  # integers that a page knows exactly
_PATIENCE_S = 10.0  # with a training that is to answer between two steps
_KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass
class Lab:
    """What all pages of a server share.

    Parameters
    ----------
    first : LabState
        What a page begins with whose address has no state.
    table : OpenedTable, optional
        What pages begin with; each may open another.
    lesson : int, optional
        The number of the lesson that pages begin with.
    max_upload : int, default=50_000_000
        Bytes of a table that a page may send.
    """

    first: LabState
    table: OpenedTable | None = None
    lesson: int | None = None
    max_upload: int = 50_000_000
    pages: dict[str, _Page] = field(default_factory=dict)


def make_app(lab: Lab, token: str, port: int) -> App:
    """The application, which answers to nobody without the token.

    Raises
    ------
    MissingPackageError
        If the extra ``lab`` is not installed.
    """
    require("websockets", owner="The lab")  # without it the server would refuse each page's socket
    routing, responses = require("starlette.routing", owner="The lab"), require("starlette.responses", owner="The lab")
    starlette = require("starlette.applications", owner="The lab")
    pages = {f"/{path.name}": (path.read_bytes(), _KINDS[path.suffix]) for path in _PAGE.iterdir() if path.suffix in _KINDS}

    async def page(request: Any) -> Any:
        name = "/index.html" if request.url.path == "/" else request.url.path
        if name not in pages:
            return responses.PlainTextResponse("There is no such page.", 404)
        content, kind = pages[name]
        return responses.Response(content, media_type=kind)

    def refused(text: str, status: int) -> Any:
        return responses.JSONResponse({"error": text}, status)

    async def upload(request: Any) -> Any:
        page = lab.pages.get(request.query_params.get("page", ""))
        if page is None:
            return refused("This page is not connected. Load it again.", 404)
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > lab.max_upload:
                return refused(
                    f"The table is larger than {lab.max_upload:,} bytes: start the lab with a larger --max-upload.", 413
                )
        try:
            page.table = await asyncio.to_thread(open_upload, bytes(content), request.query_params.get("name", ""))
        except LaminaError as error:
            return refused(str(error), 422)
        return responses.JSONResponse(page.table.described())

    async def model(request: Any) -> Any:
        page = lab.pages.get(request.query_params.get("page", ""))
        try:
            content = None if page is None else await page.saved()
        except TimeoutError:
            return refused("The training does not answer yet. Try again.", 503)
        except (LaminaError, OSError) as error:
            return refused(f"The network could not be saved: {error}", 500)
        if content is None:
            return refused("There is no network yet. Load the page again.", 404)
        headers = {"content-disposition": 'attachment; filename="lab.lamina"'}
        return responses.Response(content, media_type="application/octet-stream", headers=headers)

    routes = [
        routing.WebSocketRoute("/live", lambda socket: _Page(lab, socket).run()),
        routing.Route("/table", upload, methods=["POST"]),
        routing.Route("/model", model),
        routing.Route("/{name:path}", page),
    ]
    return Guard(starlette.Starlette(routes=routes), token, port)


class _Page:
    """One page: its socket, and the training that it watches, which ends with it."""

    def __init__(self, lab: Lab, socket: Any) -> None:
        self._lab, self._socket = lab, socket
        self._loop = asyncio.get_running_loop()
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._frame: bytes | None = None  # the newest; older ones that were not sent are forgotten
        self._has_news = asyncio.Event()
        self._session = Session(self._told)
        self._examiner = Examiner(self._told)
        self.table = lab.table

    async def run(self) -> None:
        """Until the page is closed."""
        number = secrets.token_urlsafe(8)
        await self._socket.accept()
        if len(self._lab.pages) >= MOST_PAGES:
            await self._socket.send_text(_json({"kind": "error", "text": f"{MOST_PAGES} pages are open. Close one of them."}))
            await self._socket.close(1013)
            self._session.close()
            return
        self._lab.pages[number] = self
        await self._socket.send_text(_json({**_welcome(self._lab), "page": number}))
        sending = asyncio.create_task(self._send_all())
        try:
            await self._receive_all()
        finally:
            del self._lab.pages[number]
            self._session.close()
            self._examiner.close()
            sending.cancel()

    async def saved(self) -> bytes | None:
        """The file of the present network; None if there is none.

        Raises
        ------
        TimeoutError
            If the training does not come to the end of a step.
        LaminaError, OSError
            If the file cannot be written.
        """
        found: concurrent.futures.Future[bytes | None] = concurrent.futures.Future()

        def save(experiment: Experiment | None) -> None:
            if not found.set_running_or_notify_cancel():
                return
            try:
                found.set_result(None if experiment is None else _file_of(experiment))
            except Exception as error:  # of the request, not of the training
                found.set_exception(error)

        self._session.ask(save)
        return await asyncio.wait_for(asyncio.wrap_future(found), _PATIENCE_S)

    def _told(self, message: bytes | dict[str, Any]) -> None:
        """Called in the thread of the training."""
        with suppress(RuntimeError):  # the loop is closed: the server ends
            self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: bytes | dict[str, Any]) -> None:
        if isinstance(message, bytes):
            self._frame = message
        else:
            self._frame = None if message["kind"] == "begun" else self._frame  # of the training before
            self._messages.put_nowait(message)
        self._has_news.set()

    async def _send_all(self) -> None:
        with suppress(RuntimeError, OSError):  # the page is gone
            while True:
                await self._has_news.wait()
                self._has_news.clear()
                while not self._messages.empty():
                    await self._socket.send_text(_json(self._messages.get_nowait()))
                frame, self._frame = self._frame, None
                if frame is not None:
                    await self._socket.send_bytes(frame)

    async def _receive_all(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                self._obey(_parsed(message))
            except LaminaError as error:
                self._take({"kind": "error", "text": str(error)})

    def _obey(self, asked: Mapping[str, Any]) -> None:
        kind = asked.get("do")
        command = getattr(self, f"_do_{kind}", None) if isinstance(kind, str) else None
        if command is None:
            known = [name.removeprefix("_do_") for name in dir(type(self)) if name.startswith("_do_")]
            raise InvalidSettingError(phrase_unknown("what to do", kind, known, owner="The lab"))
        command(asked)

    def _do_restart(self, asked: Mapping[str, Any]) -> None:
        self._begin(_state_in(asked), asked)

    def _do_open(self, asked: Mapping[str, Any]) -> None:
        """Begin with the state of an address."""
        self._begin(from_address(str(asked.get("address", ""))), asked)

    def _begin(self, state: LabState, asked: Mapping[str, Any]) -> None:
        run = _run_in(asked)
        self._examiner.give_up()
        self._session.table = self.table and self.table.columns
        self._session.restart(state, play=asked.get("play") is True, run=run)
        self._take({"kind": "address", "address": to_address(state), "run": run})

    def _do_examine(self, asked: Mapping[str, Any]) -> None:
        """Ask the doctor, who takes seconds, about what is trained at present."""
        self._session.ask(self._examine)

    def _examine(self, experiment: Experiment | None) -> None:
        """Called in the thread of the training."""
        run = self._session.run
        if experiment is None:
            self._told({"kind": "findings", "run": run, "findings": [], "about": "", "error": "There is nothing to examine yet."})
        else:
            with suppress(RuntimeError):  # the loop is closed: the server ends
                self._loop.call_soon_threadsafe(self._examiner.examine, experiment, run, self._session.curves)

    def _do_python(self, asked: Mapping[str, Any]) -> None:
        """The code of a state whose run has done so many epochs."""
        epochs = asked.get("epochs", 0)
        if not isinstance(epochs, int) or isinstance(epochs, bool) or not 0 <= epochs <= MOST_EPOCHS:
            rule = f"must be an integer in [0, {MOST_EPOCHS}]"
            raise InvalidSettingError(phrase("epochs", rule, epochs, owner="The lab"))
        self._take({"kind": "python", "text": as_python(_state_in(asked), done=epochs)})

    def _do_play(self, asked: Mapping[str, Any]) -> None:
        self._session.play()

    def _do_pause(self, asked: Mapping[str, Any]) -> None:
        self._session.pause()

    def _do_step(self, asked: Mapping[str, Any]) -> None:
        self._session.step()

    def _do_epoch(self, asked: Mapping[str, Any]) -> None:
        self._session.epoch()

    def _do_speed(self, asked: Mapping[str, Any]) -> None:
        speed = asked.get("steps_a_second")
        if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0 <= speed < 1e9:
            raise InvalidSettingError(phrase("the speed", "must be a number >= 0", speed, owner="The lab"))
        self._session.set_speed(float(speed))


def _file_of(experiment: Experiment) -> bytes:
    with tempfile.TemporaryDirectory(prefix="lamina-") as folder:
        path = Path(folder, "lab.lamina")
        save_model(experiment.trainer, path)
        return path.read_bytes()


def _state_in(asked: Mapping[str, Any]) -> LabState:
    return LabState.from_described(asked.get("state"))


def _run_in(asked: Mapping[str, Any]) -> int:
    """The number that the page gives the run that is to begin, and looks for in what it hears."""
    run = asked.get("run", 0)
    if not isinstance(run, int) or isinstance(run, bool) or not 0 <= run < _MOST_RUNS:
        raise InvalidSettingError(phrase("the run", "must be an integer >= 0", run, owner="The lab"))
    return run


def _parsed(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a message of the page asks for.

    Raises
    ------
    InvalidSettingError
        If it is no JSON object, or too long.
    """
    given = message.get("text")
    if given is None or len(given) > _MOST_CHARACTERS:
        rule = f"must be text of at most {_MOST_CHARACTERS:,} characters"
        raise InvalidSettingError(phrase("a message", rule, "bytes" if given is None else f"{len(given):,}", owner="The lab"))
    try:
        asked = json.loads(given)
    except (ValueError, RecursionError):
        raise InvalidSettingError(phrase("a message", "must be JSON", given[:40], owner="The lab")) from None
    if not isinstance(asked, Mapping):
        raise InvalidSettingError(phrase("a message", "must be a JSON object", given[:40], owner="The lab"))
    return asked


def _welcome(lab: Lab) -> dict[str, Any]:
    """What a page must know before it asks for anything."""
    return {
        "kind": "welcome",
        "state": lab.first.to_dict(),
        "choices": {name: list(names) for name, names in CHOICES.items()},
        "further": {family: dict(members) for family, members in FURTHER.items()},
        "features": {name: feature.label for name, feature in FEATURES.items()},
        "init_settings": dict(INIT_SETTINGS),
        "limits": {"layers": MOST_LAYERS, "units": MOST_UNITS, "upload": lab.max_upload},
        "table": None if lab.table is None else lab.table.described(),
        "lessons": [lesson.to_dict() for lesson in LESSONS],
        "lesson": lab.lesson,
    }


def _json(message: Mapping[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
