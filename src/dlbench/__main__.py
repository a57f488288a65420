"""The command `dlbench`, also as `python -m dlbench`."""

import gc
import os

from dlbench.startup import prepare_command

#: Allocations before the cyclic garbage collector runs: imports allocate a hundred thousand and leave no garbage.
_COLLECT_AFTER = 100_000
_INTERRUPTED = 130


def main() -> None:
    """Run the command line; garbage collection during start-up would cost a tenth of its time."""
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    prepare_command()
    # Typer imports pydantic, which would search all installed distributions for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from dlbench.cli.main import main as run

        run()
    except KeyboardInterrupt:  # while modules were imported, before anything could take it
        raise SystemExit(_INTERRUPTED) from None


if __name__ == "__main__":
    main()
