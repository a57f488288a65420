"""The options about where and how trials run, which every command with trials shares."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.options.shared import share

if TYPE_CHECKING:
    from dlbench.sessions.options import Options

_PANEL = "Where and how it runs"
_RESUME = "What is computed again (by default, what is missing)"
#: By the names of live_session.Options, whose defaults they repeat; "yes" answers its confirm.
OPTIONS = MappingProxyType(
    {
        "name": (Annotated[str, typer.Option(help="The run folder's name.", rich_help_panel=_PANEL)], ""),
        "results_dir": (
            Annotated[
                Path | None,
                typer.Option(
                    help="Folder of all runs, else DLBENCH_RESULTS_DIR, else ./results.", rich_help_panel=_PANEL
                ),
            ],
            None,
        ),
        "data_dir": (
            Annotated[
                Path | None,
                typer.Option(help="Folder of data sets, else DLBENCH_DATA_DIR, else a cache.", rich_help_panel=_PANEL),
            ],
            None,
        ),
        "executor": (Annotated[str, typer.Option(help="Where trials run.", rich_help_panel=_PANEL)], "local"),
        "jobs": (
            Annotated[
                int | None, typer.Option(min=1, help="Trials at once. Default: one a core.", rich_help_panel=_PANEL)
            ],
            None,
        ),
        "max_time": (
            Annotated[
                float | None,
                typer.Option(min=0, metavar="SECONDS", help="End after this time.", rich_help_panel=_PANEL),
            ],
            None,
        ),
        "timeout": (
            Annotated[
                float | None,
                typer.Option(min=0, metavar="SECONDS", help="End a trial after this time.", rich_help_panel=_PANEL),
            ],
            None,
        ),
        "checkpoint_every": (
            Annotated[
                float,
                typer.Option(
                    min=0,
                    metavar="SECONDS",
                    help="How often a trial leaves a checkpoint to go on from; 0: never.",
                    rich_help_panel=_PANEL,
                ),
            ],
            60.0,
        ),
        "save_weights": (
            Annotated[
                bool, typer.Option("--save-weights", help="Keep each trial's selected weights.", rich_help_panel=_PANEL)
            ],
            False,
        ),
        "step_losses": (
            Annotated[
                bool,
                typer.Option("--step-losses", help="Keep the training loss of each step.", rich_help_panel=_PANEL),
            ],
            False,
        ),
        "accept_old": (
            Annotated[
                bool, typer.Option("--accept-old", help="Keep results of other versions.", rich_help_panel=_RESUME)
            ],
            False,
        ),
        "redo_stale": (
            Annotated[
                bool,
                typer.Option("--redo-stale", help="Compute results of other versions again.", rich_help_panel=_RESUME),
            ],
            False,
        ),
        "fresh": (
            Annotated[
                bool,
                typer.Option("--fresh", help="Start over; what is there is set aside.", rich_help_panel=_RESUME),
            ],
            False,
        ),
        "yes": (
            Annotated[bool, typer.Option("--yes", help="Do not ask about --fresh.", rich_help_panel=_RESUME)],
            False,
        ),
        "force": (
            Annotated[
                list[str] | None,
                typer.Option(
                    metavar="NAME", help="Compute a variant, or a trial_id, again. Repeatable.", rich_help_panel=_RESUME
                ),
            ],
            None,
        ),
        "reuse": (
            Annotated[
                bool,
                typer.Option(
                    "--reuse", help="Take trials of the same versions from other runs.", rich_help_panel=_RESUME
                ),
            ],
            False,
        ),
    }
)
with_session = share(OPTIONS, "session")


def to_options(session: Mapping[str, Any], **more: Any) -> "Options":
    """Return a session's options, those given on the command line before those given here."""
    from dlbench.cli.streams.console import confirm
    from dlbench.sessions.options import Options

    given = {**more, **session}
    if not given.pop("yes", False):
        given["confirm"] = confirm
    return Options(**given)
