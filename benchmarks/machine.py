"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from lamina.engine import engine_info

__all__ = ["describe_machine", "has_tiles"]


def describe_machine() -> dict[str, str]:
    """Processor, number of cores, system, Python, date, and how busy the machine was."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "load before": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
    }


def has_tiles() -> bool:
    """Whether mixed precision multiplies by tiles (AMX) here."""
    return "amx" in engine_info().get("instruction_sets", ())


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in information.read_text().splitlines() if line.startswith("model name")]
        if information.exists()
        else []
    )
    extensions = _extensions(information) if names else ""
    return f"{names[0]}{extensions}" if names else platform.processor() or "unknown"


def _extensions(information: Path) -> str:
    flags = set(information.read_text().split())
    known = (("amx_bf16", "AMX"), ("avx512f", "AVX-512"), ("avx2", "AVX2"))
    return next((f", {name}" for flag, name in known if flag in flags), "")
