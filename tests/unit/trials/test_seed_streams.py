import os
import subprocess
import sys

from dlbench.trials.seed_streams import STREAMS, derive


def test_every_stream_of_the_design_exists() -> None:
    assert {"split", "initialisation", "order", "augmentation", "dropout"} <= set(STREAMS)


def test_the_streams_of_many_seeds_are_all_different() -> None:
    derived = {derive(seed, stream) for seed in range(1000) for stream in STREAMS}
    assert len(derived) == 1000 * len(STREAMS)


def test_torch_and_numpy_accept_a_derived_seed() -> None:
    assert all(0 <= derive(seed, stream) < 2**63 for seed in (0, 1, 2**40) for stream in STREAMS)


def test_the_bits_of_derived_seeds_look_like_coin_tosses() -> None:
    tosses = [derive(seed, "order") >> bit & 1 for seed in range(500) for bit in range(63)]
    heads, half = sum(tosses), len(tosses) / 2
    assert abs(heads - half) < 4 * (len(tosses) / 4) ** 0.5


def test_a_derived_seed_does_not_depend_on_the_process_or_its_hash_seed() -> None:
    program = "from dlbench.trials.seed_streams import derive; print(derive(3, 'split'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == derive(3, "split")
