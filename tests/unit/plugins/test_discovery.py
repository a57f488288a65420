from collections.abc import Callable

import pytest
from packaging.requirements import Requirement

from dlbench.errors import ContractError, DlbenchError
from dlbench.plugins.discovery import PluginProblem, load_plugins
from dlbench.plugins.importing import resolve_factory
from dlbench.plugins.registry import Registry
from dlbench.plugins.requirements import in_range

Install = Callable[..., None]

HEALTHY = """
    from dlbench import Activation, hookimpl

    @hookimpl
    def dlbench_activations():
        return [Activation(name="snake", factory="dlbench_snake.snake:Snake", defaults={"a": 1.0})]
"""
NO_HOOKS = "x = 1"
NEEDS_PICTURES = "no-such-library; extra == 'pictures'\nProvides-Extra: pictures"


def loaded(install: Install) -> list[PluginProblem]:
    """Load everything beside a healthy plugin, and see that it and the built-in ones work on."""
    install("zz-healthy", HEALTHY)
    registry = Registry.load()
    names = {entry.name for entry in registry.entries("activations")}
    assert {"zz-healthy/snake", "standard/relu"} <= names
    assert {"standard", "torchvision", "zz-healthy"} <= registry.plugins.by_name.keys()
    return registry.plugins.problems


def test_a_plugin_of_one_module_is_found_by_its_entry_point(install: Install) -> None:
    assert loaded(install) == []
    plugin = load_plugins().by_name["zz-healthy"]
    assert (plugin.distribution, plugin.version, plugin.built_in) == ("dlbench-zz-healthy", "1.2", False)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import there_is_no_such_module", ["ModuleNotFoundError", "there_is_no_such_module"]),
        ("from dlbench import Modell", ["ImportError", "Modell"]),
        ("def broken(:", ["SyntaxError"]),
        ("1 / 0", ["ZeroDivisionError"]),
        ("import sys; sys.exit(3)", ["SystemExit"]),
        ("raise BaseException('panic')", ["panic"]),
        (
            "from dlbench import Activation\nActivation(name='Snake', factory='a:b')",
            ["Invalid component name 'Snake'"],
        ),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_named_once_with_its_distribution(
    install: Install, source: str, words: list[str]
) -> None:
    install("broken", source)
    (problem,) = loaded(install)
    assert (problem.plugin, problem.distribution) == ("broken", "dlbench-broken")
    assert all(word in problem.reason for word in words)
    assert "pip uninstall dlbench-broken" in problem.remedy
    assert str(problem).count("dlbench-broken") >= 1


@pytest.mark.parametrize("value", ["no_such_module_of_it", "???", "one two"])
def test_an_entry_point_that_names_no_module_is_a_problem_of_its_plugin(install: Install, value: str) -> None:
    install("broken", value=value)
    (problem,) = loaded(install)
    assert problem.distribution == "dlbench-broken"
    assert value in problem.reason


def test_what_a_plugin_prints_when_imported_is_kept_from_the_output_and_named(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("talker", "print('hello from a plugin')")
    (problem,) = loaded(install)
    assert problem.distribution == "dlbench-talker"
    assert "'hello from a plugin'" in problem.reason
    assert "It works nevertheless" in problem.remedy
    assert "talker" in load_plugins().by_name
    assert capsys.readouterr() == ("", "")


def test_a_plugin_that_takes_long_to_import_is_named_and_works(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("sleepy", NO_HOOKS)
    clock = iter(range(0, 1000, 6))  # six seconds between any two looks
    monkeypatch.setattr("dlbench.plugins.discovery.perf_counter", lambda: next(clock))
    plugins = load_plugins()
    (problem,) = [problem for problem in plugins.problems if problem.plugin == "sleepy"]
    assert "it took 6 seconds to import" in problem.reason
    assert "pip uninstall dlbench-sleepy" in problem.remedy
    assert "sleepy" in plugins.by_name


@pytest.mark.parametrize(
    ("requires", "module", "remedy"),
    [
        ("no-such-library>=1; extra == 'pictures'", "no_such_library.deep", "pip install 'dlbench-needy[pictures]'"),
        ("no-such-library>=1", "no_such_library", "pip install 'no-such-library>=1'"),
        ("other>=1; extra == 'pictures'", "no_such_module", "pip install 'dlbench-needy[pictures]'"),
        ("other>=1", "no_such_module", "pip install -U dlbench-needy"),
    ],
)
def test_what_is_missing_is_said_as_what_to_install(install: Install, requires: str, module: str, remedy: str) -> None:
    extras = "\nProvides-Extra: pictures" if "extra" in requires else ""
    install("needy", f"import {module}", requires=requires + extras)
    (problem,) = loaded(install)
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    "source",
    [
        "from dlbench import Modell",
        "from dlbench import Model\nModel(name='a', factory='a:b', colour='red')",
    ],
)
def test_one_that_was_made_for_another_dlbench_is_told_to_update_both(install: Install, source: str) -> None:
    install("modern", source)
    (problem,) = loaded(install)
    assert "pip install -U dlbench dlbench-modern" in problem.remedy


def test_a_factory_that_misses_a_library_says_what_to_install(install: Install) -> None:
    source = """
        from dlbench import Activation, hookimpl

        @hookimpl
        def dlbench_activations():
            return [Activation(name="needy", factory="fake_dlbench_needy_parts:Needy")]
    """
    install("parts", "import no_such_library", distribution="dlbench-needy-parts", requires=NEEDS_PICTURES)
    install("needy", source)
    record = Registry.load().get("activations", "needy").record
    with pytest.raises(ContractError, match=r"pip install 'dlbench-needy-parts\[pictures\]'"):
        resolve_factory(record)


@pytest.mark.parametrize("value", ["1", "yes"])
def test_strict_plugins_turn_a_fault_into_an_error(
    install: Install, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DLBENCH_STRICT_PLUGINS", value)
    install("broken", "1 / 0")
    with pytest.raises(DlbenchError, match="dlbench-broken") as caught:
        load_plugins()
    assert "DLBENCH_STRICT_PLUGINS" in caught.value.hint
    assert load_plugins(strict=False).problems


@pytest.mark.parametrize("value", ["", "0"])
def test_strictness_can_be_switched_off(install: Install, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DLBENCH_STRICT_PLUGINS", value)
    install("broken", "1 / 0")
    assert len(load_plugins().problems) == 1


def test_strict_plugins_turn_a_hooks_fault_into_an_error_when_it_is_called(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLBENCH_STRICT_PLUGINS", "1")
    install("broken", "from dlbench import hookimpl\n@hookimpl\ndef dlbench_models():\n    1 / 0")
    registry = Registry.load()
    assert registry.entries("activations")
    with pytest.raises(DlbenchError, match="dlbench_models raised ZeroDivisionError"):
        registry.entries("models")


def test_each_problem_is_news_once(install: Install) -> None:
    install("broken", "1 / 0")
    install("raiser", "from dlbench import hookimpl\n@hookimpl\ndef dlbench_models():\n    1 / 0")
    plugins = load_plugins()
    assert [problem.plugin for problem in plugins.take_new_problems()] == ["broken"]
    Registry(plugins).entries("models")
    assert [problem.plugin for problem in plugins.take_new_problems()] == ["raiser"]
    assert plugins.take_new_problems() == []


def test_what_a_hook_prints_does_not_reach_standard_output(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    source = """
        from dlbench import hookimpl

        @hookimpl
        def dlbench_models():
            print("hello from a hook")
            yield from ()
    """
    install("talker", source)
    Registry.load().entries("models")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "hello from a hook\n")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("dlbench_activation()", ["no hook dlbench_activation", "dlbench_activations"]),
        ("dlbench_vetoes(trial)", ["no hook dlbench_vetoes", "dlbench_veto"]),
        ("dlbench_veto(trial, plan)", ["dlbench_veto", "plan"]),
        ("dlbench_models(registry)", ["dlbench_models", "registry"]),
    ],
)
def test_a_hook_that_does_not_fit_its_specification_is_named(install: Install, function: str, words: list[str]) -> None:
    install("misfit", f"from dlbench import hookimpl\n@hookimpl\ndef {function}:\n    return []")
    (problem,) = loaded(install)
    assert problem.distribution == "dlbench-misfit"
    assert all(word in problem.reason for word in words)


def test_a_misspelt_hook_gets_the_nearest_name(install: Install) -> None:
    install("misfit", "from dlbench import hookimpl\n@hookimpl\ndef dlbench_optimisers():\n    return []")
    (problem,) = loaded(install)
    assert "Did you mean dlbench_optimizers" in problem.reason


def test_a_function_that_is_no_hook_may_have_any_name(install: Install) -> None:
    install("helpful", "def dlbench_helper(anything):\n    return anything")
    assert loaded(install) == []


def test_a_hook_may_leave_arguments_out(install: Install) -> None:
    install("brief", "from dlbench import hookimpl\n@hookimpl\ndef dlbench_veto():\n    return 'never'")
    assert loaded(install) == []
    answers = {plugin.name: answer for plugin, answer in load_plugins().call("dlbench_veto", trial=object())}
    assert answers["brief"] == "never"


@pytest.mark.parametrize("name", ["Snake", "1snake", "sna_ke", "-snake", "sna ke"])
def test_a_plugin_of_a_bad_name_is_left_out_unread(install: Install, name: str) -> None:
    install(name, "raise RuntimeError('imported')")
    (problem,) = loaded(install)
    assert problem.plugin == name
    assert "lowercase letters, digits and hyphens" in problem.reason
    assert "imported" not in problem.reason


@pytest.mark.parametrize("name", ["standard", "torchvision"])
def test_a_plugin_cannot_take_a_built_in_plugins_name(install: Install, name: str) -> None:
    install(name, "raise RuntimeError('imported')")
    (problem,) = loaded(install)
    assert problem.distribution == f"dlbench-{name}"
    assert f"already named {name}" in problem.reason


def test_of_two_distributions_with_one_plugin_name_one_works(install: Install) -> None:
    install("snake", HEALTHY)
    install("snake", HEALTHY, distribution="dlbench-adder")
    (problem,) = loaded(install)
    plugin = load_plugins().by_name["snake"]
    assert {plugin.distribution, problem.distribution} == {"dlbench-snake", "dlbench-adder"}
    assert "already named snake" in problem.reason
    assert [problem.distribution for problem in load_plugins().problems] == [problem.distribution]


def test_a_plugin_that_needs_a_newer_dlbench_is_not_imported(install: Install) -> None:
    install("modern", "raise RuntimeError('imported')", requires="dlbench>=99")
    (problem,) = loaded(install)
    assert problem.distribution == "dlbench-modern"
    assert "needs dlbench>=99" in problem.reason
    assert "dlbench>=99" in problem.remedy
    assert "imported" not in problem.reason


@pytest.mark.parametrize(
    "requires",
    [
        "dlbench",
        "dlbench>=0.0.1",
        "dlbench (<99)",
        "dlbench-other>=99",
        "dlbench>=99 ; extra == 'future'",
        "dlbench>=99 ; python_version < '3'",
    ],
)
def test_a_plugin_whose_needs_are_met_is_loaded(install: Install, requires: str) -> None:
    install("content", NO_HOOKS, requires=requires)
    assert loaded(install) == []


@pytest.mark.parametrize("requires", ["Dlbench>=99", "dlbench[parquet]>=99", "dlbench<0.0.1"])
def test_a_need_may_be_spelt_in_every_way_that_pip_reads(install: Install, requires: str) -> None:
    install("modern", NO_HOOKS, requires=requires)
    (problem,) = loaded(install)
    assert "needs" in problem.reason


def test_a_need_that_cannot_be_read_is_a_problem_of_its_plugin(install: Install) -> None:
    install("odd", NO_HOOKS, requires="dlbench >=>= 3")
    (problem,) = loaded(install)
    assert problem.distribution == "dlbench-odd"


def test_dlbench_plugins_narrows_what_is_loaded(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("one", "raise RuntimeError")
    install("two", NO_HOOKS)
    install("three", NO_HOOKS)
    monkeypatch.setenv("DLBENCH_PLUGINS", "two, three")
    plugins = load_plugins()
    assert list(plugins.by_name) == ["standard", "torchvision", "three", "two"]
    assert plugins.problems == []


def test_an_empty_dlbench_plugins_leaves_the_built_in_ones(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("one", NO_HOOKS)
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    assert list(load_plugins().by_name) == ["standard", "torchvision"]


def test_a_name_in_dlbench_plugins_that_is_not_installed_is_an_error(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("foundation", NO_HOOKS)
    monkeypatch.setenv("DLBENCH_PLUGINS", "standard,fundation")
    with pytest.raises(DlbenchError) as caught:
        load_plugins()
    assert "DLBENCH_PLUGINS" in caught.value.message
    assert "'fundation'" in caught.value.message
    assert "foundation" in caught.value.hint


def test_an_observer_that_raises_is_named_once_and_then_left_out(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    source = """
        import sys

        from dlbench import hookimpl

        @hookimpl
        def dlbench_run_finished(folder):
            print("called")
            sys.exit("no more")

        @hookimpl
        def dlbench_run_started(manifest):
            return "still here"
    """
    install("observer", source)
    plugins = load_plugins()
    for _ in range(3):
        assert list(plugins.call("dlbench_run_finished", folder="x")) == []
    assert capsys.readouterr().err == "called\n"
    (problem,) = plugins.problems
    assert problem.distribution == "dlbench-observer 1.2"
    assert "dlbench_run_finished" in problem.reason
    assert "no more" in problem.reason
    answers = {plugin.name: answer for plugin, answer in plugins.call("dlbench_run_started", manifest=None)}
    assert answers["observer"] == "still here"


def test_an_interrupt_in_a_plugin_is_the_users_own(install: Install) -> None:
    install("interrupted", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins()


@pytest.mark.parametrize("core", ["0.1", "0.1.0", "0.2.9", "0.3", "0.3.0", "1.0", "0.10", "0.0.9"])
@pytest.mark.parametrize(
    "requirement", ["dlbench>=0.1,<0.3", "dlbench<0.3,>=0.1", "dlbench >= 0.1.0", "dlbench<0.3.0", "dlbench>=0.1.0.0"]
)
def test_a_plain_range_is_read_as_packaging_reads_it(requirement: str, core: str) -> None:
    assert in_range(requirement, core) == Requirement(requirement).specifier.contains(core)


@pytest.mark.parametrize(
    "requirement", ["dlbench", "dlbench==0.1", "dlbench>=0.1; python_version>'3'", "dlbench-x>=0.1"]
)
def test_what_is_no_plain_range_is_left_to_packaging(requirement: str) -> None:
    assert not in_range(requirement, "0.1.0")
    assert not in_range("dlbench>=0.1", "0.2.dev1")
