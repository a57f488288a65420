"""The observers of a run, each with a time limit: one that is slow is left out, and never holds the run."""

import sys
import threading
from typing import Any

from dlbench.plugins.discovery import Plugin, PluginSet

#: A call that takes longer is left to itself, and its plugin observes nothing more.
LIMIT_SECONDS = 10.0
_REMEDY = "Check that what it writes to, a server say, is up and can be reached,"
_HOOKS = ("dlbench_run_started", "dlbench_epoch_finished", "dlbench_trial_finished", "dlbench_run_finished")


class Observers:
    """Calls the observers one at a time, and waits for each no longer than the limit."""

    def __init__(self, plugins: PluginSet) -> None:
        self._plugins = plugins
        found = [(plugin, frozenset(plugins.hooks(plugin))) for plugin in plugins.plugins]
        self._having = {hook: [plugin for plugin, hooks in found if hook in hooks] for hook in _HOOKS}

    def call(self, hook: str, **arguments: Any) -> None:
        """Call one hook of every plugin that has it."""
        for plugin in self._having[hook]:
            if not self._in_time(plugin, hook, arguments):
                for each in _HOOKS:
                    reason = f"its hook {hook} took longer than {LIMIT_SECONDS:.0f} seconds, and observes no more."
                    self._plugins.disable_hook(plugin, each, reason if each == hook else "", _REMEDY)

    def _in_time(self, plugin: Plugin, hook: str, arguments: dict[str, Any]) -> bool:
        stdout, failed = sys.stdout, []

        def run() -> None:
            try:
                list(self._plugins.call(hook, only=plugin.name, **arguments))
            except BaseException as error:  # where a fault of a plugin is an error
                failed.append(error)

        thread = threading.Thread(target=run, name=f"observer {plugin.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no room for a thread: it is called without a limit, since a run is not lost for that
            run()
        else:
            thread.join(LIMIT_SECONDS)
        sys.stdout = stdout  # a call that hangs has redirected it
        if failed:
            raise failed[0]
        return not thread.is_alive()
