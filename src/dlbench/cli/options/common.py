"""Arguments and options that several commands declare alike."""

from pathlib import Path
from typing import Annotated

import typer

from dlbench.cli.completion.offers import complete_runs
from dlbench.cli.options.values import folder

Run = Annotated[
    str,
    typer.Argument(help="A run's name, or the path of its folder.", metavar="RUN", autocompletion=complete_runs),
]
ComparisonNumber = Annotated[
    int | None,
    typer.Option(
        "--comparison", metavar="N", help="An earlier comparison of the folder, by its number. Default: the last."
    ),
]
ResultsDir = Annotated[
    Path | None,
    typer.Option(
        "--results-dir",
        parser=folder,
        metavar="PATH",
        help="Folder of all runs, else DLBENCH_RESULTS_DIR, else ./results.",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", parser=folder, metavar="PATH", help="Folder of data sets, else DLBENCH_DATA_DIR, else a cache."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE.toml",
        help="Write what is compared as an experiment file too; with --dry-run, only that.",
        rich_help_panel="Experiment file",
    ),
]
