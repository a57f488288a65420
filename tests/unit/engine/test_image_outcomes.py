"""Which test images a trial classified correctly: the bits that the engine puts into its record."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dlbench.engine.factories import build_model
from dlbench.engine.run_trial import run_trial
from dlbench.engine.work_unit import run_unit
from dlbench.trials.events import TrialFinished
from dlbench.trials.outcomes import images_digest
from dlbench.trials.work_unit import WorkUnit

#: It learns some of the stripes, so that some images are right and some are wrong.
PARTLY = {"model": "mlp:hidden=8", "learning_rate": "0.002", "epochs": "3"}


@pytest.fixture
def run(registry, make_trial, images):
    def run(seed=0, weights=None, **texts):
        trial = make_trial(seed, **{**PARTLY, **texts})
        return run_trial(trial, images, registry, weights=weights)

    return run


@pytest.mark.parametrize("select", ["best", "last", "best-on-test"])
def test_the_mean_of_the_bits_is_the_test_accuracy(run, select):
    record = run(select=select)
    assert 0 < record.metrics["test_accuracy"] < 1
    assert record.outcomes.bits().mean() == pytest.approx(record.metrics["test_accuracy"], abs=1e-12)
    assert record.outcomes.bits().sum() == np.trace(record.confusion)


@pytest.mark.parametrize("select", ["best", "last", "best-on-test"])
def test_the_bits_are_those_of_the_selected_weights_predictions(run, registry, make_trial, images, tmp_path, select):
    """The predictions are computed here from the saved weights, image by image, with torch alone."""
    record = run(seed=2, weights=tmp_path, select=select)
    model = build_model(make_trial(2, **PARTLY), registry)
    model.load_state_dict(torch.load(tmp_path / f"{record.trial_id}.pt", weights_only=True))
    model.eval()
    pixels = torch.from_numpy(images.test_images).float() / 255
    with torch.no_grad():
        predicted = [int(model(image[None]).argmax()) for image in pixels]
    assert record.outcomes.bits().tolist() == [
        guess == label for guess, label in zip(predicted, images.test_labels.tolist(), strict=True)
    ]


def test_the_order_is_the_test_sets_whatever_the_seed_and_however_training_is_shuffled(
    run, monkeypatch, images, digest
):
    """A network that always answers the first class is right for exactly the images of that class."""
    records = [run(seed=seed, learning_rate="0") for seed in (0, 1)]
    assert records[0].outcomes.images == records[1].outcomes.images
    assert records[0].outcomes.images == images_digest(digest, np.arange(len(images.test_labels)))

    class Constant(torch.nn.Module):
        """Always answers the first class."""

        def __init__(self):
            super().__init__()
            self.bias = torch.nn.Parameter(torch.tensor([1.0, 0.0, 0.0]))

        def forward(self, pixels):
            return self.bias.expand(len(pixels), 3)

    monkeypatch.setattr("dlbench.engine.run_trial.build_model", lambda trial, registry: Constant())
    for seed in range(4):
        record = run(seed=seed, learning_rate="0", augment="flip")
        np.testing.assert_array_equal(record.outcomes.bits(), images.test_labels == 0)


def test_some_of_the_test_images_have_bits_and_a_digest_of_their_own(run, images, digest):
    """Their bits are those that the same weights have for these images among all."""
    every, some = run(select="last"), run(select="last", test_size="12")
    chosen = torch.randperm(30, generator=torch.Generator().manual_seed(0))[:12].sort().values.numpy()
    assert some.outcomes.count == 12
    assert some.outcomes.images == images_digest(digest, chosen) != every.outcomes.images
    np.testing.assert_array_equal(some.outcomes.bits(), every.outcomes.bits()[chosen])


def test_a_test_set_of_several_batches_keeps_its_order(run, monkeypatch):
    whole = run()
    monkeypatch.setattr("dlbench.engine.evaluation.EVALUATION_BATCH", 7)
    assert run().outcomes.bits().tolist() == whole.outcomes.bits().tolist()


def test_validating_on_the_test_set_changes_neither_images_nor_order(run):
    assert run(validation="test").outcomes.images == run().outcomes.images


def test_a_trial_that_diverged_or_failed_has_none(run, make_trial, data_dir):
    diverged = run(optimizer="sgd", learning_rate="1e30", epochs="6", activation="identity")
    assert diverged.status == "diverged"
    assert diverged.outcomes is None
    events = []
    unit = WorkUnit(trials=(make_trial(validation="last:120"), make_trial(**PARTLY)))
    run_unit(unit, data_dir, events.append)
    failed, done = (event.record for event in events if isinstance(event, TrialFinished))
    assert (failed.status, failed.outcomes) == ("failed", None)
    assert done.outcomes.count == 30


def test_each_trial_of_a_unit_has_its_own(run, make_trial, data_dir):
    trials = tuple(make_trial(seed, **PARTLY) for seed in (0, 1))
    events = []
    run_unit(WorkUnit(trials=trials), data_dir, events.append)
    together = [event.record.outcomes for event in events if isinstance(event, TrialFinished)]
    assert together == [run(seed).outcomes for seed in (0, 1)]
    assert together[0].correct != together[1].correct


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")
@pytest.mark.parametrize("graphs", ["false", "true"])
def test_a_gpu_leaves_the_same_images_and_bits_that_fit_its_accuracy(run, graphs):
    record = run(device="cuda", cuda_graphs=graphs)
    assert record.outcomes.images == run().outcomes.images
    assert record.outcomes.bits().sum() == np.trace(record.confusion)


def test_a_data_set_that_names_groups_has_counts_by_group_in_its_record(registry, make_trial, images):
    groups = np.arange(len(images.test_labels)) % 4 * 10
    trial = make_trial(0, **PARTLY)
    plain = run_trial(trial, images, registry)
    grouped = run_trial(trial, replace(images, test_groups=groups), registry)
    bits = grouped.outcomes.bits()
    assert grouped.outcomes.by_group().tolist() == [int(bits[groups == group].sum()) for group in (0, 10, 20, 30)]
    assert (grouped.metrics, plain.outcomes.groups, plain.outcomes.number_of_groups) == (plain.metrics, "", 0)
