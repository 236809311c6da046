"""All findings by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lamina.doctor.case import Case
from lamina.doctor.finding import Finding

__all__ = ["FINDINGS", "Find"]

Find: TypeAlias = Callable[[Case], Finding | None]

#: For each name of a finding the function that looks for it in a case.
FINDINGS: Mapping[str, Find] = {}
