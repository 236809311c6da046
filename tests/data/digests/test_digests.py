"""What is learned of blocks is what is learned of the whole table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lamina.data import TableEncoder
from lamina.data.arrow_tables import as_columns
from lamina.data.columns import NumberColumn
from lamina.data.digests import CategoryDigest, FittingSettings, NumberDigest, TableDigest
from lamina.data.digests.category_digest import MOST_COUNTED
from lamina.data.digests.number_digest import MOST_EXACT, NumbersGoneBy
from lamina.data.values import Values


def table_of(num_rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    price = rng.lognormal(size=num_rows).round(1)
    price[rng.random(num_rows) < 0.1] = np.nan
    born = (np.datetime64("2001-01-01") + rng.integers(0, 900, num_rows)).astype("M8[s]")
    columns = {
        "count": rng.integers(0, 50, num_rows),
        "price": price,
        "color": rng.choice(["red", "green", "blue", "rare"], num_rows, p=[0.5, 0.3, 0.198, 0.002]),
        "member": pa.array(rng.random(num_rows) < 0.3, mask=rng.random(num_rows) < 0.05),
        "born": born,
        "constant": np.ones(num_rows),
    }
    return pa.table(columns)


def digest_of(encoder: TableEncoder, table: pa.Table, starts: list[int]) -> TableDigest:
    digest = TableDigest(encoder.learn(table).reader)
    for start, stop in zip(starts, [*starts[1:], table.num_rows], strict=True):
        columns = as_columns(table.slice(start, stop - start), owner="test")
        digest.add(digest.reader.read(columns, list(digest)))
    return digest


@pytest.mark.parametrize("starts", [[0], [0, 1, 500], [0, 700, 701, 1500]])
@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_an_encoder_of_blocks_is_that_of_the_table_where_few_numbers_differ(starts: list[int]):
    table = table_of(2000)
    whole, parts = TableEncoder(min_count=10).fit(table), TableEncoder(min_count=10)
    parts.fit(digest_of(parts, table, starts))
    assert parts.to_dict() == whole.to_dict()


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
def test_digests_of_parts_merge_to_the_digest_of_the_whole():
    table, encoder = table_of(2000), TableEncoder()
    whole = digest_of(encoder, table, [0])
    parts = [digest_of(encoder, table.slice(start, 500), [0]) for start in (1000, 0, 1500, 500)]
    for other in parts[1:]:
        parts[0].merge(other)
    assert TableEncoder().fit(parts[0]).to_dict() == TableEncoder().fit(whole).to_dict()


def ranks(values: np.ndarray, quartiles: tuple[float, ...]) -> np.ndarray:
    return np.array([(values <= quartile).mean() for quartile in quartiles])


@pytest.mark.parametrize("order", ["as drawn", "rising", "falling"])
def test_quartiles_of_many_numbers_are_within_a_thousandth_of_their_rank_in_any_order(order: str):
    values = np.random.default_rng(3).lognormal(0, 3, 300_000)
    ordered = {"as drawn": values, "rising": np.sort(values), "falling": np.sort(values)[::-1]}[order]
    numbers = NumbersGoneBy()
    for block in np.array_split(ordered, 17):
        numbers.add(block)
    assert numbers.exact is None
    assert ranks(values, numbers.quartiles(1.0)) == pytest.approx([0.25, 0.5, 0.75], abs=1e-3)
    mean, deviation = numbers.moments(1.0)
    assert (mean, deviation) == (pytest.approx(values.mean()), pytest.approx(values.std()))


def test_equal_blocks_give_equal_digests():
    values = np.random.default_rng(3).normal(size=100_000)
    found = []
    for _ in range(2):
        numbers = NumbersGoneBy()
        numbers.add(values)
        found.append(numbers.quartiles(1.0))
    assert found[0] == found[1]


def test_merged_quartiles_are_within_a_thousandth_of_their_rank():
    values = np.random.default_rng(5).normal(size=200_000)
    first, second = NumbersGoneBy(), NumbersGoneBy()
    first.add(values[:50])  # still counted one by one
    second.add(values[50:])
    first.merge(second)
    assert ranks(values, first.quartiles(1.0)) == pytest.approx([0.25, 0.5, 0.75], abs=1e-3)


@pytest.mark.parametrize("most", [MOST_EXACT - 1, MOST_EXACT + 1])
def test_infinite_and_missing_numbers_count_as_in_a_whole_column(most: int):
    rng = np.random.default_rng(0)
    values = np.concatenate([np.arange(most) * 1.0, [np.inf] * 100, [-np.inf] * 40, [np.nan] * 30])
    rng.shuffle(values)
    digest = NumberDigest()
    for block in np.array_split(values, 7):
        digest.add(Values("number", block))
    with pytest.warns(match="140 infinite values"):
        whole = NumberColumn.fit("x", Values("number", values), "robust")
    with pytest.warns(match="140 infinite values"):
        found = digest.encoder("x", FittingSettings())
    assert isinstance(whole, NumberColumn)
    assert isinstance(found, NumberColumn)
    assert (found.low, found.high, found.has_missing) == (whole.low, whole.high, whole.has_missing)
    assert found.center == pytest.approx(whole.center, abs=1e-3 * most)
    assert found.scale == pytest.approx(whole.scale, rel=1e-2)


def test_moments_of_huge_numbers_are_finite():
    numbers = NumbersGoneBy()
    for block in ([1e300, -1e300], [2e300, 0.0]):
        numbers.add(np.array(block))
    mean, deviation = numbers.moments(1e300)
    assert mean == pytest.approx(0.5)
    assert deviation == pytest.approx(np.std([1, -1, 2, 0]))


def categories(names: list[str], codes: np.ndarray) -> Values:
    return Values("category", codes.astype(np.int32), np.array(names, dtype=object))


def test_codes_of_blocks_may_stand_for_other_names():
    digest = CategoryDigest()
    digest.add(categories(["red", "blue"], np.array([0, 0, 1])))
    digest.add(categories(["blue", "red", "unused"], np.array([0, 1, -1])))
    assert digest.counts(1).frequent == {"red": 3, "blue": 2}
    assert digest.num_missing == 1


def test_frequent_categories_among_very_many_are_found_with_counts_that_are_nearly_right():
    rng = np.random.default_rng(0)
    digest = CategoryDigest()
    for block in range(4):
        many = [f"{block}-{i}" for i in range(60_000)]
        codes = np.concatenate([np.arange(60_000), rng.choice([60_000, 60_001], 20_000, p=[0.75, 0.25])])
        digest.add(categories([*many, "often", "sometimes"], codes))
    assert MOST_COUNTED < 4 * 60_000
    assert not digest.is_exact
    found = digest.counts(1000).frequent
    assert list(found) == ["often", "sometimes"]
    error = digest.num_rows / 75_000
    assert 60_000 * 0.98 - error <= found["often"] <= 60_000 * 1.02
