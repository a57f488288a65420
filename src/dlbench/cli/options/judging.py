"""The options about verdicts, which every command that judges shares."""

from types import MappingProxyType
from typing import Annotated

import typer

from dlbench.cli.options.shared import share

_PANEL = "Verdicts"
OPTIONS = MappingProxyType(
    {
        "baseline": (
            Annotated[
                str | None,
                typer.Option(
                    metavar="LABEL", help="The variant to compare with. Default: the first.", rich_help_panel=_PANEL
                ),
            ],
            None,
        ),
        "metric": (
            Annotated[
                str | None,
                typer.Option(metavar="NAME", help="What is judged. Default: test_accuracy.", rich_help_panel=_PANEL),
            ],
            None,
        ),
        "margin": (
            Annotated[
                float | None,
                typer.Option(
                    min=0,
                    metavar="NUMBER",
                    help="A difference that does not matter, in points for accuracies. Default: 0.2 points.",
                    rich_help_panel=_PANEL,
                ),
            ],
            None,
        ),
        "alpha": (
            Annotated[
                float | None,
                typer.Option(
                    metavar="SHARE",
                    help="Chance of any false verdict in a table. Default: 0.05.",
                    rich_help_panel=_PANEL,
                ),
            ],
            None,
        ),
        "all_pairs": (
            Annotated[
                bool,
                typer.Option(
                    "--all-pairs", help="Judge each variant against each, with letters.", rich_help_panel=_PANEL
                ),
            ],
            False,
        ),
    }
)


with_judging = share(OPTIONS, "judging")
