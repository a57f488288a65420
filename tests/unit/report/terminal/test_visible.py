"""Nothing of foreign origin reaches a terminal as something to obey."""

import io
import json

import pytest
from rich.text import Text

from dlbench.analysis.claims import ClaimAnswer
from dlbench.report.terminal.console import LiteralConsole, Table, plain_console
from dlbench.report.terminal.experiments import claims_view
from dlbench.report.terminal.layout import plain_table
from dlbench.report.terminal.visible import json_visible, visible

TITLE, CLEAR, C1, BIDI = "\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "\u202egnp.exe"
HOSTILE = [TITLE, CLEAR, C1, BIDI, "\u2066x", "a\rb", "a\nError: b", "\x7f", "\u2028"]
OBEYED = {*map(chr, range(9)), *map(chr, range(11, 32)), *map(chr, range(0x7F, 0xA0)), *"\u202e\u2066\u2028"}


def printed(content: object, **options: object) -> str:
    console = plain_console(width=60)
    console.file = io.StringIO()
    console.print(content, **options)
    return console.file.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", [str, Text])
def test_a_printed_name_is_one_line_of_visible_characters(text: str, kind: type) -> None:
    shown = printed(kind(f"run {text}"), soft_wrap=True)
    assert not OBEYED & {*shown}
    assert shown.count("\n") == 1


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", [str, Text])
def test_a_cell_is_one_line_of_visible_characters(text: str, kind: type) -> None:
    for make in (Table, plain_table):
        shown = []
        for content in (text, "x"):
            table = make()
            table.add_column("variant")
            table.add_row(kind(content))
            shown.append(printed(table))
        assert not OBEYED & {*shown[0]}
        assert shown[0].count("\n") == shown[1].count("\n")


def test_a_title_is_visible_too() -> None:
    table = plain_table(f"runs of {CLEAR}")
    table.add_column("n")
    assert not OBEYED & {*printed(table)}


def test_ordinary_text_of_any_script_is_unchanged() -> None:
    text = "β ≈ 0.9 ± 0.1, 東京, עברית, 👩‍🔬, a\tb"
    assert visible(text) == text
    assert "β ≈ 0.9" in printed(text)


def test_escapes_are_those_of_python() -> None:
    assert visible("\x1b[2J\x9b\u202e\n") == r"\x1b[2J\x9b\u202e\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_json_keeps_the_content_and_shows_the_escapes(text: str) -> None:
    document = json_visible(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert not OBEYED & {*document}
    assert json.loads(document) == {text: [text]}


def test_styles_survive() -> None:
    console = LiteralConsole(force_terminal=True, color_system="standard", file=io.StringIO(), width=40)
    console.print(Text("bold", "bold"))
    assert console.file.getvalue() == "\x1b[1mbold\x1b[0m\n"


def test_a_claim_stands_above_what_was_tested_and_adds_no_line_of_its_own() -> None:
    answer = ClaimAnswer(text="a\nb", relation="a > b", metric="test_accuracy", at="last", answer="supported", why="p")
    lines = [line.split("  ")[0].strip() for line in printed(claims_view([answer])).splitlines()]
    place = lines.index("a\\nb")
    assert lines[place + 1].startswith("a > b:")
