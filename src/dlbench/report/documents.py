"""The JSON documents that commands print with --json."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dlbench.analysis.across_datasets import AcrossDatasets, ranking_sentence
from dlbench.analysis.convergence import convergence
from dlbench.analysis.explain import explain
from dlbench.analysis.judged import Judged
from dlbench.analysis.spread import SpreadTable
from dlbench.analysis.spread_wording import advice, sentences
from dlbench.analysis.summary import VariantSummary, summarize
from dlbench.analysis.tuning_report import TuningReport
from dlbench.runs.folder import RunFolder


def run_document(folder: RunFolder, judging: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a run: its plan, summaries, verdicts, convergence and diagnostics that differ."""
    plan, records = folder.plan, folder.planned
    return {
        "name": folder.path.name,
        "path": str(folder.path),
        "plan": plan.to_json(),
        "summary": [_summary_document(summary) for summary in summarize(records, plan)],
        **verdicts_document(folder.judge(judging)),
        "convergence": [row.document() for row in convergence(records, plan)],
        "diagnostics": [found.document() for found in explain(records, plan).differences],
    }


def _direction(judged: Judged) -> bool | None:
    return judged.rules.higher_is_better if judged.rules.has_better_side else None


def _summary_document(summary: VariantSummary) -> dict[str, Any]:
    """Return a variant's summary."""
    content = asdict(summary)
    return content | {"mishaps": content["failures"]}  # the key in earlier versions


def verdicts_document(judged: Judged) -> dict[str, Any]:
    """Return verdicts: the rows of comparison.csv, and the sentences about them."""
    families = judged.all_families
    return {
        "judging": judged.criteria.to_json() | {"test": judged.criteria.test, "higher_is_better": _direction(judged)},
        "departures": judged.deviations,
        "second_look": judged.second_look,
        "saving": judged.saving,
        "held": judged.held,
        "comparison": judged.table()[1],
        "letters": {family.axis: dict(family.letters) for family in judged.families if family.letters},
        "sentences": list(dict.fromkeys(text for family in families for text in family.sentences)),
        "outlook": [text for family in judged.families for text in family.outlook],
        "ranking": _ranking(judged.across) if judged.across else None,
        "across_datasets": judged.across.document() if judged.across else None,
        "notes": judged.notes,
        "advice": judged.advice,
        "tuning": _tuning_document(judged.tuning) if judged.tuning else None,
        "spread": [_spread_document(table) for table in judged.spread],
    }


def _ranking(across: AcrossDatasets) -> dict[str, Any]:
    return asdict(across.ranking) | {"sentence": ranking_sentence(across)}


def _spread_document(table: SpreadTable) -> dict[str, Any]:
    return table.document() | {"sentences": sentences(table), "advice": advice(table)}


def _tuning_document(report: TuningReport) -> dict[str, Any]:
    """Return the search before a comparison: what verdicts are about, its points with their scores, its choices."""
    variants = {
        variant.label: {
            "points": [
                [
                    {**point.candidate.values, "score": point.score, "diverged": point.diverged}
                    for point in result.points
                ]
                for result in variant.results
            ],
            "chosen": [result.chosen.number for result in variant.results],
            "default": variant.default_score,
            "tuned": variant.tuned_score,
            "validation": variant.validation,
            "optimism": variant.optimism,
        }
        for variant in report.variants
    }
    return {
        "introduction": report.introduction,
        "metric": report.metric.name,
        "variants": variants,
        "warnings": report.warnings,
    }
