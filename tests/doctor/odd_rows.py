"""Rows and targets that nobody measures on purpose, and that come all the same."""

from __future__ import annotations

import numpy as np
from scipy import sparse

ODD = {
    "one row": np.ones((1, 3)),
    "no rows": np.ones((0, 3)),
    "no columns": np.ones((40, 0)),
    "constant": np.full((40, 3), 0.1),
    "NaN": np.full((40, 3), np.nan),
    "a NaN": np.where(np.arange(120).reshape(40, 3) == 7, np.nan, 1.0 * np.arange(120).reshape(40, 3)),
    "infinite": np.where(np.arange(120).reshape(40, 3) % 2, np.inf, -np.inf),
    "huge": np.random.default_rng(0).choice([1e308, -1e308, 1.0], size=(40, 3)),
    "tiny": np.random.default_rng(0).normal(size=(40, 3)) * 1e-300,
    "whole": np.arange(120).reshape(40, 3),
    "truth values": np.arange(120).reshape(40, 3) % 2 == 0,
    "sparse": sparse.random(40, 3, 0.3, "csr", random_state=0),
    "empty sparse": sparse.csr_array((40, 3)),
}
TARGETS = {
    "one class": ("classification", np.zeros(40, dtype=int)),
    "classes": ("classification", np.arange(40) % 3),
    "a class a row": ("classification", np.arange(40)),
    "one-hot": ("classification", np.eye(4)[np.arange(40) % 4]),
    "labels": ("classification", np.arange(120).reshape(40, 3) % 2),
    "texts": ("classification", np.array(["a", "b"] * 20)),
    "numbers": ("regression", np.arange(40.0)),
    "two numbers": ("regression", np.arange(80.0).reshape(40, 2)),
    "a constant": ("regression", np.full(40, 3.0)),
    "huge numbers": ("regression", np.where(np.arange(40) % 2, 1e308, -1e308)),
    "NaN": ("regression", np.where(np.arange(40) % 5, 1.0 * np.arange(40), np.nan)),
}
