"""Code of the user's own is written as a file or a module and a name, and travels as a record."""

from pathlib import PurePosixPath

import pytest

from dlbench.components.user_code import UserCode, beside, qualified_text, split_written


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("./acts.py:Swish", ("./acts.py", "Swish")),
        ("C:\\code\\acts.py:Swish", ("C:\\code\\acts.py", "Swish")),
        ("package.acts:Swish", ("package.acts", "Swish")),
        ("foundations/lenet5", None),
        ("image-folder:/data", None),
        ("C:\\photos.npz", None),
        ("relu", None),
    ],
)
def test_code_is_written_as_a_file_or_a_module_and_a_name(text: str, parts: tuple[str, str] | None) -> None:
    assert split_written(text) == parts


def test_a_written_component_has_its_files_name_in_the_place_of_a_plugins() -> None:
    assert qualified_text("../code/acts.py:Swish:beta=2") == "acts.py/Swish:beta=2"
    assert qualified_text("package.acts:Swish") == "acts.py/Swish"
    assert qualified_text("./package/__init__.py:Swish") == "package.py/Swish"
    assert qualified_text("../__init__.py:Swish") == "__init__.py/Swish"  # the text does not say what is above
    assert qualified_text("leaky-relu:negative_slope=0.1") == "leaky-relu:negative_slope=0.1"


def test_a_relative_file_is_looked_for_beside_the_file_that_names_it() -> None:
    folder = PurePosixPath("/papers")
    assert beside("./acts.py:Swish:beta=2", folder) == "/papers/acts.py:Swish:beta=2"
    assert beside("package.acts:Swish", folder) == "package.acts:Swish"
    assert beside("relu", folder) == "relu"


def test_the_digest_is_of_what_is_in_the_files_and_not_of_where_they_were() -> None:
    code = UserCode(name="a.py", module="a", files={"a.py": "x = 1\n"}, origin="/here/a.py")
    same = UserCode.from_json(code.to_json())
    assert same.digest == code.digest
    assert same.origin == ""
    assert UserCode(name="a.py", module="a", files={"a.py": "x = 2\n"}).digest != code.digest


@pytest.mark.parametrize("path", ["../a.py", "/etc/a.py", "a/../../b.py", "a.sh"])
def test_no_file_leads_out_of_the_folder_that_it_is_written_to(path: str) -> None:
    content = UserCode(name="a.py", module="a", files={path: ""}).to_json()
    with pytest.raises(ValueError, match="no place"):
        UserCode.from_json(content)
