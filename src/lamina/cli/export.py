"""``lamina export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from lamina.cli.options import Flag, Quiet, check_output
from lamina.cli.output import notes_printed, print_json, print_line

__all__ = ["export"]

Format: TypeAlias = Literal["onnx", "python", "c"]

_BY_SUFFIX: dict[str, Format] = {".onnx": "onnx", ".py": "python", ".h": "c"}


def export(
    model: Path,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    format: Format | None = None,
    json: Flag = False,
    quiet: Quiet = False,
) -> None:
    """Write a model in a format that runs without Lamina, with all that its predictions need.

    ONNX for onnxruntime and others (needs the extra onnx), a file of Python that needs NumPy alone, or a header of C99. Columns
    of free text cannot be exported.

    Parameters
    ----------
    model : Path
        Model file.
    output : Path
        File to write: .onnx, .py or .h. Beside .py may come an .npz with the weights.
    format : {"onnx", "python", "c"}
        Format; default: by the output's ending.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    """
    from lamina.errors import InvalidSettingError, phrase
    from lamina.export import to_c, to_onnx, to_python
    from lamina.model import load_model

    chosen = format or _BY_SUFFIX.get(output.suffix)
    if chosen is None:
        rule, repair = "must end in .onnx, .py or .h, or come with --format", "Name the file so, or say --format onnx."
        raise InvalidSettingError(phrase("--output", rule, str(output), repair=repair))
    check_output(output, model)
    with notes_printed(quiet):
        {"onnx": to_onnx, "python": to_python, "c": to_c}[chosen](load_model(model), output)
    beside = output.with_suffix(".npz")
    written = [output, *([beside] if chosen == "python" and _reads(output, beside) else [])]
    if json:
        print_json({"format": chosen, "files": [str(path) for path in written]})
    elif not quiet:
        print_line(f"Wrote {' and '.join(map(str, written))}.")


def _reads(program: Path, weights: Path) -> bool:
    """Whether a program of Python reads the weights beside it; a file of that name may be another's."""
    return f"in {weights.name}." in program.read_text(encoding="utf-8")
