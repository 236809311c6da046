"""Label noise: targets that have nothing to do with their rows, where others follow the inputs."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.sureness import sureness
from lamina.doctor.probes.target_noise import TargetNoise

__all__ = ["find"]

_GAIN = 12.0  # a chance of 1 in 2,000 (chi-square, one degree of freedom)
_WRONG = 0.08
_MOST = 0.8  # beyond, the few targets that follow the inputs may do so by chance
_TOLD = 0.5  # where inputs tell less of the other targets, those are hardly different
_SLOPE = 0.5  # nearer to none than to that of the other targets
_FEWEST_ROWS = 60


def find(case: Case) -> Finding | None:
    """A share of the targets is told by no inputs, and the network does not do better than that."""
    noise = case.data.baselines.noise
    if not is_noisy(noise) or _is_learned(case, noise):
        return None
    what = "labels" if case.data.classes is not None else "targets"
    return Finding(
        "label_noise",
        "harm",
        sureness(noise.gain / _GAIN),
        (
            Evidence(f"estimated share of {what} that are wrong", noise.wrong, _WRONG),
            Evidence("gain in twice the log likelihood by assuming so", noise.gain, _GAIN),
            Evidence(f"what the inputs tell of the other {what} (0: nothing, 1: all)", noise.told, _TOLD),
        ),
        f"Many rows have {what} unlike those of all rows like them, also where no others meet, and they are spread as if they "
        "belonged to other rows. No network can predict them, and one that fits them learns the errors by heart.",
        "L20",
    )


def is_noisy(noise: TargetNoise) -> bool:
    """Whether a share of the targets is exchanged, beyond chance and beyond what overlap or heavy tails explain."""
    is_seen = noise.rows >= _FEWEST_ROWS and noise.gain > _GAIN and noise.told > _TOLD
    return is_seen and noise.wrong > _WRONG and noise.share < _MOST and noise.slope < _SLOPE


def _is_learned(case: Case, noise: TargetNoise) -> bool:
    """Whether the network or the control predicts held-out targets that no simple model does."""
    scores = [case.outcome.held_out] + ([] if case.control is None else [case.control.held_out])
    return 1.0 - max(scores) < noise.wrong / 2
