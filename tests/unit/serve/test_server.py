"""The server's port: on this machine alone, and a sentence where it cannot be had."""

import socket
import threading

import pytest

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

from dlbench.errors import DlbenchError
from dlbench.serve import server
from dlbench.serve.server import listen, serve
from dlbench.serve.watched_runs import WatchedFolder


def test_any_free_port_is_of_this_machine_alone():
    with listen(0) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        assert port > 0


def test_a_port_in_use_is_a_sentence_with_the_next_step():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DlbenchError, match=f"Port {port} of 127.0.0.1 is in use") as found:
            listen(port)
    assert "--port 0" in found.value.hint


def test_a_port_that_was_just_given_up_can_be_had_again():
    with listen(0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            listener.accept()[0].close()  # this end waits for a while
    listen(port).close()


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_no_port_is_a_sentence(port):
    with pytest.raises(DlbenchError, match="There is no port"):
        listen(port)


@pytest.mark.parametrize(("only", "path"), [(None, "/"), ("a run/é", "/runs/%C3%A9")])
def test_the_address_is_told_and_opened_and_ctrl_c_is_the_usual_end(tmp_path, monkeypatch, only, path):
    def run(self, sockets):
        with socket.create_connection(sockets[0].getsockname(), timeout=5):
            raise KeyboardInterrupt

    opened, told, seen = [], [], threading.Event()
    monkeypatch.setattr(server._Server, "run", run)
    monkeypatch.setattr(server.webbrowser, "open", lambda url: (opened.append(url), seen.set()))
    serve(WatchedFolder(tmp_path, only and tmp_path / only), 0, told.append, browser=True)
    assert seen.wait(5)
    assert opened == told
    assert told[0].startswith("http://127.0.0.1:")
    assert told[0].endswith(path)
