"""The cluster: connecting to it, and how many copies of a policy it holds."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from gameable.errors import WorkerError

_ANSWER = 5.0
"""Seconds that a cluster has to take a connection."""


def connect(address: str) -> None:
    """Connect this process to a Ray cluster, once.

    Args:
        address: `HOST:PORT`, `auto` for the cluster that this machine belongs to, or "" for what `RAY_ADDRESS` names,
            and where it names nothing for a cluster of this machine alone that ends with this process.

    Raises:
        WorkerError: Ray is not installed, or no cluster answers.
    """
    if find_spec("ray") is None:
        raise WorkerError("--ray needs Ray, which is not installed: pip install 'gameable[ray]'.")
    if address.startswith("ray://"):
        raise WorkerError(
            f"{address} is for clients outside of a cluster, but the stage loop shares a folder with its workers: "
            "start it on a machine of the cluster, with --ray auto."
        )
    import ray

    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a run of ours tells nobody
    where = address or os.environ.get("RAY_ADDRESS", "")
    try:
        _knock(where)
        ray.init(address=where or None, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkerError(
            f"No Ray cluster can be used at '{where or 'this machine'}' ({error}). Start one with `ray start --head`, "
            "or type --ray without an address to use this machine alone."
        ) from error


def _knock(address: str) -> None:
    """See that somebody answers at `HOST:PORT`: Ray itself tries for many minutes, without a word.

    Raises:
        OSError: nobody does.
    """
    host, colon, port = address.rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), _ANSWER).close()


@dataclass(frozen=True, slots=True)
class Room:
    """How many workers a cluster holds."""

    workers: int
    needs: Mapping[str, int]
    """What each of them takes, as Ray's options name it."""

    def __str__(self) -> str:
        return " and ".join(f"{count} {what.removeprefix('num_')[:-1].upper()}" for what, count in self.needs.items())


def room(gpus: int) -> Room:
    """Return the room for copies that take so many GPUs each: by GPU where there are any, else one a CPU."""
    import ray

    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cpus, found = int(there.get("CPU", 0)), int(there.get("GPU", 0))
    if gpus and found >= gpus:
        return Room(min(found // gpus, max(cpus, 1)), {"num_gpus": gpus, "num_cpus": 1})
    return Room(max(cpus, 1), {"num_cpus": 1})
