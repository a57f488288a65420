"""The meanings of files and columns, one sentence each. A test checks that every column has one."""

from dlbench.components.axes import AXES
from dlbench.components.metric_table import METRICS

FILES = {
    "journal/*.jsonl": "The source of all tables: one line per finished trial, with its epochs; one file per session. "
    "The last record of a trial counts.",
    "manifest.json": "The plan, fixed before running, and for each session: command, versions, hardware, git commit, "
    "start and end.",
    "trials.csv": "One row per trial: its settings, how it ended, its metrics and its cost.",
    "epochs.csv": "One row per trial and epoch.",
    "comparison.csv": "One row per comparison, with its interval, p and verdict.",
    "confusion.csv": "One row per trial, true class and predicted class that occurred.",
    "steps.csv": "One row per trial and training step, with `--step-losses`.",
    "diagnostics.csv": "One row per trial, epoch, layer and diagnostic, with `--diagnostics`.",
    "claims.csv": "The answers to an experiment's claims, one row per part of a claim.",
    "answers.sha256": "Checksums of claims.csv and reported.csv, for `sha256sum --check`.",
    "reported.csv": "An experiment's reported figures with the measured ones.",
    "figures/": "The figures drawn from the run.",
    "logs/": "What a failed trial printed, and its traceback, by trial_id.",
    "weights/": "The selected weights, by trial_id, with `--save-weights`.",
}

TABLES = {
    "trials": "Derived from the journal, and rebuilt from it when columns change.",
    "epochs": "Derived from the journal.",
    "confusion": "Counts on the test set at the selected weights; cells of zero are omitted.",
    "steps": "Only with `--step-losses`.",
    "diagnostics": "Only with `--diagnostics`.",
    "comparison": "What `results show` prints, with every digit.",
    "claims": "Written by `dlbench run`.",
    "reported": "Written by `dlbench run`.",
}

_AXES = {axis.name: axis.meaning for axis in AXES.values()}
_METRICS = {name: metric.meaning for name, metric in METRICS.items()}
#: By column, or by "table.column" where a table means something of its own.
COLUMNS = {
    **_AXES,
    **_METRICS,
    "trial_id": "Identity of the trial: a digest of everything that determines its numbers to the last bit.",
    "provenance_id": "Identifies the versions, plugins and hardware of the session, which are in the manifest.",
    "status": "`done` or `diverged` (both are results), `failed`, `vetoed`, `timeout` or `oom`.",
    "message": "Why it ended this way, in one sentence.",
    "seed": "The trial's seed; equal seeds make pairs.",
    "dataset_digest": "Identity of the images and labels.",
    "steps.train_loss": "Loss of the step's batch.",
    "epoch": "Number of the epoch, from 1.",
    "step": "Number of the step, from 1.",
    "split": "Which images: `test`.",
    "true_class": "The label.",
    "predicted_class": "The class that the network predicted.",
    "count": "Number of images.",
    "layer": "Name of the layer that was measured, or of the whole network.",
    "diagnostic": "What was measured; `dlbench list diagnostics` describes each.",
    "value": "The measured value.",
    "axis": "What varies; two axes joined by × for an interaction.",
    "held": "The fixed values of the other axes (simple effects), empty where they were averaged over.",
    "metric": "The metric that is compared.",
    "variant": "The variant that is judged.",
    "baseline": "The variant that it is compared to.",
    "n": "Number of pairs of seeds in the comparison.",
    "dropped": "Number of pairs dropped because one of their trials failed.",
    "mean": "Mean of the variant over its seeds.",
    "std": "Standard deviation over the seeds, with n − 1; empty for fewer than three seeds.",
    "mean_low": "Lower end of the mean's interval.",
    "mean_high": "Upper end of the mean's interval.",
    "difference": "Mean of the paired differences to the baseline.",
    "difference_low": "Lower end of the difference's interval.",
    "difference_high": "Upper end of the difference's interval.",
    "p": "Two-sided p-value of the exact sign-flip test.",
    "p_holm": "The same after Holm's correction over the comparisons of the family.",
    "probability_of_improvement": "Share of pairs in which the variant is better, ties counting half.",
    "verdict": "`better` or `worse` (`higher` or `lower` where neither is; `larger lead`, `smaller lead`, `larger` or "
    "`smaller` for interactions), `equivalent`, `differs, may be negligible`, `not shown` or `n too small`.",
    "claim": "Number of the claim in its file.",
    "text": "The claim's sentence.",
    "relation": "The claim as a relation.",
    "at": "The epoch at which the metric is read.",
    "answer": "`supported`, `refuted` or `not shown`.",
    "part": "One comparison of the claim.",
    "part_answer": "The answer to that part.",
    "why": "The reason for the answer.",
    "reported.difference": "Measured minus reported.",
    "place": "Where the figure is in the report.",
    "reported": "The report's figure.",
    "measured": "Mean of the measured values.",
    "low": "Lower end of the measured mean's interval.",
    "high": "Upper end of the measured mean's interval.",
    "within": "Whether the reported figure lies in the interval.",
    "one_run": "Whether a single run could give the reported figure: it lies within the spread over the seeds.",
    "problem": "Why there is nothing to compare the figure with.",
}
