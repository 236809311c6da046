"""The lecture as lessons: states of the lab to look at, each with questions and what to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from lamina.errors import InvalidSettingError, phrase_unknown
from lamina.lab.state import DataState, LabState, LayerState, TrainingState

__all__ = ["LESSONS", "Lesson", "lesson_of"]


class Lesson(NamedTuple):
    """A page of the lecture.

    Attributes
    ----------
    title : str
        A question.
    rows : tuple of str
        The lecture's rows that it is about, such as "L3".
    text : str
        What one sees, and why.
    tasks : tuple of str
        Questions, and what to try.
    state : LabState
        To begin with.
    """

    title: str
    rows: tuple[str, ...]
    text: str
    tasks: tuple[str, ...]
    state: LabState

    def to_dict(self) -> dict[str, Any]:
        """All attributes as JSON-able values."""
        return self._asdict() | {"state": self.state.to_dict()}


def _state(
    source: str,
    layers: tuple[LayerState, ...] = (),
    *,
    data: Mapping[str, Any] = MappingProxyType({}),
    seed: int = 0,
    **training: Any,
) -> LabState:
    return LabState(replace(DataState(source=source), **data), layers, TrainingState(**training), seed)


def _deep(count: int, units: int, activation: str, **settings: Any) -> tuple[LayerState, ...]:
    return tuple(LayerState(units, activation, **settings) for _ in range(count))


_DESCENT: Mapping[str, Any] = MappingProxyType({"optimizer": "gradient_descent"})

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "What can a single unit learn?",
        ("L1", "L2"),
        "One unit sums its inputs, each times a weight. The line on which the sum is 0 divides the plane; learning turns and "
        "moves it. These two groups can be parted by a line, so the unit learns them.",
        (
            "Press One step several times: which way does the line turn?",
            "Raise the noise until the groups overlap. Can any line be right about all points?",
            "Choose circles as the source. Why does it fail, however long it learns?",
            "Now switch on x₁² and x₂² among the inputs. What does a line in these look like in the plane?",
        ),
        _state("linear", learning_rate=0.1, **_DESCENT),
    ),
    Lesson(
        "Why can't a perceptron learn XOR?",
        ("L3", "L13"),
        "Points of one class lie in opposite corners. Whatever line a single unit draws, it is wrong about a quarter of the "
        "points or more. A hidden layer draws several lines, and the output combines them.",
        (
            "Let it learn without a hidden layer: what accuracy does it reach?",
            "Add a layer of 2 units, then of 4. When does it suffice, and does it for every seed?",
            "With 2 units, choose 200 epochs and 5 starts, of which the best stays: do they end alike?",
            "Look at the small pictures in the units: which lines do they draw?",
            "Without a hidden layer again, switch on x₁x₂ among the inputs: why is that one number enough?",
        ),
        _state("xor", data={"noise": 0.0}, learning_rate=0.03),
    ),
    Lesson(
        "What does an activation function do?",
        ("L4", "L5"),
        "Without a function between them, two layers are no more than one: sums of sums are sums. With it, the plane can be "
        "bent.",
        (
            "Let it learn with identity: is it better than no hidden layer?",
            "Choose tanh, then relu. How do the boundaries differ?",
            "Choose step. Nothing is learned: what is its derivative?",
        ),
        _state("circles", (LayerState(6, "identity"),), learning_rate=0.03),
    ),
    Lesson(
        "How many units does a function need?",
        ("L7",),
        "With enough hidden units, a single hidden layer comes as near to any continuous function as one likes. How many are "
        "enough depends on the function.",
        (
            "Increase the units one by one. From how many on is the ring closed?",
            "Do the same for waves. Are more layers better than more units?",
        ),
        _state("circles", (LayerState(2, "tanh"),), learning_rate=0.03),
    ),
    Lesson(
        "Can a network learn without gradients?",
        ("L8", "L9"),
        "Change the weights at random, and go where the loss gets smaller. It works, but each step tells about one direction "
        "only; back propagation tells about all at once.",
        (
            "How many steps does it take to an accuracy of 95 %?",
            "Choose adam as the optimizer. How many now?",
            "Add units: which of the two suffers?",
        ),
        _state("linear", (LayerState(4, "tanh"),), optimizer="perturb-all", learning_rate=0.1, batch_size=0),
    ),
    Lesson(
        "What does the learning rate do?",
        ("L14", "L15"),
        "The learning rate is the length of the step against the gradient. With small steps it takes long; with large ones the "
        "loss jumps, or grows until it is no number any more.",
        (
            "Try 0.01, 0.3, 1 and 3, and compare the curves: those of the run before are dotted.",
            "Which is the largest rate at which the loss still falls?",
            "Choose the schedule cosine with a rate of 1: what changes towards the end of the 300 epochs?",
        ),
        _state("waves", (LayerState(8, "tanh"),), learning_rate=0.01, max_epochs=300, **_DESCENT),
    ),
    Lesson(
        "Batch, stochastic or mini-batch?",
        ("L16",),
        "The gradient can be that of all rows, of one row, or of some. One row is quick and noisy; all rows are exact and slow.",
        (
            "Run it with all rows, with 1 row, and with 32. Which curve is the smoothest? Which falls fastest per epoch?",
            "With 1 row, lower the learning rate. Why does that help?",
        ),
        _state("moons", (LayerState(8, "tanh"),), learning_rate=0.1, batch_size=0, **_DESCENT),
    ),
    Lesson(
        "Why do sigmoid layers stop learning?",
        ("L17", "L18"),
        "On its way back the gradient is multiplied by each layer's derivative, which for a sigmoid is a quarter at most. After "
        "six layers hardly anything is left: the table of layers shows the gradient shrink from the output to the first layer.",
        (
            "Compare the gradient of the first layer with that of the last: how many times smaller is it?",
            "Choose relu, or tanh, in all layers. What happens to the pictures of the gradients over time?",
            "Ask the doctor, and apply what it proposes.",
        ),
        _state("circles", _deep(6, 6, "sigmoid"), learning_rate=0.1, **_DESCENT),
    ),
    Lesson(
        "What if the gradient explodes?",
        ("L17", "L26", "L27", "L28"),
        "Where the loss falls like a cliff, one step along its gradient throws the weights far away. Clipping keeps the "
        "direction and bounds the length.",
        (
            "Let it learn: after how many steps does it end, and with what words?",
            "Clip the gradient's norm at 0.1. What changes?",
            "Clip each gradient at 0.01 instead. Is the direction still the same?",
        ),
        _state("waves", _deep(4, 16, "relu"), learning_rate=3.0, batch_size=8, **_DESCENT),
    ),
    Lesson(
        "Break the symmetry",
        ("L29",),
        "If all weights begin at 0, all units of a layer get the same gradient and stay equal for ever: many units do what one "
        "does, or nothing.",
        (
            "Look at the lines and at the pictures in the units: do they ever differ?",
            "Choose normal as the initialization, in both layers. What changes at once?",
        ),
        _state("xor", _deep(2, 4, "tanh", init="zeros"), learning_rate=0.03),
    ),
    Lesson(
        "Which first weights for which activation?",
        ("L30", "L31", "L32", "L33"),
        "Layer after layer, values should neither fade nor grow. Xavier's rule keeps their variance for tanh, He's for relu; a "
        "standard deviation of 0.01 lets them fade.",
        (
            "Look at the activations of each layer: how does their spread change from layer to layer?",
            "Choose 1 as the standard deviation in all layers: what do activations and gradients do now?",
            "Choose he, then xavier. With which does the spread stay?",
            "Change the activation to tanh. Which rule is the better one now?",
        ),
        _state("spirals", _deep(6, 16, "relu", init="normal"), learning_rate=0.01),
    ),
    Lesson(
        "When should training stop?",
        ("L12", "L20"),
        "A large network learns few noisy points by heart: the loss of the rows it trains on goes on falling, that of the "
        "others rises.",
        (
            "From which step on does the validation loss rise?",
            "Set Stop early to 20 epochs: whose weights stay?",
            "Give it more rows. Does the loss still rise?",
        ),
        _state("moons", _deep(2, 32, "relu"), data={"rows": 100, "noise": 0.3, "train_share": 0.5}, learning_rate=0.01),
    ),
    Lesson(
        "Do penalties make it simpler?",
        ("L21",),
        "A penalty on large weights makes the boundary smoother. L2 shrinks all weights, L1 makes some exactly 0.",
        (
            "Set the L2 penalty to 0.003, then 0.03. What happens to the lines, and to the boundary?",
            "Do the same with L1. Which lines disappear?",
        ),
        _state("moons", (LayerState(32, "relu"),), data={"rows": 100, "noise": 0.3, "train_share": 0.5}, learning_rate=0.01),
    ),
    Lesson(
        "What does dropout do?",
        ("L22", "L23"),
        "In each step some units are silenced at random, so that none can rely on another. Predictions use all of them.",
        (
            "Compare training and validation loss with a dropout of 0 % and of 30 %.",
            "Why is the training loss higher now, though the map looks the same?",
        ),
        _state(
            "moons", _deep(2, 32, "relu", dropout=0.3), data={"rows": 100, "noise": 0.3, "train_share": 0.5}, learning_rate=0.01
        ),
    ),
    Lesson(
        "What does batch normalization do?",
        ("L24", "L25"),
        "Each unit's sums are shifted and scaled by their mean and deviation in the batch. So even deep sigmoid layers stay "
        "where their function is not flat.",
        (
            "Compare the table of layers with that of the lesson on sigmoid layers.",
            "Take the check mark away from all layers: how many epochs does it take now?",
        ),
        _state("circles", _deep(6, 6, "sigmoid", batch_norm=True), learning_rate=0.1, **_DESCENT),
    ),
)


def lesson_of(row: str) -> int:
    """The number of the lesson about a row of the lecture, such as "L17": its place in :data:`LESSONS`.

    Raises
    ------
    InvalidSettingError
        If no lesson is about it.

    >>> LESSONS[lesson_of("l29")].title
    'Break the symmetry'
    """
    known = {name: number for number, lesson in reversed(list(enumerate(LESSONS))) for name in lesson.rows}
    if row.upper() not in known:
        names = sorted(known, key=lambda name: int(name[1:]))
        raise InvalidSettingError(phrase_unknown("a lesson's row", row, names, owner="lab"))
    return known[row.upper()]
