"""Chooses the device that torch computes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase

__all__ = ["chosen_device"]


def chosen_device(torch: Any, name: str, dtype: np.dtype) -> Any:
    """The torch device of that name.

    Parameters
    ----------
    torch : module
    name : {"auto", "cpu", "cuda", "mps"}
        "auto" is CUDA if torch finds it, or else Apple's MPS in float32, or else the CPU.
    dtype : dtype

    Raises
    ------
    InvalidSettingError
        If torch does not find the device, or it does not compute in ``dtype``.
    """
    found = _found(torch)
    if name == "auto":
        name = next(each for each in ("cuda", "mps", "cpu") if each in found and (each != "mps" or dtype == np.float32))
    if name not in found:
        rule = f"must be 'auto' or what torch {torch.__version__} finds here ({', '.join(map(repr, found))})"
        without = name == "cuda" and torch.version.cuda is None
        repair = "This torch is built without CUDA: install one that is built with it." if without else "Use device='auto'."
        raise InvalidSettingError(phrase("device", rule, name, repair=repair))
    if name == "mps" and dtype != np.float32:
        repair = "Use dtype='float32', or device='cpu'."
        raise InvalidSettingError(
            phrase("dtype", "must be float32 with device='mps', which has no others", dtype.name, repair=repair)
        )
    return torch.device(name)


def _found(torch: Any) -> list[str]:
    found = ["cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return found
