"""Tables of many files: which files they are, whether these can be used, and their rows."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, dataset, feather, fs, parquet

from lamina.data import DataWarning, TableEncoder, target_column
from lamina.data.shards import RowReader, Shards, Split, TextReading, names_several, open_shards, survey
from lamina.data.shards.places import places_of
from lamina.data.target import Target
from lamina.errors import DataError, FileError

NUM_ROWS = 40


def rows(first: int, count: int = NUM_ROWS) -> pa.Table:
    number = np.arange(first, first + count)
    color = np.array(["red", "green", "blue"])[number % 3]
    return pa.table({"number": number * 1.5, "color": color, "y": number % 2 == 0})


def write(path: Path, table: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(table, path, row_group_size=16)
    elif path.suffix == ".feather":
        feather.write_feather(table, path, chunksize=16)
    elif path.suffix == ".gz":
        with gzip.open(path, "wb") as file:
            csv.write_csv(table, file)
    else:
        csv.write_csv(table, path)
    return path


@pytest.fixture(params=[".parquet", ".feather", ".csv", ".csv.gz"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    for i in range(3):
        write(tmp_path / "data" / f"part-{i}{request.param}", rows(i * NUM_ROWS))
    return tmp_path / "data"


def numbers_of(shards: Shards) -> list[float]:
    return [float(value) for block in shards.blocks() for value in block.columns["number"].to_pylist()]


def test_all_rows_come_in_the_order_of_names_from_every_format(folder: Path):
    shards = open_shards(folder)
    assert shards.names == ["number", "color", "y"]
    assert numbers_of(shards) == rows(0, 3 * NUM_ROWS)["number"].to_pylist()
    assert next(piece for piece in shards.pieces if piece.shard == 1).number == 0


def test_a_folder_a_pattern_and_an_address_name_the_same_files(folder: Path):
    suffix = "".join(next(folder.iterdir()).suffixes)
    named = [places_of(given) for given in (folder, f"{folder}/*{suffix}", f"{folder}/part-?{suffix}", f"file://{folder}")]
    names = [[Path(place.path).name for place in places] for places in named]
    assert names == [[f"part-{i}{suffix}" for i in range(3)]] * 4


def test_a_pattern_of_folders_goes_into_them(tmp_path: Path):
    for name in ("a/x.parquet", "a/b/y.parquet", "z.parquet", "a/x.txt.bak", "_temporary/w.parquet", ".hidden.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    found = {
        pattern: [Path(p.path).name for p in places_of(f"{tmp_path}/{pattern}")] for pattern in ("*.parquet", "**/*.parquet")
    }
    assert found == {"*.parquet": ["z.parquet"], "**/*.parquet": ["y.parquet", "x.parquet", "z.parquet"]}
    assert [Path(p.path).name for p in places_of(tmp_path)] == ["y.parquet", "x.parquet", "z.parquet"]
    assert [Path(p.path).name for p in places_of(f"{tmp_path}/[yz]*.parquet")] == ["z.parquet"]


def test_texts_that_lie_in_a_folder_are_tables_only_where_a_pattern_names_them(tmp_path: Path):
    write(tmp_path / "a.csv", rows(0))
    for name in ("readme.txt", "adult.data"):
        (tmp_path / name).write_text("What these files are.\n")
    assert [Path(p.path).name for p in places_of(tmp_path)] == ["a.csv"]
    assert [Path(p.path).name for p in places_of(f"{tmp_path}/*.data")] == ["adult.data"]


def test_links_to_a_folder_around_them_are_not_followed_and_others_are(tmp_path: Path):
    write(tmp_path / "data" / "in" / "a.parquet", rows(0))
    write(tmp_path / "elsewhere" / "b.parquet", rows(0))
    for link, to in (("loop", "data"), ("in/up", "data"), ("linked", "elsewhere")):
        (tmp_path / "data" / link).symlink_to(tmp_path / to, target_is_directory=True)
    for given in (tmp_path / "data", f"{tmp_path}/data/**/*.parquet", f"file://{tmp_path}/data"):
        found = [str(Path(p.path).relative_to(tmp_path / "data")) for p in places_of(given)]
        assert found == ["in/a.parquet", "linked/b.parquet"]


def test_one_file_is_not_several(folder: Path):
    assert names_several(folder)
    assert names_several(f"{folder}/*.csv")
    assert not names_several(next(folder.iterdir()))
    assert not names_several("missing.csv")


def test_nothing_found_is_an_error(tmp_path: Path):
    with pytest.raises(FileError, match=r"no table found in .*\*\.csv"):
        open_shards(tmp_path / "*.csv")
    with pytest.raises(FileError, match="no such file or folder"):
        open_shards(tmp_path / "missing" / "*.csv")


def test_a_file_system_of_ones_own_is_read_through_a_dataset(tmp_path: Path):
    write(tmp_path / "year=2001" / "a.parquet", rows(0))
    write(tmp_path / "year=2002" / "a.parquet", rows(NUM_ROWS))
    beside = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    shards = open_shards(dataset.dataset("/", filesystem=beside, format="parquet", partitioning="hive"))
    assert shards.names == ["number", "color", "y", "year"]
    years = [value for block in shards.blocks() for value in block.columns["year"].to_pylist()]
    assert years == [2001] * NUM_ROWS + [2002] * NUM_ROWS


def test_a_dataset_with_a_filter_is_refused_with_the_way_round(tmp_path: Path):
    parquet.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"got one with a filter\. .*write_dataset"):
        open_shards(dataset.dataset(tmp_path).filter(dataset.field("x") > 1))


def column_of(shards: Shards, name: str) -> list[object]:
    return [value for block in shards.blocks() for value in block.columns[name].to_pylist()]


@pytest.mark.parametrize("suffix", ["parquet", "feather", "csv"])
@pytest.mark.parametrize("pattern", ["", "run=1/**/a.*", "*/year=*/*/*"])
def test_folders_that_stand_for_a_column_are_read_as_text(tmp_path: Path, suffix: str, pattern: str):
    for place in ("run=1/year=2001/city=S%C3%A3o", "run=1/year=2002/city=__HIVE_DEFAULT_PARTITION__"):
        write(tmp_path / place / f"a.{suffix}", rows(0))
    with pytest.warns(DataWarning, match=r"^read from the names of folders: 'year', 'city'\.$"):
        shards = open_shards(tmp_path / pattern)
    assert shards.names == ["number", "color", "y", "year", "city"], "run=1, which all share, tells no rows apart"
    assert column_of(shards, "year") == ["2001"] * NUM_ROWS + ["2002"] * NUM_ROWS
    assert column_of(shards, "city") == ["São"] * NUM_ROWS + [None] * NUM_ROWS


def test_a_folder_that_all_files_share_is_a_column_where_it_is_needed(tmp_path: Path):
    write(tmp_path / "year=2001" / "a.parquet", rows(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_shards(tmp_path).names == ["number", "color", "y"]
        shards = open_shards(tmp_path, needed=["year"])
    assert column_of(shards, "year") == ["2001"] * NUM_ROWS


def test_a_column_of_the_file_counts_more_than_a_folder_of_its_name(tmp_path: Path):
    for color in ("pink", "gray"):
        write(tmp_path / f"color={color}" / "a.parquet", rows(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shards = open_shards(tmp_path)
    assert column_of(shards, "color") == rows(0)["color"].to_pylist() * 2


def test_a_file_outside_of_the_folders_of_the_others_lacks_their_column(tmp_path: Path):
    for place in ("year=1/a.parquet", "year=2/b.parquet", "c.parquet"):
        write(tmp_path / place, rows(0))
    with pytest.raises(DataError, match=r"c\.parquet: every file of a table must have its columns, got none named 'year'"):
        open_shards(tmp_path)


def test_a_dataset_of_text_is_refused_with_the_way_round(tmp_path: Path):
    write(tmp_path / "a.csv", rows(0))
    with pytest.raises(DataError, match=r"must be of Parquet files, got csv\. Give the folder"):
        open_shards(dataset.dataset(tmp_path, format="csv"))


def bad_files(folder: Path) -> dict[str, Path]:
    """Good files, and one of each fault."""
    for i in range(3):
        write(folder / f"good-{i}.parquet", rows(i * NUM_ROWS))
    whole = write(folder / "whole.parquet", rows(0))
    cut = folder / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-20])
    whole.unlink()
    (folder / "nothing.parquet").write_bytes(b"")
    return {
        "cut": cut,
        "nothing": folder / "nothing.parquet",
        "no_rows": write(folder / "no_rows.parquet", rows(0).slice(0, 0)),
        "lacking": write(folder / "lacking.parquet", rows(0).drop_columns(["color"])),
        "other": write(folder / "other.parquet", rows(0).set_column(0, "number", pa.array(["x"] * NUM_ROWS))),
    }


WORDS = {
    "cut": "must be a Parquet file",
    "nothing": "got an empty file",
    "no_rows": "must have at least one row, got none",
    "lacking": "got none named 'color'",
    "other": "column 'number' must hold number, as in most files, got the type string",
}


@pytest.mark.parametrize("fault", WORDS)
def test_a_bad_file_is_named_before_anything_is_learned(tmp_path: Path, fault: str):
    files = bad_files(tmp_path)
    for name, path in files.items():
        if name != fault:
            path.unlink()
    with pytest.raises((DataError, FileError), match=WORDS[fault]) as raised:
        open_shards(tmp_path)
    assert str(files[fault]) in str(raised.value)
    assert "--on-bad-shard skip" in str(raised.value)


def test_bad_files_are_left_out_if_asked_for(tmp_path: Path):
    files = bad_files(tmp_path)
    with pytest.warns(DataWarning, match="left out") as notes:
        shards = open_shards(tmp_path, on_bad_shard="skip")
    assert len(shards.shards) == 3
    said = [str(warning.message) for warning in notes]
    assert all(any(str(path) in text for text in said) for path in files.values())


def test_whole_numbers_in_one_file_and_floats_in_another_are_the_same_kind(tmp_path: Path):
    write(tmp_path / "a.parquet", pa.table({"x": [1, 2], "y": [1, 2]}))
    write(tmp_path / "b.parquet", pa.table({"x": [0.5, 2.5], "y": [1, 2]}))
    assert len(open_shards(tmp_path).shards) == 2


def test_codes_in_one_file_and_texts_in_another_are_the_same_kind(tmp_path: Path):
    table = rows(0, 3 * NUM_ROWS)
    for i, kind in enumerate((pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.string())):
        part = table.slice(i * NUM_ROWS, NUM_ROWS)
        write(tmp_path / f"{i}.parquet", part.set_column(1, "color", part["color"].cast(kind)))
    firsts = [color for i in range(3) for color in table["color"].to_pylist()[i * NUM_ROWS :][:16]]
    assert open_shards(tmp_path).head(1000)["color"].to_pylist() == firsts
    found = surveyed(tmp_path)
    assert sum(part.num_rows for part in (found.sample, found.validation, found.test)) == table.num_rows


@pytest.mark.parametrize("odd", [".csv", ".parquet"])
def test_text_files_beside_files_with_types_are_refused_with_the_way_round(tmp_path: Path, odd: str):
    for i, suffix in enumerate([odd, *[{".csv": ".parquet", ".parquet": ".csv"}[odd]] * 2]):
        write(tmp_path / f"{i}{suffix}", rows(i * NUM_ROWS))
    with pytest.raises(DataError, match=r"0\.(csv|parquet): column 'number' must hold .* have no types, so do not train on them"):
        open_shards(tmp_path)
    assert len(open_shards(tmp_path, same_kinds=False).shards) == 3


def test_a_damaged_page_is_an_error_that_names_the_file(tmp_path: Path):
    path = write(tmp_path / "a.parquet", pa.table({"x": np.random.default_rng(0).random(10_000)}))
    data = bytearray(path.read_bytes())
    data[2000:4000] = bytes(2000)
    path.write_bytes(data)
    shards = open_shards(path)
    with pytest.raises((FileError, DataError), match=r"a\.parquet"):
        for _ in shards.blocks():
            pass


def test_ragged_rows_of_text_are_named_or_dropped(tmp_path: Path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4,5\n6,7\n")
    with pytest.raises(DataError, match=r"a\.csv: every row must have 2 fields"):
        list(open_shards(tmp_path).blocks())
    with pytest.warns(DataWarning, match="dropped 1 row"):
        blocks = list(open_shards(tmp_path, reading=TextReading(drop_ragged=True)).blocks())
    assert [value for block in blocks for value in block.columns["x"].to_pylist()] == ["1", "6"]


def test_text_of_another_encoding_and_delimiter_is_read(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes("größe;y\nä;1\n".encode("cp1252"))
    shards = open_shards(tmp_path, reading=TextReading(";", "cp1252"))
    assert [block.columns["größe"].to_pylist() for block in shards.blocks()] == [["ä"]]


def test_quoted_line_breaks_stay_in_their_field(tmp_path: Path):
    (tmp_path / "a.csv").write_text('"na\nme",y\n"a\nb",1\n')
    [block] = open_shards(tmp_path).blocks()
    assert block.columns["na\nme"].to_pylist() == ["a\nb"]


def surveyed(folder: Path, **shares: float):
    shards = open_shards(folder)
    head = shards.head(1000)
    encoder = TableEncoder()
    reader = RowReader(encoder.learn(head.without("y")).reader, [Target.detect(target_column(head, "y"), "classification")])
    return survey(
        shards,
        reader,
        Split.of(3 * NUM_ROWS, seed=0, **{"validation": 0.2, "test": 0.2, **shares}, most_held=1000, most_sampled=1000),
    )


def test_every_row_is_in_one_part(folder: Path):
    found = surveyed(folder)
    parts = [found.sample, found.validation, found.test]
    numbers = sorted(float(value) for part in parts for value in part["number"].to_pylist())
    assert numbers == rows(0, 3 * NUM_ROWS)["number"].to_pylist()
    assert found.num_training == found.sample.num_rows == found.digest.num_rows
    assert sum(found.class_counts.values()) == found.num_training
    assert found.targets[0].classes == ("false", "true")


def test_parts_do_not_depend_on_the_files_or_their_order(tmp_path: Path):
    table = rows(0, 3 * NUM_ROWS)
    write(tmp_path / "one" / "a.parquet", table)
    mixed = table.take(pa.array(np.random.default_rng(0).permutation(table.num_rows)))
    for i in range(4):
        write(tmp_path / "four" / f"{i}.feather", mixed.slice(i * 30, 30))
    one, four = surveyed(tmp_path / "one"), surveyed(tmp_path / "four")
    for part in ("validation", "test", "sample"):
        assert set(getattr(one, part)["number"].to_pylist()) == set(getattr(four, part)["number"].to_pylist())


def test_equal_rows_are_in_the_same_part(tmp_path: Path):
    table = rows(0, 3 * NUM_ROWS)
    write(tmp_path / "a.parquet", table)
    write(tmp_path / "b.parquet", table.set_column(2, "y", pa.array([True] * table.num_rows)))
    found = surveyed(tmp_path)
    parts = [set(part["number"].to_pylist()) for part in (found.sample, found.validation, found.test)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_another_seed_is_another_split():
    table = TableEncoder().learn(rows(0, 3000))
    first, second = (Split(seed, 0.5, 0.0, 0.1).parts(table).validation for seed in (0, 1))
    assert 0.4 < (first == second).mean() < 0.6


def test_shares_are_halved_until_the_rows_fit():
    split = Split.of(1_000_000, seed=0, validation=0.2, test=0.4, most_held=60_000, most_sampled=20_000)
    assert (split.test, split.validation, split.sample) == (0.05, pytest.approx(0.06), 0.015625)


def test_rows_without_a_target_are_dropped_and_counted(tmp_path: Path):
    table = rows(0, 3 * NUM_ROWS)
    y = pa.array([None if i % 4 == 0 else bool(i % 2) for i in range(table.num_rows)])
    write(tmp_path / "a.parquet", table.set_column(2, "y", y))
    found = surveyed(tmp_path)
    assert (found.num_read, found.num_dropped) == (120, 30)
    assert found.num_training + found.validation.num_rows + found.test.num_rows == 90


def test_a_value_that_does_not_fit_is_named_with_its_file_column_and_row(tmp_path: Path):
    lines = "\n".join(f"{i},{i % 2}" for i in range(300))
    (tmp_path / "a.csv").write_text(f"x,y\n{lines}\n")
    (tmp_path / "b.csv").write_text(f"x,y\n{lines}\nseven,1\n")
    shards = open_shards(tmp_path)
    head = shards.head(500)
    encoder = TableEncoder()
    reader = RowReader(encoder.learn(head.without("y")).reader, [Target.detect(target_column(head, "y"))])
    with pytest.raises(DataError, match=r"b\.csv: column 'x' must hold numbers, as in training, got 'seven' \(row 301\)"):
        survey(shards, reader, Split(0, 0.0, 0.0, 1.0))


def test_a_target_that_is_no_number_is_named_with_its_row_in_the_file(tmp_path: Path):
    lines = "\n".join(f"{i},{i / 7}" for i in range(300))
    (tmp_path / "a.csv").write_text(f"x,y\n{lines}\n1,big\n")
    opened = open_shards(tmp_path)
    shards = Shards(opened.shards, opened.names, rows_a_block=40)
    head = shards.head(200)
    reader = RowReader(TableEncoder().learn(head.without("y")).reader, [Target.detect(target_column(head, "y"), "regression")])
    with pytest.raises(DataError, match=r"a\.csv: target 'y' must hold numbers for regression, got 'big' \(row 301\)"):
        survey(shards, reader, Split(0, 0.0, 0.0, 1.0))


@pytest.mark.parametrize("most", [1, 50, 299, 300, 1000])
def test_a_sample_holds_each_row_once_in_its_order(tmp_path: Path, most: int):
    for i in range(3):
        parquet.write_table(pa.table({"n": np.arange(100 * i, 100 * (i + 1))}), tmp_path / f"{i}.parquet", row_group_size=7)
    shards = open_shards(tmp_path)
    sample, num_rows = shards.sample(most, seed=3)
    numbers = sample["n"].to_pylist()
    assert num_rows == 300
    assert len(numbers) == min(most, 300)
    assert numbers == sorted(set(numbers))
    assert shards.sample(most, seed=3)[0]["n"].to_pylist() == numbers


def test_each_row_is_as_likely_in_a_sample(tmp_path: Path):
    for i in range(4):
        parquet.write_table(pa.table({"n": np.arange(25 * i, 25 * (i + 1))}), tmp_path / f"{i}.parquet", row_group_size=10)
    shards = open_shards(tmp_path)
    counts = np.zeros(100)
    for seed in range(200):
        counts[shards.sample(20, seed=seed)[0]["n"].to_numpy()] += 1
    assert abs(counts - 40).max() < 5 * np.sqrt(200 * 0.2 * 0.8)  # deviations of a binomial
