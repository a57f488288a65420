"""Server-sent events: the parts of a page, all of them at first and then those that have changed.

A stream holds no queue: whoever reads slowly, or comes back, gets the parts as they are by then.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from dlbench.serve.rendering import Parts
from dlbench.serve.threads import in_thread

#: Seconds between two looks at the files, and after how many without a change a line shows that the server is there.
POLL_SECONDS, ALIVE_SECONDS = 0.5, 15.0
#: How soon a browser tries again, in milliseconds.
_RETRY = b"retry: 1000\n\n"
_ALIVE = b": still here\n\n"


class Channel:
    """The changing parts of a page, looked at once for all who watch them, and only while somebody does."""

    def __init__(self, look: Callable[[], Parts]) -> None:
        self._look = look
        self._changed = asyncio.Condition()
        self._parts: Parts = {}
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None

    async def events(self) -> AsyncIterator[bytes]:
        """Yield events for as long as they are read."""
        self._watchers += 1
        sent: dict[str, str] = {}
        try:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._poll())
            yield _RETRY
            while True:
                seen = self._parts
                new = {name: text for name, text in seen.items() if sent.get(name) != text}
                if new:
                    yield b"".join(event(name, text) for name, text in new.items())
                    sent |= new
                elif self._task.done():
                    return  # a look failed; the browser comes back, and starts another
                elif not await self._changes_from(seen):
                    yield _ALIVE
        finally:
            self._watchers -= 1
            if not self._watchers and self._task:
                self._task.cancel()
                self._task = None

    async def _changes_from(self, seen: Parts) -> bool:
        """Wait for a change; return whether there was one before it was time to show that the server is there."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ALIVE_SECONDS), self._changed:
                return await self._changed.wait_for(lambda: self._parts is not seen)
        return False

    async def _poll(self) -> None:
        while True:
            parts = await in_thread(self._look)
            if parts is not self._parts:
                self._parts = parts
                async with self._changed:
                    self._changed.notify_all()
            await asyncio.sleep(POLL_SECONDS)


def event(name: str, text: str) -> bytes:
    """Return an event; its text may have several lines."""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{lines}\n".encode(errors="replace")
