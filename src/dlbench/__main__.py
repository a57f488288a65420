"""The command `dlbench`, also as `python -m dlbench`."""

import gc
import os

#: Objects made before the collector looks for garbage: imports make a hundred thousand and leave none.
_COLLECT_AFTER = 100_000


def main() -> None:
    """Run the command line, without what start-up need not wait for: a tenth of it would go to looking for garbage."""
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    # Typer reads arguments by pydantic, which would look through all that is installed for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from dlbench.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
