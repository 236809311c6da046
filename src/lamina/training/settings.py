"""A trainer's settings: everything that defines a training run except the data, as one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np

from lamina import optimizers
from lamina.clipping import Clipping
from lamina.engine import DEVICES, ENGINES, N_THREADS, PRECISIONS, check_device, check_mixed, plan
from lamina.losses import Loss
from lamina.network import Network
from lamina.network.heads import Losses, loss_weights_of, losses_for
from lamina.optimizers import Optimizer, StepOptimizer, get_optimizer
from lamina.schedules import Schedule, get_schedule, get_step_schedule
from lamina.settings import Settings, check_description, check_keys
from lamina.training.excluded_settings import check_excluded
from lamina.validation import Rule, boolean, choice, instance, integer, one_of, value

__all__ = ["DtypeLike", "TrainerSettings", "name_of_dtype", "setting"]

_USUAL_BATCH_SIZE = 32

DtypeLike: TypeAlias = str | type | np.dtype
"""The accepted types of a dtype; not None, which NumPy reads as float64."""


def _to_count(count: int | str | None) -> int | str | None:
    return int(count) if isinstance(count, Integral) else count


def _to_clipping(bounds: plan.Clipping | None) -> Clipping:
    return bounds if isinstance(bounds, Clipping) else Clipping(**({} if bounds is None else asdict(bounds)))


def _read_clipping(bounds: Any) -> Any:
    if not isinstance(bounds, Mapping):
        return bounds  # if it is not None, it is rejected with the other settings
    check_keys(bounds, {bound.name: bound for bound in fields(Clipping)}, owner="Clipping")
    return Clipping(**bounds)


@dataclass(frozen=True)
class TrainerSettings(Settings):
    """The settings of a :class:`lamina.training.Trainer`, except for its callbacks, metrics and initial weights.

    ``to_dict`` returns JSON-able values, and ``from_settings`` reads them; a loss, schedule or objective that is a custom
    function has no such description and raises an error.

    Parameters
    ----------
    network, loss, optimizer, batch_size, schedule, clipping, seed, dtype, shuffle, engine, device, n_threads, penalty_per_row, \
loss_weights, on_interrupt, dropout_schedule, weight_decay_schedule, shuffle_rows, precision
        As in :class:`lamina.training.Trainer`. Loss weights become a tuple, one per output.

    Examples
    --------
    >>> import json
    >>> from lamina import Dense, Sequential
    >>> settings = TrainerSettings(Sequential([Dense(1)]), "squared_error", "momentum", batch_size=8)
    >>> text = json.dumps(settings.to_dict())
    >>> TrainerSettings.from_settings(json.loads(text)) == settings
    True
    """

    if TYPE_CHECKING:  # the accepted types; the fields below have the stored types

        def __init__(
            self,
            network: Network,
            loss: Losses,
            optimizer: str | Optimizer | Mapping[str, Any] = "adam",
            batch_size: int | str | None = "auto",
            schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
            clipping: plan.Clipping | None = None,
            seed: int = 0,
            dtype: DtypeLike = "float32",
            shuffle: bool = True,
            engine: str = "auto",
            device: str = "auto",
            n_threads: int | None = None,
            penalty_per_row: bool = False,
            loss_weights: Sequence[float] | Mapping[str, float] | np.ndarray | None = None,
            on_interrupt: str = "raise",
            dropout_schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
            weight_decay_schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
            shuffle_rows: int | str = "auto",
            precision: str = "full",
        ) -> None: ...

    network: Network
    loss: Losses
    optimizer: Optimizer = "adam"  # type: ignore[assignment]
    batch_size: int | str | None = "auto"
    # A reactive schedule has state and so no hash; the other fields suffice.
    schedule: Schedule = field(default=None, hash=False)  # type: ignore[assignment]
    clipping: plan.Clipping = None  # type: ignore[assignment]
    seed: int = 0
    dtype: str = "float32"
    shuffle: bool = True
    engine: str = "auto"
    device: str = "auto"
    n_threads: int | None = None
    penalty_per_row: bool = False
    loss_weights: tuple[float, ...] | None = None
    on_interrupt: str = "raise"
    dropout_schedule: Schedule = None  # type: ignore[assignment]
    weight_decay_schedule: Schedule = None  # type: ignore[assignment]
    shuffle_rows: int | str = "auto"
    precision: str = "full"

    kind: ClassVar[str] = "trainer"
    owner: ClassVar[str] = "Trainer"
    rules: ClassVar[Mapping[str, Rule]] = {
        "network": instance(Network),
        "batch_size": one_of(integer(1), value(None), choice(("auto",))),
        "clipping": one_of(instance(plan.Clipping), value(None)),
        "seed": integer(0),
        "dtype": choice(("float32", "float64")),
        "shuffle": boolean(),
        "shuffle_rows": one_of(integer(1), choice(("auto",))),
        "engine": choice(ENGINES),
        "device": choice(DEVICES),
        "n_threads": N_THREADS,
        "penalty_per_row": boolean(),
        "on_interrupt": choice(("raise", "return")),
        "precision": choice(PRECISIONS),
    }
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "batch_size": _to_count,
        "shuffle_rows": _to_count,
        "optimizer": get_optimizer,
        "schedule": get_schedule,
        "dropout_schedule": get_step_schedule,
        "weight_decay_schedule": get_step_schedule,
        "clipping": _to_clipping,
        "seed": int,
        "shuffle": bool,
        "penalty_per_row": bool,
    }

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", name_of_dtype(self.dtype))
        super().__post_init__()
        check_device(self.device, self.engine, owner="Trainer")
        check_mixed(self.dtype, is_mixed=self.precision == "mixed", owner="Trainer")
        schedules = {name: getattr(self, name) for name in ("schedule", "dropout_schedule", "weight_decay_schedule")}
        check_excluded(self.optimizer, self.clipping, self.precision, schedules)
        object.__setattr__(self, "loss", losses_for(self.loss, self.network.output_names, self.network.output_widths))
        if self.loss_weights is not None:
            weights = loss_weights_of(self.loss_weights, self.network.output_names, owner="Trainer")
            object.__setattr__(self, "loss_weights", tuple(weights))

    @classmethod
    def from_settings(cls, description: Mapping[str, Any]) -> Self:
        """The settings described by the result of :meth:`to_dict`.

        Raises
        ------
        InvalidSettingError
            If a setting is unknown, missing or out of range, or the description is of a different kind of object.
        """
        from lamina.network import network_from_dict  # here, because it imports all kinds of networks

        check_description(description, cls)
        readers: dict[str, Callable[[Any], Any]] = {"network": network_from_dict, "clipping": _read_clipping}
        return super().from_settings({name: readers.get(name, lambda given: given)(given) for name, given in description.items()})

    @property
    def losses(self) -> tuple[Loss, ...]:
        """One loss per output."""
        return self.loss  # type: ignore[return-value]

    @property
    def rows_a_step(self) -> int | None:
        """``batch_size`` with "auto" resolved; None: all rows."""
        return _USUAL_BATCH_SIZE if isinstance(self.batch_size, str) else self.batch_size

    @property
    def chosen_shuffle_rows(self) -> int | None:
        """``shuffle_rows`` if it is a number, else None."""
        return self.shuffle_rows if isinstance(self.shuffle_rows, int) else None

    @property
    def chosen_batch_size(self) -> int | None:
        """``batch_size`` if it is a number, else None."""
        return self.batch_size if isinstance(self.batch_size, int) else None

    def plan(self, *, record_norms: bool = False) -> plan.TrainingPlan:
        """The engine's training plan for these settings.

        Parameters
        ----------
        record_norms : bool, default=False
            Whether to record the gradient norm of every step.
        """
        # L-BFGS does not use the engine's steps; its plan only says how to divide the penalty.
        stepping = self.optimizer if isinstance(self.optimizer, StepOptimizer) else optimizers.GradientDescent()
        mixed = self.precision == "mixed"
        return plan.TrainingPlan(stepping.rule(), self.clipping, self.penalty_per_row, self.seed, record_norms, mixed)


def setting(name: str) -> Any:
    """A property that reads and writes one of the owner's ``settings``; an assigned value is checked and takes effect at once."""

    def read(owner: Any) -> Any:
        return getattr(owner.settings, name)

    def write(owner: Any, given: Any) -> None:
        owner.settings = replace(owner.settings, **{name: given})

    return property(read, write)


def name_of_dtype(dtype: object) -> Any:
    """The name of a dtype in any form; a value that is not a dtype is returned as is, and rejected later."""
    if not isinstance(dtype, DtypeLike):
        return dtype
    try:
        return np.dtype(dtype).name
    except Exception:  # NumPy raises several types of errors
        return dtype
