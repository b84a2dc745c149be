from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from gameable import SandboxError
from gameable_plugins.sandboxes.docker._channel import BrokenChannelError, Channel


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    near, far = socket.socketpair()
    channel = Channel(SimpleNamespace(_sock=near, close=near.close))
    yield channel, far
    channel.close()
    far.close()


def frame(reply: bytes, stream: int = 1) -> bytes:
    return struct.pack(">BxxxI", stream, len(reply)) + reply


def sized(reply: bytes) -> bytes:
    return struct.pack(">I", len(reply)) + reply


def ask(channel: Channel) -> dict[str, object]:
    return asyncio.run(channel.ask({"op": "any"}, 0.2))


def test_a_reply_may_come_in_pieces_with_errors_between(ends: tuple[Channel, socket.socket]) -> None:
    channel, far = ends
    reply = sized(b'{"a": 1}')
    far.sendall(frame(reply[:3]) + frame(b"noise", stream=2) + frame(reply[3:7]) + frame(reply[7:]))
    assert ask(channel) == {"a": 1}
    assert far.recv(100) == sized(b'{"op": "any"}')
    assert channel.is_open


@pytest.mark.parametrize(
    "answer", [b"", frame(sized(b"not json")), frame(sized(b"[")), frame(b"\xff" * 8), frame(sized(b"7")), frame(b"\0")]
)
def test_anything_but_a_proper_reply_closes_the_channel(ends: tuple[Channel, socket.socket], answer: bytes) -> None:
    channel, far = ends
    far.sendall(answer)
    with pytest.raises(BrokenChannelError):
        ask(channel)
    assert not channel.is_open
    with pytest.raises(BrokenChannelError):
        ask(channel)


def test_the_other_end_hanging_up_is_told(ends: tuple[Channel, socket.socket]) -> None:
    channel, far = ends
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(BrokenChannelError, match="has ended"):
        ask(channel)


def test_a_connection_that_is_no_plain_socket_is_refused() -> None:
    with pytest.raises(SandboxError, match="DOCKER_HOST"):
        Channel(SimpleNamespace(read=None))
