"""Training on a table of many files: the same model as on the table in memory, as far as both see the same rows."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, dataset, parquet
from tests.distributed.ranks import ThreadCommunicator, run_ranks

from lamina import load_model, save_model
from lamina.data import DataWarning, TableEncoder, target_column
from lamina.data.shards import EncodedRows, RowReader, Spill, Split, TextReading, open_shards, survey
from lamina.data.target import Target
from lamina.distributed import fit
from lamina.errors import DataError, FileError, InvalidSettingError
from lamina.model import TableSettings, TabularClassifier, TabularRegressor, evaluate_shards, fit_table
from lamina.model.memory_limit import memory_limit
from lamina.model.shard_rows import is_larger_than_memory
from lamina.training import Callback, Checkpoint, Record, Run

pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")

NUM_ROWS = 1200


def rows(num_rows: int = NUM_ROWS, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, num_rows))
    color = rng.choice(["red", "green", "blue"], num_rows)
    amount = pa.array(rng.lognormal(size=num_rows), mask=rng.random(num_rows) < 0.1)
    kind = np.where(x + z + (color == "red") > 0.5, "yes", "no")
    return pa.table({"x": x, "z": z, "color": color, "amount": amount, "kind": kind, "size": 3 * x - z + 2})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    table = rows()
    (tmp_path / "data").mkdir()
    for i in range(4):
        parquet.write_table(table.slice(i * 300, 300), tmp_path / "data" / f"{i}.parquet", row_group_size=70)
    return tmp_path / "data"


def settings(**given: object) -> TableSettings:
    small = {"hidden": (16,), "members": 1, "max_epochs": 8, "batch_size": 32, "learning_rate": 0.01, "threads": 1}
    return TableSettings.of({**small, **given})


def test_a_model_of_files_is_as_good_as_one_of_the_table(folder: Path):
    found = fit_table(folder, "kind", settings=settings())
    whole = fit_table(rows(), "kind", settings=settings())
    assert found.metrics["model"]["accuracy"] > 0.9
    assert abs(found.metrics["model"]["accuracy"] - whole.metrics["model"]["accuracy"]) < 0.06
    assert sum(found.rows[part] for part in ("training", "validation", "test")) == found.rows["read"] == NUM_ROWS
    assert found.model.target == whole.model.target


def test_the_model_of_files_is_saved_and_predicts_like_any_other(folder: Path, tmp_path: Path):
    model = fit_table(f"{folder}/*.parquet", "kind", settings=settings(max_epochs=2)).model
    save_model(tmp_path / "a.lamina", model)
    again = load_model(tmp_path / "a.lamina")
    assert again.predict(rows()).tolist() == model.predict(rows()).tolist()
    assert again.predict({"x": 2.0, "z": 2.0, "color": "red", "amount": None, "size": 6.0}).tolist() == ["yes"]


@pytest.mark.parametrize("cut", [1, 7])
def test_cutting_the_table_into_other_files_changes_no_part_and_no_encoder(folder: Path, tmp_path: Path, cut: int):
    table = rows().take(pa.array(np.random.default_rng(1).permutation(NUM_ROWS)))
    (tmp_path / "other").mkdir()
    size = -(-NUM_ROWS // cut)
    for i in range(cut):
        parquet.write_table(table.slice(i * size, size), tmp_path / "other" / f"{i}.parquet")
    one, other = (fit_table(data, "kind", settings=settings(max_epochs=1)) for data in (folder, tmp_path / "other"))
    assert one.rows == other.rows
    for ours, theirs in zip(one.model.encoder.encoders_, other.model.encoder.encoders_, strict=True):
        assert ours.feature_names == theirs.feature_names
        for name, value in ours.to_dict().items():
            assert theirs.to_dict()[name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_equal_seeds_give_equal_models_of_files(folder: Path):
    one, again, other = (fit_table(folder, "kind", settings=settings(max_epochs=2, seed=seed)).model for seed in (3, 3, 4))
    probabilities = [model.predict_proba(rows()) for model in (one, again, other)]
    assert np.array_equal(probabilities[0], probabilities[1])
    assert not np.array_equal(probabilities[0], probabilities[2])


def test_numbers_are_learned_from_files(folder: Path):
    found = fit_table(folder, "size", settings=settings(max_epochs=30))
    assert found.model.target.task == "regression"
    assert found.metrics["model"]["r2"] > 0.9
    low, high = found.model.predict_interval(rows()).T
    assert np.mean((low <= rows()["size"].to_numpy()) & (rows()["size"].to_numpy() <= high)) > 0.8


def test_several_numbers_are_learned_from_files(folder: Path):
    found = fit_table(folder, ["size", "x"], settings=settings(max_epochs=2))
    assert found.model.predict(rows(5)).shape == (5, 2)


def test_text_files_spell_what_they_spell_in_memory(tmp_path: Path):
    table = rows().append_column("class", pa.array((rows()["x"].to_numpy() > 0).astype(int)))
    for i in range(3):
        csv.write_csv(table.slice(i * 400, 400), tmp_path / f"{i}.csv")
    found = fit_table(tmp_path / "*.csv", "class", settings=settings(max_epochs=2))
    assert found.model.target.classes == ("0", "1")
    assert found.model.predict(rows(5)).dtype.kind == "i"
    assert [encoder.kind for encoder in found.model.encoder.encoders_][:3] == ["number", "number", "category"]


def test_balanced_classes_weigh_by_all_rows(folder: Path, tmp_path: Path):
    table = rows(4000)
    rare = pa.array(np.where(table["x"].to_numpy() > 1.5, "rare", "usual"))
    parquet.write_table(table.select(["z", "x"]).append_column("y", rare), tmp_path / "a.parquet", row_group_size=400)
    plain, weighted = (
        fit_table(dataset.dataset(tmp_path / "a.parquet"), "y", settings=settings(max_epochs=2, learning_rate=0.003, **more))
        for more in ({}, {"class_weight": "balanced"})
    )
    assert weighted.model.predict_proba(table)[:, 0].mean() > 1.5 * plain.model.predict_proba(table)[:, 0].mean()
    weights = weighted.model.estimator.class_weight
    assert weights[0] > 5 * weights[1]


def test_separate_validation_and_test_rows_are_taken(folder: Path):
    found = fit_table(folder, "kind", validation=rows(50, seed=8), test=rows(60, seed=9), settings=settings(max_epochs=1))
    assert {part: found.rows[part] for part in ("training", "validation", "test")} == {
        "training": NUM_ROWS,
        "validation": 50,
        "test": 60,
    }


def test_a_class_of_a_single_file_is_learned(tmp_path: Path):
    for name in ("a", "b", "c"):
        kind = pa.array([name] * 100)
        parquet.write_table(rows(100).select(["x", "z"]).append_column("kind", kind), tmp_path / f"{name}.parquet")
    assert fit_table(tmp_path, "kind", settings=settings(max_epochs=1)).model.target.classes == ("a", "b", "c")


def test_an_estimator_takes_a_dataset(folder: Path):
    given = {"hidden": (16,), "members": 1, "max_epochs": 8, "batch_size": 32, "learning_rate": 0.01, "random_state": 0}
    model = TabularClassifier(**given).fit(dataset.dataset(folder), "kind")
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.feature_names_in_.tolist() == ["x", "z", "color", "amount", "size"]
    assert model.score(rows().drop_columns(["kind"]), rows()["kind"]) > 0.9
    assert TabularRegressor(**given).fit(folder, "size").predict(rows(3).drop_columns(["size"])).shape == (3,)


@pytest.mark.parametrize("of", [str, Path, dataset.dataset])
def test_predictions_of_files_say_what_takes_files(folder: Path, of: Any):
    model = TabularRegressor(members=1, max_epochs=1, random_state=0).fit(rows(50), "size")
    calls = [
        lambda: model.predict(of(folder)),
        lambda: model.score(of(folder), "size"),
        lambda: model.evaluate(of(folder), "size"),
        lambda: model.model_.predict(of(folder)),
    ]
    for call in calls:
        with pytest.raises(DataError, match=r"must be a data frame .*open_shards, or .*lamina\.model\.evaluate_shards"):
            call()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y": np.zeros(3)}, "y must be the name of a column"),
        ({"sample_weight": np.ones(3)}, "sample_weight must be left out for a table of many files"),
        ({"groups": np.ones(3)}, "groups must be left out for a table of many files"),
        ({"X_val": rows(3), "y_val": "kind"}, "X_val must be left out for a table of many files"),
    ],
)
def test_what_needs_the_table_in_memory_is_refused(folder: Path, given: dict[str, object], words: str):
    with pytest.raises(InvalidSettingError, match=words):
        TabularClassifier().fit(folder, **{"y": "kind", **given})


def test_going_on_from_a_model_is_refused_with_files(folder: Path):
    model = fit_table(rows(100), "kind", settings=settings(max_epochs=1)).model
    with pytest.raises(InvalidSettingError, match="continue_from must be left out for a table of many files"):
        fit_table(folder, "kind", continue_from=model)


def test_restarts_are_refused_with_files(folder: Path):
    with pytest.raises(InvalidSettingError, match="restarts must be 1 for a table of many files"):
        fit_table(folder, "kind", settings=settings(restarts=2))


def test_lbfgs_is_refused_with_files(folder: Path):
    with pytest.raises(InvalidSettingError, match="optimizer must take steps for a table of many files"):
        fit_table(folder, "kind", settings=settings(optimizer="lbfgs"))


def test_a_target_that_no_file_has_is_named(folder: Path):
    with pytest.raises(DataError, match=r"got 'knd'\. Did you mean 'kind'"):
        fit_table(folder, "knd")


def test_too_few_rows_are_refused(tmp_path: Path):
    parquet.write_table(rows(8), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="at least 10 rows"):
        fit_table(tmp_path, "kind", test=0, validation=0)


def test_a_bad_file_ends_the_training_before_it_starts_or_is_left_out(folder: Path):
    (folder / "9.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileError, match=r"9\.parquet"):
        fit_table(folder, "kind", settings=settings())
    with pytest.warns(DataWarning, match=r"left out: .*9\.parquet"):
        found = fit_table(folder, "kind", settings=settings(max_epochs=1, on_bad_shard="skip"))
    assert found.rows["read"] == NUM_ROWS


def test_a_single_file_is_read_whole_unless_it_is_larger_than_memory(tmp_path: Path):
    small, large = tmp_path / "small.parquet", tmp_path / "large.parquet"
    parquet.write_table(rows(50), small)
    parquet.write_table(pa.table({"x": np.random.default_rng(0).random(9_000_000)}), large)
    assert not is_larger_than_memory(small, "64MB")
    assert is_larger_than_memory(large, "64MB")
    assert not is_larger_than_memory(large, "1GB")
    assert not is_larger_than_memory(rows(5))
    assert fit_table(small, "kind", settings=settings(max_epochs=1)).rows["read"] == 50
    text = "\n".join(f"{i},5;{'no' if i % 3 else 'yes'}" for i in range(50))
    (tmp_path / "small.csv").write_text(f"x;kind\n{text}\n")
    reading = TextReading(delimiter=";")
    assert fit_table(tmp_path / "small.csv", "kind", settings=settings(max_epochs=1), reading=reading).rows["read"] == 50


@pytest.mark.parametrize("given", ["2 apples", "-1GB", "1MB", 12, True])
def test_a_memory_that_is_no_size_is_refused(given: object):
    with pytest.raises(InvalidSettingError, match="memory must be a size of at least 64MB"):
        memory_limit(given)


def source_of(folder: Path, spill: Spill | None, sparse: bool) -> tuple[EncodedRows, TableEncoder]:
    shards = open_shards(folder)
    head = shards.head(1000)
    encoder = TableEncoder(sparse_output=sparse)
    reader = RowReader(encoder.learn(head.without("kind")).reader, [Target.detect(target_column(head, "kind"))])
    split = Split.of(NUM_ROWS, seed=0, validation=0.2, test=0.1, most_held=1000, most_sampled=1000)
    found = survey(shards, reader, split)
    encoder.fit(found.digest)
    goal = found.targets[0]
    return EncodedRows(shards, reader, split, encoder, goal, rows_of_pieces=found.rows_of_pieces, seed=0, spill=spill), encoder


def passed(source: EncodedRows, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    blocks = [(X if isinstance(X, np.ndarray) else X.toarray(), y) for X, y in source.passes(epoch)]
    return np.concatenate([X for X, _ in blocks]), np.concatenate([y for _, y in blocks])


@pytest.mark.parametrize("sparse", [False, True])
def test_kept_rows_are_the_rows_of_the_files_to_the_bit(folder: Path, sparse: bool):
    kept, _ = source_of(folder, Spill(), sparse)
    anew, _ = source_of(folder, None, sparse)
    for epoch in (0, 1, 0):
        for ours, theirs in zip(passed(kept, epoch), passed(anew, epoch), strict=True):
            assert np.array_equal(ours, theirs)
        assert len(passed(anew, epoch)[1]) == anew.num_rows


def test_every_epoch_has_all_rows_in_an_order_of_its_own(folder: Path):
    source, _ = source_of(folder, Spill(), sparse=False)
    (first, _), (second, _) = passed(source, 0), passed(source, 1)
    assert not np.array_equal(first, second)
    assert np.array_equal(first[np.lexsort(first.T)], second[np.lexsort(second.T)])


def test_rows_are_encoded_anew_where_the_disk_has_no_room(folder: Path):
    spill = Spill(most_bytes=20_000)
    source, _ = source_of(folder, spill, sparse=False)
    again, _ = source_of(folder, None, sparse=False)
    with pytest.warns(DataWarning, match="there is no room for all encoded rows"):
        for epoch in (0, 1):
            assert np.array_equal(passed(source, epoch)[0], passed(again, epoch)[0])
    assert 0 < spill.size <= 20_000


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_a_training_whose_temporary_folder_becomes_full_is_the_same(folder: Path):
    import resource

    expected = fit_table(folder, "kind", settings=settings(max_epochs=3)).model
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.warns(DataWarning, match=r"there is no room .* \(file too large\)"):
            found = fit_table(folder, "kind", settings=settings(max_epochs=3)).model
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert np.array_equal(found.predict_proba(rows()), expected.predict_proba(rows()))


def test_two_passes_may_run_at_the_same_time(folder: Path):
    source, _ = source_of(folder, Spill(), sparse=False)
    one, other = source.passes(0), source.passes(0)
    for ours, theirs in zip(one, other, strict=True):
        assert np.array_equal(ours[0], theirs[0])


@pytest.mark.parametrize("sparse", [False, True])
def test_shares_have_each_row_once_in_files_of_their_own(folder: Path, sparse: bool):
    source, _ = source_of(folder, Spill(), sparse)
    shares = [pickle.loads(pickle.dumps(source.share(rank, 3))) for rank in range(3)]
    counts = [share.num_rows for share in shares]
    assert sum(counts) == source.num_rows
    assert counts == sorted(counts, reverse=True)
    assert counts[0] - counts[-1] <= 70  # a row group
    whole = passed(source, 0)[0]
    for epoch in (0, 1):  # in the second, rows come from the temporary files
        found = [passed(share, epoch)[0] for share in shares]
        assert [len(each) for each in found] == counts
        joined = np.concatenate(found)
        assert np.array_equal(joined[np.lexsort(joined.T)], whole[np.lexsort(whole.T)])
    for share in shares:
        share.close()


def test_fewer_pieces_than_workers_are_refused(folder: Path):
    source, _ = source_of(folder, None, sparse=False)
    with pytest.raises(InvalidSettingError, match=r"workers must be at most the number of pieces .*, 20, got 21\. Ask for fewer"):
        source.share(0, 21)


@pytest.mark.parametrize("target", ["kind", "size"])
def test_ranks_that_read_their_own_files_learn_a_table(folder: Path, target: str):
    """The ranks are threads; each but the first gets its share as a pickle."""

    def train(communicator: ThreadCommunicator):
        kind = TabularClassifier if target == "kind" else TabularRegressor
        model = kind(hidden=(16,), members=1, max_epochs=8, batch_size=32, learning_rate=0.01, n_threads=1, random_state=0)
        given = (folder, target) if communicator.rank == 0 else (None, None)
        report = fit(model, *given, communicator=communicator, way="synchronous")
        return model, report

    (first, report), (second, _) = run_ranks(2, train)
    (again, _), _ = run_ranks(2, train)
    assert report.workers == 2
    assert np.array_equal(first.predict(rows()), second.predict(rows()))
    assert np.array_equal(first.predict(rows()), again.predict(rows()))
    truth = rows()[target].to_numpy()
    alone = type(first)(**first.get_params()).fit(folder, target)
    assert first.score(rows(), truth) > alone.score(rows(), truth) - 0.05
    assert first.score(rows(), truth) > 0.85


def test_a_bad_file_is_named_before_the_ranks_begin(folder: Path):
    (folder / "3.parquet").write_bytes(b"PAR1 but no more")

    def train(communicator: ThreadCommunicator) -> str:
        with pytest.raises((FileError, RuntimeError), match=r"3\.parquet") as raised:
            fit(TabularClassifier(), folder, "kind", communicator=communicator)
        return type(raised.value).__name__

    assert run_ranks(2, train) == ["FileError", "LostWorkerError"]


@pytest.mark.parametrize("target", ["kind", "size", ["size", "x"]])
def test_the_evaluation_of_files_is_that_of_the_table(folder: Path, target: str | list[str]):
    model = fit_table(rows(), target, settings=settings(max_epochs=3)).model
    measured = evaluate_shards(model, folder)
    whole = model.evaluate(rows())
    assert measured.num_rows == NUM_ROWS
    assert list(measured.metrics) == list(whole)
    for side in ("model", "baseline"):
        assert list(measured.metrics[side]) == list(whole[side])
        assert measured.metrics[side] == pytest.approx(whole[side], abs=2e-4)


@pytest.mark.parametrize("more", [{"decision_threshold": 0.3}, {"loss": "hinge"}])
def test_the_evaluation_of_files_decides_as_the_model_does(folder: Path, more: dict[str, object]):
    model = fit_table(rows(), "kind", settings=settings(max_epochs=3, **more)).model
    whole = model.evaluate(rows())
    assert evaluate_shards(model, folder).metrics["model"] == pytest.approx(whole["model"], abs=2e-4)


def test_the_evaluation_of_several_classes_is_that_of_the_table(tmp_path: Path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    table = pa.table({"x": x, "y": np.array(["a", "b", "c"])[np.digitize(x + rng.normal(size=2000) * 0.3, [-0.5, 0.8])]})
    for i in range(3):
        parquet.write_table(table.slice(i * 700, 700), tmp_path / f"{i}.parquet")
    model = fit_table(table, "y", settings=settings(max_epochs=3)).model
    found, whole = evaluate_shards(model, tmp_path).metrics, model.evaluate(table)
    assert found["model"] == pytest.approx(whole["model"], abs=1e-4)
    assert found["baseline"] == pytest.approx(whole["baseline"], abs=1e-9)


def test_rows_without_a_target_are_left_out_of_an_evaluation(tmp_path: Path):
    table = rows(100)
    model = fit_table(table, "size", settings=settings(max_epochs=1)).model
    size = pa.array([None if i < 30 else value for i, value in enumerate(table["size"].to_pylist())])
    parquet.write_table(table.set_column(5, "size", size), tmp_path / "a.parquet")
    with pytest.warns(DataWarning, match="dropped 30 of 100 rows"):
        assert evaluate_shards(model, tmp_path).num_rows == 70


def test_settings_of_the_machine_are_not_kept_with_the_model(folder: Path):
    model = fit_table(folder, "kind", settings=settings(max_epochs=1, memory="1GB")).model
    assert not {"memory", "on_bad_shard"} & set(model.summary["settings"])


class FailsInEpoch(Callback):
    """A power cut, as far as a training notices one."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        if trainer.epoch == self.epoch:
            raise RuntimeError("power cut")


def test_a_training_on_files_goes_on_from_its_checkpoint_as_if_never_stopped(folder: Path, tmp_path: Path):
    def probabilities(name: str, fails_in: int) -> np.ndarray:
        checkpoint = Checkpoint(tmp_path / name, resume=True)
        callbacks = [checkpoint, FailsInEpoch(fails_in)]
        return fit_table(folder, "kind", settings=settings(max_epochs=5), callbacks=callbacks).model.predict_proba(rows())

    whole = probabilities("a.checkpoint", 0)
    with pytest.raises(RuntimeError, match="power cut"):
        probabilities("b.checkpoint", 3)
    assert np.array_equal(probabilities("b.checkpoint", 0), whole)
