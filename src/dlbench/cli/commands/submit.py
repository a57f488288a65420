"""`dlbench submit`: a command of dlbench as a job of a batch system, whose executor's plugin brings the command."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from dlbench.cli.lazy import Lazy, LazyGroup
from dlbench.cli.options.spelling import option_name
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.components.records import Executor
from dlbench.errors import ContractError, DlbenchError, suggest
from dlbench.plugins.registry import Registry

#: The commands that several processes can run in one folder at a time.
_SHARED = {
    "compare": Lazy("dlbench.cli.commands.compare:compare", ""),
    "run": Lazy("dlbench.cli.commands.run:run", ""),
}
#: What makes no sense in several tasks, or where one goes on after its limit, by the name of the option's value.
_ALONE = {"fresh": "--fresh", "dry_run": "--dry-run", "force": "--force"}
_EXAMPLE = "dlbench submit slurm --array 8 -- compare --activation relu,tanh"


class Submitters(LazyGroup):
    """The batch systems, as the records of the executors have them."""

    @cached_property
    def lazy(self) -> Mapping[str, Lazy]:  # type: ignore[override]  # known only once plugins are loaded
        """Return the commands by the names of executors."""
        registry = Registry.load()
        records = [entry.record for entry in registry.entries(Executor)]
        warn_of_problems(registry)
        return {record.name: Lazy(record.submit, f"{record.summary}.") for record in records if record.submit}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command of a batch system, once what it is to submit has been read."""
        name, *rest = args
        if name not in self.lazy:
            known = f"There is {', '.join(self.lazy)}." if self.lazy else "Install a plugin that does: dlbench-slurm."
            raise DlbenchError(f"Nothing submits to {name!r}.", suggest(name, self.lazy, known))
        if not {"--help", "-h"} & {*rest[: rest.index("--") if "--" in rest else None]}:
            args = [*args, *check_command(_after_dashes(rest))]
        try:
            return super().resolve_command(ctx, args)
        except (ImportError, AttributeError, ValueError) as error:
            message = f"{name}: its command {self.lazy[name].target} cannot be had: {error}"
            raise ContractError(message) from error


def _after_dashes(words: Sequence[str]) -> Sequence[str]:
    """Return the command that is submitted."""
    if "--" not in words and words:
        raise DlbenchError("There is no -- ahead of the command that is submitted.", f"Write, say: {_EXAMPLE}")
    return words[words.index("--") + 1 :] if words else ()


app = typer.Typer(
    cls=Submitters,
    help="Submit a command to a batch system, as an array job whose tasks share one run folder.\n\n"
    "Plugins bring the systems: with dlbench-slurm there is `dlbench submit slurm`, whose --help lists its options.",
    subcommand_metavar="SYSTEM [OPTIONS] -- COMMAND",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _submit() -> None:
    """Submit a command to a batch system, as an array job whose tasks share one run folder."""


def check_command(words: Sequence[str]) -> list[str]:
    """Raise an error for what is no command that the tasks of a job can share, before it waits in a queue.

    Return what to add to it, so that no task runs own code that was edited meanwhile.
    """
    name, *arguments = words or ("",)
    if name not in _SHARED:
        said = f"{name!r} is none of the commands" if name else "There is no command"
        shared = " and ".join(_SHARED)
        raise DlbenchError(f"{said} that tasks can share, which are {shared}.", f"Write, say: {_EXAMPLE}")
    command = _SHARED[name].load(name)
    context = command.make_context(f"dlbench {name}", arguments, token_normalize_func=option_name)
    for key, option in _ALONE.items():
        if context.params.get(key):
            raise DlbenchError(f"Tasks that share a folder cannot each have {option}.", f"Omit {option}.")
    return [word for code in _own_code(context) for word in ("--only-code", code)]


def _own_code(context: typer.Context) -> list[str]:
    """Return the user's own code that a command uses. Raises DlbenchError for what cannot be planned."""
    from dlbench.cli.options.groups import read_group
    from dlbench.cli.options.request import OVERRIDES, REQUEST
    from dlbench.plans.build import build
    from dlbench.plans.config import load_config
    from dlbench.sessions.defaults import with_defaults
    from dlbench.sessions.options import Options
    from dlbench.sessions.overridden import OverriddenExperiment
    from dlbench.sessions.staleness import own_code

    registry, config = Registry.load(), load_config(Path.cwd())
    if experiment := context.params.get("experiment"):
        request = OverriddenExperiment.of(experiment, read_group(OVERRIDES, context), registry).request
    else:
        request = read_group(REQUEST, context)
    request, _ = with_defaults(request, Options(), config, registry)
    return own_code(build(request, registry, config.settings), registry)
