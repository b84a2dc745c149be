"""Talks to process 1 of a container over the attached streams: frames within Docker's own frames."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import Any

from gameable import SandboxError

_HEADER = struct.Struct(">BxxxI")
"""Docker's frame: which stream (1 is standard output), how many bytes."""
_SIZE = struct.Struct(">I")
_LARGEST = 64 << 20
"""Bytes that a reply may have."""
_BLOCK = 1 << 18


class BrokenChannelError(Exception):
    """The other end is gone, late, or does not keep to the protocol; nothing more can be asked of it."""


class Channel:
    """Requests and replies, from any event loop, one at a time."""

    def __init__(self, attached: Any) -> None:
        """Take what the SDK's `attach_socket` returned.

        Raises:
            SandboxError: it is no plain socket.
        """
        self._attached = attached  # it closes the connection when it is collected
        self._socket = _plain(attached)
        self._socket.setblocking(False)
        self._raw, self._output = bytearray(), bytearray()
        self.is_open = True

    async def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and return the reply; a channel that failed once, or was cancelled, is closed.

        Raises:
            BrokenChannelError: no proper reply came in time.
        """
        data = json.dumps(request).encode()
        reply = await self._guarded(self._exchange(_SIZE.pack(len(data)) + data), seconds)
        try:
            return dict(json.loads(reply))
        except (TypeError, ValueError) as error:
            self.close()
            raise BrokenChannelError("a reply is no JSON object") from error

    async def receive(self, seconds: float) -> bytes:
        """Return the next frame; raises as `ask`."""
        return await self._guarded(self._frame(), seconds)

    async def _guarded(self, work: Any, seconds: float) -> bytes:
        done = False
        try:
            async with asyncio.timeout(seconds):
                answer: bytes = await work
            done = True
        except (OSError, TimeoutError) as error:
            raise BrokenChannelError(str(error) or "no answer in time") from error
        else:
            return answer
        finally:
            if not done:
                self.close()

    async def _exchange(self, data: bytes) -> bytes:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)
        return await self._frame()

    async def _frame(self) -> bytes:
        (size,) = _SIZE.unpack(await self._read(_SIZE.size))
        if size > _LARGEST:
            raise BrokenChannelError(f"a reply has {size} bytes")
        return await self._read(size)

    async def _read(self, size: int) -> bytes:
        while len(self._output) < size:
            data = await asyncio.get_running_loop().sock_recv(self._socket, _BLOCK)
            if not data:
                raise BrokenChannelError("the container has ended")
            self._raw += data
            self._unwrap()
        answer = bytes(self._output[:size])
        del self._output[:size]
        return answer

    def _unwrap(self) -> None:
        """Move what is whole in Docker's frames to the output."""
        while len(self._raw) >= _HEADER.size:
            stream, size = _HEADER.unpack_from(self._raw)
            if len(self._raw) < _HEADER.size + size:
                return
            if stream == 1:
                self._output += self._raw[_HEADER.size : _HEADER.size + size]
            del self._raw[: _HEADER.size + size]

    def close(self) -> None:
        """Hang up, which ends process 1 and its container. May be called twice."""
        self.is_open = False
        self._attached.close()
        self._socket.close()

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self.close()


def _plain(attached: Any) -> socket.socket:
    inner = getattr(attached, "_sock", None)  # a SocketIO can be read, but only its socket can be awaited
    if isinstance(inner, socket.socket) and not isinstance(inner, ssl.SSLSocket):
        return inner
    raise SandboxError(
        "The Docker daemon is reached over TLS or ssh, where containers cannot be talked to; "
        "set DOCKER_HOST to a local daemon, for example unix:///var/run/docker.sock."
    )
