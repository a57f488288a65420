"""Work beside the server's loop, in threads that do not outlive it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *arguments: Any) -> Result:
    """Return what a function returns, called in a thread.

    The process does not wait for it at its end, as it does for those of a pool: after Ctrl-C nobody reads a report.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Result] = loop.create_future()

    def call() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(answer.set_result, function(*arguments))
        except BaseException as error:
            settle = partial(answer.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(_unless_given_up, answer, settle)

    threading.Thread(target=call, daemon=True).start()
    return await answer


def _unless_given_up(answer: asyncio.Future[Result], settle: Callable[[], None]) -> None:
    if not answer.done():
        settle()
