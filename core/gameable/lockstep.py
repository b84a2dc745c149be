"""Lets episodes ask the model all together, turn by turn, however long each one's commands take.

A backend that repeats itself only in the same batch needs this: without it the speed of a sandbox would decide which
requests meet in a batch, and a resumed run would end otherwise than one that was never stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class Lockstep:
    """A gate that opens when everybody who still plays stands before it."""

    def __init__(self, players: Iterable[str]) -> None:
        self._players = set(players)
        self._waiting: dict[str, asyncio.Future[None]] = {}

    async def wait(self, player: str) -> None:
        """Return when all who have not left are waiting as well; they go on in the order of their names."""
        turn = self._waiting[player] = asyncio.get_running_loop().create_future()
        self._open()
        await turn

    def leave(self, player: str) -> None:
        """Play no more; the others no longer wait for this one."""
        self._players.discard(player)
        self._waiting.pop(player, None)
        self._open()

    def _open(self) -> None:
        if self._waiting.keys() < self._players:
            return
        waiting, self._waiting = self._waiting, {}
        for player in sorted(waiting):
            if not waiting[player].done():
                waiting[player].set_result(None)
