"""The command and the code of a report train the model again: equal to the bit, whatever was set."""

from __future__ import annotations

import gzip
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import TabularClassifier, TabularRegressor, load_model
from lamina.cli.main import main
from lamina.initializers import get_initializer
from lamina.losses import Huber
from lamina.model import TableSettings, fit_table
from lamina.report import Code, report_on
from lamina.schedules import get_schedule

ADULT = Path(__file__).parents[2] / "examples" / "data" / "adult.csv.gz"
PEOPLE = "--target income --max-epochs 2"
NUMBERS = "--delimiter ';' --encoding latin-1 --max-epochs 2"
COMMANDS = {
    "usual": PEOPLE,
    "classes": f"{PEOPLE} --hidden 16 8 --activation leaky_relu:slope=0.2 tanh --class-weight balanced --decision-threshold f1 "
    "--kinds age=category education=ignore --test 0.3 --validation 0.15",
    "names with settings": f"{PEOPLE} --preset fast --batch-norm --dropout 0.2 --loss focal:gamma=1 --optimizer momentum "
    "--learning-rate 0.01 --clip-value -0.5 0.7 --schedule 'warm_up:steps=50,then=(step:epochs=10,factor=0.5)' --seed 7",
    "of the run": f"{PEOPLE} --restarts 2 --no-calibration --no-monitor --hidden 8 --embed-from none --missing -999 Private "
    "--eval-metric accuracy --tol 0 --patience 2 --weight-decay 0 --decision-threshold 0.3",
    "another optimizer": f"{PEOPLE} --optimizer lbfgs --hidden 8 --label-smoothing 0.1",
    "no validation": f"{PEOPLE} --validation 0 --hidden 4 --no-shuffle --scaling standard --text off --min-count 20 "
    "--max-categories 5 --on-error missing --task classification --batch-size 512 --max-norm 2 --alpha 0.001 --l1-ratio 0.5",
    "numbers": f"{NUMBERS} --target price --target-scale quantile --loss quantile:levels=0.05,0.5,0.95 --decimal ,",
    "several targets": f"{NUMBERS} --target price --target=-odd --loss huber --missing=-- --missing=-x",
    "without a gradient": f"{NUMBERS} --target price --optimizer perturb-one:trials=20 --objective r2 --hidden 4",
    "separate rows": f"{NUMBERS} --target price --validation VALIDATION --test TEST --target-loss 0.3 --averaging 0",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    with gzip.open(ADULT, "rt") as file:
        (folder / "people.csv").write_text("".join(file.readlines()[:1200]))
    rng = np.random.default_rng(0)
    x, city = rng.normal(size=300), rng.choice(["Köln", "Ulm"], 300)
    rows = [f"{a:.4f};{b};{np.exp(a):.4f};{a * a:.3f}".replace(".", ",") for a, b in zip(x, city, strict=True)]
    (folder / "numbers.csv").write_text("\n".join(["size;city;price;-odd", *rows]), encoding="latin-1")
    (folder / "others.csv").write_text("\n".join(["size;city;price;-odd", *rows[:50]]), encoding="latin-1")
    return folder


def block(model: Any, title: str) -> str:
    return next(each.text for each in report_on(model)["reproduce"].blocks if isinstance(each, Code) and each.title == title)


def run(command: str, folder: Path, output: str) -> bytes:
    """What ``lamina train`` writes."""
    others = str(folder / "others.csv")
    table = str(folder / ("people.csv" if "income" in command else "numbers.csv"))
    words = {"TABLE": table, "VALIDATION": others, "TEST": others}
    given = [words.get(word, word) for word in shlex.split(command)]
    assert main([*given, "-o", str(folder / output), "--quiet"]) == 0
    return (folder / output).read_bytes()


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_command_trains_an_equal_model(kind: str, folder: Path):
    first = run(f"train TABLE {COMMANDS[kind]}", folder, "first.model")
    told = block(load_model(folder / "first.model"), "Commands").splitlines()[0]
    assert told.startswith("lamina train TABLE ")
    assert run(told.removeprefix("lamina ").removesuffix(" -o model.lamina"), folder, "second.model") == first


def test_what_is_usual_is_not_said(folder: Path):
    run(f"train TABLE {COMMANDS['usual']}", folder, "usual.model")
    told = block(load_model(folder / "usual.model"), "Commands").splitlines()
    assert told[0] == "lamina train TABLE --target income --seed 0 --max-epochs 2 -o model.lamina"


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    return pd.DataFrame({"x": x, "z": rng.normal(size=200), "kind": np.where(x > 0.5, "b", "a"), "y": np.exp(x), "w": x * x})


MODELS = {
    "classifier": lambda: TabularClassifier(
        max_epochs=2,
        class_weight={"a": 2.0, "b": 1.0},
        random_state=4,
        activation="leaky_relu:slope=0.2",
        validation=0.2,
        decision_threshold="f1",
        kinds={"z": "category"},
    ).fit(table(), "kind"),
    "objects": lambda: TabularRegressor(
        hidden=8,
        max_epochs=2,
        loss=Huber(2.0),
        schedule=get_schedule("step", epochs=2, factor=0.5),
        weight_init=get_initializer("normal", std=0.1),
        n_restarts=2,
        calibration=False,
        random_state=1,
    ).fit(table(), "y"),
    "mixed precision": lambda: TabularRegressor(hidden=8, max_epochs=2, precision="mixed", random_state=2).fit(table(), "y"),
    "function": lambda: (
        fit_table(
            table().drop(columns="kind"),
            ["y", "w"],
            test=0.1,
            validation=0.3,
            settings=TableSettings.of({"max_epochs": 2, "seed": 5}),
        ).model
    ),
    "settings": lambda: (
        fit_table(
            table(),
            "kind",
            task="classification",
            settings=TableSettings.of(
                {"max_epochs": 2, "preset": "fast", "activation": ("relu", "tanh", "leaky_relu:slope=0.3")}
            ),
        ).model
    ),
}


@pytest.mark.filterwarnings("ignore::lamina.data.notes.DataWarning")
@pytest.mark.parametrize("kind", MODELS)
def test_the_code_trains_an_equal_model(kind: str):
    first = MODELS[kind]()
    first = getattr(first, "model_", first)
    rows = table().drop(columns="kind") if kind == "function" else table()
    names: dict[str, Any] = {"table": rows}
    exec("\n".join(block(first, "Python").splitlines()[:-1]), names)
    second = getattr(names["model"], "model_", names["model"])
    for one, other in zip(first.estimator.coefs_, second.estimator.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    assert first.threshold == second.threshold
    assert first.target == second.target
    np.testing.assert_array_equal(first.rated(rows), second.rated(rows))


def test_the_code_makes_the_report_with_what_it_was_made_with():
    model = MODELS["objects"]()
    made = model.report(table(), seed=3, diagnosis=False)
    told = next(each for each in made["reproduce"].blocks if isinstance(each, Code)).text.splitlines()[-1]
    assert told == "model.report(judged, seed=3, diagnosis=False).save('report.html')"
