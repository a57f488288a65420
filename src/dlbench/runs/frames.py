"""The tables of a run as pandas frames, with the columns of the files."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from dlbench.analysis.summary import VariantSummary, summary_table
from dlbench.components.records import ParameterValue
from dlbench.components.syntax import format_value
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.tables import TABLE_DEFINITIONS, table
from dlbench.trials.trial_record import TrialRecord


def trials_frame(records: Iterable[TrialRecord], plan: PlanRecord | None = None) -> pd.DataFrame:
    """Return one row per trial, with the columns of trials.csv. plan: the run's; its target fills epochs_to_target."""
    return frame(*table(TABLE_DEFINITIONS["trials"], records, plan))


def with_variants(found: pd.DataFrame, records: Iterable[TrialRecord], plan: PlanRecord) -> pd.DataFrame:
    """Return a frame with the variant and the seed of each trial_id after it; a trial of no variant has none.

    A trial that varies one source is called by both: "mlp split=1".
    """
    trials = {record.trial_id: record.trial for record in records}
    labels = {key: plan.label_of(trial) or None for key, trial in trials.items()}
    place = list(found.columns).index("trial_id") + 1
    if "seed" not in found:
        found.insert(place, "seed", found["trial_id"].map({key: trial.seed for key, trial in trials.items()}))
    if "variant" not in found:
        found.insert(place, "variant", found["trial_id"].map(labels))
    return found


def epochs_frame(records: Iterable[TrialRecord]) -> pd.DataFrame:
    """Return one row per trial and epoch, with the columns of epochs.csv."""
    return frame(*table(TABLE_DEFINITIONS["epochs"], records))


def diagnostics_frame(records: Iterable[TrialRecord]) -> pd.DataFrame:
    """Return one row per diagnostic value, with the columns of diagnostics.csv."""
    return frame(*table(TABLE_DEFINITIONS["diagnostics"], records))


def summary_frame(summaries: Sequence[VariantSummary]) -> pd.DataFrame:
    """Return one row per variant: values by axis, n, failed, four columns per metric; accuracies are fractions."""
    return frame(*summary_table(summaries))


def frame(columns: Sequence[str], rows: Sequence[Mapping[str, ParameterValue]]) -> pd.DataFrame:
    """Return rows as a frame; values that a row lacks are missing values."""
    return pd.DataFrame({column: [_flat(row.get(column)) for row in rows] for column in columns})


def _flat(value: ParameterValue) -> ParameterValue:
    return format_value(value) if isinstance(value, tuple) else value
