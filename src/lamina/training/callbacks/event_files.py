"""TensorBoard's files, written as they are asked to be, not by a thread: what fails is known where it fails.

tensorboardX has the formats. Its ``SummaryWriter`` is not used: its thread ends at the first full disk, and then whoever adds
to it waits forever.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lamina.extras import require
from lamina.files.patient_file import PatientFile
from lamina.training.run_parameters import Plain

__all__ = ["EventFile", "hyperparameters", "session_end", "text_summary"]

_OWNER = "TensorBoardLog"
_BUCKETS = 64
_HPARAMS = "hparams"


class EventFile:
    """A new file of events in a folder, which is made if needed.

    Parameters
    ----------
    folder : Path
    hides_from : int or None
        What earlier files of the folder hold from this step on, TensorBoard then hides: a killed run wrote it.
    """

    def __init__(self, folder: Path, hides_from: int | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        # The files of a folder are read in the order of their names.
        name = f"events.out.tfevents.{now:.6f}.{socket.gethostname()}.{os.getpid()}"
        self._event = require("tensorboardX.proto.event_pb2", owner=_OWNER)
        self._summary = require("tensorboardX.proto.summary_pb2", owner=_OWNER).Summary
        self._checksum = require("tensorboardX.record_writer", owner=_OWNER).masked_crc32c
        self._file = PatientFile(folder / name, "xb")
        self._write(self._event.Event(wall_time=now, file_version="brain.Event:2"))
        if hides_from is not None:
            start = self._event.SessionLog(status=self._event.SessionLog.START)
            self._write(self._event.Event(wall_time=now, step=hides_from, session_log=start))
        self.flush()

    def add(self, summary: Any, step: int, time_s: float) -> None:
        """Add a summary."""
        self._write(self._event.Event(wall_time=time_s, step=step, summary=summary))

    def add_scalars(self, numbers: Mapping[str, float], step: int, time_s: float) -> None:
        """Add numbers by tag, as one event."""
        values = [self._summary.Value(tag=tag, simple_value=number) for tag, number in numbers.items()]
        self.add(self._summary(value=values), step, time_s)

    def add_histogram(self, tag: str, numbers: np.ndarray, step: int, time_s: float) -> None:
        """Add how an array's numbers are distributed."""
        make = require("tensorboardX.summary", owner=_OWNER).histogram
        self.add(make(tag, np.asarray(numbers, dtype=np.float64), _BUCKETS), step, time_s)

    def flush(self) -> None:
        """Write all that was added; what finds no room waits for the next time."""
        self._file.flush()

    def close(self) -> None:
        """Write all that was added, and close the file."""
        self._file.close()

    def _write(self, event: Any) -> None:
        """Add an event as a record: its length and its bytes, each with a checksum."""
        data = event.SerializeToString()
        length = struct.pack("<Q", len(data))
        parts = (length, struct.pack("<I", self._checksum(length)), data, struct.pack("<I", self._checksum(data)))
        self._file.add(b"".join(parts))


def text_summary(tag: str, text: str) -> Any:
    """Text in Markdown."""
    return require("tensorboardX.summary", owner=_OWNER).text(tag, text)


def hyperparameters(parameters: Mapping[str, Plain], metrics: Sequence[tuple[str, str]]) -> list[Any]:
    """What the tab HPARAMS shows: the parameters, and the metrics as pairs of a part of the run and a tag."""
    api, plugin = _protocols()
    kinds = {bool: "BOOL", str: "STRING"}
    infos = [
        api.HParamInfo(name=name, type=api.DataType.Value(f"DATA_TYPE_{kinds.get(type(given), 'FLOAT64')}"))
        for name, given in parameters.items()
    ]
    shown = [api.MetricInfo(name=api.MetricName(group=part, tag=tag)) for part, tag in metrics]
    start = plugin.SessionStartInfo(start_time_secs=time.time())
    for name, given in parameters.items():
        field = {bool: "bool_value", str: "string_value"}.get(type(given), "number_value")
        setattr(start.hparams[name], field, given)
    experiment = api.Experiment(hparam_infos=infos, metric_infos=shown)
    return [_of_plugin("experiment", experiment=experiment), _of_plugin("session_start_info", session_start_info=start)]


def session_end(*, has_succeeded: bool) -> Any:
    """How the run ended, for the tab HPARAMS."""
    api, plugin = _protocols()
    status = api.Status.Value("STATUS_SUCCESS" if has_succeeded else "STATUS_FAILURE")
    info = plugin.SessionEndInfo(status=status, end_time_secs=time.time())
    return _of_plugin("session_end_info", session_end_info=info)


def _protocols() -> tuple[Any, Any]:
    """The messages of experiments, and those of their plugin."""
    return require("tensorboardX.proto.api_pb2", owner=_OWNER), require("tensorboardX.proto.plugin_hparams_pb2", owner=_OWNER)


def _of_plugin(tag: str, **content: Any) -> Any:
    summaries = require("tensorboardX.proto.summary_pb2", owner=_OWNER)
    _, plugin = _protocols()
    data = summaries.SummaryMetadata.PluginData(
        plugin_name=_HPARAMS, content=plugin.HParamsPluginData(version=0, **content).SerializeToString()
    )
    value = summaries.Summary.Value(tag=f"_hparams_/{tag}", metadata=summaries.SummaryMetadata(plugin_data=data))
    return summaries.Summary(value=[value])
