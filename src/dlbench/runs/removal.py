"""Run folders removed: first renamed, under their lock, so that none is ever seen in part."""

from pathlib import Path

from dlbench.files import hide_folder, remove_folder, remove_hidden_folders, writing, writing_to
from dlbench.runs.peers import active_peers, alone_in, in_use


def check_removable(run: Path) -> None:
    """Raise DlbenchError if a session is active in a run folder."""
    if peers := active_peers(run):
        raise in_use(run, peers, "Wait until it ends.")


def remove_run(run: Path) -> None:
    """Remove a run folder with all that it holds; raise DlbenchError if a session is active there at that moment."""
    with writing(run), alone_in(run):
        hidden = hide_folder(run)
    with writing_to(hidden, f"{run} counts as removed; the next dlbench results rm or list removes the rest."):
        remove_folder(hidden)
    remove_hidden_folders(run.absolute().parent)
