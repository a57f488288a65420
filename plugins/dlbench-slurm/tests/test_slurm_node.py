"""What a job says of units that it cannot run, without a SLURM."""

import socket
from pathlib import Path
from typing import Any

import pytest

from dlbench import DlbenchError, Selection, Settings, Trial, UnitLost, WorkUnit, event_from_json
from dlbench_slurm import node
from dlbench_slurm.mailbox import Reader, outbox

TRIAL = Trial(
    model=Selection("standard/mlp"),
    activation=Selection("standard/relu"),
    dataset=Selection("standard/digits"),
    scheduler=Selection("standard/constant"),
    optimizer=Selection("standard/sgd"),
    settings=Settings(),
    seed=0,
)


@pytest.mark.parametrize(
    ("error", "said"),
    [(DlbenchError("The disk is full.", "Free it."), "The disk is full"), (OSError("no memory"), "OSError: no memory")],
)
def test_a_node_that_cannot_run_a_unit_says_why_and_takes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(node, "run_guarded", fail)
    server = node._Server(tmp_path, 0, tmp_path, None)
    for _ in range(2):
        server._messages.put({"kind": "unit", "unit": WorkUnit(trials=(TRIAL,), attempt=2).to_json()})
    server._answer_all()
    event, over, bye = Reader(outbox(tmp_path, 0)).read()
    reason = f"{socket.gethostname()} could not run it ({said})"
    lost = UnitLost(trial_ids=(TRIAL.trial_id,), reason=reason, node=socket.gethostname(), attempt=2)
    assert event_from_json(event["event"]) == lost
    assert over == {"kind": "over"}
    assert bye == {"kind": "bye", "reason": reason, "unfit": True}
