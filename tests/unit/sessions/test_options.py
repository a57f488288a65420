"""The options of a session, declared once for the command line and for the Python interface."""

from dataclasses import fields

import pytest

from dlbench.runs.folder import RunFolder
from dlbench.sessions.options import AGAIN, WHERE, Options, Outcome

OFFERED = [each for each in fields(Options) if each.metadata]


def test_every_field_that_users_set_has_a_help_text_and_a_group():
    assert [each.name for each in fields(Options) if not each.metadata] == [
        "confirm",
        "check",
        "command",
        "only_code",
        "facts",
        "given",
    ]
    assert all(each.metadata["help"].endswith(".") and each.metadata["group"] in (WHERE, AGAIN) for each in OFFERED)


def test_metadata_have_no_keys_but_those_that_are_documented():
    assert {key for each in OFFERED for key in each.metadata} == {"help", "group", "metavar", "minimum", "flags"}


@pytest.mark.parametrize(
    ("statuses", "interrupted", "code"),
    [(["done", "diverged"], False, 0), (["done", "failed"], False, 1), (["done"], True, 130), ([], False, 0)],
)
def test_the_exit_code_says_whether_trials_failed_or_the_session_was_interrupted(
    tmp_path, make_record, statuses, interrupted, code
):
    records = tuple(make_record(seed=seed, status=status) for seed, status in enumerate(statuses))
    run = RunFolder(tmp_path)
    outcome = Outcome(run=run, plan=None, records=records, computed=len(records), interrupted=interrupted)
    assert outcome.exit_code == code
