"""What looking costs: ``python -m benchmarks.lab``.

Steps per second of a training that the lab shows in 30 frames a second, over those of the same training that nobody looks at; one
engine thread, batches of 32, decision maps of 128 x 128 cells. The two take turns; medians count.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import time

from benchmarks.machine import describe_machine
from lamina.lab import DataState, LabState, LayerState, build, rows_of
from lamina.lab.frames import unpack
from lamina.lab.session import Session

SECONDS = 3.0
ROWS = DataState(rows=4000)  # of fewer, all epochs would be over too soon
STATES = {f"2-{units}-{units}-1": LabState(ROWS, (LayerState(units), LayerState(units))) for units in (8, 64)}


def alone(state: LabState) -> float:
    """Steps per second of a trainer."""
    rows = rows_of(state)
    trainer = build(state, rows).trainer
    trainer.fit(rows.X, rows.y, max_epochs=2, final_check=False)
    epochs, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        trainer.fit(rows.X, rows.y, max_epochs=200, final_check=False)
        epochs += 200
    return epochs * trainer.steps_per_epoch / (time.perf_counter() - began)  # type: ignore[operator]


def watched(state: LabState) -> tuple[float, float]:
    """Steps and frames per second of a session."""
    told: queue.Queue[bytes | dict[str, object]] = queue.Queue()
    session = Session(told.put)
    session.restart(state, play=True)
    frames: list[tuple[float, int]] = []
    while not frames or frames[-1][0] - frames[0][0] < SECONDS + 0.5:
        message = told.get(timeout=10)
        if isinstance(message, bytes):
            frames.append((time.perf_counter(), unpack(message)[0]["step"]))
    session.close()
    session.join()
    first = next(i for i, (at, _) in enumerate(frames) if at - frames[0][0] > 0.5)
    (began, step), (ended, last) = frames[first], frames[-1]
    return (last - step) / (ended - began), (len(frames) - 1 - first) / (ended - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    for key, value in describe_machine().items():
        print(f"{key}: {value}")
    for name, state in STATES.items():
        turns = [(alone(state), *watched(state)) for _ in range(repeats)]
        full, seen, frames = (statistics.median(turn[i] for turn in turns) for i in range(3))
        print(f"{name}: {seen:,.0f} of {full:,.0f} steps/s ({seen / full:.0%}) at {frames:.1f} frames/s")


if __name__ == "__main__":
    main()
