"""Code that is the name of a public object, ``lamina.Dense`` or ``lamina.layers.Dense``, becomes a link to its page.

So does ``lamina lecture P9 …``, to the picture's page in the gallery.
"""

from __future__ import annotations

import re
from pathlib import Path

from api_pages import entries, home_of, parts
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

import lamina
from lamina.lecture import PICTURES


def homes() -> dict[str, str]:
    """Where each public name is described."""
    found = {f"{part}.{entry.name}": entry.home for part in parts() for entry in entries(part)}
    return found | {f"lamina.{name}": home_of("lamina", name, getattr(lamina, name)) for name in lamina.__all__}


def link_names(app: Sphinx, doctree: nodes.document) -> None:
    known = homes()
    examples = Path(app.srcdir) / "gallery"
    for literal in list(doctree.findall(nodes.literal)):
        if isinstance(literal.parent, nodes.reference | nodes.title | addnodes.pending_xref):
            continue
        text = literal.astext()
        picture = re.match(r"lamina lecture (P\d+)\b", text)
        if text in known:
            _link(literal, app.env.docname, "py", "obj", known[text])
        elif text in parts():
            _link(literal, app.env.docname, "py", "mod", text)
        elif picture and picture[1] in PICTURES and not app.env.docname.startswith("gallery/"):
            page = f"plot_{PICTURES[picture[1]].name}"
            if (examples / f"{page}.rst").exists():
                _link(literal, app.env.docname, "std", "doc", f"/gallery/{page}")


def _link(literal: nodes.literal, page: str, domain: str, kind: str, target: str) -> None:
    settings = {"refdoc": page, "refdomain": domain, "reftype": kind, "reftarget": target}
    xref = addnodes.pending_xref("", literal.deepcopy(), refexplicit=True, refwarn=True, **settings)
    literal.replace_self(xref)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", link_names)
    return {"parallel_read_safe": True}
