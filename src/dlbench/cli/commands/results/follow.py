"""`dlbench results show --follow`: the trials of a run as they end, in whichever process."""

import time
from typing import TYPE_CHECKING

from dlbench.cli.streams.console import errors
from dlbench.errors import DlbenchError

if TYPE_CHECKING:
    from dlbench.runs.folder import RunFolder

#: Seconds between two looks.
_PATIENCE = 0.5


def follow(folder: "RunFolder") -> None:
    """Print a line for each trial that ends, on standard error, until nobody is at work in the folder.

    Ctrl-C ends it too; whoever computes there does not notice.
    """
    from dlbench.runs.peers import at_work

    if not at_work(folder.path):
        errors().print("Nobody is at work in this run.")
        return
    try:
        while at_work(folder.path):
            _tell(folder)
            time.sleep(_PATIENCE)
        _tell(folder)
    except KeyboardInterrupt:
        errors().print("No longer following; the run goes on.")
    if not folder.path.exists():
        raise DlbenchError(f"{folder.path} is gone: it was moved or deleted meanwhile.")


def _tell(folder: "RunFolder") -> None:
    from dlbench.report.terminal.progress import outcome_in_words

    new = folder.refresh()
    plan = folder.manifest.plan if folder.manifest else {"variants": (), "seeds": ()}
    labels = {variant["variant_id"]: variant["label"] for variant in plan["variants"]}
    total = len(plan["variants"]) * len(plan["seeds"]) + len(plan.get("noise_floor", ()))
    done = len(folder.records) - len(new)
    for number, record in enumerate(new, start=done + 1):
        label = labels.get(record.trial.variant_id, record.trial_id)
        line = f"[{number}/{total}] {label} seed {record.trial.seed}: {outcome_in_words(record)}"
        errors().print(line, soft_wrap=True)
