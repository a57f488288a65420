"""Every trial of the committed runs has the identity that it was recorded with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dlbench.trials.trial_record import TrialRecord

RESULTS = Path(__file__).parents[3] / "results"
RUNS = sorted(path.parent for path in RESULTS.glob("*/journal"))


def lines(run: Path) -> list[bytes]:
    return [line for path in sorted((run / "journal").glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_the_committed_runs_are_there() -> None:
    assert len(RUNS) >= 34


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_every_recorded_identity_is_what_its_record_hashes_to(run: Path) -> None:
    contents = [json.loads(line) for line in lines(run)]
    assert contents
    assert [TrialRecord.from_json(content).trial_id for content in contents] == [
        content["trial_id"] for content in contents
    ]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_every_trial_belongs_to_a_variant_of_the_runs_plan(run: Path) -> None:
    plan = json.loads((run / "manifest.json").read_bytes())["plan"]
    planned = {variant["variant_id"] for variant in plan["variants"]}
    for search in plan.get("tuning", {}).get("searches", ()):
        planned |= {point["variant_id"] for points in search["candidates"].values() for point in points}
    records = [TrialRecord.from_json(json.loads(line)) for line in lines(run)]
    if "spread" in plan:  # one source at a time has another seed
        records = [replace(record, trial=replace(record.trial, stream_seeds={})) for record in records]
    assert {record.trial.variant_id for record in records if record.status != "vetoed"} <= planned
