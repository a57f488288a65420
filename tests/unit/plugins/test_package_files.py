"""What the text of a module imports, told without importing anything."""

import pytest

from dlbench.plugins.package_files import imported_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a", {"a"}),
        ("import os, helpers as h, a.b", {"os", "helpers", "a"}),
        ("import a.b.c as d,e  # and f", {"a", "e"}),
        ("import a, \\\n    b", {"a", "b"}),
        ("import a; import b", {"a", "b"}),
        ("    import ...\n    # as in: import .a", set()),  # a docstring
        ("try: import a\nexcept ImportError: from b import c", {"a", "b"}),
        ("def late():\n\tfrom a.b import (c,\n    d)\n\timport e", {"a", "e"}),
        ("from . import a\nfrom .b import c\nfrom ..d import e", set()),
        ("important = 1\nimport\n# import a", set()),
    ],
)
def test_every_module_of_an_import_is_named_by_its_top_level_package(text: str, names: set[str]) -> None:
    assert imported_names(text) == names
