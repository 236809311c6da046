"""The description of a served model, and of its routes as an OpenAPI document."""

from __future__ import annotations

from typing import Any

import lamina
from lamina.serving.bounds import Bounds
from lamina.serving.options import TEXTS
from lamina.serving.served import Served

__all__ = ["describe", "document"]

_REFUSALS = {
    "408": "The body came too slowly.",
    "413": "The body is too large, or holds too many rows.",
    "415": "The body is not said to be JSON.",
    "422": "The rows cannot be predicted; the sentence says why, and `column`, or `input` and `place`, where.",
    "503": "Too much is asked for at once.",
}
_ROUTES = {
    "/health": ("Whether the server is ready.", "application/json"),
    "/schema": ("What is served: columns, options, an example, bounds.", "application/json"),
    "/metrics": ("Counts and times, for Prometheus.", "text/plain"),
}


def describe(model: Served, bounds: Bounds) -> dict[str, Any]:
    """What a client must know of a model."""
    return {
        "model": model.describe(),
        "kind": model.kind,
        "row": model.row_schema(),
        "answer": model.answer_schema(),
        "options": {name: TEXTS[name] for name in model.options},
        "example": model.example(),
        "bounds": {"body_bytes": bounds.max_body, "rows": bounds.max_rows, "requests": bounds.max_requests},
        "lamina": lamina.__version__,
    }


def document(model: Served, bounds: Bounds) -> dict[str, Any]:
    """The OpenAPI document (version 3.1) of a server."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lamina", "version": lamina.__version__, "description": model.describe()},
        "paths": {
            "/predict": {"post": _predict(model, bounds)},
            **{route: {"get": _get(text, kind)} for route, (text, kind) in _ROUTES.items()},
        },
        "components": {"schemas": _schemas(model)},
    }


def _predict(model: Served, bounds: Bounds) -> dict[str, Any]:
    row, example = _reference("Row"), model.example()
    batch = {"type": "array", "items": row, "minItems": 1, "maxItems": bounds.max_rows}
    content = {
        "schema": {"anyOf": [row, batch]},
        "examples": {"row": {"value": example}, "batch": {"value": [example, example]}},
    }
    answer = {"anyOf": [_reference("Answer"), _reference("Answers")]}
    return {
        "summary": "Predict a row, or a list of rows.",
        "operationId": "predict",
        "parameters": [_parameter(name) for name in model.options],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": {"description": "Predictions.", "content": {"application/json": {"schema": answer}}},
            **{status: _refused(text) for status, text in _REFUSALS.items()},
        },
    }


def _parameter(name: str) -> dict[str, Any]:
    is_share = name in ("interval", "set")
    kind: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1} if is_share else {"type": "boolean"}
    if name == "proba":
        kind["default"] = True
    return {"name": name, "in": "query", "required": False, "description": TEXTS[name], "schema": kind}


def _get(text: str, kind: str) -> dict[str, Any]:
    return {"summary": text, "responses": {"200": {"description": text, "content": {kind: {}}}}}


def _refused(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _reference("Error")}}}


def _schemas(model: Served) -> dict[str, Any]:
    answer, notes = model.answer_schema(), {"type": "array", "items": {"type": "string"}}
    one: dict[str, Any] = {"type": "object", "properties": answer, "required": ["prediction"]}
    names = {name: {"type": "string"} for name in ("message", "column", "input")}
    error = {**names, **{name: {"type": "integer", "minimum": 1} for name in ("place", "row")}}
    several = {"predictions": {"type": "array", "items": one}, "notes": notes}
    return {
        "Row": model.row_schema(),
        "Answer": {"type": "object", "properties": {**answer, "notes": notes}, "required": ["prediction", "notes"]},
        "Answers": {"type": "object", "properties": several, "required": ["predictions", "notes"]},
        "Error": {
            "type": "object",
            "properties": {"error": {"type": "object", "properties": error, "required": ["message"]}},
            "required": ["error"],
        },
    }


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
