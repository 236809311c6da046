"""Tables larger than memory: what training on many files takes, in time and memory, beside the same rows in memory.

    python -m benchmarks.large_tables make FOLDER --rows 100000000     # 20 columns, about 80 bytes a row in Parquet
    python -m benchmarks.large_tables measure FOLDER --memory 2GB      # prints JSON

``measure`` trains the network of ``preset="fast"`` on all files for one epoch (or as many as asked for), each run in a process of
its own. With ``--beside ROWS`` it also trains on so many rows as files and in memory, three epochs each on one thread, and
compares how many rows a second the later epochs take. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

__all__ = ["make", "measure"]

_ROWS_A_FILE = 1_000_000
_ROWS_A_GROUP = 250_000
_COLORS = np.array(["red", "green", "blue", "cyan", "black", "white"])


def make(folder: Path, num_rows: int) -> None:
    """Write files of mixed columns, from which a yes or no can be learned."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(-(-num_rows // _ROWS_A_FILE)):
        path = folder / f"part-{number:05}.parquet"
        if not path.exists():
            rows = min(_ROWS_A_FILE, num_rows - number * _ROWS_A_FILE)
            parquet.write_table(_rows(number, rows), path, row_group_size=_ROWS_A_GROUP)


def _rows(seed: int, n: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"normal{i}": rng.standard_normal(n, dtype=np.float32) for i in range(7)}
    columns |= {f"amount{i}": rng.lognormal(0, 1.5, n).round(2) for i in range(2)}
    columns["gaps"] = pa.array(rng.standard_normal(n, dtype=np.float32), mask=rng.random(n) < 0.1)
    columns |= {f"count{i}": rng.integers(0, top, n, dtype=np.int32) for i, top in enumerate((10, 200, 100_000))}
    color, shop, region = (rng.integers(0, top, n) for top in (6, 2000, 40))
    columns["color"] = pa.DictionaryArray.from_arrays(color.astype(np.int32), _COLORS).cast(pa.string())
    columns["shop"] = _named("shop", shop, 2000)
    columns["region"] = _named("region", region, 40)
    columns |= {"member": rng.random(n) < 0.3, "first": rng.random(n) < 0.05}
    days = rng.integers(0, 1500, n)
    columns["day"] = (np.datetime64("2021-01-01") + days).astype("M8[s]")
    signal = columns["normal0"] + columns["normal1"] * columns["normal2"] + np.sin(days / 58.1)
    signal = signal + 0.3 * np.log(columns["amount0"]) + 0.8 * (color == 2) + 0.5 * columns["member"] * columns["normal3"]
    signal = signal + np.random.default_rng(1).normal(0, 0.6, 2000)[shop] + rng.logistic(0, 0.7, n)
    columns["y"] = signal > 0.5
    return pa.table(columns)


def _named(name: str, codes: np.ndarray, count: int) -> pa.Array:
    names = pa.array([f"{name}{i:04}" for i in range(count)])
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), names).cast(pa.string())


def measure(folder: Path, *, memory: str, epochs: int, beside: int) -> dict[str, Any]:
    """Each run in a process of its own."""
    found = {"all": _in_process("files", folder, memory, epochs, 0)}
    if beside:
        for side in ("files", "memory"):
            found[f"{beside} rows as {side}"] = _in_process(side, folder, memory, 3, beside)
    return found


def _in_process(side: str, folder: Path, memory: str, epochs: int, rows: int) -> dict[str, Any]:
    arguments = [side, str(folder), "--memory", memory, "--epochs", str(epochs), "--rows", str(rows)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_tables", *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def _run(side: str, folder: Path, memory: str, epochs: int, rows: int) -> dict[str, Any]:
    """One training: seconds, rows a second of each epoch, memory at its peak, and how good the model is."""
    from lamina.model import RunSettings, StoppingSettings, TableSettings, fit_table
    from lamina.model.table_settings import NetworkSettings

    warnings.simplefilter("ignore")
    files = sorted(folder.glob("*.parquet"))
    files = files[: -(-rows // _ROWS_A_FILE)] if rows else files
    table: Any = _dataset(files) if side == "files" else pa.concat_tables(parquet.read_table(file) for file in files)
    settings = TableSettings(
        network=NetworkSettings(members=1),
        stopping=StoppingSettings(max_epochs=epochs, patience=epochs),
        run=RunSettings(preset="fast", memory=memory, threads=1),
    )
    began = time.perf_counter()
    result = fit_table(table, "y", settings=settings)
    seconds, of_processor = time.perf_counter() - began, time.process_time()
    num_rows = result.rows["training"]
    return {
        "rows": result.rows,
        "seconds": round(seconds, 1),
        "seconds of processor time": round(of_processor, 1),
        "seconds of training": round(result.duration_s, 1),
        "rows a second by epoch": [round(num_rows / epoch["duration_s"]) for epoch in result.model.estimator.history_],
        "peak of resident memory, MB": _peak() >> 20,
        "AUC": round(result.metrics["model"]["auc"], 4),
        "log loss": round(result.metrics["model"]["log_loss"], 4),
    }


def _dataset(files: list[Path]) -> Any:
    from pyarrow import dataset

    return dataset.dataset([str(file) for file in files], format="parquet")


def _peak() -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("make", "measure", "files", "memory"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--beside", type=int, default=0)
    given = parser.parse_args()
    if given.action == "make":
        make(given.folder, given.rows or 100_000_000)
    elif given.action == "measure":
        found = measure(given.folder, memory=given.memory, epochs=given.epochs, beside=given.beside)
        print(json.dumps(found, indent=2))
    else:
        print(json.dumps(_run(given.action, given.folder, given.memory, given.epochs, given.rows)))


if __name__ == "__main__":
    _main()
