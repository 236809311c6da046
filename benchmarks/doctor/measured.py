"""Measured tables of the third and the fourth group (``data_sets.py``): of statsmodels, matplotlib and scikit-learn.

Packages are imported where they are needed: none of these tables is needed for the others.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sklearn.datasets import load_sample_image

__all__ = [
    "affairs",
    "births",
    "brain_waves",
    "carbon_dioxide",
    "coast",
    "districts",
    "doctor_visits",
    "food",
    "head_scan",
    "heights",
    "interest",
    "investments",
    "parties",
    "portrait",
    "prices",
    "seasons",
    "sunspots",
    "textures",
    "travel",
]

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


@lru_cache(maxsize=1)
def doctor_visits() -> Table:
    """Whether a person sees a doctor twice a year, by insurance and health (RAND Health Insurance Experiment, every fifth)."""
    from statsmodels.datasets import randhie

    table = randhie.load_pandas().data[::5]
    return table.drop(columns="mdvis").to_numpy(float), (table["mdvis"] >= 2).to_numpy(int)


@lru_cache(maxsize=1)
def seasons() -> Table:
    """Which quarter of the year it is, by the Pacific's temperature in this month and the three before."""
    from statsmodels.datasets import elnino

    months = elnino.load_pandas().data.drop(columns="YEAR").to_numpy(float)
    windows = np.lib.stride_tricks.sliding_window_view(months.ravel(), 4)
    return windows.copy(), (np.arange(3, months.size) % 12) // 3


@lru_cache(maxsize=1)
def investments() -> Table:
    """What a firm invests in a year, by its value, its capital, the year and the firm, one-hot (Grunfeld, 1958)."""
    from statsmodels.datasets import grunfeld

    table = grunfeld.load_pandas().data
    firms = table["firm"].to_numpy()[:, None] == np.unique(table["firm"])
    return np.column_stack([table[["value", "capital", "year"]].to_numpy(float), firms]), table["invest"].to_numpy(float)


@lru_cache(maxsize=1)
def carbon_dioxide() -> Table:
    """By how much the carbon dioxide on Mauna Loa grows in four weeks, by its growth in the twelve times four weeks before."""
    from statsmodels.datasets import co2

    growth = np.diff(co2.load_pandas().data["co2"].interpolate().to_numpy(float)[::4])
    windows = np.lib.stride_tricks.sliding_window_view(growth, 13)
    return windows[:, :-1].copy(), windows[:, -1].copy()


@lru_cache(maxsize=1)
def births() -> Table:
    """A country's births per woman in 2010, by those of every fifth year from 1960 to 2000."""
    from statsmodels.datasets import fertility

    years = [str(year) for year in (*range(1960, 2001, 5), 2010)]
    table = fertility.load_pandas().data[years].dropna().to_numpy(float)
    return table[:, :-1], table[:, -1]


@lru_cache(maxsize=1)
def interest() -> Table:
    """The interest on bills of the United States in a quarter, by ten quantities of its economy, in their units."""
    from statsmodels.datasets import macrodata

    table = macrodata.load_pandas().data
    return table.drop(columns=["year", "quarter", "tbilrate", "realint"]).to_numpy(float), table["tbilrate"].to_numpy(float)


@lru_cache(maxsize=1)
def coast() -> Table:
    """Whether a place near Vancouver is land, by its longitude and latitude: every second point of matplotlib's map."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("topobathy.npz", asfileobj=True) as source:
        height, longitude, latitude = source["topo"][::2, ::2], source["longitude"][::2], source["latitude"][::2]
    places = np.meshgrid(longitude.astype(float), latitude.astype(float))
    return np.column_stack([axis.ravel() for axis in places]), (height.ravel() > 0).astype(int)


@lru_cache(maxsize=1)
def head_scan() -> Table:
    """Of which part of a head a patch of 4 by 4 gray values is: the brain, the jaw or the neck (magnetic resonance)."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("s1045.ima.gz", asfileobj=True) as source:
        scan = np.frombuffer(source.read(), np.uint16).reshape(256, 256) / 2**16
    areas = (scan[40:120, 52:180], scan[136:224, 40:120], scan[136:256, 120:168])
    patches = [_patches(area, 4) for area in areas]
    return np.concatenate(patches), np.repeat(np.arange(len(patches)), [len(rows) for rows in patches])


def _patches(area: np.ndarray, side: int) -> np.ndarray:
    """The squares that tile an area whose sides are multiples of theirs, each as a row."""
    down, right = (length // side for length in area.shape)
    return area.reshape(down, side, right, side).swapaxes(1, 2).reshape(-1, side * side)


@lru_cache(maxsize=1)
def portrait() -> Table:
    """How bright a pixel of Grace Hopper's portrait is, by the 24 around it."""
    from matplotlib.cbook import get_sample_data
    from matplotlib.image import imread

    with get_sample_data("grace_hopper.jpg", asfileobj=True) as source:
        picture = imread(source, format="jpg").mean(axis=2) / 255
    squares = _patches(picture[:600, :510], 5)[::4]
    return np.delete(squares, 12, axis=1), squares[:, 12]


@lru_cache(maxsize=1)
def brain_waves() -> Table:
    """The next value of an electroencephalogram, by the ten before."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("eeg.dat", asfileobj=True) as source:
        wave = np.frombuffer(source.read(), float).reshape(800, 4)[:, 0]
    windows = np.lib.stride_tricks.sliding_window_view(wave, 11)
    return windows[:, :-1].copy(), windows[:, -1].copy()


@lru_cache(maxsize=1)
def prices() -> Table:
    """The price of a share of IBM in a month, by those of four others and two indices."""
    import pandas as pd
    from matplotlib.cbook import get_sample_data

    with get_sample_data("Stocks.csv", asfileobj=True) as source:
        table = pd.read_csv(source, comment="#")
    table = table[["AAPL", "MSFT", "XRX", "ADBE", "^GSPC", "^IXIC", "IBM"]].dropna().to_numpy(float)
    return table[:, :-1], table[:, -1]
