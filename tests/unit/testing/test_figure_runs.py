"""The run on which the promises of figures are checked: every variant has its trials and what the figure shows."""

from pathlib import Path

from dlbench.components.records import Figure
from dlbench.testing.figures import EPOCHS, LAYERS, run
from dlbench.testing.promises import Subject


def test_each_variant_of_the_run_has_trials_with_the_values_of_the_figure(registry):
    (entry,) = (entry for entry in registry.entries(Figure) if entry.record.name == "gradients")
    data = run(Subject(entry, registry, {}, Path()))
    assert [len(variant.records) for variant in data.variants] == [3, 3]
    for variant in data.answered:
        assert tuple(variant.layers("gradient_norm")) == LAYERS
        assert [len(record.diagnostics) for record in variant.records] == [EPOCHS * len(LAYERS)] * 3
