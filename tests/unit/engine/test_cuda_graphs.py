"""What can be told of CUDA graphs without a GPU: a recording that is replayed by doing its work again."""

from dataclasses import replace

import pytest
import torch

from dlbench.engine.building import build_model
from dlbench.engine.cuda_graphs import WARM_UP_STEPS, GraphedStep, make_recordable
from dlbench.engine.feed import Batch
from dlbench.engine.randomness import borrowed_generators
from dlbench.engine.setup import gather
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
def ingredients(registry, make_trial, images):
    def make(**texts):
        trial = make_trial(**texts)
        with borrowed_generators(trial.seed, "initialisation"):
            model = build_model(trial, registry)
        return gather(trial, images, model, registry)

    return make


def _graphed(use, recorder):
    """Return the ingredients with a step that is recorded, on the CPU."""
    assert make_recordable(use.optimizer, CPU)
    return replace(use, step=GraphedStep(prepare=lambda work: work, record=recorder))


def _batches(use):
    return list(map(Batch, use.train_feed.indices.split(use.batch_size)))


def _epochs(use, count=3):
    with borrowed_generators(0, "dropout"):
        results = [train_epoch(use) for _ in range(count)]
    return results, [parameter.detach().clone() for parameter in use.model.parameters()]


@pytest.mark.parametrize("optimizer", ["adam", "adamw:weight_decay=0.1", "sgd:momentum=0.9", "rmsprop", "nadam"])
def test_recorded_steps_train_as_single_steps_do(ingredients, optimizer):
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
    expected, weights = _epochs(ingredients(**texts))
    results, recorded_weights = _epochs(_graphed(ingredients(**texts), recorder))
    assert recorder.recordings == 1
    for (loss, accuracy, steps), (other_loss, other_accuracy, other_steps) in zip(expected, results, strict=True):
        assert other_steps == pytest.approx(steps, rel=1e-5)
        assert (other_loss, other_accuracy) == pytest.approx((loss, accuracy), rel=1e-5)
    for weight, other in zip(weights, recorded_weights, strict=True):
        torch.testing.assert_close(other, weight, rtol=1e-5, atol=1e-6)


def test_once_a_schedule_has_changed_the_momentum_steps_are_single(ingredients):
    recorder = Recorder()
    use = _graphed(ingredients(optimizer="sgd:momentum=0.9"), recorder)
    replays = []
    use.step.record = lambda work: lambda: (replays.append(1), work())
    for number, batch in enumerate(_batches(use)):
        if number == WARM_UP_STEPS + 2:
            use.optimizer.param_groups[0]["momentum"] = 0.5
        use.step(use, batch)
    assert len(replays) == 2


def test_an_answer_outlives_the_steps_after_it(ingredients):
    use = _graphed(ingredients(), Recorder())
    batches = _batches(use)
    answers = [use.step(use, batch) for batch in batches]
    kept = [loss.item() for loss, _ in answers]
    for batch in batches:
        use.step(use, batch)
    assert [loss.item() for loss, _ in answers] == kept
    assert len(set(kept[WARM_UP_STEPS:])) > 1


def test_an_optimizer_that_comes_from_a_checkpoint_is_made_recordable_anew(ingredients):
    use = _graphed(ingredients(learning_rate="0.25"), Recorder())
    use.optimizer.param_groups[0]["lr"] = 0.25  # as a state that was saved without a tensor
    use.step(use, _batches(use)[0])
    assert torch.equal(use.optimizer.param_groups[0]["lr"], torch.tensor(0.25))


def test_no_step_is_recorded_before_optimizers_have_their_state(ingredients):
    recorder = Recorder()
    use = _graphed(ingredients(), recorder)
    for number, batch in enumerate(_batches(use)):
        assert recorder.recordings == (number > WARM_UP_STEPS)
        use.step(use, batch)


def test_an_optimizer_that_can_be_recorded_gets_its_learning_rate_as_a_tensor():
    weights = [torch.nn.Parameter(torch.zeros(2))]
    optimizer = torch.optim.SGD(weights, 0.5, fused=True)
    assert make_recordable(optimizer, CPU)
    assert torch.equal(optimizer.param_groups[0]["lr"], torch.tensor(0.5))
    torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5).get_last_lr()
    assert not make_recordable(torch.optim.SGD(weights, 0.5), CPU)
    assert not make_recordable(torch.optim.Adagrad(weights, 0.5), CPU)


def test_without_a_gpu_steps_are_single(ingredients):
    assert ingredients(cuda_graphs="true").step is train_step
