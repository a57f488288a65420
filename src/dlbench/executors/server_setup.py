"""What the server of worker processes does first: it adopts what the descendants of dead workers leave."""

import sys
import warnings

from dlbench.executors.descendants import adopt_orphans

if any("multiprocessing.forkserver" in argument for argument in sys.orig_argv):  # this is the server
    adopt_orphans()
    warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")
