"""The command `dlbench`, also as `python -m dlbench`."""

import gc

#: Objects made before the collector looks for garbage: imports make a hundred thousand and leave none.
_COLLECT_AFTER = 100_000


def main() -> None:
    """Run the command line, without the garbage collector's help at start-up: a tenth of it would go there."""
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    from dlbench.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
