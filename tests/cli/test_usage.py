"""How the command speaks: its own words, JSON, quiet, settings that say one thing once, completion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import lamina
from lamina.__main__ import start
from lamina.cli.main import main
from lamina.cli.option_words import in_option_words
from lamina.losses import LABEL_LOSSES
from lamina.model.setting_words import in_setting_words


@pytest.fixture
def table(tmp_path: Path) -> Path:
    lines = [f"{i % 10},{'pq'[i % 2]},{i % 10 + 0.5}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["size,letter,price", *lines]) + "\n")
    return tmp_path / "t.csv"


def train(table: Path, *options: str, target: str = "price") -> int:
    return main(["train", str(table), "-t", target, "-o", str(table.with_suffix(".lamina")), *options])


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "lamina", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, lamina.__version__, "")


# Words --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--learning-rate", "-1"), "--learning-rate must be a number > 0, got -1.0."),
        (("--hidden", "0"), "--hidden must be an integer >= 1, or a sequence (each an integer >= 1), got (0,)."),
        (("--max-epochs", "0"), "--max-epochs must be an integer >= 1, got 0."),
        (("--beta1", "7"), "--beta1 must be a number in [0, 1), got 7.0."),
        (("--eps", "0"), "--eps must be a number > 0, got 0.0."),
        (("--threads", "0"), "--threads must be an integer in [1, 1024], or None, got 0."),
        (("--restarts", "0"), "--restarts must be an integer >= 1, got 0."),
        (("--seed", "-1"), "--seed must be an integer in [0, 4294967295], got -1."),
        (("--patience", "-1"), "--patience must be an integer >= 0, got -1."),
        (("--gradient-tol", "-1"), "--gradient-tol must be a number >= 0, got -1.0."),
        (("--min-count", "0"), "--min-count must be an integer >= 1, got 0."),
        (("--optimizer", "lbfgs", "--clip-norm", "3"), "--clip-norm must be None with --optimizer 'lbfgs', got 3.0."),
        (
            ("--norm-position", "after"),
            "--norm-position must be 'before' without --batch-norm or --layer-norm, got 'after'.",
        ),
        (("--schedule", "cosin"), "'warm_up', got 'cosin'. Did you mean 'cosine'?"),
        (("--class-weight", "balanced"), "--class-weight must be left out for a regression, got 'balanced'. Remove it"),
        (("--label-smoothing", "0.1"), "--label-smoothing must be left out for a regression, got 0.1. Remove it"),
        (
            ("--loss", "hubr"),
            "'log_cosh', 'quantile', 'poisson', 'gamma', 'tweedie', 'gaussian_nll', got 'hubr'. Did you mean 'huber'?",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_errors_speak_of_options(table: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...], message: str) -> None:
    assert train(table, *options) == 2
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("quantile", "'softmax_cross_entropy' for a classification, got 'quantile'. For quantile, use the task regression."),
        ("quantile:levels=0.1,0.5", "got 'quantile:levels=0.1,0.5'. For quantile, use the task regression."),
        ("external:a=1", "--loss must be one of 'log_loss', 'hinge', 'perceptron', 'squared_error', 'absolute_error', 'huber', "),
        ("hing", "got 'hing'. Did you mean 'hinge'?"),
        (
            "log_loss:label_smoothing=0.1",
            "--loss must be log_loss without settings, got log_loss with settings. Set --label-smoothing.",
        ),
    ],
)
def test_a_loss_that_is_none_of_a_classifications_is_refused_with_those_that_are(
    table: Path, capfd: pytest.CaptureFixture[str], loss: str, message: str
) -> None:
    assert train(table, "--task", "classification", "--loss", loss) == 2
    assert message in capfd.readouterr().err


@pytest.mark.parametrize("loss", ["bce", "log_loss", "focal:gamma=1"])
def test_a_loss_of_classes_is_refused_for_a_regression(table: Path, capfd: pytest.CaptureFixture[str], loss: str) -> None:
    assert train(table, "--task", "regression", "--loss", loss) == 2
    name = loss.split(":")[0]
    assert f"for a regression, got '{loss}'. For {name}, use the task classification." in capfd.readouterr().err


@pytest.mark.parametrize("loss", ["log_loss", *LABEL_LOSSES])
def test_every_loss_that_is_named_for_a_classification_serves(table: Path, loss: str) -> None:
    table.write_text("size,color\n" + "".join(f"{i % 10},{'red' if i % 10 < 5 else 'blue'}\n" for i in range(60)))
    assert train(table, "--loss", loss, "--max-epochs", "1", "-q", target="color") == 0


def test_python_hears_of_settings() -> None:
    assert in_setting_words("MLPRegressor: learning_rate must be 'constant' with solver 'lbfgs', got 'solver'.") == (
        "fit_table: schedule must be 'constant' with optimizer 'lbfgs', got 'solver'."
    )


def test_words_of_others_stay_as_they_are() -> None:
    for line in ("Adam: learning_rate must be > 0", "a.csv: loss must be there", "no owner and no loss"):
        assert in_option_words(in_setting_words(line)) == line


# JSON and quiet -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["info", "nowhere.lamina"], 1, "FileError"),
        (["train", "t.csv", "-t", "prise", "-o", "a.lamina"], 1, "DataError"),
        (["train", "t.csv", "-t", "price", "-o", "a.lamina", "--learning-rate", "-1"], 2, "InvalidSettingError"),
        (["train", "t.csv", "-t", "price", "-o", "a.lamina", "--dropot", "1"], 2, "UsageError"),
    ],
)
def test_with_json_an_error_is_an_object_too(
    table: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    kind: str,
) -> None:
    monkeypatch.chdir(table.parent)
    assert main([*arguments, "--json"]) == code
    captured = capfd.readouterr()
    error = json.loads(captured.out)["error"]
    assert (error["kind"], error["exit_code"]) == (kind, code)
    assert captured.err == f"lamina: {error['message']}\n"


def test_quiet_prints_nothing_but_errors_and_what_was_asked_for(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table.write_text(table.read_text() + "1,p,\n")  # a row that goes, with a note
    model, out = str(table.with_suffix(".lamina")), str(table.with_name("out.csv"))
    assert train(table, "--quiet", "--max-epochs", "2") == 0
    assert main(["predict", model, str(table), "-o", out, "-q"]) == 0
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert main(["evaluate", model, str(table), "-q"]) == 0
    captured = capfd.readouterr()
    assert "R²" in captured.out
    assert captured.err == ""
    assert main(["info", "nowhere", "-q"]) == 1
    assert capfd.readouterr().err.startswith("lamina: ")
    assert main(["evaluate", model, str(table)]) == 0
    assert "note: " in capfd.readouterr().err


# Settings -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("max_epochs = 2.9", "--max-epochs must be a whole number, got '2.9'."),
        ("hidden = [3, 2.5]", "--hidden must be a whole number, got '2.5'."),
        ("seed = 1e-1", "--seed must be a whole number, got '0.1'."),
        ("max_epochs = 2\nmax-epochs = 3", "'max_epochs' must be given once, got 'max_epochs' and 'max-epochs'."),
        ("max_epoch = 2", "a setting must be an option of `lamina train`, got 'max_epoch'. Did you mean 'max_epochs'?"),
        ("max-epoch = 2", "got 'max-epoch'. Did you mean 'max_epochs'?"),
        ("Hidden = [2]", "got 'Hidden'. Did you mean 'hidden'?"),
        ("[stopping]\nmax_epochs = 2", "got 'stopping'."),
        ("[hidden]\na = 2", "'hidden' must be a value or a list, not a table of settings"),
        ('config = "b.toml"', "'config' must be given on the command line, as --config, not in a file."),
        ("json = true", "'json' must be given on the command line, as --json, not in a file."),
    ],
)
def test_a_settings_file_says_each_thing_once_and_exactly(
    table: Path, capfd: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    config = table.with_name("settings.toml")
    config.write_text(content)
    assert train(table, "--config", str(config)) == 2
    assert message in capfd.readouterr().err
    assert not table.with_suffix(".lamina").exists()


@pytest.mark.parametrize("spelling", ["max_epochs = 3", "max-epochs = 3", "max_epochs = 3.0", 'max_epochs = "3"'])
def test_both_spellings_and_whole_floats_serve(table: Path, capfd: pytest.CaptureFixture[str], spelling: str) -> None:
    config = table.with_name("settings.toml")
    config.write_text(spelling)
    assert train(table, "--config", str(config), "--json") == 0
    assert json.loads(capfd.readouterr().out)["epochs"] == 3


@pytest.mark.parametrize("options", [("--max-epochs", "2.9"), ("--hidden", "4", "2.5"), ("--batch-size", "0.5")])
def test_a_fraction_is_refused_where_a_whole_number_must_be(
    table: Path, capfd: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    assert train(table, *options) == 2
    assert f"{options[0]} must be a whole number, got '{options[-1]}'." in capfd.readouterr().err


def test_several_quantiles_are_said_trained_measured_and_predicted(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model, out = str(table.with_suffix(".lamina")), table.with_name("out.csv")
    assert train(table, "--loss", "quantile:levels=0.05,0.5,0.95", "--json", "--max-epochs", "20") == 0
    trained = json.loads(capfd.readouterr().out)
    assert trained["test"]["model"]["r2"] <= 1
    assert main(["predict", model, str(table), "-o", str(out), "--keep", "price", "--json"]) == 0
    columns = json.loads(capfd.readouterr().out)["columns"]
    assert columns == ["price", "predicted price at 0.05", "predicted price at 0.5", "predicted price at 0.95"]
    assert main(["evaluate", model, str(table), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["metrics"]["model"]["mae"] > 0


# Pictures and completion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (["L17"], "row L17 has no picture of its own, got"),
        (["L30"], "--output must come with one of P8, P10: row L30 has several pictures, got"),
        ([], "--output must come with one of P1, P2"),
        (["L99"], "got 'L99'"),
    ],
)
def test_where_no_picture_is_written_the_command_fails(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], item: list[str], message: str
) -> None:
    assert main(["lecture", *item, "-o", str(tmp_path / "x.png")]) == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_a_row_with_one_picture_draws_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    assert main(["lecture", "l29", "-o", str(tmp_path / "x.png")]) == 0
    assert capfd.readouterr().out.startswith("P9: ")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_shells_are_told_how_to_complete(capfd: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    script = capfd.readouterr().out
    assert "learning-rate" in script
    assert "evaluate" in script


def test_bash_takes_the_script_and_completes(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion.bash"
    script.write_text(capfd.readouterr().out)
    asked = "COMP_WORDS=(lamina eva); COMP_CWORD=1; $(complete -p lamina | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo ${COMPREPLY[@]}"
    done = subprocess.run(["bash", "-c", f"source {script}; {asked}"], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "evaluate", done.stderr


def test_the_shell_is_that_of_the_user_unless_it_is_unknown(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert main(["completion"]) == 0
    assert "complete -c lamina" in capfd.readouterr().out
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["completion"]) == 2
    assert "the shell must be one of bash, zsh, fish, powershell, got 'tcsh'." in capfd.readouterr().err


def test_an_interruption_before_the_command_has_begun_is_said_in_a_line(monkeypatch, capsys):
    def interrupted(package, owner):
        raise KeyboardInterrupt

    monkeypatch.setattr("lamina.__main__.require", interrupted)
    assert start() == 1
    assert capsys.readouterr().err == "lamina: interrupted before it started.\n"
