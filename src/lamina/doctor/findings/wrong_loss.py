"""Wrong loss: what training makes small is not what is to be learned."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.probes.output_facts import OutputFacts
from lamina.doctor.probes.quantity_facts import accuracy_of_rounding
from lamina.losses import LABEL_LOSSES, NUMBER_LOSSES

__all__ = ["find"]

#: Of a custom loss's slope: differences are exact to about 1e-9, kinks apart.
GRADIENT_ERROR = 0.05
#: How far sums of probabilities may be from 1.
SUM_ERROR = 0.01
#: Accuracy that is lost when classes are learned as quantities; twice what simple models differ by chance on 900 rows.
LOST_ACCURACY = 0.15
#: R² that outliers hide; calibrated on targets with 3 % of outliers, and on lognormal ones, which lose less.
HIDDEN_R2 = 0.2
#: Rows for each of so many classes, below which they are numbers that were taken for classes.
MANY_CLASSES, FEW_ROWS_A_CLASS = 20, 5

_SQUARES = ("squared_error", "gaussian_nll")
_LOG_LOSS = Cure(
    "cross-entropy", {"loss": "log_loss", "output_activation": None}, "Its gradient is large wherever a class is wrong.", "L10"
)
_HUBER = Cure("Huber's loss", {"loss": "huber"}, "A large error counts by its size, not by its square.", "L10")


def find(case: Case) -> Finding | None:
    """The surest sign that a loss does not suit its target.

    Certain are a custom loss whose gradient is not its slope, and softmax cross-entropy of rows that do not sum to 1. Numbers of
    classes that are learned as a quantity, and outliers under a squared error, are measured by what simple models learn either
    way. Losses for numbers on labels, also behind a sigmoid or softmax (Goodfellow, Bengio & Courville 2016, section 6.2.2),
    count where the model stays behind.
    """
    found = [rule(case, output) for output in case.start.outputs for rule in _RULES]
    return max((each for each in found if each is not None), key=lambda each: each.confidence, default=None)


def _wrong_gradient(case: Case, output: OutputFacts) -> Finding | None:
    if not output.gradient_error > GRADIENT_ERROR:
        return None
    meaning = (
        "The gradient that your loss returns is not the slope of the loss that it returns, so steps do not lead downhill. "
        "Correct it, or return the loss alone: then differences give the gradient."
    )
    evidence = Evidence("error of the gradient, relative to the largest slope", output.gradient_error, GRADIENT_ERROR)
    return _finding(output, "certain harm", 0.97, [evidence], meaning, "L11")


def _not_probabilities(case: Case, output: OutputFacts) -> Finding | None:
    if output.is_custom or not output.one_of_several or output.target_width == 1:
        return None
    error = max(abs(total - 1.0) for total in output.row_sums)
    if error <= SUM_ERROR:
        return None
    meaning = (
        "Softmax shares out a probability of 1 among classes that exclude each other, and the targets of a row do not sum to 1. "
        "Where several labels may hold at once, each needs its own yes or no: sigmoid cross-entropy."
    )
    cure = Cure(
        "a yes or no for each label", {"loss": "sigmoid_cross_entropy"}, "Each label has a probability of its own.", "L10"
    )
    evidence = Evidence("largest distance of a row's targets from a sum of 1", error, SUM_ERROR)
    return _finding(output, "certain harm", 0.95, [evidence], meaning, cures=(cure,))


def _classes_as_quantity(case: Case, output: OutputFacts) -> Finding | None:
    facts = case.start.quantity
    if facts is None or math.isnan(facts.as_classes) or case.setup.learns_labels:
        return None
    own = accuracy_of_rounding(case.outcome.held_out, output.target_std)
    lost = facts.as_classes - max(facts.as_numbers, own)
    if lost < LOST_ACCURACY:
        return None
    meaning = (
        "The target's numbers name classes, and their order means nothing: halfway between 1 and 3 there is no 2. "
        "Learn a probability for each class, with a classifier and cross-entropy."
    )
    evidence = [
        Evidence("accuracy of simple models that take the numbers as classes", facts.as_classes, own + LOST_ACCURACY),
        Evidence("accuracy of this model after rounding", own),
    ]
    return _finding(output, "harm", 0.9, evidence, meaning)


def _numbers_as_classes(case: Case, output: OutputFacts) -> Finding | None:
    if not output.one_of_several or output.width < MANY_CLASSES:
        return None
    rows = case.start.pace.num_rows / output.width
    if rows >= FEW_ROWS_A_CLASS or case.outcome.learned > 0.5:
        return None
    meaning = (
        "There are nearly as many classes as rows, which looks like a number that was taken for a class. "
        "Predict numbers with a regressor and the squared error."
    )
    return _finding(output, "harm", 0.6, [Evidence("rows for each class", rows, FEW_ROWS_A_CLASS, is_above=False)], meaning)


def _numbers_loss_for_labels(case: Case, output: OutputFacts) -> Finding | None:
    is_for_numbers = output.loss in NUMBER_LOSSES or output.loss not in LABEL_LOSSES
    is_one_sided = output.loss == "perceptron" and output.width > 1
    is_yes_or_no = (output.num_values, output.target_low, output.target_high) == (2, 0.0, 1.0)
    learns_labels = case.setup.learns_labels or is_yes_or_no
    if output.is_custom or not learns_labels or not (is_for_numbers or is_one_sided) or not case.is_behind:
        return None
    flat = output.activation in ("sigmoid", "softmax", "tanh", "hard_sigmoid", "hard_tanh", "softsign")
    meaning = (
        "Behind a function that is flat at its ends, the squared error of a class that is surely wrong has hardly any slope. "
    )
    if not flat:
        meaning = f"The {output.loss.replace('_', ' ')} does not ask for the right class, but for numbers near 0 and 1. "
        if is_one_sided:
            meaning = (
                "The perceptron's loss asks for no margin, and a network that says nothing of any class already has the least. "
            )
    meaning += "Cross-entropy of plain sums has a slope wherever a class is wrong."
    evidence = [
        Evidence("held-out score", case.outcome.held_out, case.control.held_out if case.control else None, is_above=False)
    ]
    confidence = 0.8 if flat or is_one_sided or output.loss == "absolute_error" else 0.5
    return _finding(output, "harm", confidence, evidence, meaning, cures=(_LOG_LOSS,))


def _outliers(case: Case, output: OutputFacts) -> Finding | None:
    facts = case.start.quantity
    if facts is None or output.loss not in _SQUARES or case.setup.learns_labels:
        return None
    hidden = facts.explained_without_outliers - max(facts.explained, case.outcome.held_out)
    if not hidden > HIDDEN_R2:
        return None
    meaning = (
        "A few targets lie far from all others and inputs do not tell why; the squared error bends all of the network to them. "
        "Huber's loss counts large errors by their size, so that most rows decide."
    )
    evidence = [
        Evidence("R² of simple models that outliers hide", hidden, HIDDEN_R2),
        Evidence("share of targets more than 3 robust deviations off", facts.outliers),
    ]
    return _finding(output, "harm", 0.75, evidence, meaning, cures=(_HUBER,))


_RULES = (
    _wrong_gradient,
    _not_probabilities,
    _classes_as_quantity,
    _numbers_as_classes,
    _numbers_loss_for_labels,
    _outliers,
)


def _finding(
    output: OutputFacts,
    severity: str,
    confidence: float,
    evidence: list[Evidence],
    meaning: str,
    row: str = "L10",
    cures: tuple[Cure, ...] = (),
) -> Finding:
    return Finding("wrong_loss", severity, confidence, tuple(evidence), meaning, row, cures, Where(layer=output.name))
