"""Models leave as files of other formats, by the output's ending or by --format."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lamina.cli.main import main
from lamina.data import write_table
from lamina.model import load_model

pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    x = np.arange(200.0)
    write_table(folder / "t.csv", pa.table({"x": x, "kind": ["a", "b"] * 100, "y": np.where(x > 100, "high", "low")}))
    settings = ["--hidden", "4", "--max-epochs", "3", "--members", "1", "--bins", "0", "-q"]
    assert main(["train", str(folder / "t.csv"), "--target", "y", "-o", str(folder / "m.lamina"), *settings]) == 0
    return folder / "m.lamina"


@pytest.mark.parametrize(("name", "form"), [("m.onnx", "onnx"), ("m.py", "python"), ("m.h", "c")])
def test_the_ending_says_the_format(name: str, form: str, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if form == "onnx":
        pytest.importorskip("onnx")
    assert main(["export", str(model), "-o", str(tmp_path / name), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"format": form, "files": [str(tmp_path / name)]}
    assert (tmp_path / name).stat().st_size > 1000


def test_a_program_of_python_predicts_where_nothing_of_lamina_is(model: Path, tmp_path: Path) -> None:
    assert main(["export", str(model), "-o", str(tmp_path / "shop.py"), "-q"]) == 0
    code = (
        "import sys, shop\n"
        "print(shop.predict([{'x': 3, 'kind': 'a'}, {'x': 190, 'kind': None}]).tolist())\n"
        "assert not {'lamina', 'scipy', 'sklearn', 'pyarrow'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    wanted = load_model(model).predict(pa.table({"x": [3, 190], "kind": ["a", None]}))
    assert done.stdout.strip() == str(wanted.tolist())


def test_many_weights_lie_beside_the_program_and_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from lamina import Dense, Sequential, Trainer, save_model

    save_model(tmp_path / "net.lamina", Trainer(Sequential([Dense(100), Dense(60)], 8), "squared_error").build())
    assert main(["export", str(tmp_path / "net.lamina"), "-o", str(tmp_path / "net.py"), "--json"]) == 0
    files = [str(tmp_path / "net.py"), str(tmp_path / "net.npz")]
    assert json.loads(capfd.readouterr().out) == {"format": "python", "files": files}
    assert all(Path(file).exists() for file in files)


def test_another_ending_needs_the_format(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(model), "-o", str(tmp_path / "model.txt")]) == 2
    assert "--output must end in .onnx, .py or .h, or come with --format" in capfd.readouterr().err
    assert main(["export", str(model), "-o", str(tmp_path / "model.txt"), "--format", "c"]) == 0
    assert "model_predict" in (tmp_path / "model.txt").read_text(encoding="utf-8")


def test_the_model_is_not_overwritten(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = model.read_bytes()
    assert main(["export", str(model), "-o", str(model), "--format", "c"]) == 2
    assert "must not be a file that this command reads" in capfd.readouterr().err
    assert model.read_bytes() == before
