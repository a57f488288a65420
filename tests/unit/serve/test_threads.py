"""What the server does beside its loop: results and errors come back, and nobody waits for a thread at the end."""

import asyncio
import threading
import time

import pytest

from dlbench.serve.threads import in_thread


def test_results_and_errors_come_back():
    async def story():
        assert await in_thread(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await in_thread(divmod, 7, 0)
        assert (await in_thread(threading.current_thread)).daemon

    asyncio.run(story())


def test_a_thread_that_is_left_alone_holds_nothing_up():
    released, ended = threading.Event(), threading.Event()

    def slow():
        released.wait(10)
        ended.set()

    async def story():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(slow), 0.05)

    began = time.monotonic()
    asyncio.run(story())
    assert time.monotonic() - began < 5
    released.set()
    assert ended.wait(5)
