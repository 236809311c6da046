"""How many targets seem to belong to other rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["TargetNoise", "class_noise", "number_noise"]

_FEWEST_ROWS = 40
_LEAST_CHANCE = 1e-3
_SHARPEST = 3.0  # log of the factor of the logits
_STEPS = 40
_REFITS = 3
_FREEDOM = (1.5, 3.0, 30.0)  # degrees of Student's t: tails from nearly Cauchy's to nearly none
_USUAL_FREEDOM = 6.0
_MOST_EQUAL = 0.05  # of the rows; where more share a target it is a count, or is cut off
_SMALLEST_SPREAD = 0.05  # of residuals, where targets have 1; smaller ones stick to single values


@dataclass(frozen=True, slots=True)
class TargetNoise:
    """Targets as a mixture: a share is drawn from all targets whatever the inputs are, the others follow the inputs.

    The mixture is fitted to what simple models say of rows that they did not see, and so is the same without such a share.
    Classes that overlap, and numbers with heavy tails, are told as well without.

    Attributes
    ----------
    rows : int
        The rows that were used; 0, and all else NaN, where there are too few.
    share : float
        Of targets that have nothing to do with their rows.
    wrong : float
        Of targets that are wrong for it: an exchanged label may be right by chance.
    gain : float
        Twice the log of the likelihood ratio of both fits. Without exchanged targets it is hardly ever above 9 (chi-square, one
        degree of freedom: Wilks 1938).
    told : float
        What the inputs tell of the other targets: 0 for nothing, 1 for all. Of classes, the share of a guess's errors that is
        avoided; of numbers, R².
    slope : float
        Of numbers, what the inputs tell of those that lie apart, relative to the others: 0 where they are exchanged, 1 where they
        are the same but for large errors, or another group with a level of its own. 0 of classes.
    """

    rows: int = 0
    share: float = np.nan
    wrong: float = np.nan
    gain: float = np.nan
    told: float = np.nan
    slope: float = np.nan


def class_noise(chances: np.ndarray, target: np.ndarray) -> TargetNoise:
    """Fit the mixture to classes.

    The classes' probabilities are softmax(β log chances + bias), which is how Guo et al. 2017 calibrate them; an exchanged label
    has the probability of its class among all rows. Far from where classes meet a right model is certain, unless labels are wrong
    (Northcutt et al. 2021, "Confident learning").

    Parameters
    ----------
    chances : ndarray of shape (n, classes)
        Of rows that the model did not see.
    target : ndarray of shape (n,)
        Class numbers.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(400) % 2
    >>> chances = np.where(y[:, None] == [0, 1], 0.9, 0.1)
    >>> exchanged = np.where(rng.random(400) < 0.3, rng.permutation(y), y)
    >>> noise = class_noise(chances, exchanged)
    >>> 0.2 < noise.share < 0.4, noise.gain > 9, class_noise(chances, y).gain < 1
    (True, False, True)
    """
    n, k = chances.shape
    if n < _FEWEST_ROWS:
        return TargetNoise()
    logits = np.log(np.clip(chances, _LEAST_CHANCE, None))
    logits -= logits.mean(axis=1, keepdims=True)
    shares = np.bincount(target, minlength=k) / n
    plain = _best_fit(logits, target, shares, [np.zeros(k)])
    noisy = _best_fit(logits, target, shares, [np.append(plain.x, odds) for odds in (-3.0, -0.5)])
    share = float(_sigmoid(noisy.x[k]))
    sure = float(_softmax(logits, noisy.x[:k]).max(axis=1).mean())
    guess = float(shares.max())
    return TargetNoise(
        n,
        share,
        share * float(1.0 - (shares**2).sum()),
        2.0 * float(plain.fun - noisy.fun),
        (sure - guess) / (1.0 - guess) if guess < 1 else 0.0,
        0.0,
    )


def _best_fit(logits: np.ndarray, target: np.ndarray, shares: np.ndarray, starts: list[np.ndarray]) -> object:
    from scipy.optimize import minimize

    k = logits.shape[1]
    bounds = [(-_SHARPEST, _SHARPEST), *[(-8.0, 8.0)] * (k - 1), *[(-6.0, 4.0)] * (len(starts[0]) - k)]
    fits = [minimize(_surprise, start, (logits, target, shares), method="L-BFGS-B", jac=True, bounds=bounds) for start in starts]
    return min(fits, key=lambda fit: fit.fun)


def _surprise(parameters: np.ndarray, logits: np.ndarray, target: np.ndarray, shares: np.ndarray) -> tuple[float, np.ndarray]:
    """−log likelihood and its gradient; the parameters are log β, the biases but the first, and the share's log odds, if any."""
    n, k = logits.shape
    rows = np.arange(n)
    share = _sigmoid(parameters[k]) if len(parameters) > k else 0.0
    chance = _softmax(logits, parameters[:k])
    of_target = chance[rows, target]
    likely = np.maximum((1.0 - share) * of_target + share * shares[target], 1e-12)
    d_sums = ((1.0 - share) * of_target / likely)[:, None] * chance
    d_sums[rows, target] -= (1.0 - share) * of_target / likely
    gradient = np.concatenate([[(d_sums * logits).sum() * np.exp(parameters[0])], d_sums.sum(axis=0)[1:]])
    if len(parameters) > k:
        gradient = np.append(gradient, -((shares[target] - of_target) / likely).sum() * share * (1.0 - share))
    return -float(np.log(likely).sum()), gradient


def _softmax(logits: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    sums = np.exp(parameters[0]) * logits
    sums[:, 1:] += parameters[1:]
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


def number_noise(predict: Callable[[np.ndarray], list[np.ndarray]], y: np.ndarray) -> TargetNoise:
    """Fit the mixture to numbers.

    Numbers that follow the inputs lie around a line over the prediction, with residuals of Student's t, whose tails may be heavy
    (Lange, Little and Taylor 1989); exchanged ones lie as all targets do. Rows that seem exchanged count less when the models are
    trained again, as in robust regression by mixtures (expectation maximization: Dempster, Laird and Rubin 1977).

    Parameters
    ----------
    predict : function of an ndarray of shape (n,)
        Given the weight of each row, what some models say of each row that they did not see.
    y : ndarray of shape (n,)
        Targets of mean 0 and standard deviation 1.
    """
    n = len(y)
    if n < _FEWEST_ROWS or np.unique(y, return_counts=True)[1].max() > _MOST_EQUAL * n:
        return TargetNoise()
    anywhere = _log_density(y)
    first = predictions = predict(np.ones(n))
    for _ in range(_REFITS):
        fits = [_Mixture.of(prediction, y, anywhere, _USUAL_FREEDOM) for prediction in predictions]
        predictions = predict(max(fits, key=lambda fit: fit.likelihood).follows)
    noisy = [(_Mixture.of(each, y, anywhere, freedom), each) for each in predictions for freedom in _FREEDOM]
    best, prediction = max(noisy, key=lambda pair: pair[0].likelihood)
    plain = max(_Mixture.of(each, y, None, freedom).likelihood for each in (*first, *predictions) for freedom in _FREEDOM)
    # Where inputs tell nothing, all targets lie as all targets do.
    gain = 2.0 * (best.likelihood - max(plain, float(anywhere.sum())))
    told = 1.0 - min(best.spread**2, 1.0)
    return TargetNoise(n, best.share, best.share, gain, told, _slope_of_others(prediction, y, best))


def _slope_of_others(prediction: np.ndarray, y: np.ndarray, fit: _Mixture) -> float:
    """The slope of a second line, of normal residuals, through the rows that do not follow the first, over the first's slope."""
    follows, share, spread, wide = fit.follows, fit.share, fit.spread, 1.0
    for _ in range(_STEPS):
        near, near_slope = _line(prediction, y, follows)
        far, far_slope = _line(prediction, y, 1.0 - follows)
        spread = _deviation(y - near, follows)
        wide = max(_deviation(y - far, 1.0 - follows), spread)
        odds = np.log(share / (1.0 - share)) + np.log(spread / wide)
        odds = odds + 0.5 * (((y - near) / spread) ** 2 - ((y - far) / wide) ** 2)
        follows = 1.0 / (1.0 + np.exp(np.clip(odds, -50.0, 50.0)))
        share = float(np.clip(1.0 - follows.mean(), 1e-6, 1.0 - 1e-6))
    return far_slope / near_slope if near_slope > 0 else 1.0


@dataclass(frozen=True, slots=True)
class _Mixture:
    """A fit: the log likelihood, the share and the probability of rows, and the spread of those that follow the inputs."""

    likelihood: float
    share: float
    follows: np.ndarray
    spread: float

    @classmethod
    def of(cls, prediction: np.ndarray, y: np.ndarray, anywhere: np.ndarray | None, freedom: float) -> _Mixture:
        share, spread = (0.0 if anywhere is None else 0.3), max(1.0 * float(np.median(np.abs(y - prediction))), _SMALLEST_SPREAD)
        residual, likelihood, follows = y - prediction, -np.inf, np.ones(len(y))
        for _ in range(_STEPS):
            density = _log_student(residual, spread, freedom)
            both = density if anywhere is None else np.logaddexp(np.log1p(-share) + density, np.log(share) + anywhere)
            follows = np.exp((0.0 if anywhere is None else np.log1p(-share)) + density - both)
            gained, likelihood = float(both.sum()) - likelihood, float(both.sum())
            if gained < 0.01:
                break
            weight = follows * (freedom + 1.0) / (freedom + (residual / spread) ** 2)
            residual = y - _line(prediction, y, weight)[0]
            spread = max(float(np.sqrt((weight * residual**2).sum() / max(follows.sum(), 1e-12))), _SMALLEST_SPREAD)
            share = 0.0 if anywhere is None else float(np.clip(1.0 - follows.mean(), 1e-6, 1.0 - 1e-6))
        return cls(likelihood, share, follows, spread)


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """The weighted least squares line of y over x, at x, and its slope."""
    total = max(float(weight.sum()), 1e-12)
    x_mean, y_mean = float(weight @ x) / total, float(weight @ y) / total
    across = float(weight @ (x - x_mean) ** 2)
    slope = float(weight @ ((x - x_mean) * (y - y_mean))) / across if across > 0 else 0.0
    return y_mean + slope * (x - x_mean), slope


def _deviation(residual: np.ndarray, weight: np.ndarray) -> float:
    return max(float(np.sqrt((weight @ residual**2) / max(float(weight.sum()), 1e-12))), _SMALLEST_SPREAD)


def _log_student(residual: np.ndarray, spread: float, freedom: float) -> np.ndarray:
    from scipy.special import gammaln

    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(freedom * np.pi) - np.log(spread)
    return np.asarray(constant - (freedom + 1) / 2 * np.log1p((residual / spread) ** 2 / freedom))


def _log_density(y: np.ndarray) -> np.ndarray:
    """Of each target among all others: Gaussian kernels of Silverman's width (1986), and a little of a wide one."""
    n = len(y)
    quartiles = float(np.subtract(*np.percentile(y, [75, 25]))) / 1.34
    width = 0.9 * min(float(y.std()), quartiles or np.inf) * n**-0.2
    kernels = np.exp(-0.5 * ((y[:, None] - y) / width) ** 2)
    np.fill_diagonal(kernels, 0.0)
    near = kernels.sum(axis=1) / ((n - 1) * width)
    wide = np.exp(-0.5 * (y / 3.0) ** 2) / 3.0
    return np.asarray(np.log((0.95 * near + 0.05 * wide) / np.sqrt(2 * np.pi)))
