"""The page of files: the content of a run folder, column by column."""

from column_meanings import COLUMNS, FILES, TABLES
from dlbench.analysis.claims import COLUMNS as CLAIM_COLUMNS
from dlbench.analysis.families import COLUMNS as COMPARISON_COLUMNS
from dlbench.analysis.metrics import TRIAL_METRICS
from dlbench.analysis.reported import reported_table
from dlbench.runs.tables import TABLE_DEFINITIONS
from dlbench.trials.settings import SETTINGS
from writing import code, table

HEAD = """# Files and columns

A run is stored in `results/<name>/`. Accuracies and shares are fractions in files and percentages on the screen; names
include units; an empty cell is a missing value.

"""


def files_page() -> str:
    """Return the page."""
    parts = [HEAD, table(["file", "content"], [[code(name), text] for name, text in FILES.items()])]
    for name, columns in tables().items():
        rows = [[code(column), meaning(name, column)] for column in columns]
        parts.append(f"## {name}.csv\n\n{TABLES.get(name, '')}\n\n" + table(["column", "meaning"], rows))
    return "".join(parts)


def tables() -> dict[str, tuple[str, ...]]:
    """Return the columns of each CSV file; settings and metrics other than the fixed columns come last."""
    found = {name: definition.columns for name, definition in TABLE_DEFINITIONS.items()}
    found["trials"] = tuple(dict.fromkeys((*found["trials"], *SETTINGS, "dataset_digest", *TRIAL_METRICS)))
    found["epochs"] = (*found["epochs"], "images_per_second", "validation_balanced_accuracy")
    return found | {"comparison": COMPARISON_COLUMNS, "claims": CLAIM_COLUMNS, "reported": reported_table(())[0]}


def meaning(name: str, column: str) -> str:
    """Return the meaning of a column: a setting's summary, or the entry in COLUMNS."""
    if column in SETTINGS and name == "trials":
        return SETTINGS[column].summary
    return COLUMNS.get(f"{name}.{column}") or COLUMNS.get(column, "")
