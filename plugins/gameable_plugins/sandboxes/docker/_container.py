"""Starts hardened containers whose process 1 is our own."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable_plugins.sandboxes.docker._channel import Channel

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container as DockerContainer

LABEL = "gameable.pid"
"""Container label with the process that controls it."""

_MEBIBYTE = 1 << 20
_SYSCTLS = {"kernel.shmmni": "0", "kernel.msgmni": "0", "kernel.sem": "0 0 0 0", "fs.mqueue.queues_max": "0"}
"""No memory, queue or semaphore outside files and processes, where a wipe would not reach it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use."""

    memory_mb: int
    disk_mb: int
    """Of each folder that can be written."""
    processes: int = 64
    files: int = 4096
    """Files and folders in each folder that can be written."""
    descriptors: int = 256
    """Open files of one process."""


@dataclass(eq=False, slots=True)
class Container:
    """A running container and the line to its process 1."""

    tops: frozenset[str]
    """Names of the top folders that the agent can write to, beside /tmp."""
    channel: Channel
    _handle: DockerContainer

    @property
    def id(self) -> str:
        """Docker's own name for it."""
        return str(self._handle.id)

    def remove(self) -> None:
        """End it for certain, whatever it does."""
        from docker.errors import DockerException
        from requests import RequestException

        self.channel.close()
        with suppress(DockerException, RequestException):  # it removes itself too
            self._handle.remove(force=True)


def start(client: DockerClient, image: str, tops: frozenset[str], limits: Limits) -> Container:
    """Start a container with these top folders.

    Raises:
        SandboxError: its line is no plain socket.
        docker.errors.DockerException: the daemon refuses.
    """
    folders = ["/tmp", *sorted(f"/{top}" for top in tops)]  # noqa: S108  the container's own
    handle = client.containers.create(image, command=folders, **hardened(folders, limits))
    try:
        attached = client.api.attach_socket(str(handle.id), params={"stdin": 1, "stdout": 1, "stream": 1})
        channel = Channel(attached)
        handle.start()
    except BaseException:
        with suppress(Exception):
            handle.remove(force=True)
        raise
    return Container(tops, channel, handle)


def hardened(folders: Collection[str], limits: Limits) -> dict[str, Any]:
    """Everything that is taken from a container, as arguments of the SDK's `create`."""
    from docker.types import LogConfig, Ulimit

    size = limits.disk_mb * _MEBIBYTE
    ulimits = {"core": 0, "fsize": size, "nofile": limits.descriptors}
    return {
        "user": "0:0",  # process 1 alone; commands run as the agent
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "SETGID", "KILL"],
        "security_opt": ["no-new-privileges=true", f"seccomp={_seccomp()}"],
        "network_disabled": True,  # the namespace still is its own, and the engine has nothing to take down at the end
        "network_mode": "none",
        "ipc_mode": "none",
        "read_only": True,
        "tmpfs": dict.fromkeys(folders, f"rw,exec,nosuid,nodev,size={size},nr_inodes={limits.files},mode=0755"),
        "sysctls": _SYSCTLS,
        "pids_limit": limits.processes,
        "mem_limit": limits.memory_mb * _MEBIBYTE,
        "memswap_limit": limits.memory_mb * _MEBIBYTE,
        "nano_cpus": 10**9,
        "oom_score_adj": 500,
        "ulimits": [Ulimit(name=name, soft=value, hard=value) for name, value in ulimits.items()],
        "log_config": LogConfig(type="none"),
        "hostname": "sandbox",
        "labels": {LABEL: str(os.getpid())},
        "stdin_open": True,
        "detach": False,  # standard input closes with our end of it, which ends process 1
        "auto_remove": True,
    }


@cache
def _seccomp() -> str:
    return Path(__file__).with_name("seccomp.json").read_text(encoding="utf-8")
