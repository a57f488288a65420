from pathlib import Path

from dlbench_slurm.mailbox import Reader, Writer


def test_each_message_is_read_once_and_in_its_order(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "box"), Reader(tmp_path / "box")
    assert list(reader.read()) == []
    writer.write({"kind": "one"})
    assert list(reader.read()) == [{"kind": "one"}]
    writer.hold({"kind": "two"})
    assert list(reader.read()) == []
    writer.write({"kind": "three"})
    assert [message["kind"] for message in reader.read()] == ["two", "three"]
    assert list(reader.read()) == []


def test_a_message_that_is_not_whole_yet_comes_later(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "box")
    (tmp_path / "box").write_bytes(b'{"kind": "one"}\n{"ki')
    assert list(reader.read()) == [{"kind": "one"}]
    with (tmp_path / "box").open("ab") as file:
        file.write(b'nd": "two"}\n')
    assert list(reader.read()) == [{"kind": "two"}]
