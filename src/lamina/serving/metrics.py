"""What a server counts, as text that Prometheus reads (its text format 0.0.4)."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping

__all__ = ["KIND", "Metrics"]

#: The content type of the text.
KIND = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)


class Metrics:
    """Counts of a server, kept by the thread of its loop alone.

    Parameters
    ----------
    labels : dict of str to str
        What is said of the model.

    Examples
    --------
    >>> metrics = Metrics({"kind": "table"})
    >>> metrics.answered("/predict", 200, 0.002)
    >>> print(metrics.text().splitlines()[2])
    lamina_requests_total{route="/predict",status="200"} 1
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self._began = time.time()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._within = [0] * len(_BOUNDS_S)
        self._seconds = 0.0
        self._rows = 0
        self._running = 0

    @property
    def num_running(self) -> int:
        """Predictions that were asked for and not answered yet."""
        return self._running

    def begun(self) -> None:
        """A prediction is asked for."""
        self._running += 1

    def ended(self) -> None:
        """It has been answered, in some way."""
        self._running -= 1

    def predicted(self, rows: int) -> None:
        """So many rows were predicted."""
        self._rows += rows

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests[route, status] += 1
        if route == "/predict":
            self._seconds += seconds
            self._within[next(i for i, bound in enumerate(_BOUNDS_S) if seconds <= bound)] += 1

    def text(self) -> str:
        """All counts."""
        lines = _head("lamina_requests_total", "counter", "Requests that were answered, by route and status.")
        for (route, status), count in sorted(self._requests.items()):
            lines.append(f'lamina_requests_total{{route="{route}",status="{status}"}} {count}')
        lines += _head("lamina_predict_seconds", "histogram", "Time from a request for predictions to its answer.")
        total = 0
        for bound, count in zip(_BOUNDS_S, self._within, strict=True):
            total += count
            lines.append(f'lamina_predict_seconds_bucket{{le="{_number(bound)}"}} {total}')
        lines += [f"lamina_predict_seconds_sum {self._seconds!r}", f"lamina_predict_seconds_count {total}"]
        lines += _single("lamina_rows_total", "counter", "Rows that were predicted.", self._rows)
        lines += _single("lamina_requests_running", "gauge", "Predictions that are not answered yet.", self._running)
        lines += _single("lamina_start_time_seconds", "gauge", "When the server began, since 1970.", self._began)
        lines += _head("lamina_model_info", "gauge", "What is served.")
        said = ",".join(f'{name}="{_escaped(value)}"' for name, value in self._labels.items())
        return "\n".join([*lines, f"lamina_model_info{{{said}}} 1", ""])


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _single(name: str, kind: str, text: str, value: float) -> list[str]:
    return [*_head(name, kind, text), f"{name} {value!r}"]


def _number(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else f"{bound:g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
