"""How Sphinx builds this site: `make docs`, strictly and without a network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import harness  # noqa: E402  (the paths come first)

project = "nas-search-harness"
project_copyright = "the authors of nas-search-harness; Apache-2.0"
release = version = harness.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
python_use_unqualified_type_names = True

smartquotes = False  # options begin with two dashes

nitpicky = True
nitpick_ignore_regex = [("py:class", r"(numpy|collections\.abc)\..*")]  # other projects, whose pages are not fetched

html_theme = "furo"
html_title = "nas-search-harness"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"light_css_variables": {"code-font-size": "75%"}}  # a page of output is 100 columns wide
