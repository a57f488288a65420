"""The pages of `dlbench serve`: an index, a page a run, their events, a report a run. Nothing here writes."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from dlbench.plugins.registry import Registry
from dlbench.report.html.script import asset
from dlbench.serve.event_stream import Channel
from dlbench.serve.guard import HOSTS, Guard
from dlbench.serve.rendering import address, whole_page
from dlbench.serve.threads import in_thread
from dlbench.serve.watched_runs import WatchedFolder, WatchedRun

#: Reports that are kept for who asks again; each may have three megabytes.
_MOST_REPORTS = 4
#: A report is one file with style and script of its own, and a policy that allows these alone.
_REPORT_POLICY = "frame-ancestors 'none'"
_FILES: dict[str, tuple[Callable[[], str], str]] = {
    "page.css": (lambda: asset("page.css"), "text/css"),
    "live.css": (lambda: _own("live.css"), "text/css"),
    "live.js": (lambda: _own("live.js"), "text/javascript"),
}


class Pages:
    """Answers requests about the runs of a folder."""

    def __init__(self, folder: WatchedFolder) -> None:
        self._folder = folder
        self._index = Channel(folder.parts)
        self._channels: dict[str, tuple[WatchedRun, Channel]] = {}
        self._registry = cache(Registry.load)
        self._reported: list[WatchedRun] = []

    async def index(self, request: Request) -> Response:
        """Answer with the list of runs, or lead to the only one."""
        if self._folder.only is not None:
            return RedirectResponse(address(self._folder.only.name))
        parts = await in_thread(self._folder.parts)
        place = str(self._folder.root.absolute())
        return HTMLResponse(whole_page("runs.html", title="Runs", events="/events", parts=parts, place=place))

    async def run(self, request: Request) -> Response:
        """Answer with the page of a run, as it is now."""
        run = await self._find(request)
        parts, name = await in_thread(run.parts), run.followed.path.name
        several = self._folder.only is None
        events = f"{address(name)}/events"
        return HTMLResponse(whole_page("run.html", title=name, events=events, parts=parts, several=several))

    async def report(self, request: Request) -> Response:
        """Answer with the report of a run, the same as `dlbench report` writes."""
        run = await self._find(request)
        report = await in_thread(run.report, self._registry)
        self._reported = [run, *(each for each in self._reported if each is not run)]
        for each in self._reported[_MOST_REPORTS:]:
            each.forget_report()
        del self._reported[_MOST_REPORTS:]
        if not report:
            why = "There is no report yet: it comes once all planned trials have ended, as the plan fixed."
            return PlainTextResponse(why, 404)
        return HTMLResponse(report, headers={"Content-Security-Policy": _REPORT_POLICY})

    async def index_events(self, request: Request) -> Response:
        """Answer with the changes of the index."""
        return _stream(request, self._index)

    async def run_events(self, request: Request) -> Response:
        """Answer with the changes of a run's page."""
        run = await self._find(request)
        known, channel = self._channels.get(run.followed.path.name, (None, self._index))
        if known is not run:
            channel = Channel(run.parts)
            self._channels[run.followed.path.name] = run, channel
        return _stream(request, channel)

    async def _find(self, request: Request) -> WatchedRun:
        run = await in_thread(self._folder.run, request.path_params["name"])
        if run is None:
            raise HTTPException(404, "There is no such run here.")
        return run


def application(folder: WatchedFolder) -> Starlette:
    """Return the application that shows the runs of a folder."""
    pages = Pages(folder)
    return Starlette(
        routes=[
            Route("/", pages.index),
            Route("/events", pages.index_events),
            Route("/runs/{name}", pages.run),
            Route("/runs/{name}/events", pages.run_events),
            Route("/runs/{name}/report", pages.report),
            Route("/assets/{name}", _file),
        ],
        middleware=[
            Middleware(Guard),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS), www_redirect=False),
        ],
    )


def _stream(request: Request, channel: Channel) -> Response:
    if request.method == "HEAD":
        return Response(media_type="text/event-stream")
    return StreamingResponse(channel.events(), media_type="text/event-stream")


async def _file(request: Request) -> Response:
    """Answer with a file of the pages, by its exact name."""
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    content, kind = _FILES[name]
    return Response(content(), media_type=kind)


def _own(name: str) -> str:
    return files("dlbench.serve").joinpath("assets", name).read_text(encoding="utf-8")
