"""The benchmark of the torch engine runs where there is no GPU, too."""

import json

import pytest

from benchmarks.gpu import main


def test_it_compares_numbers_and_times_of_the_engines(tmp_path, capsys):
    main(["--device", "cpu", "--seconds", "0.01", "--quick", "--json", str(tmp_path / "results.json"), "tiny"])
    results = json.loads((tmp_path / "results.json").read_text())
    tiny = results["workloads"]["tiny"]
    assert tiny["differences"]["float64"]["weights"] < 1e-8
    assert tiny["step_s"].keys() == {"native, CPU", "torch engine, cpu", "torch, cpu"}
    assert min(tiny["step_s"].values()) > 0
    assert "tiny (20-64-64-2, 32 rows a step): native, CPU:" in capsys.readouterr().out


def test_numbers_that_differ_are_an_error(monkeypatch):
    monkeypatch.setattr("benchmarks.gpu.differences", lambda *given: {"loss": 0.0, "weights": float("nan")})
    monkeypatch.setattr("benchmarks.gpu.times_s", lambda *given: {"native, CPU": 1.0})
    with pytest.raises(SystemExit, match="The numbers differ by more than rounding explains: tiny"):
        main(["--device", "cpu", "tiny"])
