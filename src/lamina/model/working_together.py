"""A table's training by several processes, as its settings ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lamina import distributed
from lamina.distributed.rules import RULES
from lamina.errors import InvalidSettingError, phrase
from lamina.model.setting_words import OWNER
from lamina.model.table_settings import RunSettings, TableSettings
from lamina.training.interrupts import Interrupts
from lamina.validation import check_parameters

if TYPE_CHECKING:
    from lamina.distributed import Together

__all__ = ["check_alone", "working_together"]

_RULES = {"workers": RULES["workers"], "ray": RULES["address"], "way": RULES["way"]}


@contextmanager
def working_together(settings: TableSettings) -> Iterator[Together | None]:
    """A context in which a table's model is trained by as many processes as settings say; None if that is one.

    Raises
    ------
    InvalidSettingError
        If the settings cannot be, or not with several workers; if no cluster answers, or it is too small.
    MissingPackageError
        If Ray or torch is not installed.
    """
    run = settings.run
    check_parameters({name: getattr(run, name) for name in _RULES}, _RULES, owner=OWNER)
    if run.workers == 1:
        for name in ("ray", "way"):
            if getattr(run, name) != getattr(RunSettings, name):
                rule, repair = "must be left out with one worker", "Set workers, or remove it."
                raise InvalidSettingError(phrase(name, rule, getattr(run, name), repair=repair, owner=OWNER))
        yield None
        return
    if run.restarts != 1:
        rule, repair = "must be 1 with several workers", "Set workers to 1: each restart has a core of its own."
        raise InvalidSettingError(phrase("restarts", rule, run.restarts, repair=repair, owner=OWNER))
    if settings.optimization.compares_losses:
        rule, repair = "must follow the gradient of a batch with several workers", "Choose one that takes steps, such as adamw."
        raise InvalidSettingError(phrase("optimizer", rule, settings.optimization.optimizer, repair=repair, owner=OWNER))
    with ExitStack() as stack:
        together = stack.enter_context(distributed.workers(run.workers, way=run.way, address=run.ray, n_threads=run.threads))
        yield together
        with Interrupts():  # the model is trained: Ctrl-C while the workers end must not lose it
            stack.close()


def check_alone(run: RunSettings, *, owner: str) -> None:
    """Raise if workers are asked for where many trainings are run, of which each has one process.

    Raises
    ------
    InvalidSettingError
    """
    for name in _RULES:
        if getattr(run, name) != getattr(RunSettings, name):
            rule, repair = "must be left out here: each training has one process", "Remove it; fit_table has it."
            raise InvalidSettingError(phrase(name, rule, getattr(run, name), repair=repair, owner=owner))
