import os

from dlbench.executors import output_log
from dlbench.executors.output_log import OutputLog


def _append(path, data):
    with path.open("ab") as file:
        file.write(data)


def test_a_short_log_is_kept_as_it_is(tmp_path):
    log = OutputLog(tmp_path / "1.log")
    assert log.text() == ""
    for text in ("a few words, größer", "", "x" * 40_000):
        _append(log.path, text.encode())
        log.trim()
    assert log.text() == "a few words, größer" + "x" * 40_000


def test_a_long_log_keeps_its_beginning_and_its_end_and_the_file_stays_small(tmp_path):
    log = OutputLog(tmp_path / "1.log")
    written = b"".join(b"line %07d\n" % number for number in range(400_000))
    for start in range(0, len(written), 500_000):
        _append(log.path, written[start : start + 500_000])
        log.trim()
        assert log.path.stat().st_size < 2 * 2**20
    text = log.text()
    head, middle, tail = text[: 32 * 1024], text[32 * 1024 : -32 * 1024], text[-32 * 1024 :]
    assert written.decode().startswith(head)
    assert written.decode().endswith(tail)
    assert middle == f"\n[{len(written) - 64 * 1024:,} bytes omitted]\n"


def test_whoever_appends_goes_on_at_the_new_end_after_a_trim(tmp_path):
    log = OutputLog(tmp_path / "1.log")
    descriptor = os.open(log.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"x" * (2**20 + 1))
    log.trim()
    assert log.path.stat().st_size == 0
    os.write(descriptor, b"the end")
    os.close(descriptor)
    assert log.path.stat().st_size == 7
    assert log.text().endswith("xthe end")


def test_more_than_any_component_prints_that_ends_is_endless(tmp_path, monkeypatch):
    monkeypatch.setattr(output_log, "ENDLESS_BYTES", 3 * 2**20)
    log = OutputLog(tmp_path / "1.log")
    found = []
    for _ in range(3):
        _append(log.path, b"x" * (2**20 + 1))
        log.trim()
        found.append(log.endless)
    assert found == [False, False, True]
