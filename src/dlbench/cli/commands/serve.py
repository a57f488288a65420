"""`dlbench serve`: the pages of runs, live while they go on, on this machine alone."""

from typing import Annotated

import typer

from dlbench.cli.completion.offers import complete_runs
from dlbench.cli.options.common import ResultsDir
from dlbench.cli.options.run_argument import runs_folder
from dlbench.cli.streams.console import errors, output
from dlbench.errors import DlbenchError

#: What a browser on this machine is told by default; nothing well-known has it.
_PORT = 8642


def serve(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run's name, or the path of its folder. Default: all runs.",
            metavar="RUN",
            autocompletion=complete_runs,
        ),
    ] = None,
    port: Annotated[int, typer.Option(metavar="N", help="Port on 127.0.0.1; 0: any that is free.")] = _PORT,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    results_dir: ResultsDir = None,
) -> None:
    """Show runs as pages in a browser on this machine, live while they go on.

    Until Ctrl-C. Nothing is written, and other machines cannot reach it. Verdicts appear when the plan allows them.
    """
    try:
        from dlbench.serve.server import serve as serve_pages
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise DlbenchError(
            "Serving pages needs Starlette and uvicorn.", "Type pip install 'dlbench[serve]'."
        ) from error
    from dlbench.runs.locations import run_path
    from dlbench.serve.watched_runs import WatchedFolder

    root = runs_folder(results_dir)
    folder = WatchedFolder(root, run_path(run, root).absolute() if run is not None else None)

    def started(url: str) -> None:
        output().print(url, soft_wrap=True)
        errors().print("Until Ctrl-C. Nothing is written, and other machines cannot reach it.")

    serve_pages(folder, port, started, browser=open_browser)
