"""Files of a run folder damaged anywhere: no reader crashes, no number shows that was not written, all else stays."""

import contextlib
import copy
import json
import math
import random
from dataclasses import replace

import pytest

from dlbench.analysis.convergence import convergence, find_target
from dlbench.analysis.per_class import per_class
from dlbench.analysis.summary import summarize, summary_table
from dlbench.analysis.verdicts import judge_run
from dlbench.components.metrics import Value
from dlbench.errors import DlbenchError
from dlbench.runs.answer_tables import read_answer_tables
from dlbench.runs.folder import RunFolder
from dlbench.runs.journal import read_journal
from dlbench.runs.journal_line import Unreadable, parse_line, record_line
from dlbench.runs.manifest import Manifest, read_manifest, read_whole_parts, write_manifest
from dlbench.runs.overview import overview
from dlbench.runs.repair import examine, repair
from dlbench.runs.tables import TABLE_DEFINITIONS, table, to_csv
from dlbench.runs.timing import seconds_per_trial
from dlbench.trials.diagnostics import DiagnosticsPlan, Reading
from dlbench.trials.outcomes import ImageOutcomes

#: How many damages each property gets in the default suite and in the slow one.
FEW, MANY = 60, {"journal": 2_500, "manifest": 1_500, "views": 1_000, "records": 5_000, "plans": 2_500, "doctor": 100}
ODD = [
    *(None, True, False, 0, -1, 1, 3.5, math.nan, math.inf, -math.inf, 1e308, 10**30, -(10**400), 2**63, -0.0),
    *("", "x", "done", "nan", "\ud800", [], [1], ["a"], [[]], [None], {}, {"a": 1}, {"name": []}),
]


def amounts(name):
    return [FEW, pytest.param(MANY[name], marks=pytest.mark.slow)]


@pytest.fixture
def records(make_record):
    about = {
        "log": "printed\n",
        "steps": (1.0, 0.5),
        "diagnostics": (Reading(1, "fc1", "gradient_norm", 1.5), Reading(3, "", "gradient_norm", 2.5)),
        "watched": {"standard/gradient-norm": (1, 3)},
        "outcomes": ImageOutcomes(images="abc", count=3, correct="oA=="),
    }
    return [
        make_record(name, seed, accuracy=0.5 + seed / 10, **about) for name in ("relu", "tanh") for seed in range(3)
    ]


@pytest.fixture
def plan(make_plan, records):
    measured = DiagnosticsPlan(
        diagnostics=("standard/gradient-norm",), values=("gradient_norm",), declared=(Value("gradient_norm"),)
    )
    plan = replace(make_plan(), diagnostics=measured, noise_floor=(3, 4))
    return replace(plan, target=find_target(records, plan), judging=plan.criteria)


@pytest.fixture
def run(tmp_path, records, plan, provenance):
    with RunFolder(tmp_path / "run") as folder:
        folder.start(plan, ["dlbench", "compare"], provenance)
        for record in records:
            folder.add(record)
    return tmp_path / "run"


def journal_of(run):
    (path,) = (run / "journal").glob("*.jsonl")
    return path


def damaged(content, draw):
    """Flip a bit, a digit or a line feed, or cut out a piece or all that follows; return where it was, too."""
    place, how = draw.randrange(len(content)), draw.randrange(5)
    if how == 0:
        return content[:place], place, len(content)
    if how == 1:
        end = min(len(content), place + draw.randrange(1, 2000))
        return content[:place] + content[end:], place, end
    if how == 2:
        digits = [at for at, byte in enumerate(content) if chr(byte).isdigit()]
        place = draw.choice(digits)
        new = draw.choice([digit for digit in b"0123456789" if digit != content[place]])
        return content[:place] + bytes([new]) + content[place + 1 :], place, place + 1
    if how == 3:
        place = draw.choice([at for at, byte in enumerate(content) if byte == 10])
    flipped = content[place] ^ 1 << draw.randrange(8)
    return content[:place] + bytes([flipped]) + content[place + 1 :], place, place + 1


def whole_lines(content, start, end):
    """Return the lines of a journal, without their line feeds, that a damage from start to end has not touched."""
    found, at = [], 0
    for line in content.split(b"\n")[:-1]:
        if at + len(line) <= start or at >= end:
            found.append(line)
        at += len(line) + 1
    return found


def mutated(content, draw):
    """Return JSON content with a value removed, replaced, nested, repeated or given another one."""
    new = copy.deepcopy(content)
    path = draw.choice([path for path in paths(new) if path])
    path = path[: draw.randint(1, len(path))]
    *above, key = path
    holder = new
    for step in above:
        holder = holder[step]
    match draw.randrange(5):
        case 0:
            holder.pop(key)
        case 1:
            holder[key] = [holder[key]] if draw.randrange(2) else {"x": holder[key]}
        case 2 if isinstance(holder[key], list):
            holder[key] = holder[key][::-1] * draw.randint(0, 3) + [draw.choice(ODD)]
        case 2 if isinstance(holder[key], dict):
            holder[key][draw.choice(["new", "seed", "", *holder[key]])] = draw.choice(ODD)
        case _:
            holder[key] = copy.deepcopy(draw.choice(ODD))
    return new


def paths(content, path=()):
    yield path
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield from paths(value, (*path, key))


def use(records, plan):
    """Make of records what commands make of them."""
    for definition in TABLE_DEFINITIONS.values():
        to_csv(*table(definition, records, plan)).encode(errors="backslashreplace")
    to_csv(*judge_run(records, plan).table())
    summary_table(summarize(records, plan))
    convergence(records, plan)
    per_class(records, plan)


@pytest.mark.parametrize("amount", amounts("journal"))
def test_a_damaged_journal_shows_no_other_number_and_loses_no_whole_line(run, records, amount):
    path, draw = journal_of(run), random.Random(0)
    content, written = path.read_bytes(), {record.trial_id: record for record in records}
    for _ in range(amount):
        broken, start, end = damaged(content, draw)
        path.write_bytes(broken)
        found = read_journal(run)
        assert all(written[trial_id] == record for trial_id, record in found.records.items())
        assert {json.loads(line)["trial_id"] for line in whole_lines(content, start, end)} <= found.records.keys()
        assert len(found.warnings) <= len(records)


@pytest.mark.parametrize("amount", amounts("manifest"))
def test_a_damaged_manifest_is_refused_or_says_what_it_said(run, amount):
    path, draw = run / "manifest.json", random.Random(1)
    content, before = path.read_bytes(), read_manifest(run)
    for _ in range(amount):
        path.write_bytes(damaged(content, draw)[0])
        try:
            assert read_manifest(run) == before
        except DlbenchError:
            kept = read_whole_parts(run)
            assert kept is None or kept.plan == before.plan
            assert kept is None or kept.sessions in ((), before.sessions)


@pytest.mark.parametrize("amount", amounts("views"))
def test_a_damaged_table_is_read_or_ignored_and_found_by_doctor(run, records, amount):
    draw, tables = random.Random(2), {path: path.read_bytes() for path in run.glob("*.csv")}
    tables[run / "claims.csv"] = b"claim,text,relation,metric,at,answer,why\n1,a,relu > tanh,test_accuracy,last,yes,1\n"
    tables[run / "reported.csv"] = b"variant,metric,reported,n,within\nrelu,test_accuracy,0.91,3,true\n"
    trials = [record.trial for record in records[:1]]
    for _ in range(amount):
        path = draw.choice(list(tables))
        path.write_bytes(damaged(tables[path], draw)[0])
        seconds_per_trial(trials, run.parent)
        with contextlib.suppress(DlbenchError):
            read_answer_tables(run)
        if not draw.randrange(20):
            list(examine(run))
        path.write_bytes(tables[path])


@pytest.mark.parametrize("amount", amounts("records"))
def test_whatever_a_line_holds_it_is_a_record_that_all_commands_can_use_or_is_left_out(records, plan, amount):
    draw, content = random.Random(3), records[0].to_json()
    for _ in range(amount):
        new = mutated(content, draw)
        found = parse_line(json.dumps(new).encode())
        if isinstance(found, Unreadable):
            assert found.reason
        else:
            assert found.trial_id == new["trial_id"]
            use([found, *records[1:]], plan)


@pytest.mark.parametrize("amount", amounts("plans"))
def test_whatever_a_manifest_holds_it_is_a_plan_that_all_commands_can_use_or_is_refused(run, records, amount):
    path, draw = run / "manifest.json", random.Random(4)
    content = {key: value for key, value in json.loads(path.read_text()).items() if key != "checksums"} | {"schema": 1}
    for _ in range(amount):
        path.write_text(json.dumps(mutated(content, draw)))
        try:
            found = read_manifest(run)
        except DlbenchError:
            read_whole_parts(run)
            continue
        with contextlib.suppress(DlbenchError):  # a metric that this dlbench does not have
            use(records, found.plan)
        assert overview(run).planned == found.planned


@pytest.mark.parametrize("amount", [5, pytest.param(MANY["doctor"], marks=pytest.mark.slow)])
def test_doctor_brings_every_damaged_folder_back_to_use(run, records, amount):
    draw, written = random.Random(5), {record.trial_id: record for record in records}
    files = {path: path.read_bytes() for path in [journal_of(run), run / "manifest.json", *run.glob("*.csv")]}
    for _ in range(amount):
        for path in draw.sample(list(files), draw.randint(1, 3)):
            path.write_bytes(damaged(files[path], draw)[0])
        for _ in repair(run):
            pass
        assert list(examine(run)) == []
        folder = RunFolder(run)
        assert folder.warnings == ()
        assert all(written[record.trial_id] == record for record in folder.records)
        if folder.records:
            use(folder.records, folder.plan)
        for path, content in files.items():
            path.write_bytes(content)


def test_a_changed_digit_leaves_the_trial_out_by_name_and_doctor_does_not_prefer_it(run):
    path, right = journal_of(run), (run / "trials.csv").read_text()
    line = path.read_bytes().split(b"\n")[1]
    path.write_bytes(path.read_bytes().replace(line, line.replace(b'"test_accuracy":0.59', b'"test_accuracy":0.89')))
    folder = RunFolder(run)
    assert len(folder.records) == 5
    (warning,) = folder.warnings
    assert f"journal/{path.name}, line 2 is left out: it was damaged" in warning
    assert all(repaired for _, repaired in repair(run))
    assert "0.89" not in (run / "trials.csv").read_text()
    assert set((run / "trials.csv").read_text().splitlines()) < set(right.splitlines())


@pytest.mark.parametrize("change", ["key", "removed", "format"])
def test_a_line_that_lost_its_checksum_is_not_taken_for_one_of_an_older_version(make_record, change):
    line = record_line(make_record()).strip()
    content = json.loads(line)
    if change == "key":
        line = line.replace(b'"checksum"', b'"chdcksum"')
    else:
        del content["checksum" if change == "removed" else "format"]
        line = json.dumps(content, separators=(",", ":")).encode()
    assert isinstance(parse_line(line), Unreadable)
    older = {key: value for key, value in content.items() if key not in ("format", "checksum")}
    assert parse_line(json.dumps(older).encode()) == make_record()


def test_a_line_is_left_out_whose_trial_is_not_the_one_that_it_names(make_record):
    content = make_record().to_json()
    content["trial"]["seed"] = 7
    assert parse_line(json.dumps(content).encode()).reason == "its trial is not the one that it names"


def test_what_does_not_fit_is_named(make_record):
    content = make_record().to_json()
    content["metrics"]["test_accuracy"] = "high"
    assert parse_line(json.dumps(content).encode()).reason == "test_accuracy is not a number: 'high'"
    content["confusion"] = [[5, 0.1], [0, 6]]
    content["metrics"]["test_accuracy"] = 0.5
    assert parse_line(json.dumps(content).encode()).reason.startswith("confusion is not a list of whole numbers")


def test_a_rebuilt_manifest_claims_nothing_that_was_fixed_before_running(run, plan, provenance):
    (run / "manifest.json").unlink()
    list(repair(run))
    folder = RunFolder(run)
    for asked in ({}, {"alpha": 0.1}):
        judged = folder.judge(asked)
        assert "to be judged is not known" in judged.second_look
        assert judged.deviations == ()
    with RunFolder(run) as again:
        again.start(replace(again.plan, rebuilt=False), ["dlbench"], provenance, mixed=True)
    assert "to be judged is not known" in RunFolder(run).judge().second_look


def test_what_of_a_damaged_manifest_is_whole_is_kept(run):
    before = read_manifest(run)
    content = json.loads((run / "manifest.json").read_text())
    content["sessions"][0]["started"] = "1999-01-01T00:00:00+00:00"
    (run / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(DlbenchError, match="the checksum of sessions does not fit"):
        read_manifest(run)
    list(repair(run))
    after = read_manifest(run)
    assert (after.plan, after.plan.rebuilt) == (before.plan, False)
    assert [session["session"] for session in after.sessions] == [session["session"] for session in before.sessions]


def test_a_damaged_version_is_not_taken_for_that_of_a_newer_dlbench(run):
    text = (run / "manifest.json").read_text()
    (run / "manifest.json").write_text(text.replace('"schema": 2', '"schema": 6'))
    assert all(repaired for _, repaired in repair(run))
    assert list(examine(run)) == []


def test_a_manifest_of_an_older_version_is_written_as_before_until_a_session_begins(run, plan, provenance):
    write_manifest(run, Manifest(schema=1, name="run", plan=plan, sessions=({"session": "a"},)))
    assert "checksums" not in json.loads((run / "manifest.json").read_text())
    with RunFolder(run) as folder:
        folder.start(plan, ["dlbench"], provenance)
    written = json.loads((run / "manifest.json").read_text())
    assert written["schema"] == 2
    assert written["checksums"].keys() == written.keys() - {"checksums"}


@pytest.mark.parametrize("name", ["journal", "figures", "logs", "kept", "weights", "checkpoints"])
def test_nothing_is_written_through_a_link_in_a_run_folder(run, plan, provenance, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    if (run / name).exists():
        (run / name).rename(outside / "there")
    (run / name).symlink_to(outside)
    before = sorted(outside.rglob("*"))
    with pytest.raises(DlbenchError, match="is a link to"):
        list(repair(run))
    with pytest.raises(DlbenchError, match="is a link to"), RunFolder(run) as folder:
        folder.start(plan, ["dlbench"], provenance, mixed=True)
    assert sorted(outside.rglob("*")) == before
