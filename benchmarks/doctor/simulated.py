"""Generated tables of the fourth group (``data_sets.py``): textbook problems and simulated measurements, by seed."""

from __future__ import annotations

from itertools import product

import numpy as np

__all__ = [
    "borehole",
    "churn",
    "links",
    "lorenz",
    "monks",
    "questionnaire",
    "ring_norm",
    "ripple",
    "shapes",
    "spectra",
    "steps",
    "triage",
    "waveform",
    "words_of_topics",
]

Table = tuple[np.ndarray, np.ndarray]


def shapes(seed: int, rows: int = 1800, side: int = 10) -> Table:
    """Images of the outline of a square, of a disk, of a plus or of a cross, of two sizes, near the middle, behind noise."""
    rng = np.random.default_rng([seed, 51])
    y, radius = rng.integers(4, size=rows), rng.integers(2, 4, size=rows)
    center = rng.integers(4, 6, size=(2, rows))
    down, right = np.abs(np.indices((side, side))[:, None] - center[:, :, None, None])
    edge = radius[:, None, None]
    inside = np.maximum(down, right) <= edge
    drawn = np.stack(
        [
            np.maximum(down, right) == edge,
            np.hypot(down, right) <= edge,
            inside & (np.minimum(down, right) == 0),
            inside & (down == right),
        ]
    )
    images = rng.uniform(0, 0.6, size=(rows, side, side)) + 0.4 * drawn[y, np.arange(rows)]
    return images.reshape(rows, -1), y


def monks(seed: int) -> Table:
    """Whether exactly two of six attributes have their first value: the second of the monks' problems, all rows, one-hot."""
    attributes = np.array(list(product(*(range(count) for count in (3, 3, 2, 3, 4, 2)))))
    X = np.column_stack([np.eye(column.max() + 1)[column] for column in attributes.T])
    return X, ((attributes == 0).sum(axis=1) == 2).astype(int)


def churn(seed: int, rows: int = 1800) -> Table:
    """Whether a customer leaves, as a third do: by months, fee, calls and amounts, a contract of three, one-hot."""
    rng = np.random.default_rng([seed, 52])
    months, fee = np.floor(72 * rng.beta(0.8, 1.0, size=rows)), 20 + 90 * rng.beta(1.5, 1.5, size=rows)
    calls, late = rng.poisson(1.5, size=rows), (rng.random(rows) < 0.2).astype(float)
    contract = rng.choice(3, size=rows, p=[0.5, 0.3, 0.2])
    wish = 0.03 * (fee - 65) + 0.7 * calls + 1.0 * late - 0.05 * months - np.array([0.0, 1.0, 2.2])[contract]
    leaves = wish + 0.5 * rng.logistic(size=rows) > 0.2
    return np.column_stack([months, fee, fee * (months + 1), calls, late, np.eye(3)[contract]]), leaves.astype(int)


def triage(seed: int, rows: int = 1800) -> Table:
    """Whether a patient is to be seen at once: by age, pulse, pressure, temperature and oxygen, too low or too high."""
    rng = np.random.default_rng([seed, 53])
    age, temperature = rng.uniform(1, 95, size=rows), rng.normal(37.4, 1.0, size=rows)
    pulse = 120 - 0.5 * age + 8 * (temperature - 37) + 20 * rng.normal(size=rows)
    pressure, oxygen = 105 + 0.4 * age + 18 * rng.normal(size=rows), 100 - rng.gamma(2.0, 2.0, size=rows)
    danger = ((pulse - 95) / 25) ** 2 + ((pressure - 125) / 25) ** 2 + ((temperature - 37) / 1.2) ** 2 + (96 - oxygen) / 4
    urgent = danger + 0.4 * rng.normal(size=rows) > 2.7
    return np.column_stack([age, pulse, pressure, temperature, oxygen]), urgent.astype(int)


def waveform(seed: int, rows: int = 1700) -> Table:
    """Which two of three triangular waves are mixed, at 21 places and behind noise (Breiman et al., 1984)."""
    rng = np.random.default_rng([seed, 54])
    waves = np.maximum(6 - np.abs(np.arange(1, 22) - np.array([[7], [11], [15]])), 0)
    y, share = rng.integers(3, size=rows), rng.random((rows, 1))
    return share * waves[y] + (1 - share) * waves[(y + 1) % 3] + rng.normal(size=(rows, 21)), y


def ring_norm(seed: int, rows: int = 1800, columns: int = 8) -> Table:
    """A narrow normal distribution inside a wide one, a little off its center (Breiman, 1996)."""
    rng = np.random.default_rng([seed, 55])
    y = rng.integers(2, size=rows)
    center, spread = np.array([0.0, 0.7])[y, None], np.array([2.2, 1.0])[y, None]
    return center + spread * rng.normal(size=(rows, columns)), y


def links(seed: int, rows: int = 1600) -> Table:
    """Which of two links of a chain a point in space is of."""
    rng = np.random.default_rng([seed, 56])
    y, angle = rng.integers(2, size=rows), rng.uniform(0, 2 * np.pi, size=rows)
    along, across, none = np.cos(angle), np.sin(angle), np.zeros(rows)
    points = np.where(y[:, None], np.column_stack([1 + along, none, across]), np.column_stack([along, across, none]))
    return points + 0.18 * rng.normal(size=points.shape), y


def questionnaire(seed: int, rows: int = 1700, questions: int = 18) -> Table:
    """Of which of four types a person is, by answers from 1 to 5, some of them left at the middle."""
    rng = np.random.default_rng([seed, 57])
    y = rng.integers(4, size=rows)
    leanings = np.random.default_rng(57).normal(scale=0.55, size=(4, questions))
    answers = np.clip(np.rint(3 + leanings[y] + 1.1 * rng.normal(size=(rows, questions))), 1, 5)
    return np.where(rng.random(answers.shape) < 0.1, 3.0, answers), y


def words_of_topics(seed: int, rows: int = 1500, vocabulary: int = 35) -> Table:
    """Which of six topics a text of some 30 words has, by how often each of 35 words occurs."""
    rng = np.random.default_rng([seed, 58])
    y = rng.integers(6, size=rows)
    topics = np.random.default_rng(58).dirichlet(np.full(vocabulary, 0.7), size=6)
    mixed = 0.45 * topics[y] + 0.55 * topics.mean(axis=0)
    return rng.poisson(rng.gamma(6.0, 5.0, size=(rows, 1)) * mixed).astype(float), y


def borehole(seed: int, rows: int = 1700) -> Table:
    """The water that flows through a borehole, by its measures and those of the rock, in their units (Harper & Gupta, 1983)."""
    rng = np.random.default_rng([seed, 59])
    low = np.array([0.05, 100, 63070, 990, 63.1, 700, 1120, 9855])
    high = np.array([0.15, 50000, 115600, 1110, 116, 820, 1680, 12045])
    X = rng.uniform(low, high, size=(rows, 8))
    radius, reach, upper, upper_head, lower, lower_head, length, conductivity = X.T
    ratio = np.log(reach / radius)
    resistance = 1 + 2 * length * upper / (ratio * radius**2 * conductivity) + upper / lower
    flow = 2 * np.pi * upper * (upper_head - lower_head) / (ratio * resistance)
    return X, flow * np.exp(0.05 * rng.normal(size=rows))


def lorenz(seed: int, rows: int = 1600) -> Table:
    """Where the first coordinate of Lorenz's system is a fifth of a second later, by all three."""
    rng = np.random.default_rng([seed, 60])
    start = rng.normal(size=(3, rows)) * 8 + np.array([[0.0], [0.0], [25.0]])
    now = _moved(start, steps=150)
    return now.T.copy(), _moved(now, steps=10)[0] + 0.5 * rng.normal(size=rows)


def _moved(state: np.ndarray, steps: int, step: float = 0.02) -> np.ndarray:
    """Runge and Kutta's steps from the states in the columns."""
    for _ in range(steps):
        first = _velocity(state)
        second = _velocity(state + step / 2 * first)
        third = _velocity(state + step / 2 * second)
        fourth = _velocity(state + step * third)
        state = state + step / 6 * (first + 2 * second + 2 * third + fourth)
    return state


def _velocity(state: np.ndarray) -> np.ndarray:
    x, y, z = state
    return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def ripple(seed: int, rows: int = 1800) -> Table:
    """The height of a wave that a stone has made, by where it is."""
    rng = np.random.default_rng([seed, 61])
    X = rng.uniform(-3, 3, size=(rows, 2))
    distance = np.hypot(*X.T)
    return X, np.cos(1.4 * distance) / (1 + 0.3 * distance) + 0.05 * rng.normal(size=rows)


def steps(seed: int, rows: int = 1700) -> Table:
    """A tariff: constant but for jumps, by three quantities, beside two that do not matter."""
    rng = np.random.default_rng([seed, 62])
    X = rng.uniform(0, 1, size=(rows, 5))
    tariff = 2.0 * (X[:, 0] > 0.6) + 1.5 * (X[:, 1] > 0.3) * (X[:, 0] < 0.6) - 1.5 * (X[:, 2] > 0.5)
    return X, tariff + 0.2 * rng.normal(size=rows)


def spectra(seed: int, rows: int = 1120, channels: int = 50) -> Table:
    """How much of a substance is in a mixture, by the light that 50 neighboring wavelengths lose in it."""
    rng = np.random.default_rng([seed, 63])
    amounts = rng.dirichlet([2.0, 1.5, 1.0, 1.0], size=rows)
    centers, widths = np.array([[12.0], [20.0], [30.0], [41.0]]), np.array([[5.0], [7.0], [6.0], [9.0]])
    bands = np.exp(-0.5 * ((np.arange(channels) - centers) / widths) ** 2)
    lost = amounts @ bands * rng.normal(1, 0.05, size=(rows, 1)) + 0.02 * rng.normal(size=(rows, channels))
    return lost, amounts[:, 1]
