"""What a report said against what was measured, on the HTML page: read from the files that an experiment leaves."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from dlbench.components.metric_table import find_metric
from dlbench.report.html.verdicts import ABSENT

_CLAIM = ("text", "relation", "answer")


def reported_rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of reported.csv as people read them."""
    return [_reported_row(row) for row in _csv_rows(folder / "reported.csv")]


def _reported_row(row: Mapping[str, str]) -> dict[str, str]:
    shown = find_metric(row.get("metric", ""))

    def text(column: str) -> str:
        return shown.format(float(row[column])) if row.get(column) else ""

    low, high = text("low"), text("high")
    answers = [("within", "in the interval of the mean"), ("one_run", "where a single run may fall")]
    answer = next((words for column, words in answers if row.get(column, "").lower() == "true"), "")
    if not answer:
        answer = row.get("problem") or ("outside of both" if low else "one seed: no interval")
    return {
        "variant": row.get("variant", ""),
        "metric": shown.heading + ("" if row.get("at") in ("selected", None) else f", at {row['at']}"),
        "place": row.get("place", ""),
        "reported": text("reported"),
        "measured": text("measured") or ABSENT,
        "interval": f"[{low}, {high}]" if low and high else ABSENT,
        "n": row.get("n", ""),
        "answer": answer,
    }


def claim_rows(folder: Path) -> list[dict[str, str]]:
    """Return the claims of claims.csv, the reasons of a claim's parts joined."""
    claims: dict[str, dict[str, str]] = {}
    for row in _csv_rows(folder / "claims.csv"):
        text = row.get("text", "")
        claim = claims.setdefault(row.get("claim") or text, {name: row.get(name, "") for name in _CLAIM} | {"why": ""})
        claim["why"] = "; ".join(filter(None, (claim["why"], row.get("why", ""))))
    return list(claims.values())


def _csv_rows(path: Path) -> Iterable[Mapping[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
