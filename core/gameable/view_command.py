"""Serves a viewer over a folder of runs, to this machine only."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from gameable.errors import GameableError, PluginError
from gameable.plugins import Plugins

HOST = "127.0.0.1"


def view(plugins: Plugins, name: str, runs: Path, *, port: int, console: Console) -> None:
    """Serve until Ctrl-C.

    Args:
        plugins: Where the viewer comes from.
        name: Which one it is.
        runs: A folder of runs, or one run.
        port: Where to listen; 0 for any that is free.
        console: Where the address is printed.

    Raises:
        GameableError: no such folder or viewer, the port is taken, or a library that viewers need is not installed.
    """
    if not runs.is_dir():
        raise GameableError(
            f"No folder {runs.absolute()}. Name the folder that holds your runs, or start a run: "
            "`gameable run quickstart`."
        )
    if find_spec("uvicorn") is None or find_spec("starlette") is None or find_spec("jinja2") is None:
        raise PluginError("The viewer needs starlette, uvicorn and jinja2: type `pip install 'gameable[view]'`.")
    import uvicorn

    app = plugins.viewer(name)(runs)
    with _listening(port) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        console.print(f"Runs of {runs}: {address} (Ctrl-C ends it).", highlight=False, soft_wrap=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise GameableError(
            f"Port {port} of this machine cannot be used: {error.strerror}. Another viewer may be open there; "
            "`--port 0` takes any free one."
        ) from error
