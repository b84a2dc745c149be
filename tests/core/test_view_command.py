from __future__ import annotations

import socket
from pathlib import Path

import pytest
from rich.console import Console

from gameable import GameableError
from gameable.plugins import Plugins
from gameable.view_command import HOST, view


def test_it_listens_on_this_machine_only() -> None:
    assert HOST == "127.0.0.1"


def test_a_missing_folder_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(GameableError, match="Name the folder that holds your runs"):
        view(Plugins(), "pages", tmp_path / "none", port=0, console=Console())


def test_a_port_that_is_taken_says_what_to_type(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(GameableError, match="--port 0"):
        view(Plugins(), "pages", tmp_path, port=taken.getsockname()[1], console=Console())


def test_an_unknown_viewer_names_the_others(tmp_path: Path) -> None:
    with pytest.raises(GameableError, match="Known: pages"):
        view(Plugins(), "slides", tmp_path, port=0, console=Console())
