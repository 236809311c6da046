"""Generated tables of the third group (``data_sets.py``), made to look like those of daily work, by seed."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

__all__ = [
    "arm",
    "checkerboard",
    "claims",
    "loans",
    "machine_states",
    "noughts_and_crosses",
    "rents",
    "seven_segments",
    "spread_that_grows",
    "unequal_blobs",
    "visits",
]

Table = tuple[np.ndarray, np.ndarray]


def checkerboard(seed: int, rows: int = 1900) -> Table:
    """The color of a field of a board of three by three."""
    rng = np.random.default_rng([seed, 31])
    X = rng.uniform(0, 3, size=(rows, 2))
    return X, np.floor(X).sum(axis=1).astype(int) % 2


def loans(seed: int, rows: int = 1700) -> Table:
    """Whether a loan fails: by amounts that are skewed and never negative, whole numbers, and a purpose of five, one-hot."""
    rng = np.random.default_rng([seed, 32])
    income, debt, loan = (np.exp(rng.normal(mean, 0.7, size=rows)) for mean in (10.4, 9.0, 9.3))
    years, delays = rng.integers(0, 20, size=rows), rng.poisson(0.8, size=rows)
    purpose = rng.integers(5, size=rows)
    burden = 1.6 * np.log((debt + loan) / income) + 0.9 * delays - 0.12 * years + np.array([0, 0.8, -0.8, 1.2, 0])[purpose]
    fails = burden + 0.7 * rng.logistic(size=rows) > 0
    return np.column_stack([income, debt, loan, years, delays, np.eye(5)[purpose]]), fails.astype(int)


def machine_states(seed: int, rows: int = 2000) -> Table:
    """Which of five states a machine is in, some of them rare: by 14 sensors that all tell of the same four quantities."""
    rng = np.random.default_rng([seed, 33])
    state = rng.choice(5, size=rows, p=[0.42, 0.25, 0.16, 0.1, 0.07])
    centers = np.random.default_rng(33).normal(scale=1.9, size=(5, 4))
    hidden = centers[state] + rng.normal(size=(rows, 4))
    sensors = np.random.default_rng(34).normal(size=(4, 14))
    return 20 + 3 * np.tanh(hidden @ sensors / 4) + 0.15 * rng.normal(size=(rows, 14)), state


def noughts_and_crosses(seed: int) -> Table:
    """Whether cross, who began, has won: all ends of the game, three one-hot columns for each of the nine fields."""
    ends = sorted(_ends((0,) * 9, 1))
    fields = np.array(ends)
    X = np.column_stack([fields == player for player in (1, 2, 0)]).astype(float)
    return X, np.array([_has_won(end, 1) for end in ends]).astype(int)


_LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))


def _has_won(fields: tuple[int, ...], player: int) -> bool:
    return any(all(fields[field] == player for field in line) for line in _LINES)


@cache
def _ends(fields: tuple[int, ...], player: int) -> frozenset[tuple[int, ...]]:
    """The boards on which a game that goes on from here may end."""
    free = [field for field, value in enumerate(fields) if value == 0]
    if _has_won(fields, 3 - player) or not free:
        return frozenset([fields])
    return frozenset().union(*(_ends((*fields[:field], player, *fields[field + 1 :]), 3 - player) for field in free))


def seven_segments(seed: int, rows: int = 1700, shape: tuple[int, int] = (9, 6)) -> Table:
    """Images of the digits of a display, 9 by 6, one pixel to the left or right, behind noise."""
    rng = np.random.default_rng([seed, 35])
    y = rng.integers(10, size=rows)
    images = rng.uniform(0, 0.75, size=(rows, *shape))
    for image, digit, shift in zip(images, y, rng.integers(0, 2, size=rows), strict=True):
        for lit, (down, right) in zip(_LIT[digit], _SEGMENTS, strict=True):
            if lit:
                image[down, right.start + shift : right.stop + shift] += 0.4
    return images.reshape(rows, -1), y


#: Top, upper left, upper right, middle, lower left, lower right, bottom.
_SEGMENTS = (
    (slice(0, 1), slice(1, 4)),
    (slice(1, 4), slice(0, 1)),
    (slice(1, 4), slice(4, 5)),
    (slice(4, 5), slice(1, 4)),
    (slice(5, 8), slice(0, 1)),
    (slice(5, 8), slice(4, 5)),
    (slice(8, 9), slice(1, 4)),
)
_LIT = [
    [int(bit) for bit in bits]
    for bits in ("1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111", "1111011")
]


def unequal_blobs(seed: int, rows: int = 1800) -> Table:
    """Nine classes in six columns, the last a quarter as frequent as the first."""
    rng = np.random.default_rng([seed, 36])
    frequencies = np.linspace(4, 1, 9)
    y = rng.choice(9, size=rows, p=frequencies / frequencies.sum())
    centers = np.array(list(product((-1, 0, 1), repeat=2))) @ np.random.default_rng(36).normal(size=(2, 6))
    return 2.2 * centers[y] + rng.normal(size=(rows, 6)), y


def rents(seed: int, rows: int = 1700) -> Table:
    """A rent: by size, year, floor and distance, a district of six and a kind of heating of three, one-hot."""
    rng = np.random.default_rng([seed, 37])
    size, distance = 25 + rng.gamma(3.0, 18.0, size=rows), rng.gamma(2.0, 2.5, size=rows)
    year, floor = rng.integers(1900, 2021, size=rows), rng.integers(0, 9, size=rows)
    district, heating = rng.integers(6, size=rows), rng.integers(3, size=rows)
    by_size = np.array([6.0, 8.0, 11.0, 15.0, 9.0, 20.0])[district] * np.exp(-0.08 * distance)
    rent = size * by_size * (1 + 0.25 * ((year > 1990) | (year < 1920))) + 6 * floor - np.array([0, 40, 90])[heating]
    noise = np.exp(0.08 * rng.normal(size=rows))
    return np.column_stack([size, year, floor, distance, np.eye(6)[district], np.eye(3)[heating]]), rent * noise


def visits(seed: int, rows: int = 1700) -> Table:
    """A count, Poisson's: by an hour, a weekday, a temperature and whether it rains."""
    rng = np.random.default_rng([seed, 38])
    hour, day = rng.integers(0, 24, size=rows), rng.integers(0, 7, size=rows)
    warm, rain = rng.normal(15, 8, size=rows), (rng.random(rows) < 0.25).astype(float)
    rate = np.exp(1.6 - 1.1 * np.cos(2 * np.pi * (hour - 4) / 24) - 0.4 * (day >= 5) + 0.03 * (warm - 15) - 0.6 * rain)
    return np.column_stack([hour, day, warm, rain]), rng.poisson(rate).astype(float)


def claims(seed: int, rows: int = 1800) -> Table:
    """The logarithm of a damage, now and then far off: Student's noise with three degrees of freedom."""
    rng = np.random.default_rng([seed, 39])
    X = np.column_stack([rng.integers(18, 80, size=rows), rng.integers(0, 15, size=rows), rng.normal(size=(rows, 3))])
    risk = ((X[:, 0] - 45) / 20) ** 2 - 0.1 * X[:, 1] + X[:, 2] * (X[:, 3] > 0)
    return X, risk + 0.25 * rng.standard_t(3, size=rows)


def spread_that_grows(seed: int, rows: int = 1600) -> Table:
    """A curve of two columns, whose noise grows with the first, beside two that do not matter."""
    rng = np.random.default_rng([seed, 40])
    X = rng.uniform(0, 1, size=(rows, 4))
    mean = np.sin(5 * X[:, 0]) + 2 * (X[:, 1] - 0.5) ** 2
    return X, mean + 0.35 * X[:, 0] * rng.normal(size=rows)


def arm(seed: int, rows: int = 1700) -> Table:
    """How far the hand of an arm of four links is from its shoulder, by the four angles, in degrees."""
    rng = np.random.default_rng([seed, 41])
    angles = rng.uniform(-90, 90, size=(rows, 4))
    along = np.cumsum(np.radians(angles), axis=1)
    lengths = np.array([1.0, 0.8, 0.6, 0.4])
    return angles, np.hypot(np.cos(along) @ lengths, np.sin(along) @ lengths) + 0.03 * rng.normal(size=rows)
