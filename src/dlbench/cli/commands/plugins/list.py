"""`dlbench plugins list`: which are installed, what they provide, and whether they work."""

from dlbench.cli.listings.plugin_table import print_plugins
from dlbench.cli.options.common import AsJson


def list_plugins(as_json: AsJson = False) -> None:
    """List plugins: name, version, distribution, components by kind, other hooks, and their health."""
    print_plugins(as_json=as_json)
