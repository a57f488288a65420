"""`dlbench serve`: what it cannot do is a sentence with the next step. The pages have tests of their own."""

import socket
import sys

import pytest


@pytest.mark.parametrize("missing", ["uvicorn", "starlette"])
def test_without_the_extra_there_is_a_sentence_with_the_command(dlbench, monkeypatch, missing):
    for name in [each for each in sys.modules if each.split(".")[0] == missing or each.startswith("dlbench.serve.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    done = dlbench("serve")
    assert done.returncode == 2
    assert "Serving pages needs Starlette and uvicorn." in done.stderr
    assert "Type pip install 'dlbench[serve]'." in done.stderr


def test_a_port_in_use_and_a_run_that_there_is_not_are_sentences(dlbench):
    pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dlbench("serve", "--port", str(port))
    assert done.returncode == 2
    assert f"Port {port} of 127.0.0.1 is in use" in done.stderr
    assert "--port 0" in done.stderr
    done = dlbench("serve", "nowhere")
    assert done.returncode == 2
    assert "There is no run 'nowhere'" in done.stderr
