"""The command `dlbench`: its sub-commands, and what becomes of an error."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from dlbench.cli import data, listing, plugins, results, running, showing
from dlbench.cli.console import errors
from dlbench.errors import DlbenchError

app = typer.Typer(
    name="dlbench",
    help="Compare deep-learning components and say how sure the answer is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(listing.list_components)
app.command("show")(showing.show)
app.command("compare")(running.compare)
app.add_typer(results.app, name="results")
app.add_typer(data.app, name="data")
app.add_typer(plugins.app, name="plugins")


def _print_version(wanted: bool) -> None:
    if wanted:
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
    """Run the command line; errors are sentences, and tracebacks only with --debug."""
    try:
        app()
    except DlbenchError as error:
        if "--debug" in sys.argv:
            raise
        console = errors()
        console.print(f"[bold red]Error:[/] {_escape(error.message)}", soft_wrap=True)  # a path stays in one piece
        if error.hint:
            console.print(_escape(error.hint), soft_wrap=True)
        sys.exit(error.exit_code)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
