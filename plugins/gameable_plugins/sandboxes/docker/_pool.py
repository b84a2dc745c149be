"""Containers that wait for their next episode."""

from __future__ import annotations

from gameable_plugins.sandboxes.docker._container import Container

_MOST = 128
"""Containers that are kept, as many as a profile plays episodes at once by default. One takes about 10 MB."""


class Pool:
    """Emptied containers, oldest first. Letting go of one hangs up, upon which it ends by itself."""

    def __init__(self) -> None:
        self._idle: list[Container] = []

    def take(self, tops: frozenset[str]) -> Container | None:
        """Take the container with these top folders that was used last."""
        fitting = [container for container in self._idle if container.tops == tops]
        if not fitting:
            return None
        self._idle.remove(fitting[-1])
        return fitting[-1]

    def keep(self, container: Container) -> None:
        """Keep one, and let go of the oldest when there are too many."""
        self._idle.append(container)
        while len(self._idle) > _MOST:
            self._idle.pop(0).channel.close()

    def clear(self) -> None:
        """Let go of all."""
        while self._idle:
            self._idle.pop().channel.close()
