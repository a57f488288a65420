import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from dlbench.components.records import KINDS, Model
from dlbench.components.spelling import plain
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.plugins.registry import SINGULAR, Registry, natural_key

Install = Callable[..., None]

DECLARES = """
    from dlbench import Activation, Model, Parameter, hookimpl

    @hookimpl
    def dlbench_models():
        return [{models}]
"""


def model(name: str, more: str = "") -> str:
    return f"Model(name={name!r}, factory='a.b:c', {more})"


def declares(*records: str) -> str:
    return DECLARES.format(models=", ".join(records))


def refused(registry: Registry, kind: str, text: str) -> DlbenchError:
    with pytest.raises(DlbenchError) as caught:
        registry.select(kind, parse_reference(text))
    assert caught.value.hint
    return caught.value


def test_every_kind_has_a_word_for_one_of_it() -> None:
    assert SINGULAR.keys() == KINDS.keys()


def test_a_qualified_name_always_names_one_component(registry: Registry) -> None:
    assert registry.get("activations", "standard/relu").name == "standard/relu"


def test_a_kind_is_the_class_of_its_records_or_its_name(registry: Registry) -> None:
    for kind, cls in KINDS.items():
        assert registry.entries(cls) == registry.entries(kind)
        assert all(type(entry.record) is cls for entry in registry.entries(cls))
    assert registry.get(Model, "mlp") == registry.get("models", "mlp")


def test_a_short_name_does_while_one_plugin_has_it(install: Install) -> None:
    install("foundations-test", declares(model("lenet-of-test")))
    assert Registry.load().get("models", "lenet-of-test").name == "foundations-test/lenet-of-test"


def test_a_short_name_of_two_plugins_is_answered_with_both_qualified_names(install: Install) -> None:
    install("one", declares(model("lenet-of-test")))
    install("two", declares(model("lenet-of-test")))
    registry = Registry.load()
    error = refused(registry, "models", "lenet-of-test")
    assert "Several plugins have a model 'lenet-of-test'" in error.message
    assert "one/lenet-of-test" in error.hint
    assert "two/lenet-of-test" in error.hint
    assert registry.get("models", "two/lenet-of-test").plugin.name == "two"


def test_a_built_in_component_wins_over_others_of_its_name(install: Install) -> None:
    install("stranger", declares(model("mlp")))
    registry = Registry.load()
    assert registry.get("models", "mlp").name == "standard/mlp"
    assert registry.get("models", "stranger/mlp").name == "stranger/mlp"


def test_an_experiments_own_plugin_is_looked_into_first(install: Install) -> None:
    install("one", declares(model("mlp"), model("lenet-of-test")))
    install("two", declares(model("lenet-of-test")))
    registry = Registry.load()
    assert registry.get("models", "mlp", prefer="one").name == "one/mlp"
    assert registry.get("models", "lenet-of-test", prefer="two").name == "two/lenet-of-test"
    assert registry.get("models", "linear", prefer="one").name == "standard/linear"


@pytest.mark.parametrize(
    ("kind", "name", "near", "word"),
    [
        ("activations", "rellu", "relu", "activation"),
        ("models", "resnet81", "resnet18", "model"),
        ("datasets", "mnits", "mnist", "data set"),
        ("schedulers", "cosin", "cosine", "schedule"),
        ("optimizers", "adamm", "adam", "optimizer"),
    ],
)
def test_an_unknown_name_gets_the_nearest_and_the_command_that_lists_all(
    registry: Registry, kind: str, name: str, near: str, word: str
) -> None:
    error = refused(registry, kind, name)
    assert f"There is no {word} {name!r}" in error.message
    assert "Did you mean" in error.hint
    assert near in error.hint
    assert f"dlbench list {kind}" in error.hint


def test_a_name_far_from_all_gets_the_command_that_lists_all(registry: Registry) -> None:
    assert refused(registry, "models", "zzzz").hint == "Type `dlbench list models` to see all."


def test_a_component_is_resolved_to_its_qualified_name_and_every_parameter(registry: Registry) -> None:
    chosen = registry.select("optimizers", parse_reference("sgd:momentum=0.9"))
    record = registry.get("optimizers", "sgd").record
    assert chosen.name == "standard/sgd"
    assert chosen.parameters.keys() == record.parameters.keys()
    assert chosen.parameters["momentum"] == 0.9
    assert chosen.changed == ("momentum",)
    assert (chosen.text, chosen.short) == ("standard/sgd:momentum=0.9", "sgd:momentum=0.9")


def test_a_parameter_written_with_its_default_is_the_component_without_it(registry: Registry) -> None:
    written = registry.select("activations", parse_reference("leaky-relu:negative_slope=1e-2"))
    assert written == registry.select("activations", parse_reference("leaky-relu"))
    assert written.text == "standard/leaky-relu"


def test_a_whole_number_written_for_a_default_of_a_number_is_the_same_component(install: Install) -> None:
    install("snakes", declares(model("snake", "parameters={'a': Parameter(1, type=float)}")))
    registry = Registry.load()
    written, bare = (registry.select("models", parse_reference(text)) for text in ("snake:a=1", "snake"))
    assert repr(written) == repr(bare)


def test_an_unknown_parameter_gets_the_nearest_and_all_accepted_ones(registry: Registry) -> None:
    error = refused(registry, "activations", "leaky-relu:slope=0.1")
    assert "leaky-relu has no parameter 'slope'" in error.message
    assert "negative_slope (a number" in error.hint
    assert "Did you mean negative_slope" in refused(registry, "activations", "leaky-relu:negativ_slope=0.1").hint


def test_a_component_without_parameters_says_so(registry: Registry) -> None:
    assert "It takes none" in refused(registry, "activations", "tanh:p=1").hint


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("models", "mlp:dropout=2", ["mlp:dropout", "out of range", "from 0 to 1"]),
        ("models", "mlp:hidden=128-big", ["mlp:hidden", "numbers joined by '-'"]),
        ("models", "mlp:hidden=0", ["mlp:hidden", "at least 1"]),
        ("optimizers", "sgd:nesterov=maybe", ["sgd:nesterov", "true or false"]),
    ],
)
def test_a_wrong_value_of_a_parameter_is_refused(registry: Registry, kind: str, text: str, words: list[str]) -> None:
    error = refused(registry, kind, text)
    assert all(word in str(error) for word in words)


def test_a_required_parameter_that_is_not_given_is_asked_for(registry: Registry) -> None:
    error = refused(registry, "datasets", "image-folder")
    assert "needs its parameter path" in error.message
    assert "image-folder:path=" in error.hint


def test_names_are_listed_built_in_first_then_by_plugin_in_natural_order(install: Install) -> None:
    install("aaa", declares(model("net18"), model("net9"), model("net101")))
    names = [entry.name for entry in Registry.load().entries("models")]
    mine = [name for name in names if name.startswith("aaa/")]
    assert mine == ["aaa/net9", "aaa/net18", "aaa/net101"]
    built_in = [name.startswith(("standard/", "torchvision/")) for name in names]
    assert built_in == sorted(built_in, reverse=True)


def test_numbers_in_names_sort_by_value() -> None:
    names = ["resnet18", "resnet9", "b1", "resnet101", "9net", "resnet", "a10", "10net", "a9-x"]
    assert sorted(names, key=natural_key) == [
        "9net",
        "10net",
        "a9-x",
        "a10",
        "b1",
        "resnet",
        "resnet9",
        "resnet18",
        "resnet101",
    ]


@pytest.mark.parametrize(
    ("pattern", "some", "others"),
    [
        ("resnet*", ["resnet18", "resnet152"], ["wide-resnet50-2", "mlp"]),
        ("torchvision/resnet1?", ["resnet18"], ["resnet101", "mlp"]),
        ("res", ["resnet18", "wide-resnet50-2"], ["mlp"]),
        ("standard/*", ["mlp", "linear"], ["resnet18"]),
        ("*", ["mlp", "resnet18"], []),
        ("nothing-like-it", [], ["mlp", "resnet18"]),
    ],
)
def test_patterns_find_by_short_or_qualified_name(
    registry: Registry, pattern: str, some: list[str], others: list[str]
) -> None:
    found = {entry.record.name for entry in registry.find("models", pattern)}
    assert set(some) <= found
    assert not found & set(others)


def problem_words(registry: Registry) -> list[str]:
    return [str(problem) for problem in registry.plugins.problems]


def test_a_name_twice_in_one_plugin_is_an_error_of_the_later_one(install: Install) -> None:
    install("twice", declares(model("net", "summary='first'"), model("net", "summary='second'"), model("other")))
    registry = Registry.load()
    assert registry.get("models", "twice/net").record.summary == "first"
    assert registry.get("models", "twice/other").name == "twice/other"
    (problem,) = problem_words(registry)
    assert "dlbench-twice" in problem
    assert "declares the model net twice" in problem


@pytest.mark.parametrize(
    ("record", "shown"),
    [("'lenet5'", "'lenet5'"), ("Activation(name='a', factory='b:c')", "Activation"), ("None", "None")],
)
def test_a_record_of_a_wrong_type_is_named_once_and_the_others_stay(install: Install, record: str, shown: str) -> None:
    install("odd", declares(model("first"), record, record, model("last")))
    registry = Registry.load()
    assert [entry.name for entry in registry.find("models", "odd/*")] == ["odd/first", "odd/last"]
    (problem,) = problem_words(registry)
    assert "dlbench-odd" in problem
    assert shown in problem
    assert "not a Model" in problem


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise RuntimeError('out of order')", ["dlbench_models", "RuntimeError: out of order"]),
        ("import torch_that_is_not_there", ["dlbench_models", "torch_that_is_not_there"]),
        ("raise SystemExit(2)", ["dlbench_models", "SystemExit"]),
        ("yield Model(name='fine', factory='a:b'); raise ValueError('half')", ["dlbench_models", "half"]),
        ("return Model(name='No Name', factory='a:b')", ["Invalid component name 'No Name'"]),
        ("return None", ["dlbench_models", "no list"]),
        ("return 'mlp'", ["dlbench_models", "no list"]),
        ("return Model(name='fine', factory='a:b')", ["dlbench_models", "no list"]),
    ],
)
def test_a_hook_that_fails_is_named_once_and_everything_else_works_on(
    install: Install, body: str, words: list[str]
) -> None:
    source = f"""
from dlbench import Activation, Model, hookimpl

@hookimpl
def dlbench_models():
    {body}

@hookimpl
def dlbench_activations():
    return [Activation(name="snake", factory="a:b")]
"""
    install("ailing", source)
    registry = Registry.load()
    for _ in range(2):
        assert registry.get("models", "mlp").name == "standard/mlp"
        assert registry.get("activations", "snake").name == "ailing/snake"
    (problem,) = problem_words(registry)
    assert "dlbench-ailing" in problem
    assert all(word in problem for word in words)


def test_a_plugin_whose_hooks_all_fail_is_named_once_for_each(install: Install) -> None:
    source = """
        from dlbench import hookimpl

        @hookimpl
        def dlbench_models():
            raise RuntimeError("one")

        @hookimpl
        def dlbench_activations():
            return ["a", "b"]
    """
    install("ailing", source)
    registry = Registry.load()
    for kind in (*KINDS, *KINDS):
        registry.entries(kind)
    assert len(problem_words(registry)) == 2


def test_an_iterator_of_records_does_as_well_as_a_list(install: Install) -> None:
    source = """
        from dlbench import Model, hookimpl

        @hookimpl
        def dlbench_models():
            yield Model(name="net", factory="a:b")
    """
    install("lazy", source)
    assert Registry.load().get("models", "lazy/net").record.name == "net"


def test_an_entry_cannot_be_changed(registry: Registry) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        registry.get("models", "mlp").plugin = None


@pytest.mark.parametrize("written", ["swish", "Swish", "SiLU", "torch.nn.SiLU", "standard/SILU"])
def test_a_component_is_found_by_every_spelling_and_alias(registry: Registry, written: str) -> None:
    assert registry.get("activations", written).name == "standard/silu"


def test_a_pattern_finds_aliases_too(registry: Registry) -> None:
    assert "silu" in [entry.record.name for entry in registry.find("activations", "Swish")]
    assert [entry.record.name for entry in registry.find("activations", "Leaky_R*")] == ["leaky-relu"]


def test_a_plugin_declares_aliases(install: Install) -> None:
    install(
        "foundations-test", declares(model("lenet-of-test", "aliases=('leunet-test:depth=3',), defaults={'depth': 5}"))
    )
    registry = Registry.load()
    assert registry.select("models", parse_reference("LeuNet_test")).parameters == {"depth": 3}
    assert registry.take_aliases() == {"LeuNet_test": "lenet-of-test:depth=3"}


def test_no_alias_is_the_name_or_the_alias_of_another_component(registry: Registry) -> None:
    for kind in KINDS:
        entries = [entry for entry in registry.entries(kind) if entry.plugin.built_in]
        names = [plain(entry.record.name) for entry in entries]
        aliases = [plain(parse_reference(alias).name) for entry in entries for alias in entry.record.aliases]
        assert len(set(aliases)) == len(aliases)
        assert not set(aliases) & set(names)


def test_a_path_given_as_a_data_set_is_answered_with_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos").mkdir()
    (tmp_path / "arrays.npz").touch()
    hints = {}
    for name in ("./my photos", "arrays.npz", "./nowhere", "standard/nowhere"):
        with pytest.raises(DlbenchError) as caught:
            Registry.load().get("datasets", name)
        hints[name] = caught.value.hint
    assert "--dataset 'image-folder:path=./my photos'" in hints["./my photos"]
    assert "--dataset npz:path=arrays.npz" in hints["arrays.npz"]
    assert hints["./nowhere"].endswith(str(tmp_path / "nowhere"))
    assert "path" not in hints["standard/nowhere"]
