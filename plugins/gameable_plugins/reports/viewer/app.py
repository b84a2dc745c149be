"""The viewer as an ASGI application: it only reads, and answers only a browser on this machine that means to ask it.

What a model, a sandbox or a profile wrote is shown as text: templates escape it, and the content security policy lets
no script run but the one file of ours, wherever escaping might fail. A request under another host's name is refused, so
that no page out on the net can read runs by pointing its own name at this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gameable import StoreError
from gameable.catalogue import Catalogue
from gameable.store import Store
from gameable_plugins.reports.viewer import _episode, _listing, _runs
from gameable_plugins.reports.viewer._templates import render

HOSTS = ("127.0.0.1", "localhost")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def make(runs: Path) -> Starlette:
    """Return the viewer over a folder of runs, or over one run.

    Args:
        runs: Read anew for every request, so that runs which begin later show up.
    """
    pages = _Pages(runs)
    return Starlette(
        routes=[
            Route("/", pages.home),
            Route("/runs/{run:path}/-/{episode:path}", pages.episode),
            Route("/runs/{run:path}", pages.run),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
        exception_handlers={HTTPException: _refused, StoreError: _unreadable},
    )


class _Pages:
    """Every page by its address."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs

    def home(self, request: Request) -> HTMLResponse:
        """List the runs."""
        found = _runs.listed(self._runs)
        live = any(run.live for run in found)
        return _page("runs", {"folder": self._runs.absolute(), "runs": found, "live": live})

    def run(self, request: Request) -> HTMLResponse:
        """Show one run and a page of its episodes."""
        name, folder = self._chosen(request)
        asked = _listing.read_query(request.query_params)
        with Store.open(folder, write=False) as store, Catalogue(folder) as catalogue:
            run, episodes = _runs.overview(store), _listing.collect(catalogue, asked)
            latest = _listing.latest(catalogue) if run["live"] else []
        return _page("run", {"run": name, "latest": latest, **run, **episodes})

    def episode(self, request: Request) -> HTMLResponse:
        """Show one episode; the filters in the address say which one comes before and after it."""
        name, folder = self._chosen(request)
        asked = _listing.read_query(request.query_params)
        with Catalogue(folder) as catalogue:
            shown = _episode.collect(catalogue, request.path_params["episode"], asked)
        if shown is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "This run has no such episode.")
        return _page("episode", {"run": name, **shown})

    def _chosen(self, request: Request) -> tuple[str, Path]:
        name = request.path_params["run"]
        folder = _runs.folders(self._runs).get(name)
        if folder is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no run “{name}” in {self._runs.absolute()}.")
        return name, folder


def _page(template: str, content: Mapping[str, object], code: int = HTTPStatus.OK) -> HTMLResponse:
    return HTMLResponse(render(template, content), code)


def _problem(code: int, title: str, message: str) -> HTMLResponse:
    return _page("problem", {"title": title, "message": message}, code)


def _refused(_: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, HTTPStatus(error.status_code).phrase, error.detail)


def _unreadable(_: Request, error: Exception) -> HTMLResponse:
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This run cannot be read", str(error))


class _Headers:
    """Puts the same protective headers on every answer, refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)
