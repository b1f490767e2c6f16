"""How `make docs` builds the site. What the README and CONTRIBUTING say is included
from there, and the reference is made of the docstrings: each fact stays in one place.

Nothing here needs the network: no inventories of other projects, no fonts or scripts
from elsewhere.
"""

import fastadd

project = "fastadd"
author = "the fastadd authors"
version = release = fastadd.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_design"]

# `add` within a docstring is a link, `out` is not: it is what can be imported.
default_role = "autolink"
# Names of other projects stay as they are, since their inventories are not asked.
nitpick_ignore_regex = [("py:obj", r"(numpy|threadpoolctl)(\..*)?")]
numpydoc_show_class_members = False

# Functions in the reference's table of contents as `add()`, not `fastadd.add()`.
toc_object_entries_show_parents = "hide"
# An example ends in a blank line for doctest, which readers need not see.
highlight_options = {"python": {"stripnl": True}}

myst_heading_anchors = 3  # each section has a link of its own
myst_enable_extensions = ["colon_fence"]  # cards
# A section of the README starts at its own level, under the title of another page.
suppress_warnings = ["myst.header"]

html_theme = "pydata_sphinx_theme"
html_title = f"fastadd {version}"
html_theme_options = {
    "logo": {"text": f"fastadd {version}"},
    "header_links_before_dropdown": 7,  # of nine: the rest is under "More"
    # Left, and a button for a search field: all fits one row.
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "footer_start": [],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_static_path = ["_static"]
html_css_files = ["site.css"]
# The header lists the parts. Those of several pages list these at the side; these are
# one page each, beside which nothing would stand.
ALONE = "index start coming-from api faq changelog genindex search"
html_sidebars = {page: [] for page in ALONE.split()}
# The source of a page would show its includes.
html_copy_source = False
html_show_sourcelink = False
