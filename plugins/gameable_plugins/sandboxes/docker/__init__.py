"""The Docker sandbox: real GNU tools and CPython in a container without network, rights or anything that lasts.

A container serves one episode at a time. Commands reach it through its own process 1, not through `docker exec`, which
costs ten times as much and cannot end what it started. Between episodes it is emptied and inspected, or thrown away.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field

from gameable import Progress, Row, Sandbox, SandboxError, Session
from gameable_plugins.sandboxes._world import check_paths
from gameable_plugins.sandboxes.docker import _image
from gameable_plugins.sandboxes.docker._channel import BrokenChannelError
from gameable_plugins.sandboxes.docker._container import Container, Limits, start
from gameable_plugins.sandboxes.docker._pool import Pool
from gameable_plugins.sandboxes.docker._session import World, fill, wipe

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass
class Docker(Sandbox):
    """Opens containers; see the module for what they promise."""

    seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Longest a command may take."""
    output_characters: Annotated[int, Field(ge=100, le=200_000)] = 8_000
    """Most that is kept of standard output, and of standard error; the middle is left out beyond."""
    memory_mb: Annotated[int, Field(ge=64, le=65_536)] = 256
    """Most that a world may take, its files included."""
    disk_mb: Annotated[int, Field(ge=1, le=16_384)] = 32
    """Most in each top folder that a task uses, and in /tmp."""
    isolation: Literal["warm", "fresh"] = "warm"
    """`warm`: a container is emptied, inspected and used again; `fresh`: each episode gets a new one."""
    _client: Any = field(init=False, repr=False, default=None)
    _pool: Any = field(init=False, repr=False, default_factory=Pool)

    def missing(self) -> str | None:
        """Look for the SDK, the daemon and the image, in this order."""
        try:
            self.identity()
        except SandboxError as error:
            return str(error)
        return None

    def build(self, progress: Progress, *, offline: bool = False) -> Row:
        """Make the image; a minute or less."""
        began = time.monotonic()
        client = self._connect()
        with _daemon_errors():
            _image.build(client, progress, offline=offline)
            size = client.images.get(_image.tag()).attrs["Size"]
        return {"image": _image.tag(), "megabytes": round(size / 1e6), "seconds": round(time.monotonic() - began, 1)}

    def identity(self) -> Mapping[str, str]:
        """Version of the Docker engine and id of the image."""
        client = self._connect()
        with _daemon_errors():
            image = client.images.get(_image.tag())
            return {"docker": str(client.version()["Version"]), "image": str(image.id)}

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        """Fill a warm container, or start one, which takes about a third of a second."""
        paths = [*files, *directories, home]
        check_paths(paths)
        tops = frozenset(path.split("/")[1] for path in paths) - {""}
        while (warm := self._pool.take(tops)) is not None:
            with suppress(BrokenChannelError):  # it may have ended while nobody looked
                return await self._fill(warm, files, directories, home)
        try:
            return await self._fill(await self._start(tops), files, directories, home)
        except BrokenChannelError as error:
            raise SandboxError(f"The container does not answer: {error}. Look at `docker info`.") from error

    async def _fill(
        self, container: Container, files: Mapping[str, str], directories: Sequence[str], home: str
    ) -> Session:
        try:
            await fill(container, files, directories, home)
        except BaseException:
            container.channel.close()
            raise
        return World(container, self.seconds, self.output_characters, self._take_back)

    async def _start(self, tops: frozenset[str]) -> Container:
        client = self._connect()
        limits = Limits(self.memory_mb, self.disk_mb)
        with _daemon_errors():
            return await asyncio.to_thread(start, client, _image.tag(), tops, limits)

    async def _take_back(self, container: Container, sound: bool) -> None:
        if self.isolation == "warm" and sound and container.channel.is_open and await wipe(container):
            self._pool.keep(container)
        else:
            await asyncio.to_thread(container.remove)

    def close(self) -> None:
        """Let go of the warm containers, which then end by themselves."""
        self._pool.clear()
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connect(self) -> DockerClient:
        self._client = client = self._client or _connect()
        return cast("DockerClient", client)


def _connect() -> DockerClient:
    """Return a client of the daemon that the environment names.

    Raises:
        SandboxError: the SDK is not installed, or no daemon answers.
    """
    try:
        import docker
        from docker.utils import parse_host
    except ImportError as error:
        raise SandboxError('The Docker SDK is not installed: pip install "gameable[docker]".') from error
    host = str(parse_host(os.environ.get("DOCKER_HOST"), sys.platform == "win32"))
    try:
        _knock(host)
        return docker.from_env()
    except (OSError, docker.errors.DockerException) as error:
        raise SandboxError(
            f"No Docker daemon answers at {host.removeprefix('http+')} ({error}). Start one (systemctl start docker), "
            "let this user reach it, or set DOCKER_HOST."
        ) from error


def _knock(host: str) -> None:
    """Raise OSError when nobody listens at a local socket; the SDK would leave its own open then."""
    if host.startswith("http+unix://"):
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(host.removeprefix("http+unix://"))


@contextmanager
def _daemon_errors() -> Iterator[None]:
    """Turn what the SDK raises into one clear error."""
    from docker.errors import DockerException, ImageNotFound
    from requests import RequestException

    try:
        yield
    except ImageNotFound as error:
        raise SandboxError(f"The image {_image.tag()} is not built: gameable sandbox build docker.") from error
    except (DockerException, RequestException) as error:
        raise SandboxError(f"The Docker daemon could not do its part: {error}") from error
