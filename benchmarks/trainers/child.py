"""One trainer in its own process, with one thread per core: reads seconds, answers with images and seconds.

python child.py TRAINER MODEL BATCH PRECISION DATA_DIR CORE,…
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from workloads import WORKLOADS

TRAINERS = {
    "dlbench": "ours:Dlbench",
    "dlbench-giving-back": "ours:DlbenchGivingBack",
    "dlbench-gpu": "ours:DlbenchOnGpu",
    "limit": "ours:Limit",
    "plain": "plain:Plain",
    "plain-tuned": "plain:PlainTuned",
    "lightning": "lightning_trainer:Lightning",
    "lightning-tuned": "lightning_trainer:LightningTuned",
    "skorch": "skorch_trainer:Skorch",
    "keras-jax": "keras_trainer:Keras",
}


def main(trainer: str, model: str, batch: str, precision: str, data_dir: str, cores: str) -> None:
    """Build the trainer, warm it up, and train for as many seconds as each line of standard input says."""
    os.sched_setaffinity(0, set(map(int, cores.split(","))))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries must not mix with the answers
    module, _, name = TRAINERS[trainer].partition(":")
    built = getattr(import_module(module), name)(WORKLOADS[model], int(batch), precision, Path(data_dir))
    built.run(1.0)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(built.run(float(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
