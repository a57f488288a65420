"""In a terminal that is too narrow for a table its cells are folded: nothing is cut off."""

import io

import pytest
from rich.cells import cell_len

from dlbench.report.terminal.console import LiteralConsole, Table
from dlbench.report.terminal.layout import plain_table

ROWS = [("leaky-relu:negative_slope=0.123", "7", "87.4612 ± 10.9833", "equivalent"), ("плавный", "12", "1,234", "–")]


def printed(table, width):
    for name, whole in (("activation", False), ("n", True), ("test accuracy", True), ("verdict", True)):
        table.add_column(name, no_wrap=whole)
    for row in ROWS:
        table.add_row(*row)
    console = LiteralConsole(file=io.StringIO(), width=width)
    console.print(table)
    return console.file.getvalue()


@pytest.mark.parametrize("make", [plain_table, lambda: Table(box=None, pad_edge=False)], ids=["plain", "no box"])
@pytest.mark.parametrize("width", [20, 28, 40, 52, 60, 80])
def test_every_character_of_every_cell_is_there_and_no_line_is_too_long(make, width):
    text = printed(make(), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    for character in {each for row in ROWS for cell in row for each in cell} - {" "}:
        wanted = sum(cell.count(character) for row in ROWS for cell in row)
        assert text.count(character) >= wanted, character


def test_numbers_stay_in_one_piece_where_folding_names_is_enough():
    assert "87.4612 ± 10.9833" in printed(plain_table(), 52)
