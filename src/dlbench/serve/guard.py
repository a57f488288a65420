"""What protects the pages: only this machine's own names, only this page's own origin, and nothing from elsewhere."""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The names by which a browser on this machine reaches the server: any other was made to lead here (DNS rebinding).
HOSTS = ("127.0.0.1", "localhost")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses requests that pages of another origin make, and marks every answer as this origin's alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return  # nothing here speaks anything else

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        foreign = from_elsewhere(Headers(scope=scope))
        answer: ASGIApp = PlainTextResponse("This is for pages of dlbench serve alone.", 403) if foreign else self._app
        await answer(scope, receive, marked)


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Return whether a page of another origin makes a request. A link that somebody follows is none of its own."""
    if (origin := headers.get("origin")) is not None:
        return origin != f"http://{headers.get('host')}"
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return headers.get("sec-fetch-site") in ("cross-site", "same-site") and not followed
