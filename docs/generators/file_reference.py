"""The page of files: what a run folder holds, column by column."""

from column_meanings import COLUMNS, FILES, TABLES
from dlbench.analysis.claims import COLUMNS as CLAIM_COLUMNS
from dlbench.analysis.families import COLUMNS as COMPARISON_COLUMNS
from dlbench.analysis.metrics import TRIAL_METRICS
from dlbench.analysis.reported import reported_table
from dlbench.runs.tables import TABLE_DEFINITIONS
from dlbench.trials.settings import SETTINGS
from writing import code, table

HEAD = """# Files and columns

A run lies in `results/<name>/`. Accuracies and shares are fractions in files and percentages on the screen; units stand
in names; an empty cell is a value that does not exist.

"""


def files_page() -> str:
    """Return the page."""
    parts = [HEAD, table(["file", "what it holds"], [[code(name), text] for name, text in FILES.items()])]
    for name, columns in tables().items():
        rows = [[code(column), meaning(name, column)] for column in columns]
        parts.append(f"## {name}.csv\n\n{TABLES.get(name, '')}\n\n" + table(["column", "meaning"], rows))
    return "".join(parts)


def tables() -> dict[str, tuple[str, ...]]:
    """Return the columns of each CSV file; settings and metrics beside the fixed columns come last."""
    found = {name: definition.columns for name, definition in TABLE_DEFINITIONS.items()}
    found["trials"] = tuple(dict.fromkeys((*found["trials"], *SETTINGS, "dataset_digest", *TRIAL_METRICS)))
    found["epochs"] = (*found["epochs"], "images_per_second")
    return found | {"comparison": COMPARISON_COLUMNS, "claims": CLAIM_COLUMNS, "reported": reported_table(())[0]}


def meaning(name: str, column: str) -> str:
    """Return what a column means: a setting's own words, or those of the list."""
    if column in SETTINGS and name == "trials":
        return SETTINGS[column].summary
    return COLUMNS.get(f"{name}.{column}") or COLUMNS.get(column, "")
