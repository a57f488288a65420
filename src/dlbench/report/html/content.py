"""The content of the HTML page as plain text, section by section."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from dlbench.analysis.answers import ExperimentAnswers, Findings
from dlbench.analysis.judged import Judged
from dlbench.analysis.summary import summarize
from dlbench.analysis.tuning_report import TuningReport
from dlbench.experiments.experiment_file import Experiment
from dlbench.report.html.claims import claims_table
from dlbench.report.html.first_screen import FirstScreen, first_screen
from dlbench.report.html.numbers import (
    diagnostics_table,
    number_tables,
    numbers_note,
    settings_table,
    variants_table,
)
from dlbench.report.html.page_table import PageTable, Row
from dlbench.report.html.reported import reported_table
from dlbench.report.html.session_facts import Session, sessions_of
from dlbench.report.html.spread import spread_table
from dlbench.report.html.verdicts import across_table, family_table, rule
from dlbench.report.search_table import search_columns, search_notes
from dlbench.report.terminal.summary import failure_notes
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import as_argument


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure.

    name: of its chart, "" where only the picture is there.
    source: the picture as a data URL, "" where only the chart is there.
    text: the picture's description for screen readers.
    caption: what is drawn, or "".
    zooms: whether the chart zooms.
    """

    title: str
    source: str = ""
    text: str = ""
    name: str = ""
    caption: str = ""
    zooms: bool = False


@dataclass(frozen=True, kw_only=True)
class SearchSection:
    """The search before a comparison.

    introduction: what the verdicts are about.
    warnings: what speaks against the search.
    """

    introduction: str
    table: PageTable
    warnings: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page.

    first: its first screen.
    main: the figure of the first screen.
    left_out: what damage to the journals leaves out, a sentence each.
    families: the verdicts that a screen shows, then folded those at single values of the other axes.
    absent: titles of figures that were not drawn, with the reasons.
    numbers_note: what the cells of numbers are.
    charts: what the page's script draws, as JSON content; empty where it draws nothing.
    reproduce: commands that compute the run again.
    """

    first: FirstScreen
    main: Figure | None
    version: str
    rule: str
    left_out: Sequence[str]
    deviations: Sequence[str]
    families: Sequence[PageTable]
    notes: Sequence[str]
    claims: PageTable | None
    reported: PageTable | None
    search: SearchSection | None
    spread: Sequence[PageTable]
    figures: Sequence[Figure]
    absent: Sequence[tuple[str, str]]
    numbers: Sequence[PageTable]
    numbers_note: str
    test_uses: Sequence[str]
    diagnostics: PageTable | None
    failures: Sequence[str]
    variants: PageTable | None
    settings: PageTable
    sessions: Sequence[Session]
    reproduce: Sequence[str]
    charts: dict[str, Any]
    made: str


def page(
    folder: RunFolder,
    judged: Judged,
    findings: Findings | ExperimentAnswers,
    experiment: Experiment | None = None,
    figures: Sequence[Figure] = (),
    absent: Sequence[tuple[str, str]] = (),
    charts: dict[str, Any] | None = None,
) -> Page:
    """Return the content of a run folder's page. figures: the first of them stands on the first screen."""
    plan, records, version = folder.plan, folder.planned, metadata.version("dlbench")
    name = folder.path.resolve().name
    summaries = summarize(records, plan)
    families = [] if judged.spread and len(plan.variants) == 1 else family_tables(folder, judged)
    sessions = sessions_of(folder.manifest.sessions if folder.manifest else ())
    return Page(
        first=first_screen(name, plan, records, judged, findings, experiment),
        main=figures[0] if figures else None,
        version=version,
        rule=rule(judged, len(families) - bool(judged.noise_floor)),
        left_out=folder.warnings,
        deviations=judged.deviations,
        families=families,
        notes=[*filter(None, (judged.saving, *judged.notes, judged.advice))],
        claims=claims_table(findings.claims, plan),
        reported=reported_table(findings.figures),
        search=search_section(judged.tuning) if judged.tuning else None,
        spread=[spread_table(table) for table in judged.spread],
        figures=figures[1:],
        absent=absent,
        numbers=number_tables(summaries),
        numbers_note=numbers_note(summaries),
        test_uses=list(dict.fromkeys(summary.test_use for summary in summaries if summary.test_use)),
        diagnostics=diagnostics_table(records, plan),
        failures=failure_notes(summaries),
        variants=variants_table(plan, experiment),
        settings=settings_table(plan),
        sessions=sessions,
        reproduce=[*(each.command for each in sessions[-1:]), f"dlbench replay {as_argument(folder.path)}"],
        charts=charts or {},
        made=f"Made by dlbench {version} from the run folder {name}.",
    )


def family_tables(folder: RunFolder, judged: Judged) -> list[PageTable]:
    """Return the tables of verdicts: those that a screen shows, and folded all others."""
    numbers = {variant.label: number for number, variant in enumerate(folder.plan.variants)}
    floor = [judged.noise_floor] if judged.noise_floor else []
    shown = [*floor, *judged.shown_effects, *judged.averages, *judged.shown_interactions]
    folded = [family for family in judged.all_families if not any(family is each for each in shown)]
    tables = [family_table(family, judged.rules, numbers) for family in shown]
    across = [across_table(judged.across)] if judged.across else []
    return [*tables, *across, *(family_table(family, judged.rules, numbers, fold=True) for family in folded)]


def search_section(report: TuningReport) -> SearchSection:
    """Return the section about a search."""
    columns = search_columns(report)
    table = PageTable(
        columns=[column.heading.replace("\n", " ") for column in columns],
        rows=[
            Row(name=each.label, cells=[column.cell(each) for column in columns], variant=number)
            for number, each in enumerate(report.variants)
        ],
        sentences=search_notes(report),
    )
    return SearchSection(introduction=report.introduction, table=table, warnings=report.warnings)
