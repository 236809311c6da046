"""A report: its content, which prints as text, and goes to a page and to JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lamina.files import atomic_write
from lamina.report.content import Content, Part
from lamina.report.html_writer import html_of
from lamina.report.json_writer import dict_of
from lamina.report.text_writer import text_of

__all__ = ["Report"]


@dataclass(frozen=True)
class Report(Content):
    """What is to say of a model; ``print`` gives it as text.

    Attributes
    ----------
    title : str
        What the model is.
    lead : str
        How good it is, in a sentence.
    facts : dict of str to str
        What is said at first sight: rows, epochs, parameters.
    parts : tuple of Part
        In the order in which they are read; :func:`report[key] <Report.__getitem__>` is one of them.

    Examples
    --------
    >>> from lamina.report import Words
    >>> report = Report("A model", "It is right.", {}, (Part("findings", "Findings", (Words("Nothing is wrong."),)),))
    >>> report.to_dict()["parts"]["findings"]["blocks"]
    [{'kind': 'words', 'text': 'Nothing is wrong.', 'tone': 'plain'}]
    """

    def __getitem__(self, key: str) -> Part:
        """The part of a key.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {part.key: part for part in self.parts}[key]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __str__(self) -> str:
        """The report as text, at most 100 characters wide where words can be broken."""
        return text_of(self)

    def __repr__(self) -> str:
        return f"<Report of {self.title!r}: {', '.join(part.key for part in self.parts)}>"

    def to_dict(self) -> dict[str, Any]:
        """The content as JSON-able values; numbers that are not finite are None."""
        return dict_of(self)

    def to_html(self) -> str:
        """The page: one file without a script, which asks for nothing else."""
        return html_of(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, all of it or nothing.

        Parameters
        ----------
        path : str or path
            Such as "report.html"; an existing file is replaced.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        page = self.to_html().encode("utf-8", "replace")
        with atomic_write(path) as file:
            file.write(page)
