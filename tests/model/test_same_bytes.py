"""The same training gives the same bytes, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = "import sys; from lamina.cli.main import main; sys.exit(main(sys.argv[1:]))"
TRAINER = """
import sys
import numpy as np
from lamina import Checkpoint, Dense, Dropout, EarlyStopping, Sequential, Trainer
X = np.random.default_rng(0).normal(size=(80, 4))
y = (X[:, 0] > 0).astype(int)
callbacks = [EarlyStopping(patience=50), Checkpoint(sys.argv[1])]
trainer = Trainer(Sequential([Dense(8, activation="tanh"), Dropout(0.2), Dense(2)]), "softmax_cross_entropy", callbacks=callbacks)
trainer.fit(X, y, validation_data=(X[:20], y[:20]), max_epochs=4)
"""
ESTIMATOR = """
import sys
import numpy as np
from lamina import MLPClassifier, save_model
X = np.random.default_rng(0).normal(size=(80, 4))
labels = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]
weights = {"low": 2.0, "middle": 1.0, "high": 1.0}
model = MLPClassifier((8,), class_weight=weights, early_stopping=True, max_iter=5, random_state=0)
save_model(sys.argv[1], model.fit(X, labels))
"""


def run(program: str, *arguments: str, seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, env=environment, capture_output=True)


@pytest.mark.parametrize("program", [TRAINER, ESTIMATOR], ids=["checkpoint", "estimator"])
def test_files_of_equal_trainings_are_equal_whatever_the_hash_seed(tmp_path: Path, program: str) -> None:
    for seed in ("1", "2"):
        run(program, str(tmp_path / seed), seed=seed)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_models_of_the_command_line_are_equal_whatever_the_hash_seed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    shops = ["north", "south", "east", "west"]
    rows = [f"{i % 17},{shops[i * 7 % 4]},2024-01-{i % 28 + 1:02},{'yes' if i % 17 > 8 else 'no'}" for i in range(200)]
    table.write_text("size,shop,day,late\n" + "\n".join(rows), encoding="utf-8")
    for seed in ("1", "2"):
        run(COMMAND, "train", str(table), "-t", "late", "-o", str(tmp_path / seed), "--max-epochs", "5", seed=seed)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
