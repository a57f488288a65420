import pytest

from dlbench.report.terminal.layout import fitting_columns, plain_table

RANKS = {"name": 0, "seconds": 1, "parameters": 2}


def headings(width, **options):
    def make(columns):
        table = plain_table()
        for column in columns:
            table.add_column(column)
        return table

    return fitting_columns(RANKS, width, make, rank=lambda column: RANKS.get(column, 0), **options)


@pytest.mark.parametrize(
    ("width", "kept"),
    [(80, ["name", "seconds", "parameters"]), (15, ["name", "seconds"]), (10, ["name"]), (1, ["name"])],
)
def test_the_highest_rank_is_dropped_first_and_rank_0_stays(width, kept):
    assert headings(width) == kept


def test_a_shorter_column_takes_the_place_of_a_dropped_one():
    assert headings(20, shorter={"parameters": "p"}.get) == ["name", "seconds", "p"]
