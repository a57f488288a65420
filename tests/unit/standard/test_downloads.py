"""Downloads from a local server that breaks off, lies or knows no ranges; pickles and archives that mean harm."""

import errno
import fcntl
import hashlib
import io
import os
import pickle
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

import numpy as np
import pytest

from dlbench.standard import cifar, downloads
from dlbench.standard.pickles import read_pickle

CONTENT = bytes(range(256)) * 400
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Server:
    """What the server does: how many bytes it sends before it breaks off, by request; whether it knows ranges."""

    def __init__(self, content=CONTENT, cuts=(), ranges=True):
        self.content, self.cuts, self.ranges = content, list(cuts), ranges
        self.asked = []


@contextmanager
def serving(server):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            asked = self.headers.get("Range")
            server.asked.append(asked)
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
            if start and start >= len(server.content):
                self.send_error(416)
                return
            body = server.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}/file"
        finally:
            http.shutdown()
            thread.join()


def fetched(addresses, folder):
    kept = []
    downloads.fetch(addresses, MD5, folder, lambda: False, kept.append)
    return kept[0]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_download_that_breaks_off_goes_on_from_there(tmp_path):
    server = Server(cuts=[1000, 5000])
    with serving(server) as address:
        assert fetched([address], tmp_path) == CONTENT
    assert server.asked == [None, "bytes=1000-", "bytes=6000-"]
    assert not list(tmp_path.iterdir())


def test_a_download_goes_on_in_another_process(tmp_path):
    server = Server(cuts=[1000] * downloads.ATTEMPTS)
    with serving(server) as address:
        with pytest.raises(OSError, match="the connection ended"):
            fetched([address], tmp_path)
        (partial,) = tmp_path.iterdir()
        assert CONTENT.startswith(partial.read_bytes())
        server.cuts, server.asked = [], []
        assert fetched([address], tmp_path) == CONTENT
    assert server.asked == [f"bytes={1000 * downloads.ATTEMPTS}-"]


def test_a_download_that_could_not_be_unpacked_is_there_the_next_time(tmp_path):
    def full(content):
        raise OSError(errno.ENOSPC, "No space left on device")

    server = Server()
    with serving(server) as address:
        with pytest.raises(OSError, match="No space left"):
            downloads.fetch([address], MD5, tmp_path, lambda: False, full)
        assert fetched([address], tmp_path) == CONTENT
    assert len(server.asked) == 1
    assert not list(tmp_path.iterdir())


def test_two_that_start_together_download_a_file_once(tmp_path, monkeypatch):
    """The second finds it absent too, waits for the first, and looks again."""
    server, both = Server(), threading.Barrier(2)
    place, alone, found = downloads.place, downloads._alone, []

    @contextmanager
    def together(path):
        both.wait(10)
        with alone(path):
            yield

    monkeypatch.setattr(downloads, "_alone", together)

    def start(address):
        path = tmp_path / "file"
        downloads.fetch([address], MD5, tmp_path, path.is_file, lambda content: place(path, content))
        found.append(path.read_bytes())

    with serving(server) as address:
        threads = [threading.Thread(target=start, args=(address,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [CONTENT, CONTENT]
    assert server.asked == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_system_without_locks_stops_no_download_nor_what_a_killed_process_left_there(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / f".{MD5}.lock").write_text("4711\nhost\n")
    for _ in range(2):
        with serving(Server()) as address:
            assert fetched([address], tmp_path) == CONTENT
    assert list(tmp_path.iterdir()) == []


def test_a_server_without_ranges_starts_over(tmp_path):
    server = Server(cuts=[1000], ranges=False)
    with serving(server) as address:
        assert fetched([address], tmp_path) == CONTENT
    assert server.asked == [None, "bytes=1000-"]


@pytest.mark.parametrize("begun", [b"of another file", CONTENT + b"more", CONTENT[:-1] + b"x"])
def test_a_beginning_that_belongs_to_another_file_is_thrown_away(tmp_path, begun):
    (tmp_path / f".{MD5}.download").write_bytes(begun)
    server = Server()
    with serving(server) as address:
        assert fetched([address], tmp_path) == CONTENT
    assert server.asked[-1] is None


def test_what_was_whole_already_is_not_asked_for_again(tmp_path):
    (tmp_path / f".{MD5}.download").write_bytes(CONTENT)
    server = Server()
    with serving(server) as address:
        assert fetched([address], tmp_path) == CONTENT
    assert server.asked == []


def test_wrong_bytes_are_refused_by_their_digest_and_the_next_address_is_tried(tmp_path):
    with serving(Server(b"wrong")) as wrong, serving(Server()) as right:
        with pytest.raises(OSError, match=f"expected MD5 {MD5}, found"):
            fetched([wrong], tmp_path)
        assert not list(tmp_path.iterdir())
        assert fetched([wrong, right], tmp_path) == CONTENT


# Pickles


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_of_arrays_is_read_whichever_protocol_wrote_it(tmp_path):
    content = {"data": np.arange(12, dtype=np.uint8).reshape(3, 4), "labels": [1, 2, 3], "name": "batch"}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / str(protocol)
        path.write_bytes(pickle.dumps(content, protocol))
        found = read_pickle(path)
        assert np.array_equal(found["data"], content["data"])
        assert (found["labels"], found["name"]) == ([1, 2, 3], "batch")


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path):
    victim = tmp_path / "victim"
    for number, content in enumerate((Payload(victim), {"data": Payload(victim)}, [Payload(victim)])):
        path = tmp_path / str(number)
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=r"asks for (io|_io|builtins)\.open"):
            read_pickle(path)
    for text in (b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR.", b"Pid\n.", b"", b"\x80", b"I1\n."):
        path.write_bytes(text)
        with pytest.raises(ValueError, match=r"cannot be read|no dictionary"):
            read_pickle(path)
    assert not victim.exists()


# Archives


def _archive(*members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content, link in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if link:
                member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def test_members_of_an_archive_cannot_leave_the_data_folder(tmp_path):
    layout = replace(
        cifar.CIFAR10,
        batches=MappingProxyType({"data_batch_1.bin": 1, "test_batch.bin": 1}),
        sha256=MappingProxyType({}),
        num_classes=2,
    )
    row = bytes(1 + cifar.PIXELS)
    content = _archive(
        ("../../escaped", b"out", ""),
        ("/tmp/dlbench-escaped", b"out", ""),
        ("cifar-10-batches-bin", b"", "/"),
        ("cifar-10-batches-bin/data_batch_1.bin", row, ""),
        ("cifar-10-batches-bin/test_batch.bin", row, ""),
        ("cifar-10-batches-bin/batches.meta.txt", b"a\nb\n", ""),
    )
    with serving(Server(content)) as address:
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        data = cifar.load(replace(layout, address=address, md5=md5), tmp_path / "data", download=True)
    assert len(data.train_images) == 1
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    names = ("data_batch_1.bin", "test_batch.bin", "batches.meta.txt")
    assert found == {f"data/cifar-10-batches-bin/{name}" for name in names}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_a_member_that_is_a_link_to_a_file_outside_gives_nothing_away(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    content = _archive(
        ("cifar-10-batches-bin/data_batch_1.bin", b"", str(secret)),
        ("cifar-10-batches-bin/test_batch.bin", b"", ""),
    )
    layout = replace(cifar.CIFAR10, batches=MappingProxyType({"data_batch_1.bin": 1, "test_batch.bin": 1}))
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    with serving(Server(content)) as address, pytest.raises((KeyError, ValueError)):
        cifar.load(replace(layout, address=address, md5=md5), tmp_path / "data", download=True)
    assert not any(b"secret" in path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
