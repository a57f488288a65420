"""A page for each course report: its plugin's README, and the content of its experiment files."""

import re
import tomllib
from pathlib import Path
from typing import Any

from writing import code, table

REPORTS = ("foundations", "cnn-settings", "resnet-depth", "convnet-basics")
INDEX = """# The four reports

dlbench grew from four course reports. Each is a plugin: the report's networks, and its experiments as files, with the
figures and claims of the report. `dlbench run` prints the reported figures with measured ones, and *supported*,
*refuted* or *not shown* for each claim.

"""


def report_pages(plugins: Path) -> dict[str, str]:
    """Return the pages of the reports and their index."""
    pages = {f"reports/{name}.md": report_page(plugins / f"dlbench-{name}") for name in REPORTS}
    rows = []
    for name in REPORTS:
        files = experiments(plugins / f"dlbench-{name}")
        counts = [str(sum(len(content.get(key, ())) for content in files.values())) for key in ("reported", "claims")]
        rows.append([f"[{name}]({name}.md)", str(len(files)), *counts])
    return {"reports/index.md": INDEX + table(["report", "experiments", "figures", "claims"], rows)} | pages


def experiments(plugin: Path) -> dict[str, dict[str, Any]]:
    """Return a plugin's experiment files by name."""
    paths = sorted(plugin.glob("src/*/experiments/*.toml"))
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths}


def report_page(plugin: Path) -> str:
    """Return the page of one report."""
    readme = (plugin / "README.md").read_text(encoding="utf-8")
    name = plugin.name.removeprefix("dlbench-")
    title, _, rest = readme.partition("\n")
    details = "".join(_experiment(name, stem, content) for stem, content in experiments(plugin).items())
    title = title.replace(plugin.name, f"Report: {name}")
    # After a list, the site would render an indented block as a part of the list; fences stay apart.
    return f"{title}\n{_fenced(rest)}\n## Each experiment\n\n{details}"


def _fenced(text: str) -> str:
    block = re.compile(r"(?:(?<=\n\n)(?: {4}.*\n)+(?:\n(?: {4}.*\n)+)*)")
    return block.sub(lambda found: "```sh\n" + re.sub("^ {4}", "", found[0], flags=re.M) + "```\n", text)


def _experiment(report: str, stem: str, content: dict[str, Any]) -> str:
    parts = [f"### {stem}\n\n**{content['title']}**\n\n{content.get('description', '')}\n\n"]
    parts.append(f"```sh\ndlbench run {report}/{stem}\n```\n\n")
    fixed = ", ".join(f"`{key} = {value}`" for key, value in content.get("settings", {}).items())
    axes = ", ".join(f"`{key}`: {', '.join(map(str, values))}" for key, values in content.get("axes", {}).items())
    variants = ", ".join(f"`{variant['name']}`" for variant in content.get("variants", ()))
    seeds = content.get("seeds", "as many as a verdict needs")
    facts = {"Fixed": fixed, "Axes": axes, "Variants": variants, "Seeds": str(seeds)}
    parts.append("".join(f"- {key}: {text}\n" for key, text in facts.items() if text) + "\n")
    if claims := content.get("claims"):
        rows = [[claim["text"], code(claim["metric"]), code(str(claim["relation"]))] for claim in claims]
        parts.append(table(["claim", "metric", "relation"], rows))
    if reported := content.get("reported"):
        rows = [[code(r["variant"]), code(r["metric"]), str(r["value"]), r.get("place", "")] for r in reported]
        parts.append(table(["variant", "metric", "reported", "place"], rows))
    return "".join(parts)
