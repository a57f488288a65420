"""What files and columns mean, in a sentence each. A test holds that no column is without one."""

from dlbench.components.axes import AXES
from dlbench.components.metric_table import METRICS

FILES = {
    "journal/*.jsonl": "The truth: a line a finished trial, with its epochs; one file a session. The last record of a "
    "trial counts.",
    "manifest.json": "The plan, fixed before running, and for each session: command, versions, hardware, git commit, "
    "start and end.",
    "trials.csv": "A row a trial: what it was, how it ended, its figures and what it cost.",
    "epochs.csv": "A row a trial and epoch.",
    "comparison.csv": "A row a judged difference, with its interval, p and verdict.",
    "confusion.csv": "A row a trial, true class and predicted class that occurred.",
    "steps.csv": "A row a trial and training step, where it was asked for.",
    "diagnostics.csv": "A row a trial, epoch, layer and diagnostic, where diagnostics were asked for.",
    "claims.csv": "The answers to an experiment's claims, a row a part of a claim.",
    "reported.csv": "An experiment's reported figures beside the measured ones.",
    "figures/": "What was drawn of the run.",
    "logs/": "What a failed trial printed, and its traceback, by trial_id.",
    "weights/": "The selected weights, by trial_id, where --save-weights asked for them.",
}

TABLES = {
    "trials": "A view of the journal, rebuilt from it when columns change.",
    "epochs": "A view of the journal.",
    "confusion": "Counts on the test set at the selected weights; cells of zero are left out.",
    "steps": "Only where the losses of each step were kept.",
    "diagnostics": "Only where `--diagnostics` measured something beside the training.",
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
    "trial_id": "Identity of the trial: a digest of all that decides its numbers to the last bit.",
    "provenance_id": "Stands for versions, plugins and hardware of the session; the manifest has them in words.",
    "status": "`done` or `diverged` (answers), `failed`, `vetoed`, `timeout` or `oom`.",
    "message": "Why it ended as it did, in a sentence.",
    "seed": "The trial's seed; equal seeds make pairs.",
    "dataset_digest": "Identity of the images and labels that were read.",
    "steps.train_loss": "Loss of the step's batch.",
    "epoch": "Number of the epoch, from 1.",
    "step": "Number of the step, from 1.",
    "split": "Which images: `test`.",
    "true_class": "The label.",
    "predicted_class": "The answer of the network.",
    "count": "How many images.",
    "layer": "Name of the layer that was measured, or of the whole network.",
    "diagnostic": "What was measured; `dlbench list diagnostics` tells of each.",
    "value": "The measured value.",
    "axis": "What varies; two axes joined by × for an interaction.",
    "held": "The values at which the other axes were held, empty where they were averaged over.",
    "metric": "What is compared.",
    "variant": "The variant that is judged.",
    "baseline": "The variant that it is judged against.",
    "n": "Pairs of seeds that could be used.",
    "dropped": "Pairs left out because a trial of theirs failed.",
    "mean": "Mean of the variant over its seeds.",
    "std": "Standard deviation over the seeds, with n − 1.",
    "mean_low": "Lower end of the mean's interval.",
    "mean_high": "Upper end of the mean's interval.",
    "difference": "Mean of the paired differences to the baseline.",
    "difference_low": "Lower end of the difference's interval.",
    "difference_high": "Upper end of the difference's interval.",
    "p": "Two-sided p of the exact sign-flip test.",
    "p_holm": "The same after Holm's correction over the comparisons of the family.",
    "probability_of_improvement": "Share of pairs in which the variant is better, ties counting half.",
    "verdict": "`better`, `worse`, `equivalent`, `differs, may be negligible`, `not shown` or `n too small`.",
    "claim": "Number of the claim in its file.",
    "text": "The claim's sentence.",
    "relation": "The claim as a relation.",
    "at": "Which epoch the metric is read at.",
    "answer": "`supported`, `refuted` or `not shown`.",
    "part": "One comparison of the claim.",
    "part_answer": "The answer to that part.",
    "why": "What the answer rests on, in words.",
    "reported.difference": "Measured minus reported.",
    "place": "Where the figure stands in the report.",
    "reported": "The report's figure.",
    "measured": "Mean of the measured ones.",
    "low": "Lower end of the measured mean's interval.",
    "high": "Upper end of the measured mean's interval.",
    "within": "Whether the reported figure lies in the interval.",
    "one_run": "Whether the reported figure is one that a single run could give: within the spread over the seeds.",
    "problem": "Why there is nothing to hold the figure against.",
}
