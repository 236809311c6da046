"""What the pages of the course say of their trainings is so for twenty seeds, not only for the one that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_code import blocks_of, run_page

from lamina.errors import NonFiniteError

COURSE = Path(__file__).parents[2] / "docs" / "lecture"
_SEED = re.compile(r"\b(seed=|random_state=|default_rng\()0\b")

pytestmark = [
    pytest.mark.parametrize("seed", range(20)),
    pytest.mark.filterwarnings("ignore::lamina.training.TrainingWarning"),  # some pages show what goes wrong
]


def printed(page: str, seed: int, *numbers: int, without: str = "") -> str:
    """What the chosen blocks of a page, counted from 0, print with another seed and without some of their text."""
    text = (COURSE / f"{page}.md").read_text(encoding="utf-8")
    blocks = [block for block in blocks_of(text) if block.language == "python"]
    code = "".join(f"```python\n{blocks[number].code}```\n" for number in numbers)
    assert without in code
    code = _SEED.sub(lambda found: f"{found[1]}{seed}", code.replace(without, ""))
    return "".join(output for _, output in run_page(code, page))


def figures(text: str, pattern: str) -> list[float]:
    """The numbers that a pattern with one group finds."""
    return [float(found) for found in re.findall(pattern, text)]


def test_twenty_starts_are_enough_for_the_exclusive_or(seed: int) -> None:
    assert "answers: [0 1 1 0]" in printed("multilayer-perceptrons", seed, 0, 1)


def test_the_first_layer_stays_until_the_cure(seed: int) -> None:
    text = printed("vanishing-and-exploding", seed, 0, 1, 2, 4, 5)
    before, cured, normalized = figures(text, r"layer 1 by ([\d.]+)%")
    assert before == 0 < min(cured, normalized)
    last, first = (figures(text, rf"in {layer}: (\S+?)(?:,|\n)") for layer in ("layer 8", "layer 1"))
    vanished, kept, exploded, shrunk = (a / b for a, b in zip(first, last, strict=True))
    assert vanished < 1e-8 < shrunk < 1
    assert 0.1 < kept < 10
    assert exploded > 100
    stuck, *learned = figures(text, r"→ ([\d.]+)")
    (of_a_constant,) = figures(text, r"targets: ([\d.]+)")
    assert stuck == pytest.approx(of_a_constant, rel=0.02)
    assert max(learned) < 0.9 * of_a_constant


def test_the_doctor_names_what_ails_the_networks_of_the_pages(seed: int) -> None:
    assert "vanishing gradient (layer 'dense_1')" in printed("vanishing-and-exploding", seed, 0, 3)
    text = printed("saturation", seed, 0, 1, 2)
    assert "dead units (layer 'dense_1')" in text
    assert "saturated units (layer 'dense_1')" in text


def test_all_remedies_but_clipping_bring_the_network_off_the_mean(seed: int) -> None:
    text = printed("saturation", seed, 0, 3)
    nothing, xavier, *remedies, of_a_constant = figures(text, r"(?:loss|targets) ([\d.]+)")
    assert nothing == pytest.approx(of_a_constant, rel=0.02)
    assert xavier == pytest.approx(of_a_constant, rel=0.02)
    assert max(remedies) < 0.8 * of_a_constant
    relu, clipped = remedies[-2:]
    assert clipped == pytest.approx(relu, rel=0.3)


def test_a_tenth_is_saturated_at_the_width_of_the_formula(seed: int) -> None:
    found = dict(re.findall(r"N\(0, ([\d.]+)²\): saturated (\d+)%", printed("saturation", seed, 0, 4)))
    assert 8 <= int(found["0.3"]) <= 12


def test_a_penalty_in_between_is_nearest_to_the_wave(seed: int) -> None:
    nothing, between, too_much, points = figures(printed("regularization", seed, 0), r"on the wave ([\d.]+)")
    assert between < min(nothing, points)
    assert too_much == pytest.approx(0.52, abs=0.03)


def test_l1_makes_nearly_all_useless_weights_zero_and_l2_none(seed: int) -> None:
    l2, l1 = figures(printed("regularization", seed, 0, 1), r"(\d+)% of the weights")
    assert l2 == 0
    assert l1 >= 90


def test_one_pass_is_close_to_the_mean_over_masks(seed: int) -> None:
    found = re.findall(r"masks +(\S+) ± (\S+) +whole network +(\S+)", printed("dropout", seed, 0, 2))
    assert len(found) == 3
    for mean, spread, whole in found:
        assert abs(float(mean) - float(whole)) < float(spread)


def test_far_inputs_are_learned_with_normalization_and_hardly_without(seed: int) -> None:
    text = printed("batch-normalization", seed, 0, 1)
    without, normalized, of_a_constant = figures(text, r"(?:without|with|targets): +(\S+)")
    assert without > 0.7 * of_a_constant
    assert normalized < 0.3 * of_a_constant


def test_scaling_or_a_lower_rate_saves_large_targets(seed: int) -> None:
    text = printed("clipping", seed, 0, 2, 5, without=', ("as it is", 0.01, 1)')
    assert min(figures(text, r": (\d+)% of the variance")) > 75


def test_large_targets_as_they_are_are_not_learned(seed: int) -> None:
    try:
        text = printed("clipping", seed, 0, 2, 5, without='("scaled", 0.01, 100), ')
    except NonFiniteError:
        return  # "from some starts the loss becomes infinite, and fit says so"
    assert figures(text, r"as it is +: (-?\d+)% of the variance")[0] < 5
