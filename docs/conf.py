"""How the pages become a site: ``make docs``.  Its source is the whole tree, for pages everywhere name each other."""

project = "Motte"
copyright = "the Motte authors"
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "examples/**.md", "core/**.md", "guest/**.md"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]

html_theme = "furo"
html_title = "Motte"
html_copy_source = False

myst_heading_anchors = 3

autodoc_default_options = {"members": True, "inherited-members": "Exception,object,tuple,int,str"}
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
