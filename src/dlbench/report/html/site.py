"""Several runs as a small site: a page each, an index with their verdicts, and one file with the script of all."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dlbench.errors import DlbenchError
from dlbench.plugins.registry import Registry
from dlbench.report.html.first_screen import FirstScreen
from dlbench.report.html.page import render, render_index, run_page
from dlbench.report.html.script import page_script
from dlbench.runs.folder import RunFolder

#: Pages lie in a folder of their own: a run may have any name, that of the index too.
PAGES, SCRIPT, INDEX = "runs", "dlbench.js", "index.html"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run in the index.

    address: of its page, from the index.
    first: the first screen of its page.
    """

    address: str
    first: FirstScreen


class Site:
    """The files of a site, one after the other; then what could not be shown.

    problems: a sentence for each run that could not be read.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.problems: list[str] = []

    def files(self, folders: Iterable[RunFolder]) -> Iterator[tuple[str, str]]:
        """Yield names and contents: the script, a page a run, the index last."""
        yield SCRIPT, page_script()
        entries: list[Entry] = []
        for folder in folders:
            try:
                content = run_page(folder, self.registry)
            except DlbenchError as error:
                self.problems.append(f"{folder.path.name}: {error.message}")
                continue
            address = _address(folder, {entry.address for entry in entries})
            yield address, render(content, script=f"../{SCRIPT}", up=f"../{INDEX}")
            entries.append(Entry(address=address, first=content.first))
        yield INDEX, render_index(by_report(entries), self.problems, script=SCRIPT)


def by_report(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return entries by the report whose experiments they are, "" last for comparisons of one's own."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.first.experiment.rpartition("/")[0], []).append(entry)
    return {report: found[report] for report in sorted(found, key=lambda report: (not report, report))}


def _address(folder: RunFolder, taken: set[str]) -> str:
    """Return the address of a run's page: its name in letters that every server takes, numbered where it is taken."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", folder.path.resolve().name).lstrip(".") or "run"
    number = 1
    while (address := f"{PAGES}/{name}{f'-{number}' if number > 1 else ''}.html") in taken:
        number += 1
    return address
