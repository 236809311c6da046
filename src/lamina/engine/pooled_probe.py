"""Probes of the rows of several steps, from what each step showed of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.engine.executor import Probe, StepProbes

__all__ = ["pool"]


def pool(seen: StepProbes, first: np.ndarray, widths: Sequence[int]) -> tuple[np.ndarray, Probe]:
    """The losses and the probes of all rows that several consecutive steps saw.

    Parameters
    ----------
    seen : StepProbes
        Of s steps.
    first : ndarray of shape (p,), int64
        Where the steps of each probe begin, ascending from 0; they end where those of the next one begin.
    widths : sequence of int
        The numbers of units by layer.

    Returns
    -------
    losses : ndarray of shape (p,)
        The mean over the rows, each at the weights of its step.
    found : Probe
        Arrays (p, layers) and (p, layers, bins). The numbers of the weights, and of their gradient, are those of the first step.
    """
    lengths, own = np.diff(first, append=len(seen.losses)), seen.found

    def shares_of(weights: np.ndarray) -> np.ndarray:
        return np.asarray(weights / np.repeat(np.add.reduceat(weights, first), lengths))

    with np.errstate(all="ignore"):  # what is not finite is what a probe looks for
        of_rows = shares_of(seen.num_rows)[:, np.newaxis, np.newaxis]
        averaged = np.stack([own.mean, own.sum_mean, own.zero, own.flat, own.gradient_zero, own.gradient_rms**2], axis=2)
        mean, sum_mean, zero, flat, gradient_zero, squares, *histogram = np.add.reduceat(
            of_rows * np.concatenate([averaged, own.histogram], axis=2), first
        ).transpose(2, 0, 1)
        apart = averaged[:, :, :2] - np.repeat(np.stack([mean, sum_mean], axis=2), lengths, axis=0)
        deviations = np.stack([own.std, own.sum_std], axis=2)
        std, sum_std = np.sqrt(np.add.reduceat(of_rows * (deviations**2 + apart**2), first)).transpose(2, 0, 1)
        are_flat = np.logical_and.reduceat(seen.flat_units, first)
        dead = np.add.reduceat(are_flat, np.cumsum([0, *widths[:-1]]), axis=1, dtype=np.int64) / widths
        losses = np.add.reduceat(shares_of(seen.weight_sums) * seen.losses, first)
        return losses, Probe(*(column[first] for column in own))._replace(
            mean=mean,
            std=std,
            zero=zero,
            sum_mean=sum_mean,
            sum_std=sum_std,
            flat=flat,
            dead=np.where(np.isnan(flat), np.nan, dead),
            gradient_rms=np.sqrt(squares),
            gradient_zero=gradient_zero,
            non_finite=np.add.reduceat(own.non_finite, first),
            histogram=np.stack(histogram, axis=2),
        )
