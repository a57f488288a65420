"""The command `dlbench`: its sub-commands, and how errors end it."""

import sys
from types import MappingProxyType
from typing import Annotated, Any

import typer

from dlbench.cli.completion.bash import whole_bash_words
from dlbench.cli.completion.zsh import zsh_apostrophes
from dlbench.cli.lazy import Lazy, LazyGroup
from dlbench.cli.options.spelling import option_name
from dlbench.cli.options.usage import UsageError, usage_error
from dlbench.cli.signals import exit_on_signals
from dlbench.cli.streams.encoding import replace_unencodable
from dlbench.cli.streams.errors import (
    UnexpectedError,
    as_dlbench_error,
    flush_stdout,
    interrupted_import,
    print_error,
    reader_has_left,
)
from dlbench.errors import describe_error
from dlbench.files import at_home


class Commands(LazyGroup):
    """The sub-commands of dlbench."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options; a shell replaces the ~ of --data-dir ~/x itself, but not that of --data-dir=~/x."""
        return super().parse_args(ctx, [_from_home(each) for each in args])

    def invoke(self, ctx: Any) -> Any:
        """Run a sub-command; errors in its options and arguments read like all others.

        So does a broken pipe that is not an output's, for which Typer would exit without a word.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            if reader_has_left():
                raise
            raise UnexpectedError(f"{describe_error(error)}, in the middle of the command.") from error
        except UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                raise
            raise usage_error(error) from None

    lazy = MappingProxyType(
        {
            "list": Lazy(
                "dlbench.cli.commands.list:list_components", "List components, metrics, experiments and plugins."
            ),
            "show": Lazy(
                "dlbench.cli.commands.show:show",
                "Show a component: its parameters, a model's layers, a schedule's or an activation's curve.",
            ),
            "compare": Lazy(
                "dlbench.cli.commands.compare:compare",
                "Train every combination with the same seeds and say which is better.",
            ),
            "run": Lazy(
                "dlbench.cli.commands.run:run",
                "Run an experiment: its variants, what was reported against what was measured, and its claims.",
            ),
            "spread": Lazy(
                "dlbench.cli.commands.spread:spread",
                "Show which source of randomness the spread of a result comes from, and what would make it smaller.",
            ),
            "confirm": Lazy(
                "dlbench.cli.commands.confirm:confirm",
                "Repeat a run's comparison once, on seeds never used, and say which verdicts and claims hold.",
            ),
            "replay": Lazy(
                "dlbench.cli.commands.replay:replay",
                "Run what a manifest holds once more, on this machine, and say what differs: environment, numbers, "
                "verdicts.",
            ),
            "submit": Lazy(
                "dlbench.cli.commands.submit:app",
                "Submit a command to a batch system, as an array job whose tasks share one run folder.",
            ),
            "plot": Lazy("dlbench.cli.commands.plot:plot", "Draw a run's figures to files."),
            "report": Lazy(
                "dlbench.cli.commands.report:report",
                "Write a run as one HTML page, or several as a site: verdicts, figures, claims, provenance.",
            ),
            "serve": Lazy(
                "dlbench.cli.commands.serve:serve",
                "Show runs as pages in a browser on this machine, live while they go on.",
            ),
            "results": Lazy(
                "dlbench.cli.commands.results.app:app",
                "Show, export, repair, merge and remove the results of earlier runs.",
            ),
            "data": Lazy("dlbench.cli.commands.data:app", "List, fetch, verify and remove data sets."),
            "plugins": Lazy("dlbench.cli.commands.plugins.app:app", "List, create, check, install and remove plugins."),
            "bench": Lazy(
                "dlbench.cli.commands.bench:bench",
                "Measure the speed and the cost of combinations: forward, backward, whole steps, evaluation.",
            ),
            "doctor": Lazy(
                "dlbench.cli.commands.doctor:doctor",
                "Examine this machine, the plugins and the folders; exit with 1 if something is broken.",
            ),
        }
    )


def _from_home(argument: str) -> str:
    option, _, value = argument.partition("=")
    return f"{option}={at_home(value)}" if option.startswith("--") and value.startswith("~") else argument


app = typer.Typer(
    cls=Commands,
    name="dlbench",
    help="Compare deep-learning components and say how sure the answer is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": option_name},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"dlbench {metadata.version('dlbench')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Compare deep-learning components and say how sure the answer is."""


def main() -> None:
    """Run the command line; errors are printed as sentences, with a traceback only with --debug."""
    replace_unencodable()
    try:
        with exit_on_signals(), flush_stdout(), whole_bash_words(), zsh_apostrophes():
            app(prog_name="dlbench")  # however it was started: completion depends on the name
    except BrokenPipeError:  # the reader, as `head`, has closed the pipe
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if interrupted_import(error):
            raise KeyboardInterrupt from None
        failure = as_dlbench_error(error)
        print_error(failure)
        sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
