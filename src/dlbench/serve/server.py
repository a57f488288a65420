"""The server of the live pages, on this machine alone, until Ctrl-C."""

import contextlib
import errno
import socket
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType

import uvicorn

from dlbench.errors import DlbenchError
from dlbench.serve.application import application
from dlbench.serve.rendering import address
from dlbench.serve.watched_runs import WatchedFolder

HOST = "127.0.0.1"
#: The highest number of a port.
_LAST_PORT = 65535


class _Server(uvicorn.Server):
    """A server that ends at once, also while streams of events are open: they never end by themselves."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.force_exit = True


def serve(folder: WatchedFolder, port: int, started: Callable[[str], None], *, browser: bool = False) -> None:
    """Serve the pages of runs until Ctrl-C.

    port: 0 for any that is free.
    started: called with the address once it can be reached.
    browser: whether to open it in a browser.
    """
    with contextlib.closing(listen(port)) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}{address(folder.only.name) if folder.only else '/'}"
        server = _Server(
            uvicorn.Config(
                application(folder),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        started(url)
        if browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):  # the usual end
            server.run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this machine alone; DlbenchError where the port cannot be had."""
    if not 0 <= port <= _LAST_PORT:
        raise DlbenchError(
            f"There is no port {port}.", f"Use one from 1024 to {_LAST_PORT}, or 0 for any that is free."
        )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just given up is free
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        free = "use another one, or --port 0 for any that is free."
        if error.errno == errno.EADDRINUSE:
            raise DlbenchError(
                f"Port {port} of {HOST} is in use, perhaps by another `dlbench serve`.",
                f"Open http://{HOST}:{port}/, or {free}",
            ) from error
        raise DlbenchError(f"Port {port} cannot be used: {error.strerror or error}.", f"{free.capitalize()}") from error
    return listener
