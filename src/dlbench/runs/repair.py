"""What is wrong with a run folder, and its repair; every file that is changed is copied first."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError
from dlbench.files import partial_files, remove_file, replace_file, to_bytes, writing
from dlbench.runs.checkpoint_files import FOLDER as CHECKPOINTS
from dlbench.runs.folder_lock import LOCK
from dlbench.runs.journal import FOLDER, Journal, read_journal
from dlbench.runs.journal_line import Unreadable, parse_damaged, parse_line
from dlbench.runs.leftovers import foreign_change, keep_copy
from dlbench.runs.locations import check_own
from dlbench.runs.manifest import FILE_NAME, Manifest, NewerSchemaError, read_manifest, read_whole_parts, write_manifest
from dlbench.runs.peers import alone_in, dead_sessions
from dlbench.runs.recovery import recover_manifest, tells_plan
from dlbench.runs.tables import COMPARISON, TABLE_DEFINITIONS, table, to_csv
from dlbench.trials.trial_record import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong with a run folder.

    file: where, relative to the folder.
    problem: what is wrong.
    remedy: what the repair does or, without one, what the user can do.
    repair: the repair, if there is one; call it only while no other process writes to the folder.
    """

    file: str
    problem: str
    remedy: str
    repair: Callable[[], None] | None = field(default=None, repr=False, compare=False)


def examine(folder: Path) -> Iterator[Finding]:
    """Yield what is wrong with a run folder, what others depend on first: journals, manifest, tables, logs, leftovers.

    Repair each finding before asking for the next one: tables are compared with journals and manifest as they are.
    """
    copies = _Copies(folder)
    try:
        read_manifest(folder)
    except NewerSchemaError as error:
        yield Finding(file=FILE_NAME, problem=error.message, remedy=error.hint)
        return
    except DlbenchError:
        pass  # reported below, once the journals are repaired
    yield from _journals(folder, copies)
    journal = read_journal(folder)
    yield from _manifest(folder, journal, copies)
    try:
        manifest = read_manifest(folder)
    except DlbenchError:
        manifest = None  # and it was not repaired
    yield from _tables(folder, journal, manifest, copies)
    yield from _logs(folder, journal)
    yield from _leftovers(folder, copies)


def repair(folder: Path) -> Iterator[tuple[Finding, bool]]:
    """Repair what can be repaired; yield each finding and whether it was. Raises DlbenchError if it is in use."""
    check_own(folder)
    with writing(folder), alone_in(folder, "Wait until it ends, or add --dry-run to examine it only."):
        for finding in examine(folder):
            if finding.repair:
                finding.repair()
            yield finding, finding.repair is not None
        remove_file(folder / FOLDER / LOCK)


class _Copies:
    """Copies each file before it is changed; all copies of one repair are in the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moment = datetime.now(UTC)

    def replace(self, path: Path, content: str | bytes) -> None:
        if path.exists():
            keep_copy(self.folder, path, self.moment)
        replace_file(path, content, parents=False)

    def remove(self, path: Path) -> None:
        keep_copy(self.folder, path, self.moment)
        remove_file(path)


def _journals(folder: Path, copies: _Copies) -> Iterator[Finding]:
    for path in sorted(filter(Path.is_file, (folder / FOLDER).glob("*.jsonl"))):
        content = path.read_bytes()
        lines = _sort_lines(content)
        kept = b"".join(line + b"\n" for line in lines.kept)
        if kept != content:
            yield Finding(
                file=f"{FOLDER}/{path.name}",
                problem=_in_words(lines.damaged) or "its line ends are damaged",
                remedy="removed; the trial runs again when it is requested" if lines.damaged else "restored",
                repair=partial(copies.replace, path, kept),
            )
        if lines.unknown:
            yield Finding(
                file=f"{FOLDER}/{path.name}",
                problem=_in_words(lines.unknown),
                remedy="left as it is; a newer dlbench may read it: pip install -U dlbench",
            )


@dataclass
class _Lines:
    """The lines of a journal.

    kept: those that stay. damaged: numbers of those that do not, with the reason. unknown: of those that stay although
    they are no records for this dlbench.
    """

    kept: list[bytes] = field(default_factory=list)
    damaged: dict[int, str] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)


def _sort_lines(content: bytes) -> _Lines:
    lines = _Lines()
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        found = parse_line(line)
        for part, result in [(line, found)] if isinstance(found, TrialRecord) else parse_damaged(line):
            if isinstance(result, Unreadable):
                (lines.unknown if result.whole else lines.damaged)[number] = result.reason
            if isinstance(result, TrialRecord) or result.whole:
                lines.kept.append(part)
    return lines


def _in_words(lines: Mapping[int, str]) -> str:
    """Return what is wrong with lines: "line 3: its checksum does not fit"; of several, the first one's reason."""
    if not lines:
        return ""
    shown = ", ".join(map(str, list(lines)[:5])) + (" …" if len(lines) > 5 else "")
    return f"line{'s' * (len(lines) > 1)} {shown}: {next(iter(lines.values()))}"


def _manifest(folder: Path, journal: Journal, copies: _Copies) -> Iterator[Finding]:
    try:
        manifest, problem = read_manifest(folder), "is missing"
    except DlbenchError as error:
        manifest, problem = None, error.message.rstrip(".")
    if manifest is not None:
        return
    kept = read_whole_parts(folder)
    if kept is None and not any(map(tells_plan, journal.records.values())):
        there = (folder / FILE_NAME).exists()
        remedy = "moved away; type the command again" if there else "nothing to rebuild it from; type the command again"
        move_away = partial(copies.remove, folder / FILE_NAME) if there else None
        yield Finding(file=FILE_NAME, problem=problem, remedy=remedy, repair=move_away)
        return

    def make() -> None:
        if (folder / FILE_NAME).exists():
            keep_copy(folder, folder / FILE_NAME, copies.moment)
        write_manifest(folder, recover_manifest(folder, tuple(journal.records.values())))

    remedy = f"rebuilt from {'what of it is whole' if kept else 'the trials'}; the rest of it is lost"
    yield Finding(file=FILE_NAME, problem=problem, remedy=remedy, repair=make)


def _tables(folder: Path, journal: Journal, manifest: Manifest | None, copies: _Copies) -> Iterator[Finding]:
    records, plan = tuple(journal.records.values()), manifest.plan if manifest else None
    if not records:
        return
    texts: dict[str, tuple[str, Sequence[str]]] = {}
    for definition in TABLE_DEFINITIONS.values():
        columns, rows = table(definition, records, plan)
        if rows or not definition.on_request:
            texts[definition.file_name] = (to_csv(columns, rows), definition.columns)
    if plan:
        judged = judge_run(records, plan).table()
        texts[COMPARISON] = (to_csv(*judged), judged[0])
    for name, (text, header) in texts.items():
        if problem := _table_problem(folder / name, text, header):
            yield Finding(
                file=name,
                problem=problem,
                remedy="rebuilt from the journals",
                repair=partial(copies.replace, folder / name, text),
            )


def _table_problem(path: Path, text: str, columns: Sequence[str]) -> str:
    if not path.exists():
        return "is missing"
    if reason := foreign_change(path, tuple(columns)):
        return reason
    try:
        found = list(filter(None, csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))))
    except (ValueError, csv.Error):
        return "is not a CSV file in UTF-8"
    wanted = list(csv.reader(io.StringIO(to_bytes(text).decode(), newline="")))
    if found == wanted:
        return ""
    if sorted(found) == sorted(wanted):
        return "its rows are in a different order"
    counts = f" ({len(found) - 1:,} rows, not {len(wanted) - 1:,})" if len(found) != len(wanted) else ""
    return f"differs from the journals{counts}"


def _logs(folder: Path, journal: Journal) -> Iterator[Finding]:
    paths = {folder / "logs" / f"{record.trial_id}.log": record.log for record in journal.records.values()}
    absent = {path: log for path, log in paths.items() if log and not path.exists()}

    def write() -> None:
        for path, log in absent.items():
            replace_file(path, log)

    if absent:
        problem = f"{len(absent)} of the trials' logs are missing"
        yield Finding(file="logs", problem=problem, remedy="written again", repair=write)


def _leftovers(folder: Path, copies: _Copies) -> Iterator[Finding]:
    for path in partial_files(folder):
        large = path.parent.name in ("weights", CHECKPOINTS)  # of no use in part
        yield Finding(
            file=path.relative_to(folder).as_posix(),
            problem="half-written by a process that was killed",
            remedy="removed" if large else "moved away",
            repair=partial(remove_file, path) if large else partial(copies.remove, path),
        )
    for path in dead_sessions(folder):
        yield Finding(
            file=path.relative_to(folder).as_posix(),
            problem="left by a session that was killed",
            remedy="removed",
            repair=partial(remove_file, path),
        )
