"""Parts of the engine, for plugins that hold its numbers against a computation of their own. Needs torch.

Unlike the public names of dlbench they may change in any version.
"""

from dlbench.engine.cost import count_parameters
from dlbench.engine.describe import describe_model
from dlbench.engine.randomness import generator
from dlbench.engine.run_trial import run_trial
from dlbench.engine.schedule_free import evaluation_weights
from dlbench.engine.setup import build_setup
from dlbench.engine.split import split_data
from dlbench.engine.stopping import BestWeights, EarlyStopping
from dlbench.engine.training import evaluate_on, train
from dlbench.plugins.importing import resolve_factory

__all__ = [
    "BestWeights",
    "EarlyStopping",
    "build_setup",
    "count_parameters",
    "describe_model",
    "evaluate_on",
    "evaluation_weights",
    "generator",
    "resolve_factory",
    "run_trial",
    "split_data",
    "train",
]
