import json

import pytest

ACTIVATIONS = ("--activation", "relu,tanh")


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (("--metric", "test_acuracy"), "Did you mean test_accuracy"),
        (("--baseline", "thanh"), "Did you mean tanh?"),
        (("--alpha", "1.5"), "alpha must be between 0 and 1, got 1.5"),
        (("--alpha", "nan"), "out of range. Write it as in --alpha 0.05."),
        (("--alpha", "10%"), "not '10%'. Write it as in --alpha 0.1."),
        (("--alpha", "10"), "got 10. Write 0.1 for 10 %."),
        (("--margin", "0,3%"), "Write it as in --margin 0.3."),
        (("--margin", "some"), "Write it as in --margin 0.2."),
        (("--seeds", "auto:9..3"), "auto:7..30"),
        (("--seeds", "many"), "--seeds 7"),
        (("--seeds", "lest"), "--seeds 7"),
    ],
)
def test_what_cannot_be_judged_is_answered_before_anything_is_written(dlbench, tmp_path, options, answer):
    for more in ((), ("--dry-run",)):
        done = dlbench("compare", *ACTIVATIONS, *options, *more)
        assert done.returncode == 2
        assert answer in done.stderr.replace("\n", " ")
        assert not (tmp_path / "results").exists()


def test_a_dry_run_shows_interim_analyses_and_noise_floor(dlbench):
    arguments = ("compare", "--dry-run", *ACTIVATIONS, "--seeds", "auto:8..20", "--noise-floor")
    text = " ".join(dlbench(*arguments).stdout.split())
    assert "at least 30, at most 60 trials: 2 variants × 20 (seeds 0 to 19), and 20 of the noise floor" in text
    assert "Interim analyses: at 10, 12, 14, 16, 18, 20 seeds, at α = 0.0042, the last at 0.048;" in text
    assert "a decided variant gets no more seeds" in text
    document = json.loads(dlbench(*arguments, "--json").stdout)
    assert (document["looks"], document["noise_floor"][0], document["trials"]) == ([10, 12, 14, 16, 18, 20], 10_000, 60)


def test_audit_prints_a_table_with_warnings_or_one_document(dlbench, tmp_path):
    lines = [f"{name},{seed},{0.9 + gain + seed / 1000}" for name, gain in (("a", 0), ("b", 0.05)) for seed in range(7)]
    (tmp_path / "x.csv").write_text("\n".join(["method,seed,accuracy", *lines, "b,9,0.9"]) + "\n")
    arguments = ("results", "audit", "x.csv", "--variant", "method", "--seed", "seed", "--metric", "accuracy")
    done = dlbench(*arguments)
    assert done.returncode == 0
    assert "b is better than a by 5.0 points [5.0, 5.0], n = 7 paired seeds, adjusted p = 0.016" in done.stdout
    assert "Warning: unequal numbers of seeds (a 7, b 8)" in done.stdout
    document = json.loads(dlbench(*arguments, "--json").stdout)
    assert [row["verdict"] for row in document["comparison"]] == ["baseline", "better"]
    assert document["comparison"][1]["dropped"] == 1
    assert len(document["warnings"]) == 3


def test_audit_answers_a_wrong_column_with_the_nearest(dlbench, tmp_path):
    (tmp_path / "x.csv").write_text("method,seed,accuracy\na,0,0.5\n")
    done = dlbench("results", "audit", "x.csv", "--variant", "metod", "--seed", "seed", "--metric", "accuracy")
    assert done.returncode == 2
    assert "Did you mean method?" in done.stderr
