"""Options and commands as people write them: --lr, --Batch_Size."""

from dlbench.components.spelling import OPTION_ALIASES


def option_name(written: str) -> str:
    """Return the name of an option or a command, without its hyphens, that a word means; short options stay."""
    if len(written) == 1:
        return written
    name = written.casefold().replace("-", "_")
    return OPTION_ALIASES.get(name, name).replace("_", "-")
