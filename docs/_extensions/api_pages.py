"""Pages of the API reference: one a part of the package, one a public object, all from ``__all__``.

``docs/api/generated/<part>.rst`` lists what the part's ``__all__`` names and holds a page for each of them. An object that two
parts name is described where it is defined, and linked from the other.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pydoc import locate
from types import ModuleType
from typing import Any

from docutils import nodes
from page_lists import PageList
from sphinx.application import Sphinx

import lamina
from lamina.activations import Activation

INDEX = Path(__file__).parents[1] / "api" / "index.md"


@dataclass(frozen=True)
class Entry:
    """A public name of a part, and where it is described: ``lamina.layers.Dense`` (its ``home``) also for ``lamina.Dense``."""

    name: str
    home: str
    value: object

    @property
    def role(self) -> str:
        if inspect.isclass(self.value):
            return "exc" if issubclass(self.value, BaseException) else "class"
        return "func" if inspect.isroutine(self.value) else "data"

    @property
    def summary(self) -> str:
        if self.role == "data":
            return " ".join(_comment_of(self)).strip()
        first = (inspect.getdoc(self.value) or "").split("\n\n")[0].replace("\n", " ")
        return "".join(escape_bars([re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"``\1``", first)]))


def parts() -> list[str]:
    """The public parts of the package that the index lists, such as ``lamina.layers``."""
    return sorted(part for part in re.findall(r"^generated/(lamina\.\S+)$", INDEX.read_text(encoding="utf-8"), re.MULTILINE))


def entries(part: str) -> list[Entry]:
    """What the part's ``__all__`` names, in alphabetical order."""
    module = importlib.import_module(part)
    names = sorted(getattr(module, "__all__", ()), key=str.lower)
    return [Entry(name, home_of(part, name, getattr(module, name)), getattr(module, name)) for name in names]


def home_of(part: str, name: str, value: object) -> str:
    """Where an object is described that ``part`` has under ``name``: in the part that defines it, if that names it too."""
    defined_in = str(getattr(value, "__module__", "")) if callable(value) else ""
    for length in (3, 2):
        definer = ".".join(defined_in.split(".")[:length])
        if definer in parts() and name in getattr(importlib.import_module(definer), "__all__", ()):
            return f"{definer}.{name}"
    return f"{part}.{name}"


def write_pages(folder: Path) -> None:
    """Write all pages; those that did not change are left alone, so that Sphinx need not read them again."""
    folder.mkdir(parents=True, exist_ok=True)
    pages: dict[str, str] = {}
    for part in parts():
        module = importlib.import_module(part)
        listed = entries(part)
        pages[part] = part_page(module, listed)
        pages.update({e.home: object_page(e) for e in listed if e.home == f"{part}.{e.name}"})
    pages["lamina"] = top_page()
    for stale in set(folder.glob("*.rst")) - {folder / f"{name}.rst" for name in pages}:
        stale.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def part_page(module: ModuleType, listed: list[Entry]) -> str:
    own = [e.home for e in listed if e.home == f"{module.__name__}.{e.name}"]
    lines = [*_title(module.__name__), f".. py:module:: {module.__name__}", "", f".. currentmodule:: {module.__name__}", ""]
    text = escape_bars((inspect.getdoc(module) or "").splitlines())
    return "\n".join([*lines, *text, "", *(_table(listed) if listed else ()), "", *_toctree(own)])


def top_page() -> str:
    listed = []
    for name in sorted(lamina.__all__, key=str.lower):
        value = getattr(lamina, name)
        listed.append(Entry(name, home_of("lamina", name, value), value))
    text = "Names that ``from lamina import …`` gives. Each is described under the part that defines it."
    return "\n".join([*_title("lamina"), text, "", *_table(listed), ""])


def object_page(entry: Entry) -> str:
    part, name = entry.home.rsplit(".", 1)
    directive = {"class": "autoclass", "exc": "autoexception", "func": "autofunction", "data": "data"}[entry.role]
    lines = [*_title(name), f".. currentmodule:: {part}", "", f".. {directive}:: {name}"]
    if entry.role == "class":
        lines += ["   :members:", "   :inherited-members: BaseEstimator, dict"]
    lines.append("")
    if entry.role == "data":
        lines += [*_description(entry), ""]
    return "\n".join(lines)


def _description(entry: Entry) -> Iterator[str]:
    """The comment above a module's data, and what is in it when it is a table of names."""
    for line in _comment_of(entry):
        yield f"   {line}"
    if not isinstance(entry.value, Mapping):
        yield f"\n   ``{entry.value!r}``"
        return
    yield from ("", "   .. list-table::", "      :widths: auto", "")
    for key, value in entry.value.items():
        yield f"      * - ``{key}``"
        yield from (f"        - {cell}" for cell in _cells(value))


def _cells(value: object) -> list[str]:
    """What a table of names says of one of them: a class or an object, or the formulas of an activation."""
    if isinstance(value, Activation):
        return [f"``{value.formula}``", f"``{value.derivative_formula}``", "saturates" if value.saturates else ""]
    return [_cell(value)]


def _cell(value: object) -> str:
    if inspect.isclass(value):
        return f":class:`~{home_of('', value.__name__, value)}`"
    return str(value) if isinstance(value, str) else f"``{value!r}``"


def _comment_of(entry: Entry) -> list[str]:
    """The ``#:`` lines above the assignment, wherever the part defines it."""
    from sphinx.pycode import ModuleAnalyzer

    part, name = entry.home.rsplit(".", 1)
    package = importlib.import_module(part)
    inner = [m.name for m in pkgutil.walk_packages(getattr(package, "__path__", []), f"{part}.")]
    for module in [part, *inner]:
        if inner and name not in vars(importlib.import_module(module)):
            continue
        comments = ModuleAnalyzer.for_module(module).find_attr_docs()
        if ("", name) in comments:
            return comments["", name]
    return []


def _title(text: str) -> list[str]:
    return [text, "=" * len(text), ""]


def _table(listed: list[Entry]) -> Iterator[str]:
    yield from (".. list-table::", "   :widths: auto", "")
    for entry in listed:
        yield f"   * - :{entry.role}:`~{entry.home}`"
        yield f"     - {entry.summary}"


def _toctree(pages: list[str]) -> list[str]:
    return [".. toctree::", "   :hidden:", "", *(f"   {page}" for page in pages), ""]


def skip_foreign(app: object, kind: str, name: str, value: object, skip: bool, options: object) -> bool | None:
    """Leave out what a class inherits from scikit-learn or Python: it is documented there."""
    module = getattr(value, "__module__", None) or getattr(getattr(value, "fget", None), "__module__", None)
    return True if isinstance(module, str) and not module.startswith("lamina") else None


def escape_bars(lines: list[str]) -> list[str]:
    """Docstrings write absolute values as in maths, ``|w|``, which reStructuredText would take for substitutions."""
    escaped, literal_indent = [], -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent <= literal_indent:
            literal_indent = -1
        is_code = literal_indent >= 0 or line.lstrip().startswith((">>>", "... "))
        parts = [line] if is_code else re.split(r"(``.*?``)", line)
        escaped.append("".join(part if is_code or part.startswith("``") else part.replace("|", r"\|") for part in parts))
        if line.rstrip().endswith("::"):
            literal_indent = indent
    return escaped


def prepare_docstring(app: object, kind: str, name: str, value: object, options: object, lines: list[str]) -> None:
    lines[:] = escape_bars(lines)


def resolve_internal(app: Sphinx, env: object, node: Any, text: nodes.Node) -> nodes.Node | None:
    """A reference to an object of the package that has no page stays plain text; one to nothing at all is still an error."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py" or not _exists(target, str(node.get("py:module"))):
        return None
    return text


def _exists(target: str, module: str) -> bool:
    candidates = [target, f"{module}.{target}"]
    return any(name.startswith("lamina") and locate(name) is not None for name in candidates)


class PartList(PageList):
    """The directive ``part-list``: pages of parts of the package, each with the first line of its module."""

    def link(self, page: str) -> str:
        return f"{{py:mod}}`{page.removeprefix('generated/')}`"

    def text(self, page: str) -> str:
        module = importlib.import_module(page.removeprefix("generated/"))
        return (inspect.getdoc(module) or "").split("\n")[0]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("part-list", PartList)
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "api" / "generated"), priority=100)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("autodoc-process-docstring", prepare_docstring, priority=100)  # before numpydoc
    app.connect("missing-reference", resolve_internal)
    return {"parallel_read_safe": True}
