"""Whatever comes in, the command line says in one sentence what was wrong, what came and what to do, and exits with 1 or 2."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather

from lamina.cli.main import main
from lamina.data import read_table
from lamina.files import FORMAT_VERSION

QUICK = ("--max-epochs", "2", "--hidden", "4")


def table(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(num_rows: int = 40, target: str = "color") -> str:
    """Rows of a number, a category and a target that depends on the number."""
    lines = [f"{i % 10},{'pq'[i % 2]},{'red' if i % 10 < 5 else 'blue'}" for i in range(num_rows)]
    return "\n".join([f"size,letter,{target}", *lines]) + "\n"


def train(path: Path, target: str, *options: str, quick: tuple[str, ...] = QUICK) -> int:
    return main(["train", str(path), "--target", target, "-o", str(path.parent / "a.model"), *quick, *options])


@pytest.fixture
def model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    assert train(table(tmp_path, rows(), "training.csv"), "color") == 0
    capfd.readouterr()
    return tmp_path / "a.model"


def error_of(capfd: pytest.CaptureFixture[str]) -> str:
    """The one line that a failure prints."""
    captured = capfd.readouterr()
    assert "Traceback" not in captured.err
    assert captured.out == ""
    errors = [line for line in captured.err.splitlines() if line.startswith("lamina: ")]
    assert len(errors) == 1
    return errors[0]


# Training -----------------------------------------------------------------------------------------------------------------------


def test_no_such_file_suggests_the_nearest(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table(tmp_path, rows(), "people.csv")
    assert train(tmp_path / "peple.csv", "color") == 1
    error = error_of(capfd)
    assert "table must be an existing file, got" in error
    assert f"Did you mean '{tmp_path / 'people.csv'}'?" in error


BAD_TABLES: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", "must have a header and at least one row, got an empty file. Check"),
    "header only": ("size,color\n", "must have at least one row below its header, got none. Check"),
    "ragged rows": ("size,color\n1,red\n2\n", "must have 2 fields, like the header, got 1 in row 3 ('2'). Correct"),
    "duplicate names": ("color,size,color\nred,1,red\n", "must be unique, got 'color' as columns 1 and 3. Rename"),
    "binary as CSV": (
        bytes(range(256)) * 4,
        "must be a text table, as its name says, got binary data: 4 zero bytes, the first in line 1. Export",
    ),
    "wrong encoding": (b"size,color\n1,gr\xfcn\n", "got the byte 0xfc in line 2. Set its encoding"),
    "workbook as CSV": (b"PK\x03\x04...", "got a zip archive or an Excel workbook. Rename it or export it"),
    "one class only": ("size,color\n" + "1,red\n" * 20, "at least two classes, got only red in 20 rows. Add"),
    "every target missing": ("size,color\n" + "1,\n" * 20, "must hold values, got none in 20 rows. Name another"),
    "few rows": ("size,color\n1,red\n2,blue\n3,red\n", "at least 10 rows with a target to train on, got 3. Collect"),
    "nothing varies": ("size,color\n" + "1,red\n1,blue\n" * 9, "one column that varies, got 'size': every row holds"),
}


@pytest.mark.parametrize(("content", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_tables_that_cannot_be_learnt_from(tmp_path: Path, capfd: pytest.CaptureFixture[str], content: str, message: str) -> None:
    assert train(table(tmp_path, content), "color") == 1
    assert message in error_of(capfd)
    assert not (tmp_path / "a.model").exists()


def test_a_missing_target_suggests_the_nearest_column(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows()), "colour") == 1
    assert "target must be a column of the table, got 'colour'. Did you mean 'color'?" in error_of(capfd)


def test_a_text_target_is_refused_for_regression(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows()), "color", "--task", "regression") == 1
    assert "must hold numbers for regression, got 'red' (row 1). Correct it, or use the task classification." in error_of(capfd)


@pytest.mark.parametrize("huge", ["inf", "1e300"])
def test_infinite_and_huge_targets_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], huge: str) -> None:
    content = "size,y\n" + "".join(f"{i},{i + 0.5}\n" for i in range(20)) + f"3,{huge}\n"
    assert train(table(tmp_path, content), "y") == 1
    assert "must hold finite numbers of at most 1e+100 in size, got" in error_of(capfd)


@pytest.mark.parametrize("option", ["--validation", "--test"])
def test_further_rows_need_targets_too(tmp_path: Path, capfd: pytest.CaptureFixture[str], option: str) -> None:
    further = table(tmp_path, "size,letter,color\n1,p,\n2,q,\n", "further.csv")
    assert train(table(tmp_path, rows()), "color", option, str(further)) == 1
    assert "target 'color' must hold values, got none in 2 rows. Add them." in error_of(capfd)
    table(tmp_path, "size,letter,color\n1,p,red\n2,q,\n", "further.csv")
    assert train(tmp_path / "table.csv", "color", option, str(further)) == 0
    assert "note: dropped 1 of 2 rows, whose target 'color' is missing." in note_of(capfd)


# Odd, but good enough --------------------------------------------------------------------------------------------------------


def note_of(capfd: pytest.CaptureFixture[str]) -> str:
    captured = capfd.readouterr()
    assert "lamina: " not in captured.err
    return captured.err


def test_rows_without_a_target_are_dropped_and_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows() + "1,p,\n2,q,NA\n"), "color") == 0
    assert "note: dropped 2 of 42 rows, whose target 'color' is missing." in note_of(capfd)


def test_a_class_with_one_row_is_kept_for_training(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows() + "1,p,green\n"), "color") == 0
    assert "note: class green has only one row, which is kept for training" in note_of(capfd)
    assert main(["info", str(tmp_path / "a.model")]) == 0
    assert "3 classes (blue, green, red)" in capfd.readouterr().out


def test_all_missing_and_constant_columns_are_left_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = rows().splitlines()
    content = "\n".join(["nothing,same," + lines[0], *(",7," + line for line in lines[1:])])
    assert train(table(tmp_path, content), "color") == 0
    notes = note_of(capfd)
    assert "note: column 'nothing': left out, because every value is missing." in notes
    assert "note: column 'same': left out, because every row holds the same value." in notes


@pytest.mark.parametrize("odd", ["inf", "-inf", "1e300", "-1e300"])
def test_infinite_and_huge_values_do_not_disturb_the_others(tmp_path: Path, capfd: pytest.CaptureFixture[str], odd: str) -> None:
    assert train(table(tmp_path, rows(200) + f"{odd},p,red\n"), "color", quick=("--max-epochs", "60", "--hidden", "16")) == 0
    assert ("column 'size': 1 infinite values are replaced by" in note_of(capfd)) == ("inf" in odd)
    assert main(["evaluate", str(tmp_path / "a.model"), str(tmp_path / "table.csv"), "--json"]) == 0
    out = capfd.readouterr().out
    assert '"log_loss": ' in out
    assert "NaN" not in out
    assert float(out.split('"accuracy": ')[1].split(",")[0]) > 0.9


def test_fewer_rows_than_a_batch_are_enough(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows(12)), "color", "--batch-size", "512") == 0
    assert note_of(capfd) == ""


def test_ragged_rows_are_dropped_on_request(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows() + "1,p\n"), "color", "--drop-ragged") == 0
    assert "dropped 1 row without 3 fields" in note_of(capfd)


def odd_frame(num_rows: int = 60) -> pl.DataFrame:
    """What polars writes as views of text, numbers that no float holds, times with nanoseconds and far dates."""
    numbers = range(num_rows)
    return pl.DataFrame(
        {
            "id": [2**60 + i for i in numbers],
            "hash": pl.Series([2**64 - 1 - i**5 for i in numbers], dtype=pl.UInt64),
            "epoch": [1_700_000_000_000_000_001 + i * 10**13 for i in numbers],
            "seen": pl.Series([1_700_000_000_000_000_001 + i * 10**13 for i in numbers]).cast(pl.Datetime("ns")),
            "due": pl.Series([2**58 + i * 10**13 for i in numbers]).cast(pl.Datetime("us")),
            'a,\n"b"': ["a word of more than twelve bytes" if i % 3 else None for i in numbers],
            "color": ["red" if i % 10 < 5 else "blue" for i in numbers],
        }
    )


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_what_polars_writes_is_trained_on_measured_and_predicted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str
) -> None:
    path = tmp_path / f"odd{suffix}"
    (odd_frame().write_ipc if suffix == ".arrow" else odd_frame().write_parquet)(path)
    assert train(path, "color") == 0
    assert "column 'id': left out, because its finite values are equal, or too close for a float to tell apart" in note_of(capfd)
    model, out = str(tmp_path / "a.model"), tmp_path / "out.csv"
    assert main(["evaluate", model, str(path), "--json"]) == 0
    assert "NaN" not in capfd.readouterr().out
    assert main(["predict", model, str(path), "-o", str(out), "--keep", 'a,\n"b"']) == 0
    assert read_table(out).num_rows == 60


@pytest.mark.parametrize("ending", ["\r", "\r\n"])
def test_other_line_ends_give_the_same_model(tmp_path: Path, capfd: pytest.CaptureFixture[str], ending: str) -> None:
    measured = []
    for content in (rows(), rows().replace("\n", ending)):
        path = table(tmp_path, content)
        assert train(path, "color") == 0
        assert note_of(capfd) == ""
        assert main(["evaluate", str(tmp_path / "a.model"), str(path), "--json"]) == 0
        measured.append(capfd.readouterr().out)
    assert measured[0] == measured[1]


# Predicting ---------------------------------------------------------------------------------------------------------------------


def predict(model: Path, content: str | bytes) -> int:
    return main(["predict", str(model), str(table(model.parent, content, "new.csv")), "-o", str(model.parent / "out.csv")])


def test_a_column_missing_at_predict_time_is_named(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert predict(model, "Size,letter\n1,p\n") == 1
    assert "got none named 'size'. Is it 'Size' for 'size'? Rename it." in error_of(capfd)


def test_extra_columns_are_ignored_with_a_note(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert predict(model, "size,extra,letter\n1,x,p\n") == 0
    assert "note: ignored 1 column that the model was not trained on: 'extra'." in note_of(capfd)


def test_changed_types_are_refused(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert predict(model, "size,letter\nbig,p\n") == 1
    assert "column 'size' must hold numbers, as in training, got 'big' (row 1). Correct it or leave it empty." in error_of(capfd)


@pytest.mark.parametrize("command", ["train", "predict", "evaluate"])
def test_a_binary_table_with_an_offset_beyond_its_text_is_refused(
    model: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    path = model.parent / "new.feather"
    letters = ["p" * (i % 5 + 1) for i in range(40)]
    feather.write_feather(
        pa.table({"size": range(40), "letter": letters, "color": ["red"] * 40}), path, compression="uncompressed"
    )
    offsets = np.concatenate([[0], np.cumsum([len(letter) for letter in letters])]).astype("<i4")
    wrong = np.where(np.arange(41) == 20, 2**30, offsets).astype("<i4")
    path.write_bytes(path.read_bytes().replace(offsets.tobytes(), wrong.tobytes()))
    if command == "train":
        assert train(path, "color") == 1
    else:
        assert (
            main([command, str(model), str(path), *(["-o", str(model.parent / "out.csv")] if command == "predict" else [])]) == 1
        )
    assert "every column must be intact, got damaged data in 'letter'" in error_of(capfd)


def test_unseen_categories_count_as_an_average_row(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert predict(model, "size,letter\n1,zzz\n2,p\n") == 0
    assert "column 'letter': 1 row of values not seen in training ('zzz'), encoded as an average row." in note_of(capfd)
    assert len((model.parent / "out.csv").read_text().splitlines()) == 3


def test_a_category_that_looks_like_a_number_stays_a_category(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert predict(model, "size,letter\n1,007\n2,7\n") == 0
    assert "2 rows of values not seen in training ('007', '7')" in note_of(capfd)


VERSION = f'"format_version":"{FORMAT_VERSION}"'.encode()
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut short": (lambda data: data[: len(data) // 2], "is damaged: it was cut short or changed"),
    "changed": (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "is damaged: it was cut short or changed"),
    "foreign": (lambda _: b"size,color\n1,2\n", "is not a file written by Lamina. Name a model file"),
    "newer": (lambda data: data.replace(VERSION, b'"format_version":"9"'), "newer Lamina: upgrade"),
}


@pytest.mark.parametrize("command", ["predict", "evaluate", "info"])
@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_and_foreign_model_files_are_refused(
    model: Path, capfd: pytest.CaptureFixture[str], command: str, damage: Callable[[bytes], bytes], message: str
) -> None:
    model.write_bytes(damage(model.read_bytes()))
    others = [str(model.parent / "training.csv")] if command != "info" else []
    output = ["-o", str(model.parent / "out.csv")] if command == "predict" else []
    assert main([command, str(model), *others, *output]) == 1
    assert message in error_of(capfd)


def test_a_model_file_that_is_not_there_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(tmp_path / "no.model")]) == 1
    assert "no such file or directory. Check the path." in error_of(capfd)


# Writing ------------------------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_refused_before_training(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path, rows())
    assert main(["train", str(path), "--target", "color", "-o", str(tmp_path / "nowhere" / "a.model")]) == 1
    assert "does not exist. Create it first." in error_of(capfd)


def test_a_folder_that_may_not_be_written_to_is_refused_and_keeps_the_model(
    model: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = model.read_bytes()
    opened = os.open

    def refuse(path: Path, flags: int, *arguments: int, **named: int) -> int:
        if flags & os.O_CREAT:  # permissions do not bind root, as whom tests may run
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    assert train(model.parent / "training.csv", "color", "--seed", "1") == 1
    assert "permission denied. Name a folder that you may write to." in error_of(capfd)
    assert model.read_bytes() == earlier


def test_a_full_disk_keeps_the_earlier_model(
    model: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    earlier = model.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    assert train(model.parent / "training.csv", "color", "--seed", "1") == 1
    assert "no space left on device. Free some space or name another folder." in error_of(capfd)
    assert model.read_bytes() == earlier
    assert not list(model.parent.glob(".*.part"))


def test_an_output_of_an_unknown_kind_is_refused(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(model), str(model.parent / "training.csv"), "-o", str(model.parent / "out.xlsx")]) == 1
    assert error_of(capfd).startswith("lamina: --output must end in one of .csv,")


def test_no_file_that_is_read_is_overwritten(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = model.parent
    path = folder / "training.csv"
    config = table(folder, 'target = "color"', "settings.toml")
    link = folder / "link.csv"
    link.symlink_to(path)
    for read, arguments in (
        (path, ["train", str(path), "-t", "color", "-o", str(path)]),
        (path, ["train", str(path), "-t", "color", "-o", str(link)]),
        (config, ["train", str(path), "--config", str(config), "-o", str(config)]),
        (path, ["predict", str(model), str(path), "-o", str(path)]),
    ):
        before = read.read_bytes()
        assert main(arguments) == 2
        assert "--output must not be a file that this command reads, got" in error_of(capfd)
        assert read.read_bytes() == before


# Usage --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tran"], 'Unknown command "tran". Did you mean "train"?'),
        (["train", "a.csv", "-o", "a.model"], "--target requires an argument"),
        (["train", "a.csv", "-t", "y", "-o", "a.model", "--dropot", "0.5"], "Unknown option: --dropot. Did you mean --dropout?"),
        (["train", "a.csv", "-t", "y", "-o", "a.model", "--dropout", "much"], 'unable to convert "much" into float'),
        (["train", "a.csv", "-t", "y", "-o", "a.model", "--task", "clasification"], "--task"),
    ],
)
def test_wrong_usage_exits_with_2(capfd: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    assert message in error_of(capfd)


def test_settings_out_of_range_are_wrong_usage_and_all_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train(table(tmp_path, rows()), "color", "--dropout", "2", "--optimizer", "adm") == 2
    error = capfd.readouterr().err
    assert "dropout must be a number in [0, 1)" in error
    assert "Did you mean 'adam'?" in error


@pytest.mark.parametrize("share", ["1.0", "-0.1", "nan"])
def test_shares_outside_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], share: str) -> None:
    assert train(table(tmp_path, rows()), "color", "--test", share) == 2
    assert "--test must be a share in [0, 1) or a file" in error_of(capfd)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "-1"), "--seed must be an integer in [0, 4294967295], got -1."),
        (("--seed", "4294967296"), "--seed must be an integer in [0, 4294967295], got 4294967296."),
        (("--batch-size", "0"), "--batch-size must be an integer >= 1, got 0."),
    ],
)
def test_whole_numbers_out_of_range_are_wrong_usage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, str], message: str
) -> None:
    assert train(table(tmp_path, rows()), "color", *options) == 2
    assert message in error_of(capfd)


@pytest.mark.parametrize("options", [("--delimiter", "||"), ("--encoding", "klingon")])
def test_wrong_ways_to_read_are_wrong_usage(tmp_path: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, str]) -> None:
    assert train(table(tmp_path, rows()), "color", *options) == 2
    assert f"{options[0][2:]} must be one" in error_of(capfd)


def test_files_with_settings_are_checked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path, rows())
    for content, code, message in (
        ("hiden = [3]", 2, "must be an option of `lamina train`, got 'hiden'. Did you mean 'hidden'?"),
        ("hidden = [3", 1, "must be a TOML file, but cannot be read as one"),
        ("dropout = 'much'", 2, 'unable to convert "much" into float'),
    ):
        config = table(tmp_path, content, "settings.toml")
        assert train(path, "color", "--config", str(config)) == code
        assert message in error_of(capfd)
    assert train(path, "color", "--config", str(tmp_path / "no.toml")) == 1
    assert "no such file or directory. Check the path." in error_of(capfd)


def test_numpy_is_not_asked_to_divide_by_zero(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A regression target that does not vary has no spread to divide by."""
    content = "size,y\n" + "".join(f"{i},0.5\n" for i in range(30))
    with np.errstate(all="raise"):
        assert train(table(tmp_path, content), "y", "--task", "regression") == 0
    assert "R²" in capfd.readouterr().out
