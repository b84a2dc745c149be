"""The conversation: one request, one reply, each a length in four bytes and that many bytes.

A request is JSON with an `op`; a reply is JSON too, and that to `snapshot` is followed by a second one of raw bytes.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .command import run
from .files import Ground, fill, snapshot
from .processes import end_all, watch_children
from .state import State

Request = Mapping[str, Any]


def serve(folders: Sequence[str]) -> None:
    """Prepare the folders that belong to the agent, then answer until the other end closes."""
    os.umask(0o022)
    watch_children()
    world = _World([Ground(folder, 0o1777 if folder == "/tmp" else 0o777) for folder in folders])  # noqa: S108  ours
    while True:
        for reply in world.answer(json.loads(_receive())):
            _send(reply)


class _World:
    """What the requests act on."""

    def __init__(self, grounds: Sequence[Ground]) -> None:
        self._grounds = grounds
        self._state = State.first("/")

    def answer(self, request: Request) -> list[bytes]:
        operations: dict[str, Callable[[Request], list[bytes]]] = {
            "fill": self._fill,
            "run": self._run,
            "snapshot": self._snapshot,
            "reset": self._reset,
        }
        try:
            return operations[request["op"]](request)
        except Exception as error:  # noqa: BLE001  whatever it is, the other end must know
            return [_json({"error": f"{type(error).__name__}: {error}"})]

    def _fill(self, request: Request) -> list[bytes]:
        self._state = State.first(request["home"])
        fill(request["files"], [*request["directories"], request["home"]])
        return [_json({})]

    def _run(self, request: Request) -> list[bytes]:
        result, self._state = run(self._state, request["command"], request["seconds"], request["characters"])
        return [_json(result)]

    def _snapshot(self, request: Request) -> list[bytes]:
        found = snapshot(request["folders"], request["most_files"], request["most_bytes"])
        if found is None:
            return [_json({"too_much": True})]
        sizes = [(os.fsencode(path).decode(errors="backslashreplace"), len(content)) for path, content in found]
        return [_json({"files": sizes}), b"".join(content for _, content in found)]

    def _reset(self, request: Request) -> list[bytes]:
        end_all()
        for ground in self._grounds:
            ground.wipe()
        return [_json({})]


def _json(reply: Mapping[str, Any]) -> bytes:
    return json.dumps(reply).encode()


def _receive() -> bytes:
    (size,) = struct.unpack(">I", _read(4))
    return _read(size)


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            os._exit(0)  # the controlling process is gone: so is this container
        data += more
    return bytes(data)


def _send(reply: bytes) -> None:
    data = memoryview(struct.pack(">I", len(reply)) + reply)
    while data:
        data = data[os.write(1, data) :]
