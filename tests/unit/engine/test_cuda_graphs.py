"""What can be tested of CUDA graphs without a GPU, with a recording that is replayed by repeating its work."""

from dataclasses import replace

import pytest
import torch

from dlbench.engine.cuda_graphs import WARM_UP_STEPS, GraphedStep, make_recordable
from dlbench.engine.factories import build_model
from dlbench.engine.feed import Batch
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.setup import build_setup
from dlbench.engine.training import train_epoch, train_step

CPU = torch.device("cpu")


class Recorder:
    """Keeps the work and does it again at each replay, as a graph does, and not when it is recorded."""

    def __init__(self) -> None:
        self.recordings = 0

    def __call__(self, work):
        self.recordings += 1
        return work


@pytest.fixture
def make_setup(registry, make_trial, images):
    def make(**texts):
        trial = make_trial(**texts)
        with borrowed_generators(trial.seed, "initialisation"):
            model = build_model(trial, registry)
        return build_setup(trial, images, model, registry)

    return make


def _graphed(setup, recorder):
    """Return the setup with a step that is recorded, on the CPU."""
    assert make_recordable(setup.optimizer, CPU)
    return replace(setup, step=GraphedStep(prepare=lambda work: work, record=recorder))


def _batches(setup):
    return list(map(Batch, setup.train_feed.indices.split(setup.batch_size)))


def _epochs(setup, count=3):
    with borrowed_generators(0, "dropout"):
        results = [train_epoch(setup) for _ in range(count)]
    return results, [parameter.detach().clone() for parameter in setup.model.parameters()]


@pytest.mark.parametrize("optimizer", ["adam", "adamw:weight_decay=0.1", "sgd:momentum=0.9", "rmsprop", "nadam"])
def test_recorded_steps_train_as_single_steps_do(make_setup, optimizer):
    """96 images in batches of 20: four whole ones an epoch, and a smaller one that no recording fits."""
    texts = {
        "model": "mlp:hidden=8:dropout=0.3",
        "optimizer": optimizer,
        "batch_size": "20",
        "scheduler": "linear-to-zero",
        "gradient_clip": "0.5",
        "augment": "crop:padding=1,flip",
        "learning_rate": "0.01",
    }
    recorder = Recorder()
    expected, weights = _epochs(make_setup(**texts))
    results, recorded_weights = _epochs(_graphed(make_setup(**texts), recorder))
    assert recorder.recordings == 1
    for (loss, accuracy, steps), (other_loss, other_accuracy, other_steps) in zip(expected, results, strict=True):
        assert other_steps == pytest.approx(steps, rel=1e-5)
        assert (other_loss, other_accuracy) == pytest.approx((loss, accuracy), rel=1e-5)
    for weight, other in zip(weights, recorded_weights, strict=True):
        torch.testing.assert_close(other, weight, rtol=1e-5, atol=1e-6)


def test_once_a_schedule_has_changed_the_momentum_steps_are_single(make_setup):
    recorder = Recorder()
    setup = _graphed(make_setup(optimizer="sgd:momentum=0.9"), recorder)
    replays = []
    setup.step.record = lambda work: lambda: (replays.append(1), work())
    for number, batch in enumerate(_batches(setup)):
        if number == WARM_UP_STEPS + 2:
            setup.optimizer.param_groups[0]["momentum"] = 0.5
        setup.step(setup, batch)
    assert len(replays) == 2


def test_an_answer_outlives_the_steps_after_it(make_setup):
    setup = _graphed(make_setup(), Recorder())
    batches = _batches(setup)
    answers = [setup.step(setup, batch) for batch in batches]
    kept = [loss.item() for loss, _ in answers]
    for batch in batches:
        setup.step(setup, batch)
    assert [loss.item() for loss, _ in answers] == kept
    assert len(set(kept[WARM_UP_STEPS:])) > 1


def test_an_optimizer_that_is_restored_from_a_checkpoint_is_made_recordable_again(make_setup):
    setup = _graphed(make_setup(learning_rate="0.25"), Recorder())
    setup.optimizer.param_groups[0]["lr"] = 0.25  # as a state that was saved without a tensor
    setup.step(setup, _batches(setup)[0])
    assert torch.equal(setup.optimizer.param_groups[0]["lr"], torch.tensor(0.25))


def test_no_step_is_recorded_before_optimizers_have_their_state(make_setup):
    recorder = Recorder()
    setup = _graphed(make_setup(), recorder)
    for number, batch in enumerate(_batches(setup)):
        assert recorder.recordings == (number > WARM_UP_STEPS)
        setup.step(setup, batch)


def test_an_optimizer_that_can_be_recorded_gets_its_learning_rate_as_a_tensor():
    weights = [torch.nn.Parameter(torch.zeros(2))]
    optimizer = torch.optim.SGD(weights, 0.5, fused=True)
    assert make_recordable(optimizer, CPU)
    assert torch.equal(optimizer.param_groups[0]["lr"], torch.tensor(0.5))
    torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5).get_last_lr()
    assert not make_recordable(torch.optim.SGD(weights, 0.5), CPU)
    assert not make_recordable(torch.optim.Adagrad(weights, 0.5), CPU)


def test_without_a_gpu_steps_are_single(make_setup):
    assert make_setup(cuda_graphs="true").step is train_step
