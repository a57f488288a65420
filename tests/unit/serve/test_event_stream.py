"""Events: everything at first, then what changes; whoever is slow or comes back gets how it is by then."""

import asyncio

import pytest

pytest.importorskip("starlette", reason="the extra serve is not installed")

from dlbench.serve import event_stream
from dlbench.serve.event_stream import Channel, event

LIMIT_SECONDS = 20


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(event_stream, "POLL_SECONDS", 0.01)


class Source:
    """What a page shows, changed by a test."""

    def __init__(self, **parts):
        self.now, self.looks = parts, 0

    def look(self):
        self.looks += 1
        return self.now

    def change(self, **parts):
        self.now = {**self.now, **parts}


def _run(story):
    async def within_limit():
        async with asyncio.timeout(LIMIT_SECONDS):
            return await story

    return asyncio.run(within_limit())


def test_an_event_keeps_the_lines_of_its_text():
    assert event("progress", "one\ntwo\n") == b"event: progress\ndata: one\ndata: two\ndata: \n\n"


def test_the_first_events_have_everything_and_later_ones_what_changed():
    async def story():
        source = Source(progress="1 of 3", running="a")
        events = Channel(source.look).events()
        assert await anext(events) == b"retry: 1000\n\n"
        first = await anext(events)
        source.change(progress="2 of 3")
        second = await anext(events)
        await events.aclose()
        return first, second

    first, second = _run(story())
    assert first == event("progress", "1 of 3") + event("running", "a")
    assert second == event("progress", "2 of 3")


def test_one_look_serves_all_who_watch_and_nobody_watching_is_no_look():
    async def story():
        source = Source(progress="0")
        channel = Channel(source.look)
        streams = [channel.events() for _ in range(50)]
        for stream in streams:
            await anext(stream)
            await anext(stream)
        assert [task.get_coro().__qualname__ for task in asyncio.all_tasks()].count("Channel._poll") == 1
        source.change(progress="1")
        assert {await anext(stream) for stream in streams} == {event("progress", "1")}
        for stream in streams:
            await stream.aclose()
        await asyncio.sleep(0.05)
        looked = source.looks
        await asyncio.sleep(0.05)
        assert source.looks == looked

    _run(story())


def test_a_slow_reader_skips_to_how_it_is_by_then():
    async def story():
        source = Source(progress="0")
        events = Channel(source.look).events()
        await anext(events)
        await anext(events)
        for number in range(1, 6):
            source.change(progress=str(number))
            await asyncio.sleep(0.03)
        late = await anext(events)
        await events.aclose()
        return late

    assert _run(story()) == event("progress", "5")


def test_a_quiet_stream_shows_that_the_server_is_there(monkeypatch):
    monkeypatch.setattr(event_stream, "ALIVE_SECONDS", 0.02)

    async def story():
        events = Channel(Source(progress="0").look).events()
        while await anext(events) != event("progress", "0"):
            pass
        found = [await anext(events) for _ in range(2)]
        await events.aclose()
        return found

    assert _run(story()) == [b": still here\n\n"] * 2


def test_a_look_that_fails_ends_the_stream_and_the_next_one_looks_again(monkeypatch):
    monkeypatch.setattr(event_stream, "ALIVE_SECONDS", 0.02)

    async def story():
        answers = iter([OSError("gone for a moment"), {"progress": "back"}])

        def look():
            found = next(answers)
            if isinstance(found, Exception):
                raise found
            return found

        channel = Channel(look)
        first = [chunk async for chunk in channel.events()]
        monkeypatch.setattr(event_stream, "POLL_SECONDS", LIMIT_SECONDS)
        again = channel.events()
        await anext(again)
        while not (found := await anext(again)).startswith(b"event"):
            pass
        await again.aclose()
        return first, found

    first, found = _run(story())
    assert set(first) <= {b"retry: 1000\n\n", b": still here\n\n"}
    assert found == event("progress", "back")
