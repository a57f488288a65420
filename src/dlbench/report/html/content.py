"""The content of the HTML page as plain text, section by section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from dlbench.analysis.answers import Findings
from dlbench.analysis.claims import ClaimAnswer
from dlbench.analysis.judged import Judged
from dlbench.analysis.places import words
from dlbench.analysis.summary import VariantSummary, summarize
from dlbench.analysis.tuning_report import TuningReport
from dlbench.components.metric_table import find_metric
from dlbench.errors import shell_words
from dlbench.plans.plan_record import PlanRecord
from dlbench.report.html.reported import ReportedRow, reported_rows
from dlbench.report.html.spread import spread_table
from dlbench.report.html.verdicts import ABSENT, FamilyTable, Row, across_table, family_table, rule
from dlbench.report.search_table import search_columns, search_notes
from dlbench.report.terminal.summary import failure_notes
from dlbench.runs.folder import RunFolder
from dlbench.trials.trial_record import COMPLETED

#: The number of simple effects (other axes fixed) with a table of their own.
_SIMPLE_EFFECTS = 12


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure.

    source: its image as a data URL.
    text: its description for screen readers.
    """

    title: str
    source: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session of the run.

    facts: versions, hardware and commit, by name.
    """

    heading: str
    command: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class SearchSection:
    """The search before a comparison.

    introduction: what the verdicts are about.
    columns: headings beside that of the variants.
    warnings: what speaks against the search.
    """

    introduction: str
    columns: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page.

    across: the variants over several data sets.
    absent: titles of figures that were not drawn, with the reasons.
    """

    title: str
    lead: str
    version: str
    rule: str
    second_look: str
    deviations: Sequence[str]
    search: SearchSection | None
    families: Sequence[FamilyTable]
    spread: Sequence[FamilyTable]
    across: FamilyTable | None
    notes: Sequence[str]
    reported: Sequence[ReportedRow]
    claims: Sequence[ClaimAnswer]
    figures: Sequence[Figure]
    absent: Sequence[tuple[str, str]]
    columns: Sequence[str]
    numbers: Sequence[Row]
    test_uses: Sequence[str]
    failures: Sequence[str]
    settings: Sequence[tuple[str, str]]
    sessions: Sequence[Session]
    made: str


def page(
    folder: RunFolder,
    judged: Judged,
    findings: Findings,
    figures: Sequence[Figure] = (),
    absent: Sequence[tuple[str, str]] = (),
) -> Page:
    """Return the content of a run folder's page."""
    plan, version = folder.plan, metadata.version("dlbench")
    summaries = summarize(folder.planned, plan)
    columns, numbers = _numbers(summaries)
    floor = [judged.noise_floor] if judged.noise_floor else []
    families = [
        *floor,
        *judged.families,
        *judged.averages,
        *judged.simple_effects[:_SIMPLE_EFFECTS],
        *judged.interactions,
    ]
    more = len(judged.simple_effects) - _SIMPLE_EFFECTS
    omitted = [f"{more} more tables at single values of the other axes are in comparison.csv"] if more > 0 else []
    return Page(
        title=folder.path.resolve().name,
        lead=_lead(folder),
        version=version,
        rule=rule(judged, len(families) - len(floor)),
        second_look=judged.second_look,
        deviations=judged.deviations,
        search=search_section(judged.tuning) if judged.tuning else None,
        families=[family_table(family, judged.rules) for family in families],
        spread=[spread_table(table) for table in judged.spread],
        across=across_table(judged.across) if judged.across else None,
        notes=[*filter(None, (judged.saving, *judged.notes, judged.advice)), *omitted],
        reported=reported_rows(findings.figures),
        claims=findings.claims,
        figures=figures,
        absent=absent,
        columns=columns,
        numbers=numbers,
        test_uses=list(dict.fromkeys(summary.test_use for summary in summaries if summary.test_use)),
        failures=failure_notes(summaries),
        settings=_settings(plan),
        sessions=[_session(session) for session in (folder.manifest.sessions if folder.manifest else ())],
        made=f"Made by dlbench {version} from the run folder {folder.path.resolve().name}.",
    )


def search_section(report: TuningReport) -> SearchSection:
    """Return the section about a search."""
    columns = search_columns(report)
    return SearchSection(
        introduction=report.introduction,
        columns=[column.heading.replace("\n", " ") for column in columns],
        rows=[Row(name=each.label, cells=[column.cell(each) for column in columns]) for each in report.variants],
        notes=search_notes(report),
        warnings=report.warnings,
    )


def _lead(folder: RunFolder) -> str:
    plan = folder.plan
    axes = [f"{words(axis)}: {', '.join(values)}" for axis, values in plan.axes.items()]
    answered = sum(record.status in COMPLETED for record in folder.planned)
    experiment = [f"experiment {plan.experiment}"] if plan.experiment else []
    counts = [f"{len(plan.seeds)} seeds", f"{answered} trials with numbers, {plan.trial_count} planned"]
    return " · ".join([*experiment, *axes, *counts])


def _numbers(summaries: Sequence[VariantSummary]) -> tuple[list[str], list[Row]]:
    metrics = list(dict.fromkeys(name for summary in summaries for name in summary.metrics))
    rows = [
        Row(
            name=summary.label,
            cells=[
                str(summary.n),
                *(
                    summary.metrics[name].text(find_metric(name)) if name in summary.metrics else ABSENT
                    for name in metrics
                ),
            ],
        )
        for summary in summaries
    ]
    return ["n", *(find_metric(name).heading for name in metrics)], rows


def _settings(plan: PlanRecord) -> list[tuple[str, str]]:
    varied = [(words(axis), "varied: " + ", ".join(values)) for axis, values in plan.axes.items()]
    seeds = [("seeds", ", ".join(map(str, plan.seeds)))]
    floor = [("seeds of the noise floor", ", ".join(map(str, plan.noise_floor)))] if plan.noise_floor else []
    return [*varied, *((words(name), str(value)) for name, value in plan.fixed.items()), *seeds, *floor]


def _session(session: Mapping[str, Any]) -> Session:
    hardware = session.get("hardware", {})
    memory, cores = hardware.get("memory_bytes"), hardware.get("cores")
    facts = {
        "versions": _listed(session.get("versions", {})),
        "plugins": _listed(session.get("plugins", {})),
        "platform": hardware.get("platform"),
        "processor": f"{hardware.get('cpu')}, {cores} core{'s' * (cores != 1)}" if hardware.get("cpu") else "",
        "GPU": hardware.get("gpu"),
        "memory": f"{memory / 1e9:.1f} GB" if memory else "",
        "git commit": session.get("git_commit"),
        "provenance": session.get("provenance_id"),
    }
    ended = session.get("ended")
    return Session(
        heading=f"{session.get('started', '')} to {ended or 'an end that was not recorded'}",
        command=shell_words(*session.get("command", ())),
        facts=[(name, str(value)) for name, value in facts.items() if value],
    )


def _listed(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)
