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


def mark_examples(_app, _what, _name, _object, _options, lines):
    """Indented lines of a docstring are an example, as they are for people; without this they were a quotation."""
    marked, before = [], ""
    for line in lines:
        begins = line.startswith("    ") and not before.startswith((" ", "..")) and not before.endswith("::")
        if begins and marked and not marked[-1]:
            marked += [".. code-block:: python", ""]
        marked.append(line)
        before = line or before
    lines[:] = marked


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", mark_examples)


autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
