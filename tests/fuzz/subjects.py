"""What is damaged, and what is then done with it: files of models, checkpoints, settings and tables."""

from __future__ import annotations

import gzip
import io
import json
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pyarrow import feather, parquet
from tests.fuzz.mutations import changed_arrays, changed_bytes, changed_json, signed

from lamina.cli.main import build_app
from lamina.data import TableEncoder, Target, read_table, target_column
from lamina.errors import LaminaError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.estimators.fitting import checked_parameters
from lamina.files import FORMAT_VERSION, read_tensors
from lamina.layers import Add, BatchNorm, Concat, Dense, Dropout, Input, LayerNorm
from lamina.losses import CustomLoss
from lamina.model import NetworkModel, TableModel, load_model, save_model
from lamina.network import Graph, Sequential
from lamina.optimizers import Momentum
from lamina.schedules import get_schedule
from lamina.training import EarlyStopping, Trainer

__all__ = ["SUBJECTS", "Subject"]

STORED = Path(__file__).parents[1] / "model" / "stored"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X[:, 0]


class Subject(ABC):
    """A kind of file.

    Attributes
    ----------
    suffix : str
        Of the files' names.
    """

    suffix: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def make(self, rng: Random) -> bytes:
        """A damaged file."""

    @abstractmethod
    def use(self, path: Path) -> int:
        """Do with the file what people do. Returns the bytes of what was decoded, beyond the file's own.

        What it raises, other than an error of Lamina's, is a fault; so is a state that is half changed.
        """


class _Models(Subject):
    suffix = ".model"

    @cached_property
    def wholes(self) -> list[bytes]:
        """Whole files of many kinds."""
        x = Input(3)
        hidden = Dense(3, activation="tanh")(x)
        estimators = [
            MLPRegressor(network=Graph(x, Dense(1)(Add()([x, hidden]))), max_iter=1, random_state=0),
            MLPRegressor(
                hidden_layer_sizes=(3,), batch_norm=True, dropout=0.1, optimizer=Momentum(0.01), max_iter=1, random_state=0,
                learning_rate=get_schedule("warm_up", steps=3, then="cosine"), weight_init="orthogonal", loss="huber",
            ),
        ]  # fmt: skip
        files = [path.read_bytes() for path in sorted((STORED / str(FORMAT_VERSION)).glob("*.model"))]
        for estimator in estimators:
            save_model(self.folder / "whole", estimator.fit(X, Y))
            files.append((self.folder / "whole").read_bytes())
        return [*files, *self.networks]

    @property
    def networks(self) -> list[bytes]:
        """Networks that a trainer trained, with several inputs and outputs among them."""
        a, b = Input(2), Input(1)
        h = Concat()([BatchNorm()(Dense(3, activation="relu")(a)), b])
        trainers = [
            Trainer(Graph([a, b], [Dense(2)(h), Dense(1)(h)]), ["softmax_cross_entropy", "huber"]),
            Trainer(Sequential([Dense(3), LayerNorm(), Dropout(0.1), Dense(1)], 3), CustomLoss(np.subtract, inverse_link="exp")),
        ]
        files = []
        for trainer in trainers:
            save_model(self.folder / "whole", trainer)
            files.append((self.folder / "whole").read_bytes())
        return files

    def use(self, path: Path) -> int:
        model = load_model(path)
        save_model(path, model)  # what was taken can be written
        if isinstance(model, TableModel):
            names = model.encoder.feature_names_in_
            model.predict(pa.table({str(name): pa.nulls(2) for name in names}))
            str(model.estimator.network_.summary())
        elif isinstance(model, NetworkModel):
            model.predict_logits([np.zeros((2, int(width or 0))) for width in model.network.input_widths])
            model.summary()
        else:
            model.predict(np.zeros((2, model.n_features_in_)))
            repr(model)
        return 0


class ModelBytes(_Models):
    """Model files with changed bytes, of every version."""

    def make(self, rng: Random) -> bytes:
        version = rng.randrange(1, FORMAT_VERSION + 1)
        return changed_bytes(rng, rng.choice(sorted((STORED / str(version)).glob("*.model"))).read_bytes())


class ModelContent(_Models):
    """Model files with other content and a right checksum."""

    @cached_property
    def contents(self) -> list[Any]:
        contents = []
        for data in self.wholes:
            (self.folder / "whole").write_bytes(data)
            contents.append(read_tensors(self.folder / "whole"))
        return contents

    def make(self, rng: Random) -> bytes:
        arrays, header = rng.choice(self.contents)
        if rng.random() < 0.25:
            arrays = changed_arrays(rng, arrays)
        return signed(rng, arrays, changed_json(rng, header) if rng.random() < 0.9 else header)


class CheckpointContent(Subject):
    """Checkpoints with other content and a right checksum."""

    suffix = ".checkpoint"

    def trainer(self) -> Trainer:
        network = Sequential([Dense(4, activation="relu"), BatchNorm(), Dropout(0.2), Dense(1)], 3)
        callbacks = [EarlyStopping("loss", patience=50)]
        return Trainer(network, "squared_error", "adam", callbacks=callbacks, schedule="adaptive", seed=1)

    @cached_property
    def content(self) -> Any:
        trainer = self.trainer()
        trainer.fit(X, Y, max_epochs=2)
        trainer.save_checkpoint(self.folder / "whole")
        return read_tensors(self.folder / "whole")

    def make(self, rng: Random) -> bytes:
        arrays, header = self.content
        if rng.random() < 0.25:
            arrays = changed_arrays(rng, arrays)
        return signed(rng, arrays, changed_json(rng, header) if rng.random() < 0.9 else header)

    def use(self, path: Path) -> int:
        trainer = self.trainer()
        before = _everything(trainer)
        try:
            trainer.load_checkpoint(path)
        except LaminaError:
            assert _everything(trainer) == before, "the trainer is half changed"
            raise
        trainer.save_checkpoint(path)
        trainer.fit(X, Y, max_epochs=1)
        return 0


def _everything(trainer: Trainer) -> Any:
    arrays = [getattr(trainer.executor.snapshot(), name).tobytes() for name in ("parameters", "state", "slots")]
    memories = [repr(callback.state()) for callback in trainer.callbacks]
    return arrays, memories, trainer.epoch, trainer.step, trainer.stop_reason, trainer.history.to_list(), repr(trainer.schedule)


class CheckpointBytes(CheckpointContent):
    """Checkpoints with changed bytes."""

    @cached_property
    def data(self) -> bytes:
        self.content  # noqa: B018
        return (self.folder / "whole").read_bytes()

    def make(self, rng: Random) -> bytes:
        return changed_bytes(rng, self.data)


SETTINGS = """\
# settings of `lamina train`
target = "income"
output = "a.model"
hidden = [256, 128]
activation = "relu"
learning_rate = 0.001
schedule = "warm_up:steps=50,then=cosine"
optimizer = "adamw"
max_epochs = 20
batch-size = 64
dropout = 0.1
early = 1979-05-27T07:32:00Z
validation = 0.1
missing = ["-", '?']
categorical = ["zip"]
seed = 0
restarts = 2

[table]
a.b = { c = 1, d = [1, 2] }
"""


class SettingsFiles(Subject):
    """Settings of ``lamina train`` in TOML."""

    suffix = ".toml"

    @cached_property
    def app(self) -> Any:
        return build_app()

    def make(self, rng: Random) -> bytes:
        lines = SETTINGS.splitlines(keepends=True)
        if rng.random() < 0.8:  # fewer, so that something is left to be read
            lines = [line for line in lines if rng.random() < 0.4]
        if rng.random() < 0.5 and lines:
            at = rng.randrange(len(lines))
            lines[at] = f"{lines[at].partition('=')[0]}= {rng.choice(_TOML_VALUES)}\n"
        text = "".join(lines).encode()
        return changed_bytes(rng, text) if rng.random() < 0.7 else text

    def use(self, path: Path) -> int:
        from cyclopts import CycloptsError

        from lamina.model import TableSettings

        arguments = ["train", "t.csv", "--target", "y", "--output", str(self.folder / "o"), "--config", str(path)]
        try:
            _, bound, _ = self.app.parse_args(arguments, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            str(error)  # what is printed before the program ends with exit code 2
            return 0
        given = {name: value for name, value in bound.arguments.items() if name in _GROUPS}
        settings = TableSettings(**given)
        for task, family in (("classification", MLPClassifier), ("regression", MLPRegressor)):
            checked_parameters(family(**settings.parameters(task, 100, 2)))
        return 0


_GROUPS = ("encoding", "network", "optimization", "stopping", "run")
_TOML_VALUES = (
    *(
        "0",
        "-1",
        "2.9",
        "1e999",
        "nan",
        "inf",
        "true",
        '""',
        '"a"',
        "[]",
        "{}",
        "[[[]]]",
        "1" * 5000,
        "0x" + "f" * 9000,
        "'[/x]'",
    ),
    *('"\\u001b[31m"', '"\\ud800"', "[" * 3000 + "]" * 3000, "1979-05-27", "07:32:00", "{a = 1}", '"é"', '["a", 1, []]', "1_000"),
    *('"warm_up:"', '"warm_up:steps=999999999999999999999"', '"adam:learning_rate=nan"', '"step:"', '":"', '"a:b=c=d,,="'),
)


class _Tables(Subject):
    @staticmethod
    def table() -> pa.Table:
        rng = np.random.default_rng(1)
        return pa.table(
            {
                "size": rng.normal(size=40).round(3),
                "count": pa.array([None if i % 7 == 0 else i for i in range(40)], pa.int64()),
                "shop, of all": [["north", "sø̀uth", None, "east \"x\""][i % 4] for i in range(40)],
                "day": np.datetime64("2024-01-01") + np.arange(40),
                "at": (np.datetime64("2024-01-01T10:20:30", "ns") + np.arange(40)).astype("M8[ns]"),
                "flag": [bool(i % 3) for i in range(40)],
                "kind": pa.array([["a", "b"][i % 2] for i in range(40)]).dictionary_encode(),
                "y": [["yes", "no"][i % 2] for i in range(40)],
            }
        )  # fmt: skip

    @cached_property
    def wholes(self) -> list[bytes]:
        """Whole files of several forms."""
        raise NotImplementedError

    def make(self, rng: Random) -> bytes:
        return changed_bytes(rng, rng.choice(self.wholes))

    def use(self, path: Path) -> int:
        table = read_table(path)
        table.validate(full=True)
        decoded = int(table.nbytes)
        name = table.column_names[-1]
        Target.fit(target_column(table, name))
        rest = table.drop([name])
        encoder = TableEncoder().fit(rest)
        decoded += encoder.transform(rest).nbytes
        return decoded


class CsvFiles(_Tables):
    """Text with commas, semicolons or vertical bars, also compressed."""

    suffix = ".csv"

    @cached_property
    def wholes(self) -> list[bytes]:
        return [_text(self.table(), delimiter) for delimiter in ",;|"]


class TsvFiles(_Tables):
    """Text with tabs."""

    suffix = ".tsv"

    @cached_property
    def wholes(self) -> list[bytes]:
        return [_text(self.table(), "\t")]


class CompressedFiles(_Tables):
    """Compressed text."""

    suffix = ".csv.gz"

    @cached_property
    def wholes(self) -> list[bytes]:
        return [_text(self.table(), ",")]

    def make(self, rng: Random) -> bytes:
        if rng.random() < 0.5:
            return gzip.compress(super().make(rng), mtime=0)
        return changed_bytes(rng, gzip.compress(self.wholes[0], mtime=0))


class ParquetFiles(_Tables):
    """Parquet."""

    suffix = ".parquet"

    @cached_property
    def wholes(self) -> list[bytes]:
        files = []
        for compression, dictionary in (("none", False), ("none", True), ("snappy", True)):
            file = io.BytesIO()
            parquet.write_table(self.table(), file, compression=compression, use_dictionary=dictionary)
            files.append(file.getvalue())
        return files


class FeatherFiles(_Tables):
    """Feather, which is Arrow's own format."""

    suffix = ".feather"

    @cached_property
    def wholes(self) -> list[bytes]:
        files = []
        for compression in ("uncompressed", "lz4"):
            file = io.BytesIO()
            feather.write_feather(self.table(), file, compression=compression)
            files.append(file.getvalue())
        return files


def _text(table: pa.Table, delimiter: str) -> bytes:
    def field(value: Any) -> str:
        text = "" if value is None else str(value)
        return json.dumps(text, ensure_ascii=False).replace('\\"', '""') if any(c in text for c in f'{delimiter}"\n') else text

    rows = [table.column_names, *([row[name] for name in table.column_names] for row in table.to_pylist())]
    return "".join(delimiter.join(map(field, row)) + "\n" for row in rows).encode()


SUBJECTS: dict[str, type[Subject]] = {
    "model-bytes": ModelBytes,
    "model-content": ModelContent,
    "checkpoint-bytes": CheckpointBytes,
    "checkpoint-content": CheckpointContent,
    "settings": SettingsFiles,
    "csv": CsvFiles,
    "tsv": TsvFiles,
    "csv-gz": CompressedFiles,
    "parquet": ParquetFiles,
    "feather": FeatherFiles,
}
