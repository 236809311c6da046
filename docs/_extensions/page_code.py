"""The code of the pages: it is run from top to bottom, and what a block prints stands below it in a block of ``output``.

``python docs/_extensions/page_code.py docs/how-to/clipping.md …`` runs pages and writes what they print into them.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Block", "blocks_of", "is_same_output", "run_page", "with_outputs", "wrong_outputs"]

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$\n?", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"\n```output\n(?P<text>.*?)^```$\n?", re.MULTILINE | re.DOTALL)
_NUMBER = r"(?<![\w.])[-−+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?"
_ELLIPSIS = "..."


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes
    ----------
    language : str
    code : str
    line : int
        The line of the page on which the code begins, from 1.
    begin, end, output_end : int
        Where the fence begins, where it ends, and where its output ends (the same without output), in characters.
    output : str or None
        What stands in the block of output directly below; None without one.
    """

    language: str
    code: str
    line: int
    begin: int
    end: int
    output_end: int
    output: str | None


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks of a page but those of output."""
    found = []
    for fence in _FENCE.finditer(text):
        if fence["language"] != "output":
            output = _OUTPUT.match(text, fence.end())
            line = text.count("\n", 0, fence.start("code")) + 1
            output_end = output.end() if output else fence.end()
            text_of_output = output and output["text"]
            found.append(Block(fence["language"], fence["code"], line, *fence.span(), output_end, text_of_output))
    return found


def run_page(text: str, name: str) -> Iterator[tuple[Block, str]]:
    """Run the blocks of Python one after the other; yields each with what it printed.

    Sessions (``pycon``) run among them and see the same names.

    Raises
    ------
    AssertionError
        If a session prints something else than the page says.
    """
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(text):
        if block.language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                # empty lines before it, so that a traceback names the line of the page
                exec(compile("\n" * (block.line - 1) + block.code, name, "exec"), names)
            yield block, printed.getvalue()
        elif block.language == "pycon":
            _check_session(block, name, names)


def _check_session(block: Block, name: str, names: dict[str, Any]) -> None:
    parsed = doctest.DocTestParser().get_doctest(block.code, names, name, name, block.line - 1)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    report: list[str] = []
    runner.run(parsed, out=report.append, clear_globs=False)
    names.update(parsed.globs)
    assert not runner.failures, "".join(report)


def is_same_output(stated: str, printed: str) -> bool:
    """Whether a page states what was printed, up to spaces and to what arithmetic differs by from processor to processor.

    Numbers may differ by one in the last digit or by 1 %, whole numbers below 100 by nothing; ``...`` stands for anything.
    """
    numbers, pattern = _pattern(stated.strip())
    found = re.fullmatch(pattern, printed.strip(), flags=re.DOTALL)
    return found is not None and all(_is_close(*pair) for pair in zip(numbers, found.groups(), strict=True))


def _pattern(stated: str) -> tuple[list[str], str]:
    """The numbers of a text, and a regular expression that finds them in one that differs in these alone."""
    numbers, parts = [], []
    for part in re.split(rf"({_NUMBER}|\.\.\.|\s+)", stated):
        if part == _ELLIPSIS:
            parts.append(".*?")
        elif re.fullmatch(_NUMBER, part):
            numbers.append(part)
            parts.append(f"({_NUMBER})")
        else:
            parts.append(r"\s+" if part.isspace() else re.escape(part))
    return numbers, "".join(parts)


def _is_close(stated: str, printed: str) -> bool:
    wanted, got = (float(number.replace(",", "").replace("−", "-")) for number in (stated, printed))
    mantissa, _, exponent = stated.partition("e")
    decimals = len(mantissa.partition(".")[2])
    if not decimals and not exponent and abs(wanted) < 100:
        return wanted == got
    last_digit = 10.0 ** (int(exponent or 0) - decimals)
    return abs(wanted - got) <= max(1.01 * last_digit, 0.01 * abs(wanted))


def wrong_outputs(text: str, name: str) -> list[str]:
    """What is wrong with the outputs that a page states, one sentence a block; none if all is right."""
    wrong = []
    for block, printed in run_page(text, name):
        if not is_same_output(block.output or "", printed):
            wrong.append(f"{name}, line {block.line}: the page states\n{block.output or '(nothing)'}\nbut printed was\n{printed}")
    return wrong


def with_outputs(text: str, name: str) -> str:
    """The page with the output of each of its blocks of Python; outputs that are right stay as they stand."""
    parts, start = [], 0
    for block, printed in run_page(text, name):
        if is_same_output(block.output or "", printed):
            continue
        parts += [text[start : block.end], f"\n```output\n{printed.rstrip()}\n```\n" if printed.strip() else ""]
        start = block.output_end
    return "".join([*parts, text[start:]])


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_outputs(page.read_text(encoding="utf-8"), str(page)), encoding="utf-8")
