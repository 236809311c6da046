"""Configuration of the documentation: `make docs` builds it into build/docs and accepts no warning."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import lamina

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "Lamina"
author = "The Lamina developers"
project_copyright = f"2026, {author}"
release = lamina.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas are drawn without a network, too
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "command_pages",
    "finding_list",
    "name_links",
    "page_lists",
    "picture_frames",
    "notebooks",
]
exclude_patterns = ["_extensions", "gallery/*.ipynb", "lecture/*.ipynb", "gallery/**/*.md5"]
nitpicky = True

# Types are in the docstrings, in words; signatures show names and defaults.
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# The pictures are trained while the pages are built: any warning in an example is an error, as in the tests.
warnings.filterwarnings("error", module="lamina")
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"__init__\.py|/data/",
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    "image_scrapers": ("matplotlib",),
    "within_subsection_order": "gallery_order.PicturesFirst",
}

html_theme = "pydata_sphinx_theme"
html_title = "Lamina"
html_static_path = ["_static"]
html_css_files = ["lamina.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {page: [] for page in ("index", "getting-started", "lecture/index", "command-line", "benchmarks")}
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": [],
    "header_links_before_dropdown": 8,
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "lecture/index": []},
    "navbar_end": ["search-button", "theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "pygments_light_style": "default",
}
html_context = {"default_mode": "light"}
