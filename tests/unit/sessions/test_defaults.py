from dataclasses import fields

import pytest

from dlbench.plans.config import SESSION, Config
from dlbench.plans.plan import Request
from dlbench.plans.spread import Spread
from dlbench.plugins.registry import Registry
from dlbench.sessions.defaults import with_defaults
from dlbench.sessions.options import Options

CONFIG = Config(seeds=5, judging={"metric": "val_acc", "margin": 0.5, "alpha": 0.01}, session={"jobs": 2, "timeout": 9})


def test_what_nobody_said_comes_from_the_file(registry: Registry) -> None:
    request, options = with_defaults(Request(), Options(), CONFIG, registry)
    assert request.seeds == 5
    assert request.judging == {"metric": "validation_accuracy", "margin": 0.5, "alpha": 0.01}
    assert (options.jobs, options.timeout) == (2, 9)


def test_what_the_user_said_wins(registry: Registry) -> None:
    asked = Request(seeds=[0, 1], judging={"alpha": 0.1, "margin": 1.0})
    request, options = with_defaults(asked, Options(jobs=1, given=frozenset({"jobs"})), CONFIG, registry)
    assert request.seeds == [0, 1]
    assert request.judging == {"metric": "validation_accuracy", "margin": 1.0, "alpha": 0.1}
    assert (options.jobs, options.timeout) == (1, 9)


@pytest.mark.parametrize("name", SESSION)
def test_a_default_that_the_user_says_wins_over_the_files(registry: Registry, name: str) -> None:
    default = getattr(Options(), name)
    file = Config(session={name: "another"})
    said = Options(given=frozenset({name}))
    assert getattr(with_defaults(Request(), said, file, registry)[1], name) == default
    assert getattr(with_defaults(Request(), Options(), file, registry)[1], name) == "another"


@pytest.mark.parametrize("metric", ["val_acc", "validation_accuracy", "Validation-Accuracy"])
def test_a_files_margin_holds_for_its_metric(registry: Registry, metric: str) -> None:
    request, _ = with_defaults(Request(judging={"metric": metric}), Options(), CONFIG, registry)
    assert request.judging["margin"] == 0.5


def test_a_files_margin_is_not_that_of_another_metric(registry: Registry) -> None:
    request, _ = with_defaults(Request(judging={"metric": "test_loss"}), Options(), CONFIG, registry)
    assert request.judging == {"metric": "test_loss", "alpha": 0.01}


def test_an_experiment_keeps_its_seeds_and_criteria(registry: Registry) -> None:
    request, options = with_defaults(Request(experiment="a/b"), Options(), CONFIG, registry)
    assert (request.seeds, dict(request.judging)) == (None, {})
    assert options.jobs == 2


def test_every_default_of_a_session_is_one_of_its_options() -> None:
    assert {*SESSION} <= {each.name for each in fields(Options)}


def test_a_spread_has_as_many_seeds_as_backgrounds_whatever_a_file_says(registry: Registry) -> None:
    request, _ = with_defaults(Request(spread=Spread()), Options(), CONFIG, registry)
    assert request.seeds is None
