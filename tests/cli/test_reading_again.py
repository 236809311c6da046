"""What training was told about a file is known to every command that reads another one."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from lamina.cli.main import main

QUICK = ("--max-epochs", "60", "--hidden", "8", "--learning-rate", "0.02", "-q")


def lamina(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main([*map(str, arguments), "--json"]) == 0, capfd.readouterr().err
    found: dict[str, object] = json.loads(capfd.readouterr().out)
    return found


def accuracy(report: dict[str, object]) -> float:
    return float(report["metrics"]["model"]["accuracy"])  # type: ignore[index]


@pytest.mark.parametrize("words", [("False", "True"), ("0.0", "1.0"), ("no", "yes")])
def test_a_target_is_recognized_in_files_of_another_format(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    rows = [(i / 100, words[i > 100]) for i in range(200)]
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    lamina(capfd, "train", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", *QUICK)
    assert accuracy(lamina(capfd, "evaluate", tmp_path / "m", tmp_path / "t.csv")) > 0.9
    values: list[object] = [bool(i > 100) if words[0] == "False" else float(i > 100) for i in range(200)]
    table = {"x": [x for x, _ in rows], "y": values if words[0] != "no" else [y.upper() for _, y in rows]}
    parquet.write_table(pa.table(table), tmp_path / "t.parquet")
    assert accuracy(lamina(capfd, "evaluate", tmp_path / "m", tmp_path / "t.parquet")) > 0.9


def test_numbers_for_names_are_the_same_names_beside_a_missing_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shops = ["7.0", "8.0", "9.0"] * 40
    (tmp_path / "t.csv").write_text("shop,y\n" + "".join(f"{shop},{'hi' if shop == '8.0' else 'lo'}\n" for shop in shops))
    lamina(capfd, "train", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", "--kinds", "shop=category", *QUICK)
    assert accuracy(lamina(capfd, "evaluate", tmp_path / "m", tmp_path / "t.csv")) == 1.0
    frame = pd.DataFrame({"shop": [7, 8, None] * 5, "y": ["lo", "hi", None] * 5})
    frame.to_csv(tmp_path / "with-missing.csv", index=False)
    assert accuracy(lamina(capfd, "evaluate", tmp_path / "m", tmp_path / "with-missing.csv")) == 1.0


def test_delimiter_encoding_and_missing_words_of_training_are_known_later(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [(f"{i / 100:.2f}" if i % 10 else "-999", "groß" if i > 100 else "klein") for i in range(200)]
    (tmp_path / "t.txt").write_bytes(("größe~y\n" + "".join(f"{x}~{y}\n" for x, y in rows)).encode("cp1252"))
    told = ("--delimiter", "~", "--encoding", "cp1252", "--missing=-999")
    lamina(capfd, "train", tmp_path / "t.txt", "-t", "y", "-o", tmp_path / "m", *told, *QUICK)
    assert accuracy(lamina(capfd, "evaluate", tmp_path / "m", tmp_path / "t.txt")) > 0.85


def test_a_validation_file_is_read_as_the_training_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [(["True", "False", "Unknown"][i % 3], "ab"[i % 3 == 0]) for i in range(150)]
    (tmp_path / "t.csv").write_text("k,y\n" + "".join(f"{k},{y}\n" for k, y in rows))
    (tmp_path / "v.csv").write_text("k,y\n" + "".join(f"{k},{y}\n" for k, y in rows if k != "Unknown"))
    files = ("--validation", tmp_path / "v.csv", "--test", tmp_path / "v.csv")
    report = lamina(capfd, "train", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", *files, *QUICK)
    assert report["test"]["model"]["accuracy"] == 1.0  # type: ignore[index]


def test_a_value_that_does_not_fit_counts_as_missing_on_demand(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("age,y\n" + "".join(f"{i},{'ab'[i > 50]}\n" for i in range(100)))
    lamina(capfd, "train", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", *QUICK)
    (tmp_path / "new.csv").write_text("age\n20\nold\n")
    assert main(["predict", str(tmp_path / "m"), str(tmp_path / "new.csv"), "-o", str(tmp_path / "o.csv")]) == 1
    assert "got 'old' (row 2)" in capfd.readouterr().err
    predict = ("predict", tmp_path / "m", tmp_path / "new.csv", "-o", tmp_path / "o.csv", "--on-error", "missing")
    assert lamina(capfd, *predict)["notes"] == ["column 'age': values that are not numbers count as missing (1, such as 'old')."]


def test_kinds_of_a_settings_file_are_a_table_of_it_and_do_not_name_the_target(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("zip,y\n" + "".join(f"{10000 + i % 4},{'ab'[i % 2]}\n" for i in range(80)))
    train = ("train", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", *QUICK)
    (tmp_path / "c.toml").write_text('[kinds]\nzip = "category"\n')
    lamina(capfd, *train, "--config", tmp_path / "c.toml")
    assert lamina(capfd, "info", tmp_path / "m")["columns"]["zip"]["kind"] == "category"  # type: ignore[index]
    assert main([*map(str, train), "--kinds", "y=number"]) == 2
    assert "--kinds must be one of zip, got 'y'" in capfd.readouterr().err


def test_free_text_is_learned_from_by_default_and_left_out_or_chosen_by_option(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = {"hi": ["lovely", "fresh", "kind", "warm"], "lo": ["stale", "cold", "rude", "late"]}
    others = ["coffee", "cake", "table", "waiter", "service", "window", "music", "today"]
    rows = []
    for i in range(240):
        y = "hi" if i % 3 else "lo"
        known = [words[y][i // 3 % 4], words[y][i // 5 % 4], *(others[i // k % 8] for k in (1, 2, 7))]
        rows.append(f"{' '.join(known)} no. {i},{y}\n")
    (tmp_path / "t.csv").write_text("note,x,y\n" + "".join(row.replace(",", f",{i % 7},") for i, row in enumerate(rows)))
    train = ("train", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "m", *QUICK)
    for options, kind in (((), "text"), (("--text", "off"), "left out"), (("--text", "off", "--kinds", "note=text"), "text")):
        lamina(capfd, *train, *options)
        read = lamina(capfd, "info", tmp_path / "m")["read"]
        assert read[0]["kind"] == kind  # type: ignore[index]
        assert (accuracy(lamina(capfd, "evaluate", tmp_path / "m", tmp_path / "t.csv")) > 0.95) == (kind == "text")
    assert main([*map(str, train), "--text", "on"]) == 2
    assert 'Invalid value "on" for --text' in capfd.readouterr().err
