"""All programs: each fault and each oddity on several data sets and networks of every group, chosen by a hash of the names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from itertools import product

from benchmarks.doctor.data_sets import DATA_SETS
from benchmarks.doctor.networks import NETWORKS
from benchmarks.doctor.programs import batches, capacity, data_faults, fit, outputs, rates, scales, starts, together
from benchmarks.doctor.programs.fault import Changes, Fault
from benchmarks.doctor.programs.oddities import ODDITIES, Oddity
from benchmarks.doctor.programs.program import Program
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.split import GROUPS, members

__all__ = ["FAULTS", "healthy_programs", "programs", "sick_programs"]

FAULTS: tuple[Fault, ...] = (
    *rates.FAULTS,
    *starts.FAULTS,
    *scales.FAULTS,
    *outputs.FAULTS,
    *capacity.FAULTS,
    *fit.FAULTS,
    *batches.FAULTS,
    *data_faults.FAULTS,
    *together.FAULTS,
)
SEEDS = (0, 1, 2)
_PROGRAMS_AN_ODDITY = 12  # in each group


@cache
def programs() -> tuple[Program, ...]:
    """Sick and healthy programs; whether they are so is measured (``verify.py``)."""
    return (*sick_programs(), *healthy_programs())


def sick_programs() -> Iterator[Program]:
    for fault, group in product(FAULTS, GROUPS):
        places = [(*place, severity) for place in _places(fault, group) for severity in fault.severities]
        for data, network, severity in _chosen(fault.name, places, fault.count):
            yield _sick(fault, data, network, severity)


def healthy_programs() -> Iterator[Program]:
    for oddity, group in product(ODDITIES, GROUPS):
        places = [(*place, str(seed)) for place in _places(oddity, group) for seed in SEEDS]
        for data, network, seed in _chosen(oddity.name, places, _PROGRAMS_AN_ODDITY):
            yield _healthy(oddity, data, network, int(seed))


def _places(kind: Fault | Oddity, group: int) -> list[tuple[str, str]]:
    """The data sets and networks of a group where a fault or an oddity makes sense."""
    data_sets, networks = members(group)
    return [
        (data, network)
        for data, network in product(data_sets, networks)
        if kind.where(DATA_SETS[data]) and NETWORKS[network].kind in kind.networks
    ]


def _chosen(name: str, places: list[tuple[str, ...]], count: int) -> list[tuple[str, ...]]:
    """So many of the places, by a hash: no outcome has a say."""
    return sorted(places, key=lambda place: _hash(name, *place))[:count]


def _hash(*words: str) -> int:
    return int.from_bytes(hashlib.sha256(" ".join(words).encode()).digest()[:6], "big")


def _sick(fault: Fault, data: str, network: str, severity: str) -> Program:
    name = f"{fault.name}/{data}/{network}/{severity}"
    changes = fault.severities[severity]
    twin = _recipe(data, network, fault.context, _form(name, fault.forms, fault.context, changes))
    return Program(
        name=name,
        recipe=twin.with_changes(**changes),
        seed=SEEDS[_hash(name) % len(SEEDS)],
        faults=(fault.name,),
        severity=severity,
        twin=twin,
        findings=fault.findings,
        cures=fault.cures,
        has_cure=fault.has_cure,
        metric=fault.metric or ("accuracy" if DATA_SETS[data].classifies else "r2"),
    )


def _healthy(oddity: Oddity, data: str, network: str, seed: int) -> Program:
    name = f"{oddity.name}/{data}/{network}"
    return Program(
        name=f"{name}/{seed}",
        recipe=_recipe(data, network, oddity.changes, _form(name, oddity.forms, oddity.changes)),
        seed=seed,
        oddity=oddity.name,
        metric="accuracy" if DATA_SETS[data].classifies else "r2",
    )


def _recipe(data: str, network: str, changes: Changes, form: str) -> Recipe:
    """The network's own activation, unless the changes have another."""
    settings = {"activation": NETWORKS[network].activation, **changes, "form": form}
    return Recipe(data=data, network=network, **settings)


def _form(name: str, forms: tuple[str, ...], *changes: Changes) -> str:
    """A shape of the code that can have the changes: where inputs stay as they are, no pipeline scales them."""
    scaled = all(change.get("scale_inputs", True) for change in changes)
    suitable = [form for form in forms if scaled or form != "pipeline"]
    return suitable[_hash(name, "form") % len(suitable)]
