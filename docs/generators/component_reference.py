"""The page of components: what each plugin of this repository provides."""

from dlbench.components.records import KINDS
from dlbench.components.syntax import format_value
from dlbench.plugins.registry import Registry
from writing import code, table

#: More components of a kind than this from one plugin are counted, not listed.
_MOST = 120
HEAD = """# Components

What dlbench and the plugins of its repository provide. `dlbench list KIND PATTERN` lists what you have installed;
`dlbench show KIND NAME` shows the parameters of one component.

"""


def components_page() -> str:
    """Return the page."""
    registry = Registry.load()
    return HEAD + "".join(_kind(registry, kind) for kind in KINDS)


def _kind(registry: Registry, kind: str) -> str:
    plugins = dict.fromkeys(entry.plugin.name for entry in registry.entries(kind))
    if not plugins:
        return ""
    return f"## {KINDS[kind].noun.capitalize()}s\n\n" + "".join(
        _of_plugin(registry, kind, plugin) for plugin in plugins
    )


def _of_plugin(registry: Registry, kind: str, plugin: str) -> str:
    entries = [entry for entry in registry.entries(kind) if entry.plugin.name == plugin]
    if len(entries) > _MOST:
        return f"From `{plugin}`: {len(entries):,}; `dlbench list {kind} '{plugin}/*'` lists them.\n\n"
    rows = []
    for entry in entries:
        parameters = " ".join(f"{key}={format_value(p.default)}" for key, p in entry.record.parameters.items())
        rows.append([code(entry.record.name), code(parameters), entry.record.summary])
    return f"From `{plugin}`:\n\n" + table(["name", "parameters", "what it is"], rows)
