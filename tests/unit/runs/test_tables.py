import csv
import math

from dlbench.runs.tables import TABLE_DEFINITIONS, TableFiles, table, to_csv

TRIALS = [
    "trial_id",
    "provenance_id",
    "status",
    "message",
    "model",
    "activation",
    "dataset",
    "scheduler",
    "optimizer",
    "learning_rate",
    "batch_size",
    "epochs",
    "normalization",
    "validation",
    "select",
    "precision",
    "threads",
    "device",
    "seed",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "last_validation_loss",
    "last_validation_accuracy",
    "test_loss",
    "test_accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "best_epoch",
    "epochs_run",
    "epochs_to_target",
    "train_seconds",
    "images_per_second",
    "parameters",
    "flops_per_image",
    "peak_memory_mb",
]
EPOCHS = [
    "trial_id",
    "epoch",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "seconds",
]


def _read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_trials_has_the_promised_columns_in_their_order_and_foreign_ones_after_them(make_record):
    columns, _ = table(TABLE_DEFINITIONS["trials"], [make_record(metrics={"own_metric": 1.0})])
    assert [column for column in columns if column in TRIALS] == TRIALS
    assert {"own_metric", "loss", "augment", "dataset_digest"} <= set(columns[columns.index(TRIALS[-1]) :])


def test_epochs_and_confusion_have_the_promised_columns(make_record):
    assert list(table(TABLE_DEFINITIONS["epochs"], [make_record()])[0]) == EPOCHS
    assert ",".join(table(TABLE_DEFINITIONS["confusion"], [make_record()])[0]) == (
        "trial_id,split,true_class,predicted_class,count"
    )


def test_cells_keep_every_digit_nan_is_nan_and_absent_is_empty(tmp_path, make_record):
    record = make_record(metrics={"test_accuracy": 0.1 + 0.2, "test_loss": math.nan, "macro_f1": None})
    TableFiles(tmp_path).rebuild([record])
    row = _read(tmp_path / "trials.csv")[0]
    assert float(row["test_accuracy"]) == 0.1 + 0.2
    assert row["test_loss"] == "nan"
    assert row["macro_f1"] == row["epochs_to_target"] == row["train_size"] == ""
    assert row["deterministic"] == "false"


def test_a_message_with_commas_quotes_and_lines_stays_one_cell(tmp_path, make_record):
    message = 'bad, "worse"\nworst'
    TableFiles(tmp_path).rebuild([make_record(message=message), make_record(seed=1)])
    rows = _read(tmp_path / "trials.csv")
    assert [row["message"] for row in rows] == [message, ""]


def test_confusion_gives_each_pair_of_classes_that_occurred(tmp_path, make_record):
    TableFiles(tmp_path).rebuild([make_record()])
    cells = {(r["true_class"], r["predicted_class"]): int(r["count"]) for r in _read(tmp_path / "confusion.csv")}
    assert cells == {("zero", "zero"): 5, ("zero", "two"): 1, ("one", "one"): 6, ("two", "two"): 7}


def test_appending_gives_the_same_files_as_rebuilding(tmp_path, make_record):
    records = [make_record(seed=seed) for seed in range(4)]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    appended = TableFiles(tmp_path / "one")
    appended.rebuild(records[:1])
    assert all(appended.append(record) for record in records[1:])
    TableFiles(tmp_path / "two").rebuild(records)
    for definition in TABLE_DEFINITIONS.values():
        if definition.on_request:
            continue
        texts = [(tmp_path / name / definition.file_name).read_text() for name in ("one", "two")]
        assert texts[0] == texts[1]


def test_steps_are_written_only_where_some_trial_kept_them(tmp_path, make_record):
    files = TableFiles(tmp_path)
    files.rebuild([make_record()])
    assert not (tmp_path / "steps.csv").exists()
    kept = make_record(seed=1, steps=(0.5, 0.25))
    assert not files.append(kept)  # so that the folder rebuilds
    files.rebuild([make_record(), kept])
    assert files.append(make_record(seed=2, steps=(0.125,)))
    assert files.append(make_record(seed=3))
    rows = [(row["step"], row["train_loss"]) for row in _read(tmp_path / "steps.csv")]
    assert rows == [("1", "0.5"), ("2", "0.25"), ("1", "0.125")]
    files.rebuild([make_record()])
    assert not (tmp_path / "steps.csv").exists()


def test_nothing_is_appended_where_a_column_is_missing(tmp_path, make_record):
    files = TableFiles(tmp_path)
    files.rebuild([make_record()])
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert not files.append(make_record(seed=1, metrics={"new_metric": 1.0}))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_table_that_was_removed_is_not_appended_to(tmp_path, make_record):
    files = TableFiles(tmp_path)
    files.rebuild([make_record()])
    (tmp_path / "epochs.csv").unlink()
    assert not files.append(make_record(seed=1))


def test_rows_of_different_width_are_filled_up(make_record):
    columns, rows = table(TABLE_DEFINITIONS["trials"], [make_record(), make_record(seed=1, metrics={"extra": 2.0})])
    lines = list(csv.reader(to_csv(columns, rows).splitlines()))
    assert {len(line) for line in lines} == {len(columns)}
    assert [line[columns.index("extra")] for line in lines] == ["extra", "", "2.0"]
