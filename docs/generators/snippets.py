"""The runnable parts of a page: its files, its commands and their output.

    python docs/generators/snippets.py docs/tutorial/*.md

runs each page in an empty folder, in an environment that is thrown away, and updates the output of its commands. The
tests run the same parts and compare.

A fence with a title is a file, `console` holds commands after "$ " and their output, `python` without a title is run.
Any other fence needs a comment in front of it that says why it is not run: <!-- not run: … -->
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: The width of the screens in the pages, in characters.
COLUMNS = 88
ANYTHING = "…"

_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<excuse>.+?) -->\n+)?"
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^\$ ", re.MULTILINE)
_NUMBER = re.compile(r"[-+−]?\d[\d.,:]*(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Snippet:
    """A fenced part of a page.

    language: the language of the fence.
    title: the path of a file, or "".
    body: the text within the fence.
    excuse: why it is not run, or "".
    start, end: the position of its body in the page's text.
    """

    language: str
    title: str
    body: str
    excuse: str
    start: int
    end: int

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Return the commands of a console, each with the output shown below it."""
        parts = _COMMAND.split(self.body)[1:]
        return [(command, shown) for command, _, shown in (_logical(part).partition("\n") for part in parts)]

    @property
    def runs(self) -> bool:
        """Return whether it is a file, commands or a program."""
        return not self.excuse and (bool(self.title) or self.language in ("console", "python"))


def _logical(text: str) -> str:
    """Join a command's lines that end in a backslash."""
    return re.sub(r" *\\\n *", " ", text)


def snippets(text: str) -> Iterator[Snippet]:
    """Yield the fenced parts of a page in order."""
    for found in _FENCE.finditer(text):
        yield Snippet(
            language=found["language"],
            title=found["title"] or "",
            body=found["body"],
            excuse=found["excuse"] or "",
            start=found.start("body"),
            end=found.end("body"),
        )


def masked(screen: str) -> list[str]:
    """Return the part of an output that is the same on every machine: numbers masked, spaces and rules normalized.

    Training gives the same numbers to the last bit on one machine, and different last digits on others.
    """
    lines = [" ".join(_NUMBER.sub("#", re.sub("[─━]+", "", line)).split()) for line in screen.splitlines()]
    return [line for line in lines if line]


def agrees(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed; a line "…" stands for one or more lines."""
    wanted = [re.escape(line) if line != ANYTHING else "(?:.*\n)*?.*" for line in masked(shown)]
    return re.fullmatch("\n".join(wanted), "\n".join(masked(printed))) is not None


Shell = Callable[[str], str]


def run_in(folder: Path, commands: Path = Path(sys.executable).parent) -> Shell:
    """Return a function that runs a command in a folder and returns its standard output.

    commands: the folder of the commands dlbench, python and pip.
    """
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "DLBENCH_DATA_DIR": str(folder / "data")}
    environment["PATH"] = f"{commands}{os.pathsep}{environment['PATH']}"

    def run(command: str) -> str:
        if command.startswith("export "):
            environment.update(part.split("=", 1) for part in command.split()[1:])
            return ""
        done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    return run


def lent_environment(folder: Path) -> Path:
    """Make an environment in a folder and return that of its commands: what a page installs stays in there.

    dlbench, torch and all else are lent from this environment.
    """
    venv.create(folder, with_pip=True)
    lent = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    (own,) = folder.glob("lib/python*/site-packages")
    lines = [f"import site; site.addsitedir({str(path)!r})\n" for path in lent]
    (own / "lent.pth").write_text("".join(lines), encoding="utf-8")
    command = folder / "bin" / "dlbench"
    command.write_text(f"#!{folder}/bin/python\nfrom dlbench.__main__ import main\n\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
    return folder / "bin"


def write_file(folder: Path, snippet: Snippet) -> None:
    """Write a titled snippet to its path below a folder."""
    path = folder / snippet.title
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(snippet.body, encoding="utf-8")


def python_command(snippet: Snippet) -> str:
    """Return the command that runs a program of a page."""
    return f"python -c {shlex.quote(snippet.body)}"


def refreshed(text: str, folder: Path, shell: Shell) -> str:
    """Return a page with the current output of its commands; omitted output, or output cut by "…", stays as it is.

    An output that is only "…" is filled in.
    """
    for snippet in reversed([_refresh(each, folder, shell) for each in snippets(text) if each.runs]):
        text = text[: snippet.start] + snippet.body + text[snippet.end :]
    return text


def _refresh(snippet: Snippet, folder: Path, shell: Shell) -> Snippet:
    body = snippet.body
    if snippet.title:
        write_file(folder, snippet)
    elif snippet.language == "python":
        shell(python_command(snippet))
    else:
        parts = []
        for source in _COMMAND.split(body)[1:]:
            command, _, shown = _logical(source).partition("\n")
            printed = shell(command)
            lines = shown.split()
            keep = not lines or (ANYTHING in lines and len(lines) > 1)
            new = "\n".join(map(str.rstrip, printed.rstrip().splitlines())) + "\n"
            written = source if keep else source[: -len(shown)] + new
            parts.append(f"$ {written}")
        body = "".join(parts)
    return Snippet(snippet.language, snippet.title, body, snippet.excuse, snippet.start, snippet.end)


def main(pages: Sequence[str]) -> None:
    """Refresh pages in place, each in a folder and an environment of its own."""
    for page in map(Path, pages):
        with tempfile.TemporaryDirectory() as own:
            folder = Path(own) / "work"
            folder.mkdir()
            shell = run_in(folder, lent_environment(Path(own) / "environment"))
            text = refreshed(page.read_text(encoding="utf-8"), folder, shell)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
