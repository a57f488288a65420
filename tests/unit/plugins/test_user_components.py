"""Components of the user's own are found by file, module or object, and described without running them."""

import linecache
import re
from functools import partial
from pathlib import Path

import pytest

from dlbench.components.choice import Selection
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.plugins.registry import Registry
from dlbench.plugins.user_files import find_user_code

RAISES = "raise SystemExit('the parent process never runs this')\n"
ACTS = '''\
import math, helper
class Swish:
    """x times its sigmoid.

    More.
    """
    def __init__(self, beta: float = 1, *, slope=0.1, name: str | None = None, table={}, sizes=(1, 2)):
        pass
class Child(Swish):
    pass
def make(width: int):
    return Swish()
Other = make
'''


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    """The built-in plugins, in a folder with code."""
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acts.py").write_text(RAISES + ACTS)
    (tmp_path / "helper.py").write_text("import json, torch; import deeper\n")
    (tmp_path / "deeper.py").write_text("")
    (tmp_path / "broken.py").write_text("\ndef x(:\n")
    (tmp_path / "torch.py").write_text("")  # what is installed is meant by that name
    return Registry.load()


def select(registry: Registry, text: str, kind: str = "activations") -> Selection:
    return registry.select(kind, parse_reference(registry.canonical(kind, text)))


@pytest.mark.parametrize("text", ["./acts.py:Swish:beta=2", "acts:Swish:beta=2"])
def test_a_file_or_a_module_names_a_component_with_the_parameters_of_its_signature(
    registry: Registry, text: str
) -> None:
    chosen = select(registry, text)
    assert (chosen.text, chosen.short) == ("acts.py/Swish:beta=2", "Swish:beta=2")
    assert chosen.parameters == {"beta": 2.0, "slope": 0.1, "name": None, "sizes": (1, 2)}  # a table is no text
    assert registry.get("activations", chosen.name).record.summary == "x times its sigmoid."


def test_a_class_without_an_init_takes_what_its_base_takes(registry: Registry) -> None:
    assert select(registry, "./acts.py:Child:slope=0.5").changed == ("slope",)


def test_a_parameter_without_a_default_is_required(registry: Registry) -> None:
    with pytest.raises(DlbenchError, match="needs its parameter width"):
        select(registry, "./acts.py:make")
    assert select(registry, "./acts.py:make:width=3").parameters == {"width": 3}


def test_the_digest_covers_what_is_imported_from_the_same_folder_alone(registry: Registry, tmp_path: Path) -> None:
    code = find_user_code("./acts.py", tmp_path)
    assert sorted(code.files) == ["acts.py", "deeper.py", "helper.py"]
    before = code.digest
    (tmp_path / "deeper.py").write_text("1\n")
    assert find_user_code("./acts.py", tmp_path).digest != before


def test_a_file_of_a_package_brings_the_package(tmp_path: Path) -> None:
    (tmp_path / "package" / "inner").mkdir(parents=True)
    for name in ("__init__", "inner/__init__", "inner/acts", "other"):
        (tmp_path / "package" / f"{name}.py").write_text("")
    code = find_user_code("package/inner/acts.py", tmp_path)
    assert (code.name, code.module, len(code.files)) == ("acts.py", "package.inner.acts", 4)
    assert find_user_code("package.inner.acts", tmp_path).digest == code.digest


def test_a_package_is_found_from_within_it(tmp_path: Path) -> None:
    inner = tmp_path / "package" / "inner"
    inner.mkdir(parents=True)
    for name in ("__init__", "acts"):
        (tmp_path / "package" / f"{name}.py").write_text("")
    code, package = find_user_code("../acts.py", inner), find_user_code("../__init__.py", inner)
    assert (code.name, code.module, sorted(code.files)) == ("acts.py", "package.acts", sorted(package.files))
    assert (package.name, package.module) == ("package.py", "package")
    assert find_user_code("package/acts.py", tmp_path).digest == code.digest


def test_a_module_that_is_installed_comes_before_one_of_the_current_folder(registry: Registry, tmp_path: Path) -> None:
    code = find_user_code("torch.nn", tmp_path)
    assert code.installed
    assert not code.files
    assert select(registry, "torch.nn:Mish").short == "Mish"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("activations", "./acts.py:Swich", "no 'Swich' at its top level.*Did you mean Swish"),
        ("activations", "./act.py:Swish", "no file ./act.py.*Did you mean acts.py"),
        ("activations", "actz:Swish", "no module actz.*Name a file"),
        ("activations", "./acts.py:Swish:beat=1", "no parameter 'beat'.*Did you mean beta"),
        ("models", "./acts.py:make:width=1", "takes width; a model is made of input_shape, num_classes, activation"),
        ("activations", "./broken.py:Swish", r"broken\.py, line 2 is no valid Python"),
        ("executors", "./acts.py:make", "is no executor"),
        ("models", "mlp:hidden", "no model 'mlp:hidden'"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(registry: Registry, kind: str, text: str, message: str) -> None:
    with pytest.raises(DlbenchError) as error:
        registry.select(kind, parse_reference(text))
    assert re.search(message, f"{error.value.message} {error.value.hint}", re.DOTALL)


def test_two_files_of_one_name_cannot_be_compared(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "acts.py").write_text("class Swish: pass\n")
    select(registry, "./acts.py:Swish")
    with pytest.raises(DlbenchError, match=r"have one name, acts.py"):
        registry.select("activations", parse_reference("other/acts.py:Swish"))


def test_records_stand_in_for_code_that_is_gone(registry: Registry) -> None:
    trials = [
        {"activation": Selection("gone.py/Act", {"beta": beta, "slope": 0.1}, changed)}
        for beta, changed in ((1.0, ()), (2.0, ("beta",)))
    ]
    registry.user.stand_in(trials)
    assert select(registry, "gone.py/Act:beta=2").text == "gone.py/Act:beta=2"
    assert select(registry, "gone.py/Act").parameters == {"beta": 1.0, "slope": 0.1}
    registry.user.stand_in(())
    with pytest.raises(DlbenchError, match="no activation"):
        select(registry, "gone.py/Act")


CELL = '''
import json as js
from math import tau
SCALE = {"a": 1.5}
tensor = object()
x = tensor
def twice(x): return SCALE["a"] * x
@staticmethod
class Plain:
    def forward(self, x):
        """A local name hides one of the session."""
        return twice(x) + tau
class Child(Plain):
    def forward(self, y):
        return js.dumps(y)
class Uses:
    def forward(self, y):
        return y + tensor
class Empty:
    pass
'''.replace("@staticmethod\n", "")


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What a cell of a notebook defines: classes of `__main__` whose text only linecache has."""
    import __main__

    name = "<ipython-input-7>"
    monkeypatch.setitem(linecache.cache, name, (len(CELL), None, CELL.splitlines(keepends=True), name))
    for each in ("js", "tau", "SCALE", "tensor", "x", "twice", "Plain", "Child", "Uses", "Empty"):
        monkeypatch.setattr(__main__, each, None, raising=False)
    exec(compile(CELL, name, "exec"), vars(__main__))
    return vars(__main__)


def test_a_class_of_a_notebook_travels_with_what_it_names_and_no_more(
    registry: Registry, cell: dict[str, object]
) -> None:
    text = registry.user.text_of(cell["Child"])
    assert text == "Child.py/Child"
    (code,) = registry.user.codes(["Child.py"])
    defined: dict[str, object] = {}
    exec(code.files["Child.py"], defined)
    assert defined["Child"]().forward([1]) == "[1]"  # type: ignore[operator]
    assert defined["Plain"]().forward(2.0) == pytest.approx(3 + 6.283185307)  # type: ignore[operator]
    assert not defined.keys() & {"tensor", "Uses"}
    assert registry.user.text_of(partial(cell["Plain"])) == "Plain.py/Plain"  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["./acts.py", "./acts.py:", "./acts.py:Outer.Inner", "acts.py:power=2"])
def test_a_file_without_a_name_at_its_top_level_gets_how_code_is_named(registry: Registry, written: str) -> None:
    with pytest.raises(DlbenchError) as error:
        select(registry, written)
    assert "a class or function at its top level" in error.value.hint
    assert "acts.py:Name" in error.value.hint


def test_what_has_no_source_is_refused_with_the_way_out(registry: Registry, cell: dict[str, object]) -> None:
    for value, message in [
        (lambda x: x, "A lambda has no name"),
        (cell["Uses"], "Uses uses tensor of this session"),
        (cell["Empty"], "has no source.*./file.py:Empty"),
        (type("Made", (), {"__module__": "__main__"}), "has no source"),
        (len, "len is built in and has no source.*a class or function"),
        ([].append, "append is built in"),
        (partial(cell["Plain"], 1), "by position"),  # type: ignore[arg-type]
        (cell["Plain"](), "one object of Plain.*Pass the class: Plain"),  # type: ignore[operator]
    ]:
        with pytest.raises(DlbenchError) as error:
            registry.user.text_of(value)
        said = f"{error.value.message} {error.value.hint}"
        assert re.search(message, said, re.DOTALL), said
