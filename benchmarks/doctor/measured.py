"""Measured tables of the third group (``data_sets.py``): those that come with statsmodels, matplotlib and scikit-learn.

Packages are imported where they are needed: none of these tables is needed for the others.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sklearn.datasets import load_sample_image

__all__ = ["affairs", "districts", "food", "heights", "parties", "sunspots", "textures", "travel"]

Table = tuple[np.ndarray, np.ndarray]


@lru_cache(maxsize=1)
def affairs() -> Table:
    """Whether a wife had an affair, by eight whole numbers on her marriage (Fair, 1978)."""
    from statsmodels.datasets import fair

    table = fair.load_pandas().data
    return table.drop(columns="affairs").to_numpy(float), (table["affairs"] > 0).to_numpy(int)


@lru_cache(maxsize=1)
def parties() -> Table:
    """To which of seven degrees a voter holds to a party (American National Election Study, 1996)."""
    from statsmodels.datasets import anes96

    table = anes96.load_pandas().data
    return table.drop(columns=["PID", "popul", "vote"]).to_numpy(float), table["PID"].to_numpy(int)


@lru_cache(maxsize=1)
def travel() -> Table:
    """Whether a traveler goes by air, train, bus or car, by times and costs of the four (Greene's table of 210 travelers)."""
    from statsmodels.datasets import modechoice

    table = modechoice.load_pandas().data
    by_mode = table[["ttme", "invc", "invt", "gc"]].to_numpy(float).reshape(-1, 4 * 4)
    travelers = table[["hinc", "psize"]].to_numpy(float)[::4]
    return np.column_stack([by_mode, travelers]), table["choice"].to_numpy().reshape(-1, 4).argmax(axis=1)


@lru_cache(maxsize=1)
def districts() -> Table:
    """The share of pupils above the median in mathematics in California's school districts (STAR, 1998)."""
    from statsmodels.datasets import star98

    table = star98.load_pandas().data
    inputs = table.loc[:, "LOWINC":"PCTYRRND"].to_numpy(float)
    return inputs, (table["NABOVE"] / (table["NABOVE"] + table["NBELOW"])).to_numpy(float)


@lru_cache(maxsize=1)
def food() -> Table:
    """What a household spends on food by its income; the richer, the more they differ (Engel, 1857)."""
    from statsmodels.datasets import engel

    table = engel.load_pandas().data
    return table[["income"]].to_numpy(float), table["foodexp"].to_numpy(float)


@lru_cache(maxsize=1)
def sunspots() -> Table:
    """A year's sunspots, by those of the eleven years before."""
    from statsmodels.datasets import sunspots as source

    spots = source.load_pandas().data["SUNACTIVITY"].to_numpy(float)
    windows = np.lib.stride_tricks.sliding_window_view(spots, 12)
    return windows[:, :-1].copy(), windows[:, -1].copy()


@lru_cache(maxsize=1)
def heights() -> Table:
    """Heights above the sea around Jacksboro, in meters, by where they are: every third point of matplotlib's elevation model."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("jacksboro_fault_dem.npz", asfileobj=True) as source:
        grid = source["elevation"][100:200:3, 100:220:3].astype(float)
    down, right = np.indices(grid.shape)
    return np.column_stack([down.ravel(), right.ravel()]).astype(float), grid.ravel()


@lru_cache(maxsize=1)
def textures() -> Table:
    """Of which picture a patch of 5 by 9 gray values is: the roof of a temple, the trees before it, or a flower."""
    pictures = [(load_sample_image(name).mean(axis=2) / 255) for name in ("china.jpg", "flower.jpg")]
    areas = (pictures[0][80:230, 100:550], pictures[0][270:420, 100:550], pictures[1][100:250, 100:550])
    patches = [area.reshape(30, 5, 50, 9).swapaxes(1, 2).reshape(-1, 45) for area in areas]
    return np.concatenate(patches), np.repeat(np.arange(len(patches)), [len(rows) for rows in patches])
