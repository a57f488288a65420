"""What the user writes wins over dlbench.toml, also where it is what dlbench would do without either."""

import pytest

from dlbench.cli import run_session
from dlbench.errors import DlbenchError
from dlbench.plans.config import load_config
from dlbench.plans.plan import Plan
from dlbench.sessions.defaults import with_defaults

FILE = """
seeds = 5
metric = "test_loss"
margin = 1.5
alpha = 0.01
all_pairs = true
test = "independent"
executor = "elsewhere"
jobs = 2
max_time = 100
timeout = 9
checkpoint_every = 5
save_weights = true
step_losses = true

[settings]
epochs = 3
model = "linear"
"""
SAID = (
    *(
        "--seeds",
        "3",
        "--metric",
        "test_accuracy",
        "--margin",
        "0.2",
        "--alpha",
        "0.05",
        "--no-all-pairs",
        "--test",
        "paired",
    ),
    *("--executor", "local", "--checkpoint-every", "60", "--no-save-weights", "--no-step-losses"),
    *("--epochs", "10", "--model", "mlp"),
)


@pytest.fixture
def asked(dlbench, tmp_path, monkeypatch):
    """Return the request and the options of a command beside the file, and the texts of its settings."""

    def ask(*arguments):
        (tmp_path / "dlbench.toml").write_text(FILE, encoding="utf-8")
        found = []

        def run(request, options, registry, config, *_):
            from dlbench.plans.build import build

            found.extend(with_defaults(request, options, config, registry))
            found.append(build(found[0], registry, config.settings))
            raise DlbenchError("enough")

        monkeypatch.setattr(run_session, "run", run)
        assert dlbench("compare", *arguments).stderr.endswith("Error: enough\n")
        assert load_config(tmp_path).seeds == 5
        return found

    return ask


def test_the_defaults_of_dlbench_win_over_the_file_where_they_are_written(asked):
    request, options, plan = asked(*SAID)
    assert request.seeds == 3
    judging = {"metric": "test_accuracy", "margin": 0.2, "alpha": 0.05, "all_pairs": False, "test": "paired"}
    assert request.judging == judging
    assert (options.executor, options.checkpoint_every) == ("local", 60)
    assert (options.save_weights, options.step_losses) == (False, False)
    assert (options.jobs, options.max_time, options.timeout) == (2, 100, 9), "what is not said comes from the file"
    assert _of(plan) == ("standard/mlp", 10)


def test_what_is_not_written_comes_from_the_file(asked):
    request, options, plan = asked()
    assert request.seeds == 5
    assert request.judging == {
        "metric": "test_loss",
        "margin": 1.5,
        "alpha": 0.01,
        "all_pairs": True,
        "test": "independent",
    }
    assert (options.executor, options.save_weights, options.step_losses) == ("elsewhere", True, True)
    assert _of(plan) == ("standard/linear", 3)


def _of(plan: Plan) -> tuple[str, int]:
    trial = plan.trials[0]
    return trial.model.name, trial.settings.epochs
